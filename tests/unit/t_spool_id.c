/*
 * t_spool_id: names of messages sort, never repeat, and share directories.
 */
#include "tests/unit/unit.h"

#include "queue/spool_id.h"

#define NOW 1795326681321421LL

static void
known(void **state)
{
	char id[ID_MAX + 1];

	(void)state;
	spool_id_at(id, NOW);
	assert_true(spool_id_valid(id));
	assert_int_equal(strncmp(id, "1k0tw8hh3yd", 11), 0);
	assert_int_equal(spool_id_time(id), NOW);
	assert_int_equal(spool_id_dir(id), (NOW >> 22) & 255);
}

static void
order(void **state)
{
	/* The clock stands, runs, goes back and jumps ahead. */
	static const int64_t clock[] = { NOW + 1, NOW + 1, NOW + 2, 5, -1000000,
		0, NOW + 1000000000000LL, NOW };
	char last[ID_MAX + 1] = "", id[ID_MAX + 1];

	(void)state;
	for (int round = 0; round < 100; round++)
		for (size_t i = 0; i < COUNT(clock); i++) {
			spool_id_at(id, clock[i]);
			assert_true(spool_id_valid(id));
			assert_true(strcmp(last, id) < 0);
			memcpy(last, id, sizeof(last));
		}
}

/* Two runs with the same clock differ by chance. */
static void
chance(void **state)
{
	char a[ID_MAX + 1], b[ID_MAX + 1];

	(void)state;
	spool_id_new(a);
	spool_id_new(b);
	assert_string_not_equal(a + 11, b + 11);
}

static void
validity(void **state)
{
	static const struct {
		const char *id;
		bool want;
	} cases[] = {
		{ "1k0tw8hh3ydynhahmyda", true },
		{ "00000000000000000000", true },
		{ "zzzzzzzzzzzzzzzzzzzz", true },
		{ "", false },
		{ "1k0tw8hh3ydynhahmyd", false },
		{ "1k0tw8hh3ydynhahmydaa", false },
		{ "1K0tw8hh3ydynhahmyda", false },
		{ "1k0tw8hh3ydynhahmydi", false },
		{ "../../../../etc/pass", false },
		{ "1k0tw8hh3ydynhahmyd.", false },
		{ "1k0tw8hh3ydynhahmyd\n", false },
	};
	uint8_t key[SPOOL_ID_KEY];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(spool_id_valid(cases[i].id), cases[i].want);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    spool_id_pack(cases[i].id, key), cases[i].want);
}

/* The short form is the same id, and sorts as it does. */
static void
short_form(void **state)
{
	static const char *const ids[] = { "00000000000000000000",
		"00000000000000000001", "0000000000000000000z",
		"1k0tw8hh3ydynhahmyda", "1k0tw8hh3ydynhahmydb",
		"1k0tw8hh3ze000000000", "abcdefghjkmnpqrstvwx",
		"zzzzzzzzzzzzzzzzzzzz" };
	uint8_t key[SPOOL_ID_KEY], last[SPOOL_ID_KEY];
	char id[ID_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		assert_true(spool_id_pack(ids[i], key));
		spool_id_unpack(key, id);
		assert_string_equal(id, ids[i]);
		if (i > 0)
			assert_true(memcmp(last, key, sizeof(key)) < 0);
		memcpy(last, key, sizeof(key));
	}
}

static void
directories(void **state)
{
	const char *a = "1k0tw8hh3yd000000000", *b = "1k0tw8hh3ydzzzzzzzzz";

	(void)state;
	assert_int_equal(spool_id_dir(a), spool_id_dir(b));
	assert_true(spool_id_dir("zzzzzzzzzzzzzzzzzzzz") < SPOOL_DIRS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(order),
		cmocka_unit_test(chance),
		cmocka_unit_test(validity),
		cmocka_unit_test(short_form),
		cmocka_unit_test(directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
