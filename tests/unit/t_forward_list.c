/*
 * t_forward_list: what a ~/.forward or an :include: list says.
 */
#include "tests/unit/unit.h"

#include "common/sbuf.h"
#include "common/forward_list.h"

struct row {
	const char *text;
	const char *members; /* compiled, members.h; until the mistake */
	size_t line;         /* of the mistake; 0: none */
	const char *found;   /* NULL: whatever */
};

#define L64 "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"

/* clang-format off */
static const struct row rows[] = {
	{ "", "", 0, "" },
	{ "\n\n  \n\t\n", "", 0, "" },
	{ "# bob@x.test\n  # carol\n", "", 0, "" },
	{ "bob@X.Test", "abob@x.test", 0, "" },
	{ "bob@x.test\n", "abob@x.test", 0, "" },
	{ "bob@x.test\r\ncarol\r\n", "abob@x.test\nacarol", 0, "" },
	{ "bob@x.test, carol,dave\nerin\n",
	    "abob@x.test\nacarol\nadave\naerin", 0, "" },
	{ "bob@x.test,\ncarol\n", "abob@x.test\nacarol", 0, "" },
	{ "\\bob, \\bob@x.test\n", "fbob\nfbob@x.test", 0, "" },
	{ "|/bin/a b\n\"|/bin/c, d\"\n", "c/bin/a b\nc/bin/c, d", 0, "" },
	{ "/var/mail/x\n", "b/var/mail/x", 0, "" },
	{ "\"a, b\"@x.test\n", "a\"a, b\"@x.test", 0, "" },
	{ "\"bob\"@x.test\n", "abob@x.test", 0, "" },
	{ "Bob B. <bob@x.test>\n", "abob@x.test", 0, "" },
	{ "\"B, Bob\" <bob@x.test>, carol\n", "abob@x.test\nacarol", 0, "" },
	{ "<bob@x.test>\n", "", 1, "<bob@x.test>" },
	{ "Bob <>\n", "", 1, "Bob <>" },
	{ "Bob <bob@x.test> B>\n", "", 1, "Bob <bob@x.test> B>" },
	{ "Bob <bob@x.test\n", "", 1, "Bob <bob@x.test" },
	{ "a@b@c\n", "", 1, "a@b@c" },
	{ "bob bill\n", "", 1, "bob bill" },
	{ "bob@x.test # home\n", "", 1, "bob@x.test # home" },
	{ "bob\n\n# c\na,,b\n", "abob\naa", 4, "" },
	{ "bob\n,\n", "abob", 2, "" },
	{ "bob\n\"open\n", "abob", 2, "\"open" },
	{ "bob\na\tb\n", "abob", 2, "a\tb" },
	{ "bob\nb\033b\n", "abob", 2, "b\033b" },
	{ "bob\rbill\n", "", 1, "bob\rbill" },
	{ ":include:relative\n", "", 1, ":include:relative" },
	{ ":include:/a/b\n", "i/a/b", 0, "" },
	{ "error:550 gone\n", "e5.1.1 gone", 0, "" },
	{ "error: gone\n", "", 1, "error: gone" },
	{ L64 "@x.test\n", "a" L64 "@x.test", 0, "" },
	{ L64 "e@x.test\n", "", 1, NULL },
	{ "bob@x\xc3\xa4.test\n", "", 1, "bob@x\xc3\xa4.test" },
	{ "b\xc3\xb6" "b@x.test\n", "ab\xc3\xb6" "b@x.test", 0, "" },
	{ "b\xc0\xaf" "b@x.test\n", "", 1, "b\xc0\xaf" "b@x.test" },
	{ "bob\nstop\ncarol\n", "abob", 2, "stop" },
	{ "bob,  :include:/stop , carol\n", "abob", 1, ":include:/stop" },
	{ "|stop\n", "", 1, "|stop" },
	{ "$(id)@x.test\n", "", 1, "$(id)@x.test" },
	{ "a|b@x.test\n", "aa|b@x.test", 0, "" },
};
/* clang-format on */

static const char *
take(void *arg, const struct member *m)
{
	if (strcmp(m->text, "stop") == 0 || strcmp(m->text, "/stop") == 0)
		return "no stop";
	members_put(arg, m->kind, m->text);
	return NULL;
}

static void
reads(void **state)
{
	struct forward_mistake mistake;
	struct sbuf out;
	bool good;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		size_t n = strlen(r->text);
		char *text = malloc(n + 1); /* its end is the sanitizer's */

		assert_non_null(text);
		memcpy(text, r->text, n);
		text = realloc(text, n > 0 ? n : 1);
		assert_non_null(text);
		sbuf_init(&out, 10000);
		good = forward_list_read(text, n, take, &out, &mistake);
		if (good != (r->line == 0) ||
		    (!good && mistake.line != r->line) ||
		    strcmp(sbuf_str(&out), r->members) != 0)
			fail_msg("row %zu: good=%d line=%zu members=\"%s\"", i,
			    good, mistake.line, sbuf_str(&out));
		if (!good && r->found != NULL)
			assert_string_equal(mistake.found, r->found);
		if (!good)
			assert_true(mistake.wanted[0] != '\0');
		sbuf_free(&out);
		free(text);
	}
}

static const char *
count(void *arg, const struct member *m)
{
	(void)m;
	(*(size_t *)arg)++;
	return NULL;
}

/* What is longer than a line may be, has a NUL, or very many members. */
static void
bounds(void **state)
{
	static char text[200000];
	struct forward_mistake mistake;
	size_t n = 0, found = 0;

	(void)state;
	assert_false(
	    forward_list_read("a\nb\0c\n", 6, count, &found, &mistake));
	assert_int_equal(mistake.line, 2);
	assert_int_equal(found, 1);
	memset(text, '#', sizeof(text));
	assert_false(
	    forward_list_read(text, sizeof(text), count, &found, &mistake));
	text[1000] = '\n';
	assert_false(forward_list_read(text, 67000, count, &found, &mistake));
	assert_int_equal(mistake.line, 2);
	assert_true(forward_list_read(text, 66000, count, &found, &mistake));
	found = 0;
	while (n + 10 < sizeof(text)) {
		memcpy(text + n, "u@x.test\n", 9);
		n += 9;
	}
	assert_true(forward_list_read(text, n, count, &found, &mistake));
	assert_int_equal(found, n / 9);
	memset(text, ',', 60000);
	assert_false(forward_list_read(text, 60000, count, &found, &mistake));
	memset(text, '"', 60000);
	assert_false(forward_list_read(text, 60001, count, &found, &mistake));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
