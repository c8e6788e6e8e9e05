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

#define CREDENTIAL_MAX 4000 /* bytes of all words of an account */
#define PASSWORD_MAX 511    /* bytes; what crypt(3) takes */
#define CREDENTIAL_CERTIFICATES 8

/* Iterations of a scram word; RFC 7677 section 4 has the least. */
#define CREDENTIAL_ITERATIONS_MIN 4096
/*
 * The most that a wrong password may cost, for all accounts of the site: about
 * as much as the hash of crypt(3) beside it, so that both together stay below
 * the shortest delay of its answer on a processor eight times slower than most.
 */
#define CREDENTIAL_ITERATIONS_MAX 20000
#define CREDENTIAL_ITERATIONS 10000 /* of those that are made here */
#define CREDENTIAL_SALT_MADE 16     /* bytes of their salt */
#define CREDENTIAL_SALT 64          /* bytes of a scram word's salt at most */
#define CREDENTIAL_KEY 32           /* bytes of its keys: SHA-256 */

/* An account's words, apart. */
struct credential {
	/* In the words that were split; "" for none. */
	const char *crypt, *scram, *plain;
	/* Lower-case hex; NULL at the end. */
	const char *certificate[CREDENTIAL_CERTIFICATES + 1];
	char words[CREDENTIAL_MAX + 1];
};

/*
 * False with what was wanted, for an error text: it holds nothing of what was
 * found, which may be secret.  No words at all are wrong.
 */
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

/*
 * The password of a plain word: 1 to PASSWORD_MAX bytes, at most
 * size - 1, no NUL inside.
 */
bool credential_plain(const char *plain, char *password, size_t size);

#endif
