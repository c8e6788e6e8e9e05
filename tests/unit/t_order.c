/*
 * t_order: messages in the order of their names, with and without memory.
 * wrap: calloc
 */
#include "tests/unit/unit.h"

#include "pop3d/order.h"

#define MANY 3000

static bool no_memory;
static char names[MANY][40];
static struct message messages[MANY];

void *__real_calloc(size_t, size_t);
void *__wrap_calloc(size_t, size_t);

void *
__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

static unsigned int
random_below(unsigned int n)
{
	static unsigned int x = 1;

	x = x * 1103515245 + 12345;
	return (x >> 12) % n;
}

/* spread: of the seconds; few of them have many messages each. */
static void
make(size_t n, uint64_t first, unsigned int spread)
{
	memset(messages, 0, sizeof(messages));
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%ju.M%uP%u",
		    (uintmax_t)first + random_below(spread) * UINT64_C(257),
		    random_below(1000), random_below(20));
		messages[i].base = names[i];
		messages[i].info = random_below(2) ? ":2,S" : ":2,";
		messages[i].sub = random_below(2) ? SUB_NEW : SUB_CUR;
	}
}

static int
expected(const struct message *a, const struct message *b)
{
	int r = filename_compare(a->base, b->base);

	if (r == 0)
		r = (a->sub > b->sub) - (a->sub < b->sub);
	return r != 0 ? r : strcmp(a->info, b->info);
}

static void
expect_order(size_t n)
{
	const char *seen;

	for (size_t i = 1; i < n; i++)
		assert_true(expected(&messages[i - 1], &messages[i]) <= 0);
	/* None lost, none twice: they begin in one array. */
	for (size_t i = 0; i < n; i++) {
		seen = messages[i].base;
		assert_true(seen[0] != '\0');
		names[(seen - names[0]) / 40][0] = '\0';
	}
}

static void
random_names(void **state)
{
	static const struct {
		size_t n;
		uint64_t first;
		unsigned int spread;
	} rows[] = { { 0, 0, 1 }, { 1, 5, 1 }, { 2, 5, 3 }, { 10, 7, 1 },
		{ 17, 7, 1 }, { MANY, 9, 1 }, { MANY, 1700000000, 40 },
		{ MANY, 1700000000, 1000000 },
		{ MANY, UINT64_MAX - 1000, 3000 }, { MANY, 0, 3 } };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		size_t n = rows[i / 2].n;

		make(n, rows[i / 2].first, rows[i / 2].spread);
		no_memory = i % 2 == 1;
		order_messages(messages, n);
		no_memory = false;
		expect_order(n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
