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

static void
differ(void **state)
{
	static char texts[5000][20];
	const char *keys[COUNT(texts)] = { NULL };

	(void)state;
	assert_true(strmap_differ(keys, 0));
	for (size_t i = 0; i < COUNT(texts); i++) {
		/* Of all lengths around a word, and alike but for one byte. */
		(void)snprintf(
		    texts[i], sizeof(texts[i]), "%0*zu", (int)(4 + i % 14), i);
		keys[i] = texts[i];
	}
	assert_true(strmap_differ(keys, COUNT(texts)));
	for (size_t i = 0; i + 1 < COUNT(texts); i += 499) {
		keys[i] = texts[i + 1];
		assert_false(strmap_differ(keys, COUNT(texts)));
		keys[i] = texts[i];
	}
	keys[COUNT(texts) - 1] = texts[0];
	assert_false(strmap_differ(keys, COUNT(texts)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_and_get),
		cmocka_unit_test(full),
		cmocka_unit_test(sizes),
		cmocka_unit_test(differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
