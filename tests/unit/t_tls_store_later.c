/*
 * t_tls_store_later: what does not stay as it was read: responses, another
 * directory, and what could not be read just then.
 * wrap: time deadline_in deadline_now deadline_left open
 */
#include "tests/unit/tls_store.h"

static void
responses(void **state)
{
	struct ocsp_wish w = { of_ca, ca, key_ca, V_OCSP_CERTSTATUS_GOOD, -60,
		3600, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", of_ca, ca, key_a);
	ocsp_file("tls/a.ocsp", &w);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a+ ");
	/* over */
	(void)logged();
	ahead = 3700;
	assert_true(tls_store_refresh(s));
	assert_logged("a.ocsp wanted=response-valid-now", "stapled=no");
	assert_served(s, "a ");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	/* a new one */
	w.until = 7200;
	ocsp_file("tls/a.ocsp", &w);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a+ ");
	/* for another certificate: the one before stays */
	(void)logged();
	w.about = ca;
	ocsp_file("tls/a.ocsp", &w);
	(void)tls_store_refresh(s);
	assert_true(strstr(logged(),
			"a.ocsp wanted=\"a response for the certificate\" "
			"found=\"a response for another certificate\" "
			"kept=old-state") != NULL);
	assert_served(s, "a+ ");
	/* but not for a new certificate */
	cert_file("tls/a.pem", leaf_a, ca, key_a);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a ");
	assert_true(strstr(logged(), "kept=nothing") != NULL);
	assert_int_equal(unlink(unit_path("tls/a.ocsp")), 0);
	assert_true(tls_store_refresh(s));
	assert_logged("event=response name=a", "there=no");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	tls_store_free(s);
}

/* Responses come often: keys that are going are not forgotten for them. */
static void
response_alone(void **state)
{
	struct ocsp_wish w = { of_ca, ca, key_ca, V_OCSP_CERTSTATUS_GOOD, -60,
		3600, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", of_ca, ca, key_a);
	cert_file("tls/b.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_int_equal(unlink(unit_path("tls/b.pem")), 0);
	assert_true(tls_store_refresh(s));
	assert_true(knows(s, key_b));
	(void)logged();
	for (int i = 0; i < 3; i++) {
		w.until += 60;
		ocsp_file("tls/a.ocsp", &w);
		assert_true(tls_store_refresh(s));
		assert_logged("event=response name=a", "there=yes");
		assert_served(s, "a+ ");
		assert_true(knows(s, key_b));
	}
	tls_store_free(s);
}

/* Another tls-dir: handshakes that have begun are ended with the old keys. */
static void
moves(void **state)
{
	struct tls_store *s = store();
	char path[TLS_PATH + 1];

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	cert_file("tls/b.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_refresh(s));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(tls_store_move(s, path));
	assert_false(tls_store_refresh(s));
	assert_served(s, "a b ");
	assert_int_equal(mkdir(unit_path("tls/sub"), 0700), 0);
	cert_file("tls/sub/c.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_move(s, unit_path("tls/sub")));
	(void)logged();
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=c", "b.example");
	assert_served(s, "c ");
	assert_true(knows(s, key_a));
	assert_false(tls_store_refresh(s));
	ahead += KEYRING_STAY + 1;
	assert_false(tls_store_refresh(s));
	assert_false(knows(s, key_a));
	assert_true(knows(s, key_b));
	/* where nothing is */
	assert_int_equal(unlink(unit_path("tls/sub/c.pem")), 0);
	assert_true(tls_store_move(s, unit_path("tls/sub")));
	assert_true(tls_store_refresh(s));
	assert_served(s, "");
	assert_true(knows(s, key_b));
	assert_false(tls_store_refresh(s));
	tls_store_free(s);
}

/* What is not the file's fault is tried again, and told of once. */
static void
passing(void **state)
{
	static const char *const files[] = { "a.pem", "a.key" };
	struct ocsp_wish w = { of_ca, ca, key_ca, V_OCSP_CERTSTATUS_GOOD, -60,
		3600, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", of_ca, ca, key_b);
	cert_file("tls/a.key", NULL, NULL, key_a);
	for (size_t i = 0; i < COUNT(files); i++) {
		failing = files[i];
		failure = i == 0 ? EMFILE : EIO;
		assert_false(tls_store_refresh(s));
		assert_logged("a file to read", "kept=nothing");
		assert_false(tls_store_refresh(s));
		assert_quiet();
		assert_served(s, "");
		failing = NULL;
		assert_true(tls_store_refresh(s));
		assert_logged("event=certificate", "name=a");
		assert_served(s, "a ");
		assert_int_equal(tls_store_facts(s).refused, 0);
		tls_store_free(s);
		s = store();
	}
	assert_true(tls_store_refresh(s));
	(void)logged();
	ocsp_file("tls/a.ocsp", &w);
	failing = "a.ocsp";
	assert_false(tls_store_refresh(s));
	assert_logged("a.ocsp", "kept=nothing");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_served(s, "a ");
	failing = NULL;
	assert_true(tls_store_refresh(s));
	assert_served(s, "a+ ");
	(void)logged();
	/* What the owner has to change is not tried for ever. */
	failing = "a.pem";
	failure = EACCES;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_false(tls_store_refresh(s));
	assert_logged("Permission denied", "kept=old-state");
	failing = NULL;
	assert_false(tls_store_refresh(s));
	assert_served(s, "a+ ");
	tls_store_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(responses, fresh),
		cmocka_unit_test_setup(response_alone, fresh),
		cmocka_unit_test_setup(moves, fresh),
		cmocka_unit_test_setup(passing, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
