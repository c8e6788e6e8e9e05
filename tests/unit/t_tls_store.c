/*
 * Unit test of common/tls_store: what is served, kept and reported as files
 * come, change, break and go.
 * wrap: time deadline_in deadline_now deadline_left open
 */
#include "tests/unit/tls_store.h"

static void
come_and_go(void **state)
{
	struct tls_store *s = store();

	(void)state;
	assert_false(tls_store_refresh(s));
	assert_served(s, "");
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=a",
	    "subjects=a.example,www.a.example key=EC-P-256 expires=");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_served(s, "a ");
	assert_true(knows(s, key_a));
	assert_false(knows(s, key_b));
	/* the key in a file of its own, and a name that sorts before */
	cert_file("tls/0-b.pem", leaf_b, NULL, NULL);
	cert_file("tls/0-b.key", NULL, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_logged("name=0-b subjects=b.example key=RSA-2048", "days=70");
	assert_served(s, "0-b a ");
	assert_true(knows(s, key_b));
	/* gone: not served, but handshakes that have begun are ended */
	assert_int_equal(unlink(unit_path("tls/a.pem")), 0);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate-gone", "name=a");
	assert_served(s, "0-b ");
	assert_true(knows(s, key_a));
	ahead += KEYRING_STAY - 1;
	assert_int_equal(unlink(unit_path("tls/0-b.pem")), 0);
	assert_true(tls_store_refresh(s));
	assert_served(s, "");
	assert_true(knows(s, key_a));
	assert_true(knows(s, key_b));
	ahead += 2;
	assert_false(tls_store_refresh(s));
	assert_false(knows(s, key_a));
	assert_true(knows(s, key_b));
	tls_store_free(s);
}

