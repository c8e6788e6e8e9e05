/*
 * t_strmap: strings and their numbers, as many as were promised.
 */
#include "tests/unit/unit.h"

#include "pop3d/strmap.h"

static void
put_and_get(void **state)
{
	struct strmap m;
	size_t v = 0;

	(void)state;
	assert_true(strmap_init(&m, 2));
	assert_false(strmap_get(&m, "a", &v));
	assert_true(strmap_put(&m, "a", 1));
	assert_true(strmap_put(&m, "", 2));
	assert_false(strmap_put(&m, "a", 3));
	assert_true(strmap_get(&m, "a", &v));
	assert_int_equal(v, 1);
	assert_true(strmap_get(&m, "", &v));
	assert_int_equal(v, 2);
	assert_false(strmap_get(&m, "b", &v));
	strmap_free(&m);
	strmap_free(&m);
}

/* As full as promised, and quick all the same. */
static void
full(void **state)
{
	static char keys[50000][8];
	struct strmap m;
	size_t v;

	(void)state;
	assert_true(strmap_init(&m, COUNT(keys)));
	for (size_t i = 0; i < COUNT(keys); i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "%zu", i);
		assert_true(strmap_put(&m, keys[i], i));
	}
	for (size_t i = 0; i < COUNT(keys); i++) {
		assert_true(strmap_get(&m, keys[i], &v));
		assert_int_equal(v, i);
	}
	assert_false(strmap_get(&m, "50000", &v));
	strmap_free(&m);
}

static void
sizes(void **state)
{
	struct strmap m;
	size_t v;

	(void)state;
	assert_false(strmap_init(&m, SIZE_MAX));
	assert_true(strmap_init(&m, 0));
	assert_false(strmap_get(&m, "a", &v));
	strmap_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_and_get),
		cmocka_unit_test(full),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
