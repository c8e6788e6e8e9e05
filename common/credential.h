/*
 * credential: what an account has to log in with: words behind its address in
 * the file passwords, see postrider-users(5).
 *
 *	$y$...					crypt(5), for a password sent
 *	SCRAM-SHA-256$10000:SALT$STORED:SERVER	RFC 5803, base64
 *	plain:BASE64				the password itself: CRAM-MD5, APOP
 *	certificate:HEX				SHA-256 of a client's certificate
 *
 * Each kind at most once, but certificates; separated by single spaces in the
 * compiled form.
 */
#ifndef COMMON_CREDENTIAL_H
#define COMMON_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/tables.h"

#define CREDENTIAL_MAX 4000 /* bytes of all words of an account */

/* What is left of an account's words. */
struct credential {
	/* In the words that were split; "" for none. */
	const char *crypt, *scram, *plain;
	const char *certificate[8]; /* lower-case hex; NULL at the end */
	char words[CREDENTIAL_MAX + 1];
};

/* False with what was wanted, for an error text. */
bool credential_parse(
    const char *words, struct credential *, const char **wanted);
/* Wipes. */
void credential_clear(struct credential *);

/* Parts of a scram word; base64, in one buffer. */
struct credential_scram {
	unsigned int iterations;
	const char *salt, *stored_key, *server_key;
	char text[300];
};
bool credential_scram(const char *scram, struct credential_scram *);

/* The password of a plain word; at most size - 1 bytes, no NUL inside. */
bool credential_plain(const char *plain, char *password, size_t size);

#endif
