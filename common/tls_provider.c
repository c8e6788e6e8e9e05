/*
 * tls_provider: an OpenSSL provider whose private keys are in another process;
 * here its keys.  In tlsd's acceptor and connections, which must never hold a
 * private key: the public half is all that these functions take or give.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "common/tls_key.h"
#include "common/tls_provider.h"

/* OpenSSL's tables hold functions of all types in one. */
#define ROW(id, f)                                                             \
	{                                                                      \
		(id), (void (*)(void))(f)                                      \
	}
#define LAST                                                                   \
	{                                                                      \
		0, NULL                                                        \
	}

static OSSL_FUNC_keymgmt_new_fn remote_new;
static OSSL_FUNC_keymgmt_free_fn remote_free;
static OSSL_FUNC_keymgmt_has_fn remote_has;
static OSSL_FUNC_keymgmt_match_fn remote_match;
static OSSL_FUNC_keymgmt_import_fn import_rsa, import_ec;
static OSSL_FUNC_keymgmt_import_types_fn types_rsa, types_ec;
static OSSL_FUNC_keymgmt_export_fn remote_export;
static OSSL_FUNC_keymgmt_get_params_fn get_params;
static OSSL_FUNC_keymgmt_gettable_params_fn gettable_params;
static OSSL_FUNC_keymgmt_query_operation_name_fn operation_name;
static OSSL_FUNC_provider_query_operation_fn query;

static void *
remote_new(void *provider)
{
	(void)provider;
	return OPENSSL_zalloc(sizeof(struct tls_remote));
}

static void
remote_free(void *data)
{
	struct tls_remote *r = data;

	if (r == NULL)
		return;
	EVP_PKEY_free(r->pub);
	OPENSSL_free(r);
}

/* What is really here; to sign is more than that. */
static int
remote_has(const void *data, int selection)
{
	const struct tls_remote *r = data;

	return r->pub != NULL &&
	    (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0;
}

static int
remote_match(const void *a, const void *b, int selection)
{
	const struct tls_remote *one = a, *two = b;

	(void)selection; /* the public halves are all there is to compare */
	return one->pub != NULL && two->pub != NULL &&
	    EVP_PKEY_eq(one->pub, two->pub) == 1;
}

/*
 * Builds the public half, from two of the parameters; a private one among them
 * is not looked at.
 */
static int
import(struct tls_remote *r, const char *type, const OSSL_PARAM *one,
    const OSSL_PARAM *two)
{
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *c;
	EVP_PKEY *pub = NULL;
	int ok;

	if (one == NULL || two == NULL)
		return 0;
	params[0] = *one;
	params[1] = *two;
	params[2] = OSSL_PARAM_construct_end();
	c = EVP_PKEY_CTX_new_from_name(NULL, type, "provider=default");
	ok = c != NULL && EVP_PKEY_fromdata_init(c) == 1 &&
	    EVP_PKEY_fromdata(c, &pub, EVP_PKEY_PUBLIC_KEY, params) == 1 &&
	    tls_key_id(pub, r->id);
	EVP_PKEY_CTX_free(c);
	if (!ok) {
		EVP_PKEY_free(pub);
		return 0;
	}
	EVP_PKEY_free(r->pub);
	r->pub = pub;
	return 1;
}

static int
import_rsa(void *data, int selection, const OSSL_PARAM p[])
{
	(void)selection;
	return import(data, "RSA",
	    OSSL_PARAM_locate_const(p, OSSL_PKEY_PARAM_RSA_N),
	    OSSL_PARAM_locate_const(p, OSSL_PKEY_PARAM_RSA_E));
}

static int
import_ec(void *data, int selection, const OSSL_PARAM p[])
{
	(void)selection;
	return import(data, "EC",
	    OSSL_PARAM_locate_const(p, OSSL_PKEY_PARAM_GROUP_NAME),
	    OSSL_PARAM_locate_const(p, OSSL_PKEY_PARAM_PUB_KEY));
}

static const OSSL_PARAM *
types_rsa(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

static const OSSL_PARAM *
types_ec(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

/*
 * Whoever asks for the private half gets nothing, not even the public one: no
 * other provider shall have a key that looks as if it could sign.
 */
static int
remote_export(void *data, int selection, OSSL_CALLBACK *take, void *arg)
{
	const struct tls_remote *r = data;
	OSSL_PARAM *p = NULL;
	int ok;

	if (!remote_has(r, selection) ||
	    EVP_PKEY_todata(r->pub, EVP_PKEY_PUBLIC_KEY, &p) != 1)
		return 0;
	ok = take(p, arg);
	OSSL_PARAM_free(p);
	return ok;
}

static int
get_params(void *data, OSSL_PARAM p[])
{
	const struct tls_remote *r = data;

	return r->pub != NULL && EVP_PKEY_get_params(r->pub, p) == 1;
}

static const OSSL_PARAM *
gettable_params(void *provider)
{
	static const OSSL_PARAM list[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(
		    OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provider;
	return list;
}

/* A name of our own: only this provider can be found by it. */
static const char *
operation_name(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? TLS_PROVIDER_SIGNATURE : NULL;
}

/* clang-format off */
#define COMMON								\
	ROW(OSSL_FUNC_KEYMGMT_NEW, remote_new),				\
	ROW(OSSL_FUNC_KEYMGMT_FREE, remote_free),			\
	ROW(OSSL_FUNC_KEYMGMT_HAS, remote_has),				\
	ROW(OSSL_FUNC_KEYMGMT_MATCH, remote_match),			\
	ROW(OSSL_FUNC_KEYMGMT_EXPORT, remote_export),			\
	ROW(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),			\
	ROW(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),	\
	ROW(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name)

static const OSSL_DISPATCH rsa[] = {
	COMMON,
	ROW(OSSL_FUNC_KEYMGMT_IMPORT, import_rsa),
	ROW(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, types_rsa),
	ROW(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, types_rsa),
	LAST
};

static const OSSL_DISPATCH ec[] = {
	COMMON,
	ROW(OSSL_FUNC_KEYMGMT_IMPORT, import_ec),
	ROW(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, types_ec),
	ROW(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, types_ec),
	LAST
};

/* The names of the default provider: libssl goes by them. */
const OSSL_ALGORITHM tls_provider_keys[] = {
	{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", TLS_PROVIDER_QUERY, rsa,
	    "RSA, the private half elsewhere" },
	{ "EC:id-ecPublicKey:1.2.840.10045.2.1", TLS_PROVIDER_QUERY, ec,
	    "EC, the private half elsewhere" },
	{ NULL, NULL, NULL, NULL }
};
/* clang-format on */

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return tls_provider_keys;
	return operation == OSSL_OP_SIGNATURE ? tls_provider_signatures : NULL;
}

int
tls_provider_start(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		ROW(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
		LAST,
	};
	static char nothing; /* a provider must have some address */

	(void)core;
	(void)in; /* built in: the library's functions are linked */
	*out = functions;
	*provider = &nothing;
	return 1;
}
