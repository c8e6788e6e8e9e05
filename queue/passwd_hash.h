/*
 * passwd_hash: a password becomes its verifiers.
 */
#ifndef QUEUE_PASSWD_HASH_H
#define QUEUE_PASSWD_HASH_H

#include <crypt.h>
#include <stdbool.h>

#include "common/credential.h"

/* What is wrong with a password, or NULL: empty, long, control characters. */
const char *passwd_wrong(const char *password);

/* yescrypt with a fresh salt; false with errno. */
bool passwd_hash(const char *password, char verifier[CRYPT_OUTPUT_SIZE]);

#define PASSWD_SCRAM 160 /* bytes of a SCRAM word, with NUL */

/*
 * The word SCRAM-SHA-256$... of credential.h with a fresh salt (RFC 5803,
 * RFC 7677).  "" for a password that has no normal form (RFC 4013), such as one
 * that is not UTF-8: clients cannot use it with SCRAM.  False with errno.
 */
bool passwd_scram(const char *password, char word[PASSWD_SCRAM]);

#endif
