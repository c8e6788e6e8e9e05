/*
 * Unit test of common/tls_pair, common/tls_pem and common/tls_file: the forms
 * in which certificates and keys come, and what is refused and how it is said.
 */
#include "tests/unit/tls_cert.h"

#include <sys/resource.h>

#include <openssl/core_names.h>

#include "common/tls_pair.h"
#include "common/tls_pem.h"

static EVP_PKEY *rsa, *ec;
static X509 *of_rsa, *of_ec;

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	rsa = cert_key("RSA", 2048);
	ec = cert_key("P-256", 0);
	of_rsa = cert_self(rsa, "DNS:r.example");
	of_ec = cert_self(ec, "DNS:e.example");
	return 0;
}

static int
teardown(void **state)
{
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	X509_free(of_rsa);
	X509_free(of_ec);
	return unit_teardown(state);
}

/* Reads unit_dir/a.*, and says what is wrong as wanted and found. */
static const char *
read_a(enum tls_pair_result want)
{
	static char text[2 * TEXT_MAX + 10];
	struct tls_pair p;
	struct tls_wrong w = { .passing = true };

	text[0] = '\0';
	assert_int_equal(tls_pair_read(unit_dir, "a", &p, &w), want);
	if (want == TLS_PAIR_OK)
		tls_pair_clear(&p);
	else
		(void)snprintf(
		    text, sizeof(text), "%s, not %s", w.wanted, w.found);
	return text;
}

static void
gone(const char *file)
{
	assert_int_equal(unlink(unit_path(file)), 0);
}

static void
facts(void **state)
{
	char subjects[TEXT_MAX + 1];
	struct tls_pair p;
	struct tls_wrong w;

	(void)state;
	cert_file("a.pem", of_rsa, of_ec, rsa);
	assert_int_equal(tls_pair_read(unit_dir, "a", &p, &w), TLS_PAIR_OK);
	assert_string_equal(p.public.name, "a");
	assert_string_equal(p.kind, "RSA-2048");
	assert_int_equal(X509_cmp(p.public.leaf, of_rsa), 0);
	assert_int_equal(sk_X509_num(p.public.chain), 1);
	assert_int_equal(X509_cmp(sk_X509_value(p.public.chain, 0), of_ec), 0);
	assert_null(p.public.key);
	assert_null(p.public.ocsp);
	assert_int_equal(EVP_PKEY_eq(p.key, rsa), 1);
	assert_int_equal(p.until - p.from, 70 * 86400 + 7200);
	tls_pair_subjects(&p, subjects);
	assert_string_equal(subjects, "r.example");
	tls_pair_clear(&p);
	gone("a.pem");
}

/* The key's own file goes before a key in the other one. */
static void
own_file_first(void **state)
{
	(void)state;
	cert_file("a.pem", of_ec, NULL, rsa);
	cert_file("a.key", of_rsa, NULL, ec);
	(void)read_a(TLS_PAIR_OK);
	gone("a.key");
	assert_string_equal(read_a(TLS_PAIR_UNLIKE),
	    "the private key of the first certificate of the .pem, "
	    "not another one");
	gone("a.pem");
}

/* Nor is one in the other file taken for it when it holds none. */
static void
own_file_without_key(void **state)
{
	static const char *const bytes[] = { "", "no key\n" };

	(void)state;
	cert_file("a.pem", of_ec, NULL, ec);
	(void)read_a(TLS_PAIR_OK);
	for (size_t i = 0; i < COUNT(bytes); i++) {
		unit_file("a.key", bytes[i], strlen(bytes[i]));
		assert_string_equal(
		    read_a(TLS_PAIR_UNLIKE), "a private key, not none");
	}
	gone("a.key");
	cert_file("a.pem", of_ec, NULL, NULL);
	assert_string_equal(read_a(TLS_PAIR_UNLIKE),
	    "a private key, here or in the .pem, not none");
	gone("a.pem");
}

/* Nobody can say whether they are over: the thirteenth month, and less. */
static void
dates(void **state)
{
	static const char *const bad[] = { "991301000000Z", "21", "",
		"99991331235959Z" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad) * 2; i++) {
		X509 *x = cert_self(ec, "DNS:e.example");
		ASN1_TIME *t =
		    i % 2 == 0 ? X509_getm_notAfter(x) : X509_getm_notBefore(x);

		t->type = strlen(bad[i / 2]) == 15 ? V_ASN1_GENERALIZEDTIME
						   : V_ASN1_UTCTIME;
		assert_int_equal(ASN1_STRING_set(t, bad[i / 2], -1), 1);
		cert_file("a.pem", x, NULL, ec);
		assert_string_equal(
		    read_a(TLS_PAIR_BAD), "its dates, not unreadable ones");
		X509_free(x);
	}
	gone("a.pem");
}

