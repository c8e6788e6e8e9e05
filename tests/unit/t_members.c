/*
 * t_members: lists of members, as text and compiled.
 */
#include "tests/unit/unit.h"

#include "common/members.h"

struct row {
	const char *text;
	enum members_read result;
	enum member_kind kind;
	const char *found;
};

/* clang-format off */
static const struct row rows[] = {
	{ "alice", MEMBERS_ONE, MEMBER_ADDRESS, "alice" },
	{ "  alice@x  ", MEMBERS_ONE, MEMBER_ADDRESS, "alice@x" },
	{ "\"a, b\"@x", MEMBERS_ONE, MEMBER_ADDRESS, "\"a, b\"@x" },
	{ "\"a\\\"b,c\"@x", MEMBERS_ONE, MEMBER_ADDRESS, "\"a\\\"b,c\"@x" },
	{ "\"with space\"", MEMBERS_ONE, MEMBER_ADDRESS, "\"with space\"" },
	{ "|/bin/cat", MEMBERS_ONE, MEMBER_COMMAND, "/bin/cat" },
	{ "| /bin/cat -a", MEMBERS_ONE, MEMBER_COMMAND, "/bin/cat -a" },
	{ "\"|/bin/cat -a, b\"", MEMBERS_ONE, MEMBER_COMMAND, "/bin/cat -a, b" },
	{ "\"|a \\\"b c\\\" \\\\d\"", MEMBERS_ONE, MEMBER_COMMAND, "a \"b c\" \\d" },
	{ "|a \"b, c\"", MEMBERS_ONE, MEMBER_COMMAND, "a \"b, c\"" },
	{ "/var/mail/x", MEMBERS_ONE, MEMBER_FILE, "/var/mail/x" },
	{ "\"/var/a b\"", MEMBERS_ONE, MEMBER_FILE, "/var/a b" },
	{ "\\bob", MEMBERS_ONE, MEMBER_FINAL, "bob" },
	{ "\"\\\\bob\"", MEMBERS_ONE, MEMBER_FINAL, "bob" },
	{ ":include:/a/b", MEMBERS_ONE, MEMBER_INCLUDE, "/a/b" },
	{ ":INCLUDE: /a/b", MEMBERS_ONE, MEMBER_INCLUDE, "/a/b" },
	{ ":include:a", MEMBERS_PATH, MEMBER_INCLUDE, ":include:a" },
	{ ":include:", MEMBERS_SYNTAX, MEMBER_INCLUDE, ":include:" },
	{ "|", MEMBERS_SYNTAX, MEMBER_COMMAND, "|" },
	{ "\\", MEMBERS_SYNTAX, MEMBER_FINAL, "\\" },
	{ "error:550 gone", MEMBERS_ONE, MEMBER_ERROR, "5.1.1 gone" },
	{ "error: 550 5.7.1  no, not here", MEMBERS_ONE, MEMBER_ERROR, "5.7.1 no" },
	{ "\"error:550 5.7.1 no, not here\"", MEMBERS_ONE, MEMBER_ERROR, "5.7.1 no, not here" },
	{ "error:450 later", MEMBERS_ONE, MEMBER_ERROR, "4.2.1 later" },
	{ "error:450 5.7.1 later", MEMBERS_SYNTAX, MEMBER_ERROR, "error:450 5.7.1 later" },
	{ "error:550", MEMBERS_SYNTAX, MEMBER_ADDRESS, "error:550" },
	{ "error:550 ", MEMBERS_SYNTAX, MEMBER_ADDRESS, "error:550" },
	{ "error:250 fine", MEMBERS_SYNTAX, MEMBER_ADDRESS, "error:250 fine" },
	{ "error:5500 x", MEMBERS_SYNTAX, MEMBER_ADDRESS, "error:5500 x" },
	{ "", MEMBERS_END, MEMBER_ADDRESS, "" },
	{ " \t", MEMBERS_END, MEMBER_ADDRESS, "" },
	{ ",", MEMBERS_EMPTY, MEMBER_ADDRESS, "" },
	{ "\"open", MEMBERS_SYNTAX, MEMBER_ADDRESS, "\"open" },
	{ "\"ends in \\", MEMBERS_SYNTAX, MEMBER_ADDRESS, "\"ends in \\" },
	{ "a\rb", MEMBERS_CONTROL, MEMBER_ADDRESS, "a\rb" },
	{ "a\x7f", MEMBERS_CONTROL, MEMBER_ADDRESS, "a\x7f" },
};
/* clang-format on */

static void
reads(void **state)
{
	struct member m;
	const char *p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		p = rows[i].text;
		assert_int_equal(members_read(&p, &m), rows[i].result);
		assert_string_equal(m.text, rows[i].found);
		if (rows[i].result == MEMBERS_ONE)
			assert_int_equal(m.kind, rows[i].kind);
		assert_non_null(members_wanted(rows[i].result));
	}
}

static void
separates(void **state)
{
	const char *p = "a, \"|x, y\" ,\\b,,c,";
	static const char *const found[] = { "a", "x, y", "b", "", "c" };
	struct member m;

	(void)state;
	for (size_t i = 0; i < COUNT(found); i++) {
		assert_int_equal(
		    members_read(&p, &m), i == 3 ? MEMBERS_EMPTY : MEMBERS_ONE);
		assert_string_equal(m.text, found[i]);
	}
	assert_int_equal(members_read(&p, &m), MEMBERS_END);
}

static void
bounds(void **state)
{
	char text[MEMBER_MAX + 3];
	struct member m;
	const char *p;

	(void)state;
	for (size_t n = MEMBER_MAX - 1; n <= MEMBER_MAX + 1; n++) {
		memset(text, 'a', n);
		text[n] = '\0';
		p = text;
		assert_int_equal(members_read(&p, &m),
		    n <= MEMBER_MAX ? MEMBERS_ONE : MEMBERS_LONG);
		assert_int_equal(
		    strlen(m.text), n <= MEMBER_MAX ? n : MEMBER_MAX);
		assert_string_equal(p, "");
	}
}

static void
compiled(void **state)
{
	static const struct member all[] = {
		{ MEMBER_ADDRESS, "alice@x" },
		{ MEMBER_COMMAND, "a \"b, c\"" },
		{ MEMBER_FILE, "/x" },
		{ MEMBER_ERROR, "5.1.1 gone" },
	};
	static const char *const bad[] = { "", "a", "z", "zalice", "\nax" };
	struct sbuf list = SBUF_INIT(1000);
	struct member m;
	const char *p;

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		members_put(&list, all[i].kind, all[i].text);
	p = sbuf_str(&list);
	for (size_t i = 0; i < COUNT(all); i++) {
		assert_true(members_next(&p, &m));
		assert_int_equal(m.kind, all[i].kind);
		assert_string_equal(m.text, all[i].text);
	}
	assert_false(members_next(&p, &m));
	for (size_t i = 0; i < COUNT(bad); i++) {
		p = bad[i];
		assert_false(members_next(&p, &m));
	}
	sbuf_free(&list);
}

static void
refusals(void **state)
{
	static const char *const none[] = { "", "e", "aalice@x",
		"e5.1.1 gone\nabob", "abob\ne5.1.1 gone", "ccat" };

	(void)state;
	assert_string_equal(members_refusal("e5.1.1 gone"), "5.1.1 gone");
	for (size_t i = 0; i < COUNT(none); i++)
		assert_null(members_refusal(none[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(reads),
		cmocka_unit_test(separates),
		cmocka_unit_test(bounds),
		cmocka_unit_test(compiled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
