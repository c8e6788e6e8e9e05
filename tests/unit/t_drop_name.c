/*
 * t_drop_name: names of files in drop/.
 */
#include "tests/unit/unit.h"

#include "common/drop_name.h"

#define ID "1k0w4dta38bxws36rbqz"

/* clang-format off */
static const struct {
	const char *name;
	enum drop_kind kind;
} rows[] = {
	{ ID ".msg",		DROP_WHOLE },
	{ ID ".tmp",		DROP_INCOMPLETE },
	{ ID ".bad",		DROP_REFUSED },
	{ ID,			DROP_FOREIGN },
	{ ID ".",		DROP_FOREIGN },
	{ ID ".msg.",		DROP_FOREIGN },
	{ ID "x.msg",		DROP_FOREIGN },
	{ ID ".MSG",		DROP_FOREIGN },
	{ "1K0w4dta38bxws36rbqz.msg", DROP_FOREIGN },
	{ "-k0w4dta38bxws36rbqz.msg", DROP_FOREIGN },
	{ "../4dta38bxws36rbqz.msg", DROP_FOREIGN },
	{ "1k0w4dta38bxws36rb/z.msg", DROP_FOREIGN },
	{ "1k0w4dta38bxws36rbq.msg", DROP_FOREIGN },
	{ "",			DROP_FOREIGN },
	{ ".",			DROP_FOREIGN },
};
/* clang-format on */

static void
kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (drop_kind(rows[i].name) != rows[i].kind)
			fail_msg("%s", rows[i].name);
}

static void
names(void **state)
{
	char out[DROP_NAME + 1], other[DROP_NAME + 1];

	(void)state;
	drop_name(ID, DROP_INCOMPLETE, out);
	assert_string_equal(out, ID ".tmp");
	drop_name(out, DROP_REFUSED, other);
	assert_string_equal(other, ID ".bad");
	drop_name(ID, DROP_WHOLE, out);
	assert_int_equal(strlen(out), DROP_NAME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
