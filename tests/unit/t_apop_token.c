/*
 * Unit test of common/apop_token.
 */
#include "tests/unit/unit.h"

#include "common/apop_token.h"

#define STAMP "<1896.697170952@dbc.mtview.ca.us>"
#define HEX "c4c9334bac560ecc979e58001b3e22fb"

/* RFC 1939 section 7 has this. */
static void
example(void **state)
{
	static const uint8_t token[] = STAMP "\0mrose\0" HEX;
	struct apop_token a;

	(void)state;
	assert_true(apop_token_parse(token, sizeof(token) - 1, &a));
	assert_string_equal(a.timestamp, STAMP);
	assert_string_equal(a.name, "mrose");
	assert_true(apop_token_matches(&a, "tanstaaf"));
	assert_false(apop_token_matches(&a, "tanstaag"));
	assert_false(apop_token_matches(&a, ""));
	/* Each bit of it counts. */
	for (size_t i = 0; i < sizeof(a.digest) * 8; i++) {
		a.digest[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_false(apop_token_matches(&a, "tanstaaf"));
		a.digest[i / 8] ^= (uint8_t)(1u << i % 8);
	}
}

static void
refuses(void **state)
{
#define ROW(s)                                                                 \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}
	static const struct {
		const char *token;
		size_t n;
	} rows[] = {
		{ "", 0 },
		ROW("\0"),
		ROW("\0\0"),
		ROW(STAMP),
		ROW(STAMP "\0mrose"),
		ROW(STAMP "\0mrose\0"),
		ROW(STAMP "\0\0" HEX),
		ROW("\0mrose\0" HEX),
		ROW(STAMP "\0mrose\0" HEX "\0"),
		ROW(STAMP "\0mrose\0" HEX "0"),
		ROW(STAMP "\0mrose\0x4c9334bac560ecc979e58001b3e22fb"),
		ROW(STAMP "\0mrose\0-1c9334bac560ecc979e58001b3e22fb"),
		ROW(STAMP "\0mrose\0c4c9334bac560ecc979e58001b3e22f"),
	};
	struct apop_token a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_false(apop_token_parse(
		    (const uint8_t *)rows[i].token, rows[i].n, &a));
}

/* Timestamps and names at and over their bounds. */
static void
bounds(void **state)
{
	static uint8_t token[2000];
	struct apop_token a;
	const size_t digest = 32;

	(void)state;
	memset(token, 'a', sizeof(token));
	token[APOP_TIMESTAMP_MAX] = '\0';
	token[APOP_TIMESTAMP_MAX + 1 + APOP_NAME_MAX] = '\0';
	assert_true(apop_token_parse(
	    token, APOP_TIMESTAMP_MAX + APOP_NAME_MAX + 2 + digest, &a));
	assert_int_equal(strlen(a.name), APOP_NAME_MAX);
	memset(token, 'a', sizeof(token));
	token[APOP_TIMESTAMP_MAX + 1] = '\0';
	token[APOP_TIMESTAMP_MAX + 3] = '\0';
	assert_false(
	    apop_token_parse(token, APOP_TIMESTAMP_MAX + 4 + digest, &a));
	memset(token, 'a', sizeof(token));
	token[1] = token[3 + APOP_NAME_MAX] = '\0';
	assert_false(apop_token_parse(token, 4 + APOP_NAME_MAX + digest, &a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
