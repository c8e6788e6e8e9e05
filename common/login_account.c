/*
 * login_account: accounts of clients that want in.  In authd, as
 * postrider-auth; reads the tables and its own, decides nothing else.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/login_account.h"
#include "common/options.h"
#include "common/utf8.h"

/* The name with A-labels for U-labels, if it has those; it may be in out. */
static const char *
narrow(const char *login, char out[LOGIN_MAX + 1])
{
	struct address a;

	if (utf8_needed(login) && idn_address(login, &a) == ADDRESS_OK &&
	    address_format(&a, out, LOGIN_MAX + 1))
		return out;
	return login;
}

static void
count_by(struct login_account *a, const char *login, const char *mail_name)
{
	struct address address;

	/* What is too long is cut: alike, however often it comes. */
	strlcpy(a->counted, login, sizeof(a->counted));
	if (a->account[0] != '\0')
		strlcpy(a->counted, a->account, sizeof(a->counted));
	else if (address_parse(login, &address) == ADDRESS_OK) {
		if (address.domain[0] == '\0')
			strlcpy(
			    address.domain, mail_name, sizeof(address.domain));
		/* What does not fit is counted as it was written. */
		if (!address_key(&address, a->counted, sizeof(a->counted)))
			strlcpy(a->counted, login, sizeof(a->counted));
	}
}

void
login_account(struct tables *t, const char *login, struct login_account *a)
{
	const char *mail_name = "";
	const struct option_bind bind = { "mail-name", &mail_name };
	char e[TABLES_ERR], ascii[LOGIN_MAX + 1];
	struct resolved r;

	memset(a, 0, sizeof(*a));
	a->kind = RESOLVE_BROKEN;
	if (!options_load(t, NULL, &bind, 1, e))
		return;
	login = narrow(login, ascii);
	resolve_login(t, login, mail_name, &r);
	a->kind = r.kind;
	strlcpy(a->account, r.account, sizeof(a->account));
	count_by(a, login, mail_name);
}

bool
login_means(struct tables *t, const char *login, const char *account)
{
	struct login_account a;

	login_account(t, login, &a);
	return a.account[0] != '\0' && strcmp(a.account, account) == 0;
}

enum tables_result
login_words(struct tables *verifiers, const char *account, struct credential *c)
{
	enum tables_result r;
	const char *words, *wanted;

	credential_clear(c);
	r = tables_get(verifiers, TABLES_VERIFIER, account, &words);
	if (r == TABLES_FOUND && !credential_parse(words, c, &wanted))
		r = TABLES_BROKEN;
	return r;
}

enum tables_result
login_by_certificate(struct tables *verifiers,
    const struct login_certificate *c, char login[LOGIN_MAX + 1])
{
	char hex[2 * TLS_DIGEST + 1];
	const char *found;

	for (size_t i = 0; i < TLS_DIGEST; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", c->digest[i]);
	switch (tables_get(verifiers, TABLES_CERTIFICATE, hex, &found)) {
	case TABLES_FOUND:
		if (strlcpy(login, found, LOGIN_MAX + 1) <= LOGIN_MAX)
			return TABLES_FOUND;
		break;
	case TABLES_NONE:
		strlcpy(
		    login, c->email[0] != '\0' ? c->email : hex, LOGIN_MAX + 1);
		return TABLES_FOUND;
	case TABLES_BROKEN:
		break;
	}
	return TABLES_BROKEN;
}