/* Blocks of both, one after the other, and text around them. */
static void
forms(void **state)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p;
	long n;

	(void)state;
	assert_true(BIO_printf(b,
			"Some text.\n"
			"-----BEGIN EC PARAMETERS-----\n"
			"BggqhkjOPQMBBw==\n"
			"-----END EC PARAMETERS-----\n") > 0);
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(
			     b, ec, NULL, NULL, 0, NULL, NULL),
	    1);
	assert_int_equal(PEM_write_bio_X509(b, of_ec), 1);
	n = BIO_get_mem_data(b, &p);
	unit_file("a.pem", p, (size_t)n);
	(void)read_a(TLS_PAIR_OK);
	BIO_free(b);
	b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(b, of_rsa), 1);
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(
			     b, rsa, NULL, NULL, 0, NULL, NULL),
	    1);
	n = BIO_get_mem_data(b, &p);
	unit_file("a.pem", p, (size_t)n);
	(void)read_a(TLS_PAIR_OK);
	BIO_free(b);
	gone("a.pem");
}

/* Nobody is asked for a password. */
static void
passwords(void **state)
{
	unsigned char word[] = "word";

	(void)state;
	for (int old = 0; old <= 1; old++) {
		BIO *b = BIO_new(BIO_s_mem());
		char *p;
		long n;

		assert_int_equal(old
			? PEM_write_bio_PrivateKey_traditional(
			      b, rsa, EVP_aes_128_cbc(), word, 4, NULL, NULL)
			: PEM_write_bio_PrivateKey(
			      b, rsa, EVP_aes_128_cbc(), word, 4, NULL, NULL),
		    1);
		n = BIO_get_mem_data(b, &p);
		unit_file("a.key", p, (size_t)n);
		cert_file("a.pem", of_rsa, NULL, NULL);
		assert_string_equal(read_a(TLS_PAIR_BAD),
		    "PEM of certificates and one key, "
		    "not a private key that needs a password");
		BIO_free(b);
	}
	gone("a.pem");
	gone("a.key");
}

static EVP_PKEY *
compressed(void)
{
	EVP_PKEY *k = cert_key("P-256", 0);

	assert_int_equal(EVP_PKEY_set_utf8_string_param(k,
			     OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
			     OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED),
	    1);
	return k;
}

static EVP_PKEY *
rsa_pss(void)
{
	EVP_PKEY *k = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);

	assert_int_equal(EVP_PKEY_keygen_init(c), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(c, 2048) > 0);
	assert_int_equal(EVP_PKEY_generate(c, &k), 1);
	EVP_PKEY_CTX_free(c);
	return k;
}

static void
refuses(EVP_PKEY *k, const char *found)
{
	X509 *x = cert_self(k, NULL);
	char want[2 * TEXT_MAX];

	cert_file("a.pem", x, NULL, k);
	(void)snprintf(want, sizeof(want),
	    "a key of RSA, 2048 bits or more, or EC on P-256, P-384 or P-521 "
	    "with an uncompressed point, not %s",
	    found);
	assert_string_equal(read_a(TLS_PAIR_BAD), want);
	X509_free(x);
	EVP_PKEY_free(k);
	gone("a.pem");
}

static void
kinds(void **state)
{
	(void)state;
	refuses(cert_key("RSA", 1024), "RSA of 1024 bits");
	refuses(cert_key("secp256k1", 0), "EC of 256 bits on secp256k1");
	refuses(cert_key("ED25519", 0), "ED25519 of 256 bits");
	refuses(compressed(), "EC of 256 bits on prime256v1");
	refuses(rsa_pss(), "RSA-PSS of 2048 bits");
}

/* As many certificates as there may be, and one more; as many keys. */
static void
counts(void **state)
{
	for (int n = TLS_CHAIN; n <= TLS_CHAIN + 1; n++) {
		BIO *b = BIO_new(BIO_s_mem());
		struct tls_pem pem;
		const char *found;
		char *p;
		long len;
		bool ok;

		assert_int_equal(PEM_write_bio_X509(b, of_ec), 1);
		for (int i = 0; i < n; i++)
			assert_int_equal(PEM_write_bio_X509(b, of_ec), 1);
		len = BIO_get_mem_data(b, &p);
		ok = tls_pem_read((uint8_t *)p, (size_t)len, &pem, &found);
		assert_int_equal(ok, n == TLS_CHAIN);
		if (ok)
			tls_pem_clear(&pem);
		else
			assert_string_equal(found, "too many certificates");
		BIO_free(b);
	}
	(void)state;
}

