/*
 * passwd_words: the words of an account in the file passwords, changed.
 */
#ifndef QUEUE_PASSWD_WORDS_H
#define QUEUE_PASSWD_WORDS_H

#include <stdbool.h>

#include "common/credential.h"

#define PASSWD_DIGEST 65 /* bytes of a SHA-256 in hex, with NUL */

/*
 * A new password in the place of the old one; certificates stay.  old may be
 * "".  With plain it is kept itself, too.  False with errno.
 */
bool passwd_words(const char *old, const char *password, bool plain,
    char out[CREDENTIAL_MAX + 1]);

/*
 * A certificate more, or one less; digest is 64 hex digits, and to remove NULL
 * means all.  False with what was wanted.
 */
bool passwd_words_add(const char *old, const char *digest,
    char out[CREDENTIAL_MAX + 1], const char **wanted);
bool passwd_words_remove(const char *old, const char *digest,
    char out[CREDENTIAL_MAX + 1], const char **wanted);

/* What an account with these words can use, with blanks between; "" if none. */
#define PASSWD_MECHS 80
void passwd_words_mechs(const char *words, char out[PASSWD_MECHS]);

#endif
