/*
 * tls_provider_sign: the signatures of tls_provider.  In tlsd's connections; to
 * sign is one question to tlsd's keeper (msg_sign.h), for which libssl waits.
 * A refusal or a keeper that is gone fails the handshake.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>

#include "common/tls_key.h"
#include "common/tls_provider.h"
#include "common/tls_scheme.h"

#define ROW(id, f)                                                             \
	{                                                                      \
		(id), (void (*)(void))(f)                                      \
	}

static OSSL_FUNC_signature_newctx_fn new_signature;
static OSSL_FUNC_signature_freectx_fn free_signature;
static OSSL_FUNC_signature_digest_sign_init_fn init;
static OSSL_FUNC_signature_digest_sign_fn sign;
static OSSL_FUNC_signature_set_ctx_params_fn set_params;
static OSSL_FUNC_signature_settable_ctx_params_fn settable_params;

struct signature {
	const struct tls_remote *key; /* OpenSSL keeps it while this lives */
	EVP_MD *md;
	enum tls_scheme_kind kind;
};

static void *
new_signature(void *provider, const char *query)
{
	(void)provider;
	(void)query;
	return OPENSSL_zalloc(sizeof(struct signature));
}

static void
free_signature(void *arg)
{
	struct signature *s = arg;

	if (s == NULL)
		return;
	EVP_MD_free(s->md);
	OPENSSL_free(s);
}

/* NULL when there is none of this kind with this digest. */
static const struct tls_scheme *
scheme(const struct signature *s)
{
	/* Its names have no order; these are those of tls_scheme.c. */
	static const char *const names[] = { "SHA2-256", "SHA2-384",
		"SHA2-512" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (s->md != NULL && EVP_MD_is_a(s->md, names[i]))
			return tls_scheme_for(s->kind, names[i]);
	return NULL;
}

/* libssl goes on to another digest when one fails here. */
static int
init(void *arg, const char *md, void *key, const OSSL_PARAM p[])
{
	struct signature *s = arg;

	if (key != NULL)
		s->key = key;
	if (s->key == NULL || s->key->pub == NULL)
		return 0;
	s->kind = EVP_PKEY_is_a(s->key->pub, "EC") ? TLS_ECDSA : TLS_RSA_PKCS1;
	if (md != NULL) {
		EVP_MD_free(s->md);
		s->md = EVP_MD_fetch(NULL, md, NULL);
	}
	if (scheme(s) == NULL) {
		ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_DIGEST);
		return 0;
	}
	return set_params(s, p);
}

/* A number as it is, or the number for one of these two words. */
static bool
number_or_word(const OSSL_PARAM *p, const char *word, int meaning, int *value)
{
	const char *s;

	if (p->data_type != OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_get_int(p, value) == 1;
	if (OSSL_PARAM_get_utf8_string_ptr(p, &s) != 1 || strcmp(s, word) != 0)
		return false;
	*value = meaning;
	return true;
}

static bool
set_padding(struct signature *s, const OSSL_PARAM *p)
{
	int pad;

	if (!number_or_word(
		p, OSSL_PKEY_RSA_PAD_MODE_PSS, RSA_PKCS1_PSS_PADDING, &pad) &&
	    !number_or_word(
		p, OSSL_PKEY_RSA_PAD_MODE_PKCSV15, RSA_PKCS1_PADDING, &pad))
		return false;
	if (pad != RSA_PKCS1_PSS_PADDING && pad != RSA_PKCS1_PADDING)
		return false;
	s->kind = pad == RSA_PKCS1_PSS_PADDING ? TLS_RSA_PSS : TLS_RSA_PKCS1;
	return true;
}

/* What libssl sets for RSA; the salt can only be as long as the digest. */
static int
set_params(void *arg, const OSSL_PARAM p[])
{
	struct signature *s = arg;
	const OSSL_PARAM *pad, *salt;
	int n;

	if (p == NULL)
		return 1;
	pad = OSSL_PARAM_locate_const(p, OSSL_SIGNATURE_PARAM_PAD_MODE);
	salt = OSSL_PARAM_locate_const(p, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	if (s->kind == TLS_ECDSA)
		return pad == NULL && salt == NULL;
	if (pad != NULL && !set_padding(s, pad))
		return 0;
	if (salt == NULL)
		return 1;
	return number_or_word(salt, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST,
		   RSA_PSS_SALTLEN_DIGEST, &n) &&
	    (n == RSA_PSS_SALTLEN_DIGEST || n == EVP_MD_get_size(s->md));
}

static const OSSL_PARAM *
settable_params(void *arg, void *provider)
{
	static const OSSL_PARAM list[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(
		    OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)arg;
	(void)provider;
	return list;
}

static int
ask(const struct msg_sign_sign *q, unsigned char *out, size_t *len, size_t size)
{
	struct msg_sign_signature answer;
	const char *wrong;

	if (!tls_key_sign(q, &answer, &wrong)) {
		ERR_raise_data(
		    ERR_LIB_PROV, PROV_R_FAILED_TO_SIGN, "keeper: %s", wrong);
		return 0;
	}
	if (answer.bytes_len > size) {
		ERR_raise(ERR_LIB_PROV, PROV_R_OUTPUT_BUFFER_TOO_SMALL);
		return 0;
	}
	memcpy(out, answer.bytes, answer.bytes_len);
	*len = answer.bytes_len;
	return 1;
}

static int
sign(void *arg, unsigned char *out, size_t *len, size_t size,
    const unsigned char *tbs, size_t n)
{
	const struct signature *s = arg;
	const struct tls_scheme *how = scheme(s);
	struct msg_sign_sign q = { .key_len = SIGN_KEY };

	if (how == NULL || s->key == NULL)
		return 0;
	if (out == NULL) {
		*len = (size_t)EVP_PKEY_get_size(s->key->pub);
		return 1;
	}
	if (n > sizeof(q.tbs)) {
		ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_INPUT_LENGTH);
		return 0;
	}
	memcpy(q.key, s->key->id, sizeof(q.key));
	memcpy(q.tbs, tbs, n);
	q.tbs_len = (uint32_t)n;
	q.scheme = how->code;
	return ask(&q, out, len, size);
}

/* clang-format off */
static const OSSL_DISPATCH functions[] = {
	ROW(OSSL_FUNC_SIGNATURE_NEWCTX, new_signature),
	ROW(OSSL_FUNC_SIGNATURE_FREECTX, free_signature),
	ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, init),
	ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign),
	ROW(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),
	ROW(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_params),
	{ 0, NULL }
};

const OSSL_ALGORITHM tls_provider_signatures[] = {
	{ TLS_PROVIDER_SIGNATURE, TLS_PROVIDER_QUERY, functions,
	    "asks another process" },
	{ NULL, NULL, NULL, NULL }
};
/* clang-format on */
