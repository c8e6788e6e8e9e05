/*
 * Unit test of common/tls_identity: what the keeper writes is what the acceptor
 * reads, nothing private is among it, and which host names a certificate is
 * for.
 */
#include "tests/unit/tls_cert.h"

#include <sys/mman.h>

#include <errno.h>

#include "common/tls_identity.h"
#include "common/tls_key.h"

static EVP_PKEY *key;
static X509 *leaf, *other;

static int
setup(void **state)
{
	if (unit_setup(state) == -1 || !tls_key_init())
		return -1;
	key = cert_key("P-256", 0);
	leaf = cert_self(key,
	    "DNS:a.example,DNS:*.b.example,DNS:x*.c.example,"
	    "email:carol@d.example,IP:192.0.2.1");
	other = cert_self(key, NULL); /* CN=test */
	return 0;
}

static int
teardown(void **state)
{
	EVP_PKEY_free(key);
	X509_free(leaf);
	X509_free(other);
	return unit_teardown(state);
}

/* The private key stands where the acceptor's has its own. */
static struct tls_identity
identity(const char *name, int chain, const char *ocsp)
{
	struct tls_identity t = { .chain = sk_X509_new_null() };

	assert_non_null(t.chain);
	(void)snprintf(t.name, sizeof(t.name), "%s", name);
	assert_int_equal(X509_up_ref(leaf), 1);
	t.leaf = leaf;
	assert_int_equal(EVP_PKEY_up_ref(key), 1);
	t.key = key;
	for (int i = 0; i < chain; i++) {
		assert_int_equal(X509_up_ref(other), 1);
		assert_true(sk_X509_push(t.chain, other) > 0);
	}
	if (ocsp != NULL) {
		t.ocsp_len = strlen(ocsp);
		assert_non_null(t.ocsp = OPENSSL_memdup(ocsp, t.ocsp_len));
	}
	return t;
}

static void
there_and_back(void **state)
{
	struct tls_identity list[] = { identity("a", 0, NULL),
		identity("b.example", TLS_CHAIN, "a response\nend\n"),
		identity("c", 1, NULL) };
	const struct tls_identities in = { COUNT(list), list };
	char reason[TEXT_MAX + 1];
	struct tls_identities out;
	int fd = tls_identities_write(&in);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_true(tls_identities_read(fd, &out, reason));
	assert_int_equal(out.n, COUNT(list));
	for (size_t i = 0; i < out.n; i++) {
		const struct tls_identity *a = &list[i], *b = &out.list[i];
		uint8_t x[SIGN_KEY], y[SIGN_KEY];

		assert_string_equal(a->name, b->name);
		assert_int_equal(X509_cmp(a->leaf, b->leaf), 0);
		assert_int_equal(sk_X509_num(a->chain), sk_X509_num(b->chain));
		for (int k = 0; k < sk_X509_num(b->chain); k++)
			assert_int_equal(
			    X509_cmp(sk_X509_value(b->chain, k), other), 0);
		assert_int_equal(a->ocsp_len, b->ocsp_len);
		if (a->ocsp_len > 0)
			assert_memory_equal(a->ocsp, b->ocsp, a->ocsp_len);
		assert_true(tls_key_id(key, x));
		assert_true(tls_key_id(b->key, y));
		assert_memory_equal(x, y, sizeof(x));
		tls_identity_clear(&list[i]);
	}
	tls_identities_free(&out);
	assert_int_equal(out.n, 0);
	assert_int_equal(close(fd), 0);
}

/* Sealed, and without the private key that stood beside it. */
static void
public_only(void **state)
{
	struct tls_identity t = identity("a", 1, NULL);
	const struct tls_identities in = { 1, &t };
	uint8_t secret[32], *p;
	BIGNUM *d = NULL;
	struct stat st;
	int fd = tls_identities_write(&in);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &st), 0);
	p = malloc((size_t)st.st_size);
	assert_non_null(p);
	assert_int_equal(pread(fd, p, (size_t)st.st_size, 0), st.st_size);
	assert_int_equal(EVP_PKEY_get_bn_param(key, "priv", &d), 1);
	assert_int_equal(BN_bn2binpad(d, secret, 32), 32);
	assert_null(memmem(p, (size_t)st.st_size, secret, sizeof(secret)));
	BN_clear_free(d);
	free(p);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(close(fd), 0);
	tls_identity_clear(&t);
}

