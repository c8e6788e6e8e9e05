/*
 * t_strset: each string once, also when memory runs out.
 * wrap: strdup
 */
#include "tests/unit/unit.h"

#include "queue/strset.h"

static bool no_memory;

char *__real_strdup(const char *);
char *__wrap_strdup(const char *);

char *
__wrap_strdup(const char *s)
{
	return no_memory ? NULL : __real_strdup(s);
}

static void
once(void **state)
{
	char name[] = "bob";
	struct strset set;

	(void)state;
	strset_init(&set);
	assert_int_equal(strset_add(&set, name), STRSET_ADDED);
	/* A copy: what the caller does with its own is nothing to the set. */
	name[0] = 'r';
	assert_int_equal(strset_add(&set, name), STRSET_ADDED);
	assert_int_equal(strset_add(&set, "bob"), STRSET_PRESENT);
	assert_int_equal(strset_add(&set, ""), STRSET_ADDED);
	assert_int_equal(strset_add(&set, ""), STRSET_PRESENT);
	assert_int_equal(strset_add(&set, "Bob"), STRSET_ADDED);
	assert_int_equal(strset_add(&set, "bob "), STRSET_ADDED);
	assert_int_equal(set.n, 5);
	strset_free(&set);
	assert_int_equal(set.n, 0);
	assert_int_equal(strset_add(&set, "bob"), STRSET_ADDED);
	strset_free(&set);
	strset_free(&set);
}

/* Each member has a number of its own. */
static void
values(void **state)
{
	struct strset set;

	(void)state;
	strset_init(&set);
	assert_null(strset_value(&set, "bob"));
	assert_int_equal(strset_add(&set, "bob"), STRSET_ADDED);
	assert_int_equal(strset_add(&set, "carol"), STRSET_ADDED);
	assert_int_equal(*strset_value(&set, "bob"), 0);
	*strset_value(&set, "carol") = 7;
	assert_int_equal(strset_add(&set, "carol"), STRSET_PRESENT);
	assert_int_equal(*strset_value(&set, "bob"), 0);
	assert_int_equal(*strset_value(&set, "carol"), 7);
	assert_null(strset_value(&set, "car"));
	strset_free(&set);
}

static void
memory(void **state)
{
	struct strset set;

	(void)state;
	strset_init(&set);
	no_memory = true;
	assert_int_equal(strset_add(&set, "a"), STRSET_MEMORY);
	no_memory = false;
	assert_int_equal(set.n, 0);
	assert_int_equal(strset_add(&set, "a"), STRSET_ADDED);
	assert_int_equal(set.n, 1);
	strset_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(once),
		cmocka_unit_test(values),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
