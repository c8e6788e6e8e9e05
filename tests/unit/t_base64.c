/*
 * t_base64: strict, in both directions.
 */
#include "tests/unit/unit.h"

#include "common/base64.h"

struct row {
	const char *text, *plain;
};

/* clang-format off */
static const struct row good[] = {	/* RFC 4648 section 10 */
	{ "",		"" },
	{ "Zg==",	"f" },
	{ "Zm8=",	"fo" },
	{ "Zm9v",	"foo" },
	{ "Zm9vYg==",	"foob" },
	{ "Zm9vYmE=",	"fooba" },
	{ "Zm9vYmFy",	"foobar" },
};

static const char *const bad[] = {
	"Z", "Zg", "Zg=", "Zm8", "Zm9vY", "Zg===", "=", "==", "====", "Z===",
	"=g==", "=m8=", "Zg=a", "Zg==Zg==", "Zm=v", "Zm9v====", "Zm9v\n",
	"Zm9\n", "Zm 9", " Zm9v", "Zm9v ", "Z\tm9v", "Zm9\r", "Zm9-", "Zm9_",
	"Zm9!", "Zm9\x80", "Zm9\xff", "*", "Zh==" /* padding bits */, "Zm9=",
	"Zg=\xff", "/x==",
};
/* clang-format on */

static void
vectors(void **state)
{
	uint8_t out[16];
	char text[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		size_t len = strlen(good[i].plain);

		n = 99;
		assert_true(base64_decode(good[i].text, out, len, &n));
		assert_int_equal(n, len);
		assert_memory_equal(out, good[i].plain, n);
		if (len > 0)
			assert_false(
			    base64_decode(good[i].text, out, len - 1, &n));
		base64_encode(good[i].plain, len, text);
		assert_string_equal(text, good[i].text);
		assert_int_equal(strlen(text), BASE64_LEN(len));
	}
}

static void
refused(void **state)
{
	uint8_t out[64];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (base64_decode(bad[i], out, sizeof(out), &n))
			fail_msg("\"%s\"", bad[i]);
}

/* All lengths and byte values, into buffers that fit exactly. */
static void
round_trip(void **state)
{
	uint8_t in[300], *out;
	char *text;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7 + 3);
	for (size_t len = 0; len < sizeof(in); len++) {
		text = malloc(BASE64_LEN(len) + 1);
		out = malloc(len + 1);
		base64_encode(in, len, text);
		assert_int_equal(strlen(text), BASE64_LEN(len));
		assert_true(base64_decode(text, out, len, &n));
		assert_int_equal(n, len);
		assert_memory_equal(in, out, len);
		free(text);
		free(out);
	}
}

/* One spelling for each value: two characters never mean the same. */
static void
canonical(void **state)
{
	char text[5] = "Zg==", again[5];
	uint8_t out[3];
	size_t n, found = 0;

	(void)state;
	for (int a = 1; a < 256; a++)
		for (int b = 1; b < 256; b++) {
			text[0] = (char)a;
			text[1] = (char)b;
			if (!base64_decode(text, out, sizeof(out), &n))
				continue;
			assert_int_equal(n, 1);
			base64_encode(out, n, again);
			assert_string_equal(text, again);
			found++;
		}
	assert_int_equal(found, 256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(refused),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
