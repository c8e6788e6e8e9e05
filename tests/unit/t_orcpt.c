/*
 * t_orcpt: ORCPT, of all types.
 */
#include "smtpd/orcpt.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
	bool		 utf8;
	const char	*in, *out; /* NULL: refused */
} rows[] = {
	{ false, "rfc822;a@x",			"rfc822;a@x" },
	{ false, "rfc822;\xc3\xa9@x",		NULL },
	{ true,  "rfc822;\xc3\xa9@x",		NULL },
	{ true,  "rfc822;a+3Db@x",		"rfc822;a+3Db@x" },
	{ true,  "\xc3\xa9;a",			NULL },
	{ false, "a b;c",			NULL },
	{ false, "utf-8;a@x",			"utf-8;a@x" },
	{ false, "UTF-8;\\x{E9}\\x{20}b@x",	"UTF-8;\\x{E9}\\x{20}b@x" },
	{ false, "utf-8;\xc3\xa9@x",		NULL },
	{ true,  "utf-8;\xc3\xa9@x",		"utf-8;\\x{E9}@x" },
	{ true,  "utf-8;\xe4\xb8\xad\xf0\x9f\x92\xa9@x", "utf-8;\\x{4E2D}\\x{1F4A9}@x" },
	{ true,  "utf-8;\xc3",			NULL },
	{ true,  "utf-8;\xc0\xaf",		NULL },
	{ true,  "utf-8;\xc2\x85",		NULL },
	{ true,  "utf-8;a+20b",			NULL },
	{ true,  "utf-8;a b",			NULL },
	{ true,  "utf-8;a\\b",			NULL },
	{ true,  "utf-8;\\x{}",			NULL },
	{ true,  "utf-8;\\x{E}",		NULL },
	{ true,  "utf-8;\\x{E9",		NULL },
	{ true,  "utf-8;\\x{0D}",		NULL },
	{ true,  "utf-8;\\x{D800}",		NULL },
	{ true,  "utf-8;\\x{110000}",		NULL },
	{ true,  "utf-8;\\x{00000E9}",		NULL },
	{ true,  "utf-8;",			NULL },
	{ true,  "utf-8",			NULL },
};
/* clang-format on */

static void
test_rows(void **state)
{
	char out[ORCPT_MAX + 1];
	bool ok;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ok = orcpt_take(rows[i].in, rows[i].utf8, out);
		if (ok != (rows[i].out != NULL) ||
		    (ok && strcmp(out, rows[i].out) != 0))
			fail_msg("%s: %d %s", rows[i].in, ok, out);
	}
}

/* What does not fit as ASCII stays as it was given. */
static void
test_long(void **state)
{
	char in[ORCPT_MAX + 10] = "utf-8;", out[ORCPT_MAX + 1];

	(void)state;
	for (size_t n = 6; n + 2 <= ORCPT_MAX; n += 2) {
		memcpy(in + n, "\xc3\xa9", 3);
		assert_true(orcpt_take(in, true, out));
		if (6 + (n - 4) / 2 * 6 > ORCPT_MAX)
			assert_string_equal(out, in);
		else
			assert_int_equal(strlen(out), 6 + (n - 4) / 2 * 6);
	}
	memcpy(in + ORCPT_MAX, "x", 2);
	assert_false(orcpt_take(in, true, out));
}

/* clang-format off */
static const struct {
	const char *addr, *orcpt;
} made[] = {
	{ "a@x.test",		"rfc822;a@x.test" },
	{ "a+b=c@x.test",	"rfc822;a+2Bb+3Dc@x.test" },
	{ "\"a b\"@x.test",	"rfc822;\"a+20b\"@x.test" },
	{ "j\xc3\xb6rg@x.test",	"" },
};
/* clang-format on */

/* What is made can be taken. */
static void
test_made(void **state)
{
	char out[ORCPT_MAX + 1], again[ORCPT_MAX + 1], longest[ADDR_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		orcpt_make(made[i].addr, out);
		assert_string_equal(out, made[i].orcpt);
		assert_int_equal(orcpt_take(out, false, again), *out != '\0');
	}
	memset(longest, '+', ADDR_MAX);
	longest[ADDR_MAX] = '\0';
	orcpt_make(longest, out);
	assert_true(*out == '\0' || orcpt_take(out, false, again));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
