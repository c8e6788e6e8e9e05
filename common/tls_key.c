/*
 * tls_key: private keys that are somewhere else, for OpenSSL.  In tlsd's
 * acceptor, which makes them of certificates, and its connections, which sign
 * by asking tlsd's keeper (msg_sign.h); must never hold a private key.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/tls_key.h"
#include "common/tls_provider.h"

#define RSA_LEAST 2048
#define RSA_MOST (SIGN_MAX * 8)

/* OpenSSL gives a provider's functions nothing that could carry it. */
static struct chan *keeper;
static bool failed; /* ever */

/* Whether keys of a certificate or a peer will be the default provider's. */
static bool
is_default(const char *type)
{
	EVP_KEYMGMT *k = EVP_KEYMGMT_fetch(NULL, type, NULL);
	bool ok;

	ok = k != NULL &&
	    strcmp(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(k)),
		"default") == 0;
	EVP_KEYMGMT_free(k);
	return ok;
}

bool
tls_key_init(void)
{
	/* Loaded until the process ends. */
	static OSSL_PROVIDER *all, *ours;

	if (all != NULL && ours != NULL)
		return true;
	all = OSSL_PROVIDER_load(NULL, "default");
	if (all == NULL ||
	    OSSL_PROVIDER_add_builtin(NULL, TLS_PROVIDER, tls_provider_start) !=
		1)
		return false;
	ours = OSSL_PROVIDER_load(NULL, TLS_PROVIDER);
	return ours != NULL && is_default("RSA") && is_default("EC");
}

static bool
ec_kind(EVP_PKEY *key, char label[TLS_KEY_LABEL])
{
	static const struct {
		const char *group, *label;
	} kinds[] = {
		{ "prime256v1", "EC-P-256" },
		{ "secp384r1", "EC-P-384" },
		{ "secp521r1", "EC-P-521" },
	};
	char group[32];

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
	    EVP_PKEY_get_ec_point_conv_form(key) !=
		POINT_CONVERSION_UNCOMPRESSED)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(group, kinds[i].group) != 0)
			continue;
		(void)strlcpy(label, kinds[i].label, TLS_KEY_LABEL); /* fits */
		return true;
	}
	return false;
}

bool
tls_key_kind(EVP_PKEY *key, char label[TLS_KEY_LABEL])
{
	char nobody[TLS_KEY_LABEL];
	int bits;

	if (label == NULL)
		label = nobody;
	if (EVP_PKEY_is_a(key, "EC"))
		return ec_kind(key, label);
	bits = EVP_PKEY_get_bits(key);
	if (!EVP_PKEY_is_a(key, "RSA") || bits < RSA_LEAST || bits > RSA_MOST)
		return false;
	(void)snprintf(label, TLS_KEY_LABEL, "RSA-%d", bits);
	return true;
}

EVP_PKEY *
tls_key_remote(EVP_PKEY *public_key)
{
	const char *type = EVP_PKEY_is_a(public_key, "EC") ? "EC" : "RSA";
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *c;

	if (!tls_key_kind(public_key, NULL) ||
	    EVP_PKEY_todata(public_key, EVP_PKEY_PUBLIC_KEY, &params) != 1)
		return NULL;
	c = EVP_PKEY_CTX_new_from_name(NULL, type, TLS_PROVIDER_QUERY);
	if (c == NULL || EVP_PKEY_fromdata_init(c) != 1 ||
	    EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_CTX_free(c);
	OSSL_PARAM_free(params);
	return key;
}

void
tls_key_ask(struct chan *c)
{
	keeper = c;
}

static bool
ask(const struct msg_sign_sign *q, struct msg_sign_signature *answer,
    const char **reason)
{
	deadline_t deadline = deadline_in(SIGN_WAIT);
	union msg_sign m;
	enum chan_result r;
	unsigned int type;

	if (keeper == NULL || keeper->fd == -1 || keeper->state != SIGN_IDLE) {
		*reason = "no channel";
		return false;
	}
	r = chan_send(keeper, SIGN_T_SIGN, q, -1, deadline);
	if (r == CHAN_OK)
		r = chan_recv(keeper, &type, &m, NULL, deadline);
	if (r != CHAN_OK) {
		*reason = chan_result_text(r);
		return false;
	}
	if (type != SIGN_T_SIGNATURE) {
		*reason = "refused";
		return false;
	}
	*answer = m.signature;
	return true;
}

bool
tls_key_sign(const struct msg_sign_sign *q, struct msg_sign_signature *answer,
    const char **reason)
{
	bool good = ask(q, answer, reason);

	failed = failed || !good;
	return good;
}

bool
tls_key_failed(void)
{
	return failed;
}

bool
tls_key_id(EVP_PKEY *key, uint8_t id[SIGN_KEY])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	bool ok;

	ok = n > 0 &&
	    EVP_Digest(der, (size_t)n, id, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(der);
	return ok;
}
