/*
 * t_msg: numbers, strings and bytes on the wire, and what is refused there.
 */
#include "tests/unit/unit.h"

#include "common/msg.h"

static void
numbers(void **state)
{
	uint8_t buf[12] = { 0 };
	const uint8_t want[12] = { 1, 2, 3, 4, 0xff, 0xfe, 0, 0, 0, 0, 0, 9 };
	struct wire w = { buf, sizeof(buf), false };
	uint32_t a;
	uint64_t b;

	(void)state;
	wire_put_u32(&w, 0x01020304);
	wire_put_u64(&w, 0xfffe000000000009);
	assert_false(w.bad);
	assert_int_equal(w.left, 0);
	assert_memory_equal(buf, want, sizeof(want));
	w = (struct wire){ buf, sizeof(buf), false };
	wire_get_u32(&w, &a);
	wire_get_u64(&w, &b);
	assert_false(w.bad);
	assert_int_equal(a, 0x01020304);
	assert_true(b == 0xfffe000000000009);
	wire_get_u32(&w, &a);
	assert_true(w.bad);
	assert_int_equal(a, 0);
}

struct str {
	const char *bytes;
	size_t n, bound;
	bool good;
	const char *text;
};

/* clang-format off */
static const struct str strs[] = {
	{ "\0\0",	2, 3, true,  "" },
	{ "\0\3abc",	5, 3, true,  "abc" },
	{ "\0\3abc",	5, 2, false, "" },	/* over the bound */
	{ "\0\4abc",	5, 9, false, "" },	/* over the message */
	{ "\xff\xff" "abc", 5, 9, false, "" },
	{ "\0",		1, 9, false, "" },
	{ "",		0, 9, false, "" },
	{ "\0\3a\0c",	5, 3, false, "a" },	/* a NUL inside */
	{ "\0\1\0",	3, 3, false, "" },
};
/* clang-format on */

static void
strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strs); i++) {
		uint8_t buf[16];
		char got[10];
		struct wire w = { buf, strs[i].n, false };

		memcpy(buf, strs[i].bytes, strs[i].n);
		wire_get_str(&w, got, strs[i].bound);
		assert_int_equal(!w.bad, strs[i].good);
		assert_string_equal(got, strs[i].text);
		if (!strs[i].good)
			continue;
		w = (struct wire){ buf, sizeof(buf), false };
		wire_put_str(&w, strs[i].text, strs[i].bound);
		assert_false(w.bad);
		assert_int_equal(sizeof(buf) - w.left, strs[i].n);
		assert_memory_equal(buf, strs[i].bytes, strs[i].n);
	}
}

static void
put_bounds(void **state)
{
	uint8_t buf[8];
	struct wire w = { buf, sizeof(buf), false };

	(void)state;
	wire_put_str(&w, "four", 3);
	assert_true(w.bad);
	w = (struct wire){ buf, 5, false };
	wire_put_str(&w, "four", 4);
	assert_true(w.bad);
	/* What is bad stays bad. */
	w.left = sizeof(buf);
	wire_put_u32(&w, 1);
	assert_int_equal(w.left, sizeof(buf));
	w = (struct wire){ buf, sizeof(buf), false };
	wire_put_bytes(&w, buf, 4, 3);
	assert_true(w.bad);
}

static void
bytes(void **state)
{
	const uint8_t in[5] = { 0, 3, 'a', 0, 'b' };
	uint8_t buf[5], got[8] = { 0 };
	struct wire w = { buf, sizeof(buf), false };
	uint32_t n = 99;

	(void)state;
	memcpy(buf, in, sizeof(in));
	wire_get_bytes(&w, got, &n, sizeof(got));
	assert_false(w.bad);
	assert_int_equal(n, 3);
	assert_memory_equal(got, "a\0b", 3);
	for (size_t cut = 0; cut < sizeof(in); cut++) {
		w = (struct wire){ buf, cut, false };
		wire_get_bytes(&w, got, &n, sizeof(got));
		assert_true(w.bad);
	}
	w = (struct wire){ buf, sizeof(buf), false };
	wire_get_bytes(&w, got, &n, 2);
	assert_true(w.bad);
	assert_int_equal(n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(strings),
		cmocka_unit_test(put_bounds),
		cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
