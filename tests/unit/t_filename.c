/*
 * t_filename: what names promise, and the unique-ids that
 * follow from them.
 */
#include "tests/unit/unit.h"

#include "pop3d/filename.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static void
sizes(void **state)
{
	/* clang-format off */
	static const struct {
		const char *base;
		bool ok;
		uint64_t stored, wire;
	} rows[] = {
		{ "1.M2P3.h,S=10,W=12",		true,	10, 12 },
		{ "1.M2P3.h,W=12,S=10",		true,	10, 12 },
		{ "1.M2P3.h,x,S=10,y,W=10,z",	true,	10, 10 },
		{ "1.M2P3.h,S=0,W=0",		true,	0, 0 },
		{ "1.M2P3.h,S=10,W=20",		true,	10, 20 },
		{ "1,S=4611686018427387904,W=4611686018427387904", true,
		    UINT64_C(1) << 62, UINT64_C(1) << 62 },
		{ "1.M2P3.h",			false,	0, 0 },
		{ "1.M2P3.h,S=10",		false,	0, 0 },
		{ "1.M2P3.h,W=10",		false,	0, 0 },
		{ "1.M2P3.h,S=10,W=9",		false,	0, 0 },
		{ "1.M2P3.h,S=10,W=21",		false,	0, 0 },
		{ "1.M2P3.h,S=10,W=12,W=12",	false,	0, 0 },
		{ "1.M2P3.h,S=10,S=10,W=12",	false,	0, 0 },
		{ "1.M2P3.h,S=,W=",		false,	0, 0 },
		{ "1.M2P3.h,S=-1,W=1",		false,	0, 0 },
		{ "1.M2P3.h,S=1x,W=1",		false,	0, 0 },
		{ "1.M2P3.h,s=1,w=1",		false,	0, 0 },
		{ "1,S=4611686018427387905,W=4611686018427387905", false, 0, 0 },
		{ "1,S=18446744073709551617,W=1", false, 0, 0 },
		{ "1,S=10,W=000000000000000000000000000000012", false, 0, 0 },
		{ "",				false,	0, 0 },
		{ ",",				false,	0, 0 },
	};
	/* clang-format on */
	uint64_t s, w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		    filename_sizes(rows[i].base, &s, &w), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_int_equal(s, rows[i].stored);
		assert_int_equal(w, rows[i].wire);
	}
}

static void
base_length(void **state)
{
	(void)state;
	assert_int_equal(filename_base_len("1.M2.h,S=1:2,S"), 10);
	assert_int_equal(filename_base_len("1.M2.h"), 6);
	assert_int_equal(filename_base_len(":2,"), 0);
}

/* In the order they must come; every pair is compared both ways. */
static void
order(void **state)
{
	static const char *const rows[] = {
		"",
		"abc",
		"1.a",
		"9.M1P1.h",
		"10.M1P1.h",
		"1700000000.M5P1Q1.h",
		"1700000000.M5P1Q2.h",
		"1700000000.M5P1Q10.h",
		"1700000000.M40P1Q1.h",
		"1700000000.M000123P1.h2",
		"1700000001.M1P1.h",
		"99999999999999999999999999.x",
	};
	int r;

	(void)state;
	/* Zeros in front are read as a fraction: only their own order counts.
	 */
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t j = 0; j < COUNT(rows); j++) {
			if (i == 9 || j == 9)
				continue;
			r = filename_compare(rows[i], rows[j]);
			assert_int_equal(i < j, r < 0);
			assert_int_equal(i > j, r > 0);
		}
	assert_true(filename_compare("1.M000999P1", "1.M001000P1") < 0);
	assert_true(filename_compare("1.M099999P1", "1.M100000P1") < 0);
	assert_true(filename_compare("01.a", "1.a") != 0);
}

static void
valid(void **state)
{
	(void)state;
	assert_true(filename_uidl_valid("!~"));
	assert_true(filename_uidl_valid(X60 X10));
	assert_false(filename_uidl_valid(X60 X10 "x"));
	assert_false(filename_uidl_valid(""));
	assert_false(filename_uidl_valid("a b"));
	assert_false(filename_uidl_valid("a\x7f"));
	assert_false(filename_uidl_valid("a\xc3\xa4"));
	assert_false(filename_uidl_valid("a\n"));
}

static void
unique_ids(void **state)
{
	/* clang-format off */
	static const struct {
		const char *base, *uidl; /* NULL: a hash */
	} rows[] = {
		{ "1.M2P3.h",			"1.M2P3.h" },
		{ "1.M2P3.h,S=10,W=12",		"1.M2P3.h" },
		{ "1.M2P3.h,W=12",		"1.M2P3.h" },
		{ "1.M2P3.h,S=1x",		"1.M2P3.h,S=1x" },
		{ "1.M2P3.h,V=1,S=10,U",	"1.M2P3.h,V=1,U" },
		{ X60 X10 ",S=10,W=12",		X60 X10 },
		{ X60 X10 "x,S=10",		NULL },
		{ "a b",			NULL },
		{ ",S=1",			NULL },
		{ "",				NULL },
		{ "caf\xc3\xa9",		NULL },
	};
	/* clang-format on */
	char u[UIDL_MAX + 1], again[UIDL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		filename_uidl(rows[i].base, u);
		assert_true(filename_uidl_valid(u));
		if (rows[i].uidl != NULL) {
			assert_string_equal(u, rows[i].uidl);
			continue;
		}
		assert_int_equal(u[0], '.');
		assert_int_equal(strlen(u), 33);
		filename_uidl_hash(rows[i].base, 0, again);
		assert_string_equal(u, again);
	}
}

/* The published test values of FNV-1a with 128 bits. */
static void
hashes(void **state)
{
	char u[UIDL_MAX + 1], other[UIDL_MAX + 1];

	(void)state;
	filename_uidl_hash("", 0, u);
	assert_string_equal(u, ".6c62272e07bb014262b821756295c58d");
	filename_uidl_hash("a", 0, u);
	assert_string_equal(u, ".d228cb696f1a8caf78912b704e4a8964");
	filename_uidl_hash("a", 1, other);
	assert_string_not_equal(u, other);
	filename_uidl_hash("a/1", 0, u);
	assert_string_equal(u, other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(base_length),
		cmocka_unit_test(order),
		cmocka_unit_test(valid),
		cmocka_unit_test(unique_ids),
		cmocka_unit_test(hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