static void
two_keys(void **state)
{
	BIO *b = BIO_new(BIO_s_mem());
	struct tls_pem pem;
	const char *found;
	char *p;
	long n;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    PEM_write_bio_PrivateKey(b, ec, NULL, NULL, 0, NULL, NULL),
		    1);
	n = BIO_get_mem_data(b, &p);
	assert_false(tls_pem_read((uint8_t *)p, (size_t)n, &pem, &found));
	assert_string_equal(found, "a second private key");
	assert_null(pem.key);
	BIO_free(b);
}

static void
files(void **state)
{
	static const char big[TLS_FILE_MAX + 1];

	(void)state;
	unit_file("a.pem", big, sizeof(big));
	assert_string_equal(
	    read_a(TLS_PAIR_BAD), "at most 65536 bytes, not more");
	unit_file("a.pem", big, sizeof(big) - 1);
	assert_string_equal(read_a(TLS_PAIR_UNLIKE), "a certificate, not none");
	gone("a.pem");
	assert_int_equal(mkdir(unit_path("a.pem"), 0700), 0);
	assert_string_equal(read_a(TLS_PAIR_BAD), "a file, not another kind");
	assert_int_equal(rmdir(unit_path("a.pem")), 0);
	/* nobody writes to it, and nobody waits */
	assert_int_equal(mkfifo(unit_path("a.pem"), 0600), 0);
	assert_string_equal(read_a(TLS_PAIR_BAD), "a file, not another kind");
	gone("a.pem");
	assert_int_equal(symlink("a.pem", unit_path("a.pem")), 0);
	assert_string_equal(read_a(TLS_PAIR_BAD),
	    "a file to read, not Too many levels of symbolic links");
	gone("a.pem");
}

/* A private key is hidden from others; a certificate need not be. */
static void
modes(void **state)
{
	static const struct {
		mode_t mode;
		bool ok;
	} cases[] = { { 0400, true }, { 0600, true }, { 0640, true },
		{ 0660, true }, { 0644, false }, { 0604, false },
		{ 0602, false }, { 0666, false } };
	char want[200];

	(void)state;
	cert_file("a.pem", of_ec, NULL, NULL);
	cert_file("a.key", NULL, NULL, ec);
	assert_int_equal(chmod(unit_path("a.pem"), 0644), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(chmod(unit_path("a.key"), cases[i].mode), 0);
		(void)snprintf(want, sizeof(want),
		    "a private key hidden from others (chmod o-rwx), not mode "
		    "%o",
		    (unsigned int)cases[i].mode);
		assert_string_equal(
		    read_a(cases[i].ok ? TLS_PAIR_OK : TLS_PAIR_BAD),
		    cases[i].ok ? "" : want);
	}
	/* also where the key is not the one that is used */
	assert_int_equal(chmod(unit_path("a.key"), 0600), 0);
	cert_file("a.pem", of_ec, NULL, ec);
	assert_int_equal(chmod(unit_path("a.pem"), 0644), 0);
	(void)read_a(TLS_PAIR_BAD);
	gone("a.pem");
	gone("a.key");
}

/* No descriptor is to be had: that passes, and is nobody's fault. */
static void
passing(void **state)
{
	struct rlimit before, none = { .rlim_cur = 0 };

	(void)state;
	cert_file("a.pem", of_ec, NULL, ec);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_string_equal(
	    read_a(TLS_PAIR_AGAIN), "a file to read, not Too many open files");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	(void)read_a(TLS_PAIR_OK);
	gone("a.pem");
}

static void
descriptors(void **state)
{
	int before = unit_open_fds();

	(void)state;
	cert_file("a.pem", of_ec, NULL, ec);
	(void)read_a(TLS_PAIR_OK);
	cert_file("a.pem", of_ec, NULL, rsa);
	(void)read_a(TLS_PAIR_UNLIKE);
	assert_int_equal(unit_open_fds(), before);
	gone("a.pem");
}

static void
names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{ "a", true },
		{ "mail.example.org-ecdsa_2", true },
		{ "-", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ ".a", false },
		{ "a/b", false },
		{ "a b", false },
		{ "a\n", false },
		{ "\303\244", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    tls_pair_name(cases[i].name, strlen(cases[i].name)),
		    cases[i].ok);
	assert_false(tls_pair_name("a\0b", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts),
		cmocka_unit_test(own_file_first),
		cmocka_unit_test(own_file_without_key),
		cmocka_unit_test(dates),
		cmocka_unit_test(forms),
		cmocka_unit_test(passwords),
		cmocka_unit_test(kinds),
		cmocka_unit_test(counts),
		cmocka_unit_test(two_keys),
		cmocka_unit_test(files),
		cmocka_unit_test(modes),
		cmocka_unit_test(passing),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
