/*
 * t_keyed: one number for one name, others for others, and none that can be
 * known without the key.
 */
#include "tests/unit/unit.h"

#include "common/crc32c.h"
#include "common/siphash.h"
#include "queue/keyed.h"

static uint32_t
number(const char *a, const char *b)
{
	struct keyed k = { .n = 0 };

	keyed_text(&k, a);
	keyed_text(&k, b);
	return keyed_number(&k);
}

static void
parts(void **state)
{
	(void)state;
	assert_int_equal(number("ab", "c"), number("ab", "c"));
	assert_int_not_equal(number("ab", "c"), number("a", "bc"));
	assert_int_not_equal(number("ab", "c"), number("ab", "d"));
	assert_int_not_equal(number("ab", ""), number("", "ab"));
}

/* Not those that anybody can compute. */
static void
secret(void **state)
{
	static const uint8_t zero[SIPHASH_KEY];
	struct keyed k = { .n = 0 };

	(void)state;
	keyed_text(&k, "far.test");
	assert_int_not_equal(keyed_number(&k), crc32c(0, "far.test", 8));
	assert_int_not_equal(
	    keyed_number(&k), (uint32_t)siphash(zero, k.bytes, k.n));
}

static void
too_long(void **state)
{
	static char text[2 * KEYED_MOST];
	struct keyed k = { .n = 0 };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (int i = 0; i < 1000; i++)
		keyed_text(&k, text);
	assert_in_range(k.n, 1, KEYED_MOST);
	(void)keyed_number(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(secret),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
