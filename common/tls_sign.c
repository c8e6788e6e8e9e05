/*
 * tls_sign: a signature of a TLS server.  In tlsd's keeper, for processes that
 * talk to strangers and may say anything (msg_sign.h); must never sign what is
 * not of a handshake.
 */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "common/tls_scheme.h"
#include "common/tls_sign.h"
#include "common/tls_tbs.h"

/* RFC 8446 section 4.2.3: in TLS 1.3 there is less to choose from. */
static const char *
unfit(EVP_PKEY *key, const struct tls_scheme *s, enum tls_tbs what)
{
	char group[32];

	if (!EVP_PKEY_is_a(key, s->kind == TLS_ECDSA ? "EC" : "RSA"))
		return "scheme of another kind of key";
	if (what == TLS_TBS_12)
		return NULL;
	if (s->kind == TLS_RSA_PKCS1)
		return "scheme of TLS 1.2";
	if (s->kind != TLS_ECDSA)
		return NULL;
	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, s->group) != 0)
		return "scheme of another curve";
	return NULL;
}

static bool
make(EVP_PKEY *key, const struct tls_scheme *s, const struct msg_sign_sign *q,
    struct msg_sign_signature *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how; /* c's */
	size_t n = sizeof(out->bytes);
	bool ok;

	ok = c != NULL &&
	    EVP_DigestSignInit_ex(c, &how, s->md, NULL, NULL, key, NULL) == 1 &&
	    (s->kind != TLS_RSA_PSS ||
		(EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) > 0 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(
			how, RSA_PSS_SALTLEN_DIGEST) > 0)) &&
	    EVP_DigestSign(c, out->bytes, &n, q->tbs, q->tbs_len) == 1;
	EVP_MD_CTX_free(c);
	out->bytes_len = ok ? (uint32_t)n : 0;
	return ok;
}

bool
tls_sign(EVP_PKEY *key, const struct msg_sign_sign *q,
    struct msg_sign_signature *out, const char **reason)
{
	const struct tls_scheme *s = tls_scheme_by_code(q->scheme);
	enum tls_tbs what = tls_tbs_kind(q->tbs, q->tbs_len);

	*reason = NULL;
	if (what == TLS_TBS_NONE)
		*reason = "not of a handshake";
	else if (s == NULL)
		*reason = "unknown scheme";
	else if ((*reason = unfit(key, s, what)) == NULL &&
	    !make(key, s, q, out)) {
		ERR_clear_error();
		*reason = "OpenSSL cannot";
	}
	return *reason == NULL;
}
