/*
 * t_near: which name was meant.
 */
#include "tests/unit/unit.h"

#include "common/near.h"

/* clang-format off */
static const struct row {
	const char *written, *best; /* NULL: none is near */
} rows[] = {
	{ "message-size",	"message-size" },
	{ "mesage-size",	"message-size" },
	{ "massage-sise",	"message-size" },
	{ "header_size",	"header-size" },
	{ "log",		"log" },
	{ "lag",		"log" },
	{ "zzzzzzzz",		NULL },
	{ "",			NULL },
	{ "a-name-that-is-longer-than-anything-we-would-ever-compare",
				NULL },
};
/* clang-format on */

static void
finds_the_nearest(void **state)
{
	static const char *const names[] = { "header-size", "message-size",
		"log-file", "log", "hops",
		"a-candidate-that-is-longer-than-anything-we-would-compare" };
	struct near n;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		near_init(&n, rows[i].written);
		for (size_t j = 0; j < COUNT(names); j++)
			near_offer(&n, names[j]);
		if (rows[i].best == NULL)
			assert_null(n.best);
		else {
			assert_non_null(n.best);
			assert_string_equal(n.best, rows[i].best);
		}
	}
}

/* Of two that are as near the first is kept, so the answer is always one. */
static void
keeps_the_first_of_equals(void **state)
{
	struct near n;

	(void)state;
	near_init(&n, "cat");
	near_offer(&n, "car");
	near_offer(&n, "cut");
	assert_string_equal(n.best, "car");
	near_offer(&n, "cat");
	assert_string_equal(n.best, "cat");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_nearest),
		cmocka_unit_test(keeps_the_first_of_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
