/*
 * passwd_hash: a password becomes its verifier.
 */
#ifndef QUEUE_PASSWD_HASH_H
#define QUEUE_PASSWD_HASH_H

#include <crypt.h>
#include <stdbool.h>

#define PASSWORD_MAX (CRYPT_MAX_PASSPHRASE_SIZE - 1) /* bytes */

/* What is wrong with a password, or NULL: empty, long, control characters. */
const char *passwd_wrong(const char *password);

/* yescrypt with a fresh salt; false with errno. */
bool passwd_hash(const char *password, char verifier[CRYPT_OUTPUT_SIZE]);

#endif