static const struct {
	const char *what;
	const char *bytes;
} broken[] = {
	{ "a certificate\" found=none", "" },
	{ "a certificate\" found=none", "no PEM\n" },
	{ "a damaged block of PEM", "-----BEGIN CERTIFICATE-----\nMIIB\n" },
	{ "a damaged certificate",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
};

/* A bad new file leaves what is served, and is told of once. */
static void
bad_new_file(void **state)
{
	struct tls_store *s = store();
	char path[4096];

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	(void)snprintf(path, sizeof(path), "%s", unit_path("tls/a.pem"));
	for (size_t i = 0; i < COUNT(broken); i++) {
		(void)logged();
		unit_file("new", broken[i].bytes, strlen(broken[i].bytes));
		assert_int_equal(rename(unit_path("new"), path), 0);
		assert_false(tls_store_refresh(s));
		ahead += TLS_STORE_PATIENCE + 1;
		assert_false(tls_store_refresh(s));
		assert_logged(broken[i].what, "kept=old-state");
		assert_int_equal(tls_store_facts(s).refused, 1);
		ahead += TLS_STORE_PATIENCE + 1;
		assert_false(tls_store_refresh(s));
		assert_quiet();
		assert_served(s, "a ");
	}
	/* and a good one ends it */
	cert_file("tls/a.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=a", "RSA-2048");
	assert_true(knows(s, key_a));
	assert_true(knows(s, key_b));
	assert_int_equal(tls_store_facts(s).refused, 0);
	tls_store_free(s);
}

/* What is bad from the start is told of at once. */
static void
bad_from_the_start(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, NULL);
	assert_false(tls_store_refresh(s));
	assert_logged("a.key wanted=\"a private key, here or in the .pem\" "
		      "found=none",
	    "kept=nothing");
	assert_served(s, "");
	assert_int_equal(tls_store_facts(s).refused, 1);
	cert_file("tls/a.key", NULL, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a ");
	tls_store_free(s);
}

/* Two files are replaced one after the other. */
static void
between_two_files(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, NULL);
	cert_file("tls/a.key", NULL, NULL, key_a);
	assert_true(tls_store_refresh(s));
	(void)logged();
	cert_file("tls/a.pem", leaf_b, NULL, NULL);
	assert_false(tls_store_refresh(s));
	ahead += TLS_STORE_PATIENCE - 1;
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_int_equal(tls_store_facts(s).refused, 0);
	assert_true(knows(s, key_a));
	cert_file("tls/a.key", NULL, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=a", "RSA-2048");
	/* and once the second one is forgotten */
	cert_file("tls/a.pem", leaf_a, NULL, NULL);
	assert_false(tls_store_refresh(s));
	ahead += TLS_STORE_PATIENCE + 1;
	assert_false(tls_store_refresh(s));
	assert_logged("a.key wanted=\"the private key of the first "
		      "certificate of the .pem\" found=\"another one\"",
	    "kept=old-state");
	assert_served(s, "a ");
	tls_store_free(s);
}

/* The way of ACME clients: symbolic links to what is somewhere else. */
static void
symbolic_links(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("live.pem", leaf_a, NULL, NULL);
	cert_file("live.key", NULL, NULL, key_a);
	assert_int_equal(symlink("../live.pem", unit_path("tls/a.pem")), 0);
	assert_int_equal(symlink("../live.key", unit_path("tls/a.key")), 0);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a ");
	cert_file("live.pem", leaf_b, NULL, NULL);
	cert_file("live.key", NULL, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_true(knows(s, key_b));
	/* broken: as a file that cannot be used */
	(void)logged();
	assert_int_equal(unlink(unit_path("live.pem")), 0);
	assert_false(tls_store_refresh(s));
	ahead += TLS_STORE_PATIENCE + 1;
	assert_false(tls_store_refresh(s));
	assert_logged("a.pem wanted=\"a certificate\"", "kept=old-state");
	assert_served(s, "a ");
	tls_store_free(s);
}

/* A directory that cannot be read leaves what is served. */
static void
no_directory(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	(void)logged();
	assert_int_equal(rename(unit_path("tls"), unit_path("away")), 0);
	assert_false(tls_store_refresh(s));
	assert_true(strstr(logged(), "wanted=directory found=") != NULL);
	assert_served(s, "a ");
	assert_int_equal(rename(unit_path("away"), unit_path("tls")), 0);
	tls_store_free(s);
}

static void
dates(void **state)
{
	const struct cert_wish w = { "a", "DNS:a.example", -86400, 3600, NULL,
		NULL };
	const struct cert_wish early = { "b", "DNS:b.example", 86400, 2 * 86400,
		NULL, NULL };
	X509 *soon = cert_make(key_a, &w), *later = cert_make(key_b, &early);
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", soon, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate", "days=0");
	ahead = 3700;
	assert_false(tls_store_refresh(s));
	assert_logged("a.pem wanted=valid-certificate", "found=expired");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_served(s, "a ");
	cert_file("tls/b.pem", later, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_true(strstr(logged(), "found=begins-later") != NULL);
	assert_served(s, "a b ");
	tls_store_free(s);
	X509_free(soon);
	X509_free(later);
}

static void
signs_no_other(void **state)
{
	struct msg_sign_sign q = { .key_len = SIGN_KEY, .scheme = 0x0403 };
	struct msg_sign_signature out;
	const char *reason;
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_true(tls_key_id(key_a, q.key));
	assert_false(tls_store_sign(s, &q, &out, &reason));
	assert_string_equal(reason, "not of a handshake");
	for (q.key_len = 0; q.key_len < SIGN_KEY; q.key_len++) {
		assert_false(tls_store_sign(s, &q, &out, &reason));
		assert_string_equal(reason, "unknown key");
	}
	tls_store_free(s);
}

static void
long_directory(void **state)
{
	char path[2000];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(tls_store_new(path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(come_and_go, fresh),
		cmocka_unit_test_setup(bad_new_file, fresh),
		cmocka_unit_test_setup(bad_from_the_start, fresh),
		cmocka_unit_test_setup(between_two_files, fresh),
		cmocka_unit_test_setup(symbolic_links, fresh),
		cmocka_unit_test_setup(no_directory, fresh),
		cmocka_unit_test_setup(dates, fresh),
		cmocka_unit_test_setup(signs_no_other, fresh),
		cmocka_unit_test(long_directory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
