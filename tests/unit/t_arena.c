/*
 * t_arena: pieces that stay where and what they are until all are freed.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "pop3d/arena.h"

static void
pieces(void **state)
{
	static char *at[20000];
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(at); i++) {
		at[i] = arena_get(&a, i % 300 + 1);
		assert_non_null(at[i]);
		memset(at[i], (int)(i % 251), i % 300 + 1);
	}
	for (size_t i = 0; i < COUNT(at); i++)
		for (size_t k = 0; k < i % 300 + 1; k++)
			assert_int_equal((unsigned char)at[i][k], i % 251);
	arena_free(&a);
	assert_non_null(arena_get(&a, 1));
	arena_free(&a);
	arena_free(&a);
}

static void
large(void **state)
{
	struct arena a = { 0 };
	char *p;

	(void)state;
	p = arena_get(&a, 5 << 20);
	assert_non_null(p);
	memset(p, 1, 5 << 20);
	errno = 0;
	assert_null(arena_get(&a, SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	assert_null(arena_get(&a, SIZE_MAX - 8));
	assert_int_equal(p[(5 << 20) - 1], 1);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
