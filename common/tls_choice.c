/*
 * tls_choice: which certificates are for a name.  In tlsd's acceptor and
 * connections, and the administrator's tools; reads public certificates only.
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "common/tls_choice.h"
#include "common/tls_time.h"

static const int kinds[TLS_KINDS] = { EVP_PKEY_EC, EVP_PKEY_RSA };

static bool
is_by_itself(X509 *x)
{
	return (X509_get_extension_flags(x) & EXFLAG_SI) != 0;
}

/* Whether a new one takes the place of an old one that is for the same name. */
static bool
is_better(X509 *new, X509 *old, time_t now)
{
	bool good = tls_time_good(new, now);

	if (good != tls_time_good(old, now))
		return good;
	if (is_by_itself(new) != is_by_itself(old))
		return is_by_itself(old);
	return tls_time(X509_get0_notBefore(new)) >
	    tls_time(X509_get0_notBefore(old));
}

/* One of this kind among those for host; NULL: of all, whose names differ. */
static const struct tls_identity *
find(const struct tls_identities *all, int kind, const char *host)
{
	const struct tls_identity *best = NULL;
	time_t now = time(NULL);

	for (size_t i = 0; i < all->n; i++) {
		const struct tls_identity *t = &all->list[i];

		if (EVP_PKEY_get_base_id(X509_get0_pubkey(t->leaf)) != kind ||
		    (host != NULL && !tls_identity_is_for(t, host)))
			continue;
		if (host == NULL && tls_time_good(t->leaf, now))
			return t;
		if (best == NULL ||
		    (host != NULL && is_better(t->leaf, best->leaf, now)))
			best = t;
	}
	return best;
}

bool
tls_choose_for(
    const struct tls_identities *all, const char *host, struct tls_choice *c)
{
	bool any = false;

	for (size_t i = 0; i < TLS_KINDS; i++) {
		c->of[i] = find(all, kinds[i], host);
		any = any || c->of[i] != NULL;
	}
	return any;
}

void
tls_choose(
    const struct tls_identities *all, const char *host, struct tls_choice *c)
{
	if (*host == '\0' || !tls_choose_for(all, host, c))
		/* There may be none at all. */
		(void)tls_choose_for(all, NULL, c);
}
