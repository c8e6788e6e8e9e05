/*
 * Unit test of common/tls_sign and common/tls_scheme: which key signs what, and
 * that the signatures are as their scheme says.
 */
#include "tests/unit/tls_cert.h"

#include "common/tls_scheme.h"
#include "common/tls_sign.h"

enum { RSA2048, P256, P384, P521, KEYS };

static EVP_PKEY *keys[KEYS];

static int
setup(void **state)
{
	(void)state;
	keys[RSA2048] = cert_key("RSA", 2048);
	keys[P256] = cert_key("P-256", 0);
	keys[P384] = cert_key("P-384", 0);
	keys[P521] = cert_key("P-521", 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < KEYS; i++)
		EVP_PKEY_free(keys[i]);
	return 0;
}

static void
transcript(struct msg_sign_sign *q, int version)
{
	memset(q, 0, sizeof(*q));
	if (version == 13) {
		memset(q->tbs, ' ', 64);
		memcpy(q->tbs + 64, "TLS 1.3, server CertificateVerify", 34);
		q->tbs_len = 98 + 48;
	} else {
		q->tbs[64] = 3;
		q->tbs[66] = 29;
		q->tbs[67] = 32;
		q->tbs_len = 68 + 32;
	}
}

/* By OpenSSL's own hands, with the names of the scheme written out here. */
static bool
verifies(EVP_PKEY *key, const struct msg_sign_sign *q,
    const struct msg_sign_signature *s, const char *md)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	bool ok;

	assert_non_null(c);
	assert_int_equal(
	    EVP_DigestVerifyInit_ex(c, &how, md, NULL, NULL, key, NULL), 1);
	if (q->scheme >> 8 == 8) {
		assert_true(EVP_PKEY_CTX_set_rsa_padding(
				how, RSA_PKCS1_PSS_PADDING) > 0);
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(
				how, RSA_PSS_SALTLEN_DIGEST) > 0);
	}
	ok = EVP_DigestVerify(c, s->bytes, s->bytes_len, q->tbs, q->tbs_len) ==
	    1;
	EVP_MD_CTX_free(c);
	return ok;
}

/* clang-format off */
static const struct {
	int key;
	uint32_t scheme;
	const char *md;
	bool in12, in13;
} cases[] = {
	{ RSA2048,	0x0401, "SHA256", true,		false },
	{ RSA2048,	0x0501, "SHA384", true,		false },
	{ RSA2048,	0x0601, "SHA512", true,		false },
	{ RSA2048,	0x0804, "SHA256", true,		true },
	{ RSA2048,	0x0805, "SHA384", true,		true },
	{ RSA2048,	0x0806, "SHA512", true,		true },
	{ P256,		0x0403, "SHA256", true,		true },
	{ P256,		0x0503, "SHA384", true,		false },
	{ P256,		0x0603, "SHA512", true,		false },
	{ P384,		0x0403, "SHA256", true,		false },
	{ P384,		0x0503, "SHA384", true,		true },
	{ P521,		0x0603, "SHA512", true,		true },
	{ P521,		0x0503, "SHA384", true,		false },
	/* of another key, of SHA-1, of PSS keys, EdDSA, none */
	{ RSA2048,	0x0403, "SHA256", false,	false },
	{ P256,		0x0401, "SHA256", false,	false },
	{ P256,		0x0804, "SHA256", false,	false },
	{ RSA2048,	0x0201, "SHA1",	  false,	false },
	{ P256,		0x0203, "SHA1",	  false,	false },
	{ RSA2048,	0x0301, "SHA224", false,	false },
	{ RSA2048,	0x0809, "SHA256", false,	false },
	{ P256,		0x0807, "SHA256", false,	false },
	{ RSA2048,	0,	"SHA256", false,	false },
	{ RSA2048,	0x10804, "SHA256", false,	false },
};
/* clang-format on */

static void
schemes(void **state)
{
	struct msg_sign_signature out;
	struct msg_sign_sign q;
	const char *reason;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (int version = 12; version <= 13; version++) {
			EVP_PKEY *key = keys[cases[i].key];
			bool may =
			    version == 12 ? cases[i].in12 : cases[i].in13;

			transcript(&q, version);
			q.scheme = cases[i].scheme;
			if (tls_sign(key, &q, &out, &reason) != may)
				fail_msg("case %zu, version %d", i, version);
			assert_int_equal(reason == NULL, may);
			if (!may)
				continue;
			assert_true(verifies(key, &q, &out, cases[i].md));
			q.tbs[q.tbs_len - 1] ^= 1;
			assert_false(verifies(key, &q, &out, cases[i].md));
		}
}

static void
not_of_a_handshake(void **state)
{
	struct msg_sign_signature out;
	struct msg_sign_sign q;
	const char *reason;

	(void)state;
	transcript(&q, 13);
	q.scheme = 0x0804;
	q.tbs_len--;
	assert_false(tls_sign(keys[RSA2048], &q, &out, &reason));
	assert_string_equal(reason, "not of a handshake");
	q.tbs_len = 0;
	assert_false(tls_sign(keys[RSA2048], &q, &out, &reason));
	assert_string_equal(reason, "not of a handshake");
}

/* Both ways of looking a scheme up agree. */
static void
table(void **state)
{
	static const char *const mds[] = { "SHA2-256", "SHA2-384", "SHA2-512" };

	(void)state;
	for (size_t i = 0; i < COUNT(mds); i++)
		for (int k = TLS_RSA_PKCS1; k <= TLS_ECDSA; k++) {
			const struct tls_scheme *s =
			    tls_scheme_for((enum tls_scheme_kind)k, mds[i]);

			assert_non_null(s);
			assert_ptr_equal(tls_scheme_by_code(s->code), s);
		}
	assert_null(tls_scheme_for(TLS_ECDSA, "SHA1"));
	assert_null(tls_scheme_by_code(0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemes),
		cmocka_unit_test(not_of_a_handshake),
		cmocka_unit_test(table),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
