/*
 * t_sbuf: a growable byte string with a ceiling.
 * wrap: realloc
 */
#include "tests/unit/unit.h"

#include "common/sbuf.h"

static bool no_memory;

void *__real_realloc(void *, size_t);
void *__wrap_realloc(void *, size_t);

void *
__wrap_realloc(void *p, size_t n)
{
	return no_memory ? NULL : __real_realloc(p, n);
}

static void
grows(void **state)
{
	struct sbuf b = SBUF_INIT(1000);

	(void)state;
	assert_string_equal(sbuf_str(&b), "");
	sbuf_puts(&b, "abc");
	sbuf_putc(&b, '-');
	sbuf_fmt(&b, "%d/%s", 42, "x");
	sbuf_put(&b, "\0z", 2);
	assert_true(sbuf_ok(&b));
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.s, "abc-42/x\0z", 11);
	sbuf_drop(&b, 4);
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.s, "42/x\0z", 7);
	sbuf_drop(&b, 6);
	assert_int_equal(b.len, 0);
	assert_string_equal(sbuf_str(&b), "");
	sbuf_drop(&b, 0);
	sbuf_free(&b);
	assert_null(b.s);
	assert_int_equal(b.max, 1000);
	sbuf_drop(&b, 0);
	sbuf_free(&b);
}

/* Up to the ceiling byte by byte, at once, and one beyond. */
static void
ceiling(void **state)
{
	static const size_t maxima[] = { 0, 1, 63, 64, 65, 200 };
	char x[300];

	(void)state;
	memset(x, 'x', sizeof(x) - 1);
	x[sizeof(x) - 1] = '\0';
	for (size_t i = 0; i < COUNT(maxima); i++) {
		size_t max = maxima[i];
		struct sbuf b;

		sbuf_init(&b, max);
		for (size_t n = 0; n < max; n++)
			sbuf_putc(&b, 'x');
		assert_true(sbuf_ok(&b));
		assert_int_equal(strlen(sbuf_str(&b)), max);
		sbuf_put(&b, x, 0);
		assert_true(sbuf_ok(&b));
		sbuf_putc(&b, 'y');
		assert_false(sbuf_ok(&b));
		assert_int_equal(b.len, max);
		sbuf_clear(&b);
		assert_true(sbuf_ok(&b));
		assert_int_equal(b.len, 0);
		sbuf_put(&b, x, max);
		assert_true(sbuf_ok(&b));
		sbuf_clear(&b);
		sbuf_put(&b, x, max + 1);
		assert_false(sbuf_ok(&b));
		sbuf_clear(&b);
		sbuf_fmt(&b, "%.*s", (int)max, x);
		assert_true(sbuf_ok(&b));
		assert_int_equal(b.len, max);
		sbuf_clear(&b);
		sbuf_fmt(&b, "%.*s", (int)max + 1, x);
		assert_false(sbuf_ok(&b));
		sbuf_free(&b);
		assert_true(sbuf_ok(&b));
	}
}

/* What is bad stays bad, also for what would fit. */
static void
sticky(void **state)
{
	struct sbuf b = SBUF_INIT(4);

	(void)state;
	sbuf_puts(&b, "abc");
	sbuf_puts(&b, "de");
	sbuf_puts(&b, "f");
	sbuf_fmt(&b, "%s", "");
	assert_false(sbuf_ok(&b));
	assert_string_equal(sbuf_str(&b), "abc");
	sbuf_free(&b);
}

static void
memory(void **state)
{
	struct sbuf b = SBUF_INIT(1000);

	(void)state;
	no_memory = true;
	sbuf_puts(&b, "abc");
	no_memory = false;
	assert_false(sbuf_ok(&b));
	assert_string_equal(sbuf_str(&b), "");
	sbuf_clear(&b);
	sbuf_puts(&b, "abc");
	assert_string_equal(sbuf_str(&b), "abc");
	no_memory = true;
	for (int i = 0; i < 100; i++)
		sbuf_puts(&b, "abc");
	no_memory = false;
	assert_false(sbuf_ok(&b));
	assert_memory_equal(sbuf_str(&b), "abcabc", 6);
	sbuf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(ceiling),
		cmocka_unit_test(sticky),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
