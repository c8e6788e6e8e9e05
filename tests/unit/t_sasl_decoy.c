/*
 * Unit test of common/sasl_decoy.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/base64.h"
#include "common/sasl_decoy.h"

static bool
same(const struct sasl_decoy *a, const struct sasl_decoy *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
keeps_its_key(void **state)
{
	struct sasl_decoy a, b;
	struct stat st;

	(void)state;
	assert_true(sasl_decoy_open(&a, unit_path("key")));
	assert_int_equal(stat(unit_path("key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, HMAC_KEY);
	assert_true(sasl_decoy_open(&b, unit_path("key")));
	assert_true(same(&a, &b));
	/* One that was cut off is none. */
	assert_int_equal(truncate(unit_path("key"), 31), 0);
	assert_true(sasl_decoy_open(&b, unit_path("key")));
	assert_false(same(&a, &b));
	assert_true(sasl_decoy_open(&a, unit_path("key")));
	assert_true(same(&a, &b));
	/* Where nothing can be kept there is one all the same. */
	assert_false(sasl_decoy_open(&a, unit_path("no/key")));
	assert_int_equal(errno, ENOENT);
	assert_false(same(&a, &b));
	assert_false(sasl_decoy_open(&b, unit_path("no/key")));
	assert_false(same(&a, &b));
	assert_int_equal(symlink("key", unit_path("link")), 0);
	assert_false(sasl_decoy_open(&b, unit_path("link")));
	assert_int_equal(errno, ELOOP);
}

/* The same for a name, another for another, and of an account's shape. */
static void
scram(void **state)
{
	struct credential_scram a, b;
	struct sasl_decoy d, other;
	uint8_t bytes[CREDENTIAL_SALT];
	char word[400];
	size_t n;

	(void)state;
	assert_true(sasl_decoy_open(&d, unit_path("scram")));
	sasl_decoy_scram(&d, "alice@example.org", &a);
	sasl_decoy_scram(&d, "alice@example.org", &b);
	assert_string_equal(a.salt, b.salt);
	assert_string_equal(a.stored_key, b.stored_key);
	assert_string_equal(a.server_key, b.server_key);
	assert_string_not_equal(a.stored_key, a.server_key);
	sasl_decoy_scram(&d, "bob@example.org", &b);
	assert_string_not_equal(a.salt, b.salt);
	assert_string_not_equal(a.stored_key, b.stored_key);
	assert_true(base64_decode(a.salt, bytes, sizeof(bytes), &n));
	assert_int_equal(n, CREDENTIAL_SALT_MADE);
	(void)snprintf(word, sizeof(word), "SCRAM-SHA-256$%u:%s$%s:%s",
	    a.iterations, a.salt, a.stored_key, a.server_key);
	assert_true(credential_scram(word, &b));
	memset(&other, 1, sizeof(other));
	sasl_decoy_scram(&other, "alice@example.org", &b);
	assert_string_not_equal(a.salt, b.salt);
}

static void
plain(void **state)
{
	char a[SASL_DECOY_PLAIN], b[SASL_DECOY_PLAIN];
	struct sasl_decoy d;

	(void)state;
	assert_true(sasl_decoy_open(&d, unit_path("plain")));
	sasl_decoy_plain(&d, "alice", a);
	sasl_decoy_plain(&d, "bob", b);
	assert_int_equal(strlen(a), SASL_DECOY_PLAIN - 1);
	assert_string_not_equal(a, b);
	sasl_decoy_plain(&d, "alice", b);
	assert_string_equal(a, b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_its_key),
		cmocka_unit_test(scram),
		cmocka_unit_test(plain),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
