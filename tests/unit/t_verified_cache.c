/*
 * Unit test of common/verified_cache.
 */
#include "tests/unit/unit.h"

#include "common/verified_cache.h"

static const struct verified good = { "alice@example.org", "secret",
	"$y$j9T$salt$hash" };

static const struct verified others[] = {
	{ "alice@example.org", "Secret", "$y$j9T$salt$hash" },
	{ "alice@example.org", "secret", "$y$j9T$salt$hasi" }, /* changed */
	{ "alice@example.or", "gsecret", "$y$j9T$salt$hash" },
	{ "alice@example.orgs", "ecret", "$y$j9T$salt$hash" },
	{ "alice@example.org", "secret$", "y$j9T$salt$hash" },
	{ "alice@example.org", "", "$y$j9T$salt$hash" },
	{ "", "", "" },
};

static void
knows_only_the_same(void **state)
{
	struct verified_cache *c = verified_new();

	(void)state;
	assert_false(verified_known(c, &good, 0));
	verified_add(c, &good, 1000);
	assert_true(verified_known(c, &good, 0));
	assert_true(verified_known(c, &good, 999));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(verified_known(c, &others[i], 0));
	verified_free(c);
}

static void
forgets(void **state)
{
	struct verified_cache *c = verified_new();

	(void)state;
	verified_add(c, &good, 1000);
	assert_false(verified_known(c, &good, 1000));
	verified_add(c, &good, 3000);
	assert_true(verified_known(c, &good, 2999));
	verified_free(c);
}

/* More than fit: the newest is always known, and nothing unknown ever. */
static void
bounded(void **state)
{
	struct verified_cache *c = verified_new();
	struct verified v = good;
	char password[32];
	int known = 0;

	(void)state;
	v.password = password;
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(password, sizeof(password), "%d", i);
		assert_false(verified_known(c, &v, i));
		verified_add(c, &v, 100000 + i);
		assert_true(verified_known(c, &v, i));
	}
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(password, sizeof(password), "%d", i);
		known += verified_known(c, &v, 0);
	}
	assert_in_range(known, 3000, 4096);
	verified_free(c);
}

/* The key is another in each process. */
static void
keyed(void **state)
{
	struct verified_cache *a = verified_new(), *b = verified_new();

	(void)state;
	verified_add(a, &good, 1000);
	assert_memory_not_equal(a, b, 32);
	verified_free(a);
	verified_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_only_the_same),
		cmocka_unit_test(forgets),
		cmocka_unit_test(bounded),
		cmocka_unit_test(keyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
