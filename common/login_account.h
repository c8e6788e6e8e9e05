/*
 * login_account: whom a client means, by a name or by a certificate, and what
 * that account has to log in with.
 */
#ifndef COMMON_LOGIN_ACCOUNT_H
#define COMMON_LOGIN_ACCOUNT_H

#include "common/credential.h"
#include "common/msg_tls.h"
#include "common/resolve.h"

struct login_account {
	enum resolve kind; /* as of resolve_login() */
	/* Canonical; "" for nobody. */
	char account[LOGIN_MAX + 1];
	/*
	 * What tries are counted by: one for all spellings of a name, of
	 * unknown names too, so that nothing tells which are known.
	 */
	char counted[LOGIN_MAX + 1];
};

void login_account(struct tables *, const char *login, struct login_account *);

/* Whether a name means the account; "" means nobody. */
bool login_means(struct tables *, const char *login, const char *account);

/* An account's words in authd's own tables; they are parsed in place. */
enum tables_result login_words(
    struct tables *verifiers, const char *account, struct credential *);

/* What tlsd says of a client's certificate. */
struct login_certificate {
	uint8_t digest[TLS_DIGEST];
	char email[ADDR_MAX + 1]; /* "" unless a CA of ours has signed it */
};

/*
 * The name that it may log in as: of the account that lists it, else the
 * address in it, else its digest in hex, which is nobody's.  TABLES_BROKEN
 * when that cannot be told now; else TABLES_FOUND.
 */
enum tables_result login_by_certificate(struct tables *verifiers,
    const struct login_certificate *, char login[LOGIN_MAX + 1]);

#endif
