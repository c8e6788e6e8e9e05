/*
 * t_certs_try: files as tlsd's user finds them.
 */
#include "tests/unit/unit.h"

#include "queue/certs_try.h"
#include "tests/unit/tls_cert.h"

#define OTHER 12345 /* a uid and gid that is nobody's */

static EVP_PKEY *key, *another;
static X509 *leaf;

static enum certs_tried
try(const struct certs_reader *r, const char *name, const char *says)
{
	char why[TABLES_ERR];
	enum certs_tried tried = certs_try(r, unit_path("tls"), name, why);

	if (tried == CERTS_BAD && (says == NULL || strstr(why, says) == NULL))
		fail_msg("%s: %s", name, why);
	return tried;
}

static void
with_our_rights(void **state)
{
	const struct certs_reader us = certs_reader_find(true);

	(void)state;
	assert_true(us.known && us.uid == geteuid());
	cert_file("tls/a.pem", leaf, NULL, key);
	assert_int_equal(try(&us, "a", NULL), CERTS_GOOD);
	cert_file("tls/b.pem", leaf, NULL, NULL);
	assert_int_equal(
	    try(&us, "b", "/tls/b.key: wanted a private key"), CERTS_BAD);
	cert_file("tls/b.key", NULL, NULL, another);
	assert_int_equal(try(&us, "b", "found another one"), CERTS_BAD);
	unit_file("tls/c.pem", "junk\n", 5);
	assert_int_equal(
	    try(&us, "c", "wanted a certificate, found none"), CERTS_BAD);
}

/* Modes, owners and the directories above, of what a link leads to. */
static void
with_anothers(void **state)
{
	struct certs_reader r = { true, OTHER, OTHER };
	char to[4096];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(unit_dir, 0711), 0);
	assert_int_equal(chmod(unit_path("tls"), 0750), 0);
	cert_file("tls/a.pem", leaf, NULL, key);
	assert_int_equal(
	    try(&r, "a", "postrider-tls cannot read /tmp/"), CERTS_BAD);
	assert_int_equal(chown(unit_path("tls"), 0, OTHER), 0);
	assert_int_equal(try(&r, "a", "/tls/a.pem (use: "), CERTS_BAD);
	assert_int_equal(chown(unit_path("tls/a.pem"), 0, OTHER), 0);
	assert_int_equal(chmod(unit_path("tls/a.pem"), 0640), 0);
	assert_int_equal(try(&r, "a", NULL), CERTS_GOOD);
	/* certbot's live/, which only root can enter */
	assert_int_equal(mkdir(unit_path("live"), 0700), 0);
	cert_file("live/chain.pem", leaf, NULL, key);
	assert_int_equal(chmod(unit_path("live/chain.pem"), 0640), 0);
	assert_int_equal(chown(unit_path("live/chain.pem"), OTHER, OTHER), 0);
	(void)snprintf(to, sizeof(to), "%s", unit_path("live/chain.pem"));
	assert_int_equal(symlink(to, unit_path("tls/link.pem")), 0);
	assert_int_equal(try(&r, "link", "cannot read /tmp/"), CERTS_BAD);
	assert_int_equal(chmod(unit_path("live"), 0711), 0);
	assert_int_equal(try(&r, "link", NULL), CERTS_GOOD);
	r.known = false;
	assert_int_equal(try(&r, "a", NULL), CERTS_UNTRIED);
	/* Nobody becomes root for this. */
	r = (struct certs_reader){ true, 54321, 0 };
	assert_int_equal(try(&r, "a", NULL), CERTS_UNTRIED);
}

static void
cas(void **state)
{
	struct certs_reader r = certs_reader_find(true);
	char why[TABLES_ERR];

	(void)state;
	cert_file("ca.pem", leaf, NULL, NULL);
	unit_file("none.pem", "nothing\n", 8);
	assert_int_equal(
	    certs_try_cas(&r, unit_path("ca.pem"), why), CERTS_GOOD);
	assert_int_equal(
	    certs_try_cas(&r, unit_path("none.pem"), why), CERTS_BAD);
	assert_non_null(
	    strstr(why, "none.pem: wanted certificates in PEM, found none"));
	if (geteuid() != 0)
		return;
	r = (struct certs_reader){ true, OTHER, OTHER };
	assert_int_equal(chmod(unit_path("ca.pem"), 0600), 0);
	assert_int_equal(
	    certs_try_cas(&r, unit_path("ca.pem"), why), CERTS_BAD);
	assert_non_null(strstr(why, "postrider-tls cannot read /tmp/"));
	assert_int_equal(chmod(unit_path("ca.pem"), 0644), 0);
	assert_int_equal(
	    certs_try_cas(&r, unit_path("ca.pem"), why), CERTS_GOOD);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1 || mkdir(unit_path("tls"), 0700) == -1)
		return -1;
	key = cert_key("P-256", 0);
	another = cert_key("P-256", 0);
	leaf = cert_self(key, "DNS:a.example");
	return 0;
}

static int
teardown(void **state)
{
	EVP_PKEY_free(key);
	EVP_PKEY_free(another);
	X509_free(leaf);
	return unit_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_our_rights),
		cmocka_unit_test(with_anothers),
		cmocka_unit_test(cas),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
