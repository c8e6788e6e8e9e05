/*
 * t_trailer: the end of a spool file; every changed bit shows.
 */
#include "tests/unit/unit.h"

#include "common/crc32c.h"
#include "common/trailer.h"

static const struct trailer rows[] = {
	{ 0, 0, 0, 0 },
	{ 1234, 56, 0x89abcdef, 0xfedcba98 },
	{ UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX },
};

static void
round_trip(void **state)
{
	char buf[TRAILER_LEN];
	struct trailer t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		trailer_format(&rows[i], buf);
		assert_int_equal(trailer_parse(buf, &t), TRAILER_VALID);
		assert_true(t.size == rows[i].size);
		assert_true(t.lines == rows[i].lines);
		assert_int_equal(t.envcrc, rows[i].envcrc);
		assert_int_equal(t.crc, rows[i].crc);
	}
}

/* What spool(5) promises, byte for byte. */
static void
format(void **state)
{
	static const char want[] =
	    "\nPostrider-End: 1 00000000000004d2 0000000000000038 89abcdef "
	    "fedcba98 ";
	char buf[TRAILER_LEN], check[10];

	(void)state;
	trailer_format(&rows[1], buf);
	assert_int_equal(sizeof(want) - 1 + 9, TRAILER_LEN);
	assert_memory_equal(buf, want, sizeof(want) - 1);
	(void)snprintf(check, sizeof(check), "%08x\n",
	    (unsigned int)crc32c(0, want, sizeof(want) - 1));
	assert_memory_equal(buf + sizeof(want) - 1, check, 9);
}

/* Single bits, pairs of neighbours, whole bytes. */
static void
flips(void **state)
{
	char good[TRAILER_LEN], buf[TRAILER_LEN];
	struct trailer t;

	(void)state;
	for (size_t row = 0; row < COUNT(rows); row++) {
		trailer_format(&rows[row], good);
		for (size_t i = 0; i < TRAILER_LEN; i++)
			for (int mask = 1; mask < 256; mask++) {
				memcpy(buf, good, sizeof(buf));
				buf[i] = (char)(buf[i] ^ mask);
				assert_int_equal(
				    trailer_parse(buf, &t), TRAILER_DAMAGED);
			}
	}
}

struct other {
	const char *text;
	enum trailer_state state;
};

/* clang-format off */
static const struct other others[] = {
	{ "", TRAILER_ABSENT },
	{ "of a message that simply goes on and on, longer than a trailer is, to its end.",
	  TRAILER_ABSENT },
	{ "\nPostrider-End: 1 but then something else altogether, as in a forgery of one",
	  TRAILER_DAMAGED },
	{ "\nPostrider-End: 2 00000000000004d2 0000000000000038 89abcdef fedcba98 00000000\n",
	  TRAILER_DAMAGED },
};
/* clang-format on */

static void
no_trailer(void **state)
{
	char buf[TRAILER_LEN];
	struct trailer t;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		size_t n = strlen(others[i].text);

		memset(buf, 0, sizeof(buf));
		memcpy(buf, others[i].text, n < sizeof(buf) ? n : sizeof(buf));
		assert_int_equal(trailer_parse(buf, &t), others[i].state);
	}
	/* Only part of it was written. */
	trailer_format(&rows[1], buf);
	for (size_t n = 0; n < TRAILER_LEN; n++) {
		char part[TRAILER_LEN] = "";

		memcpy(part, buf, n);
		assert_int_not_equal(trailer_parse(part, &t), TRAILER_VALID);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(format),
		cmocka_unit_test(flips),
		cmocka_unit_test(no_trailer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