static void
none(void **state)
{
	const struct tls_identities in = { 0, NULL };
	char reason[TEXT_MAX + 1];
	struct tls_identities out;
	int fd = tls_identities_write(&in);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_true(tls_identities_read(fd, &out, reason));
	assert_int_equal(out.n, 0);
	tls_identities_free(&out);
	assert_int_equal(close(fd), 0);
}

static bool
reads(const void *bytes, size_t n)
{
	char reason[TEXT_MAX + 1] = "";
	struct tls_identities out;
	int fd;
	bool ok;

	unit_file("public", bytes, n);
	fd = open(unit_path("public"), O_RDONLY);
	assert_int_not_equal(fd, -1);
	ok = tls_identities_read(fd, &out, reason);
	if (ok)
		tls_identities_free(&out);
	else {
		assert_int_equal(out.n, 0);
		assert_null(out.list);
		/* A value of a log line, and no more pairs in it. */
		assert_string_not_equal(reason, "");
		assert_null(strpbrk(reason, "=\""));
	}
	assert_int_equal(close(fd), 0);
	return ok;
}

/* Every shorter file, and each with a byte too many. */
static void
cut(void **state)
{
	struct tls_identity t = identity("a", 1, "response");
	const struct tls_identities in = { 1, &t };
	int fd = tls_identities_write(&in);
	uint8_t *p;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	p = calloc(1, (size_t)st.st_size + 1);
	assert_non_null(p);
	assert_int_equal(pread(fd, p, (size_t)st.st_size, 0), st.st_size);
	assert_true(reads(p, (size_t)st.st_size));
	assert_false(reads(p, (size_t)st.st_size + 1));
	for (size_t n = 0; n < (size_t)st.st_size; n++)
		assert_false(reads(p, n));
	free(p);
	assert_int_equal(close(fd), 0);
	tls_identity_clear(&t);
}

#define FIRST "postrider-certificates 1\n"

static void
malformed(void **state)
{
	static const char *const files[] = {
		"postrider-certificates 2\nend\n",
		"end\n",
		FIRST,
		FIRST "end",
		FIRST "end x\n",
		FIRST "unknown 1\nend\n",
		FIRST "leaf 1\nxend\n",
		FIRST "name a\nend\n",
		FIRST "name a\nname b\nend\n",
		FIRST "name a\nleaf 3\nabcend\n",
		FIRST "name a\nleaf 0\nend\n",
		FIRST "name a\nleaf 100\nend\n",
		FIRST "name a\nleaf -1\nend\n",
		FIRST "name a\nleaf 18446744073709551615\nend\n",
		FIRST "name a\nchain 1\nxend\n",
		FIRST "name a\nocsp 1\nxend\n",
		FIRST "ocsp 1\nxend\n",
		FIRST "name "
		      "a234567890123456789012345678901234567890123456789012345"
		      "6789012345678901234567890\nend\n",
	};

	(void)state;
	assert_true(reads(FIRST "end\n", strlen(FIRST "end\n")));
	for (size_t i = 0; i < COUNT(files); i++)
		if (reads(files[i], strlen(files[i])))
			fail_msg("%s", files[i]);
}

static const struct {
	const char *host;
	bool is;
} hosts[] = {
	{ "a.example", true },
	{ "A.EXAMPLE", true },
	{ "b.a.example", false },
	{ ".example", false },
	{ ".a.example", false },
	{ "a.example.", false },
	{ "example", false },
	{ "www.b.example", true },
	{ "WWW.B.example", true },
	{ "b.example", false },
	{ ".b.example", false },
	{ "a.www.b.example", false },
	{ "xy.c.example", false }, /* a wildcard is a whole label */
	{ "d.example", false },
	{ "carol@d.example", false },
	{ "192.0.2.1", false },
	{ "test", false }, /* the common name, where there are others */
	{ "", false },
	{ "*", false },
	{ "../../etc/passwd", false },
};

static void
names(void **state)
{
	struct tls_identity t = { .leaf = leaf };
	char longest[2000];

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++)
		if (tls_identity_is_for(&t, hosts[i].host) != hosts[i].is)
			fail_msg("%s", hosts[i].host);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + sizeof(longest) - 11, ".b.example", 11);
	assert_false(tls_identity_is_for(&t, longest));
	t.leaf = other;
	assert_true(tls_identity_is_for(&t, "test"));
	assert_false(tls_identity_is_for(&t, "a.example"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(public_only),
		cmocka_unit_test(none),
		cmocka_unit_test(cut),
		cmocka_unit_test(malformed),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
