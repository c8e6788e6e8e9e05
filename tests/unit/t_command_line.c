/*
 * t_command_line: the words of a command, and what is none.
 */
#include "tests/unit/unit.h"

#include "common/command_line.h"

/* clang-format off */
static const struct {
	const char *line;
	enum command_read result;
	const char *words;	/* each with | behind it */
} rows[] = {
	{ "/usr/bin/procmail",		COMMAND_OK, "/usr/bin/procmail|" },
	{ "vacation alice",		COMMAND_OK, "vacation|alice|" },
	{ "  a \t b  ",			COMMAND_OK, "a|b|" },
	{ "a 'b c' \"d e\"",		COMMAND_OK, "a|b c|d e|" },
	{ "a b'c'\"d\"e",		COMMAND_OK, "a|bcde|" },
	{ "a '' \"\"",			COMMAND_OK, "a|||" },
	{ "a b\\ c \\; \\\\ \\' \\\"",	COMMAND_OK, "a|b c|;|\\|'|\"|" },
	{ "a '\\' '\"'",		COMMAND_OK, "a|\\|\"|" },
	{ "a \"\\\\ \\\" \\$ \\` \\x\"",	COMMAND_OK, "a|\\ \" $ ` \\x|" },
	{ "a ';|&<>$`*?()#~'",		COMMAND_OK, "a|;|&<>$`*?()#~|" },
	{ "a \";|&<>*?()#~\"",		COMMAND_OK, "a|;|&<>*?()#~|" },
	{ "a b#c d~e",			COMMAND_OK, "a|b#c|d~e|" },
	{ "a -o x=y B=c",		COMMAND_OK, "a|-o|x=y|B=c|" },
	{ "'A=b' c",			COMMAND_OK, "A=b|c|" },
	{ "1A=b c",			COMMAND_OK, "1A=b|c|" },
	{ "sh -c 'a; b > \"$c\"'",	COMMAND_OK, "sh|-c|a; b > \"$c\"|" },
	{ "/bin/sh -c \"echo $A\"",	COMMAND_OK, "/bin/sh|-c|echo $A|" },
	{ "/bin/bash -c \"`id`\"",	COMMAND_OK, "/bin/bash|-c|`id`|" },
	{ "caf\xc3\xa9 \xff",		COMMAND_OK, "caf\xc3\xa9|\xff|" },
	{ "",				COMMAND_EMPTY, NULL },
	{ " \t ",			COMMAND_EMPTY, NULL },
	{ "''",				COMMAND_EMPTY, NULL },
	{ "'' a",			COMMAND_EMPTY, NULL },
	{ "a 'b",			COMMAND_QUOTE, NULL },
	{ "a \"b",			COMMAND_QUOTE, NULL },
	{ "a \"b\\\"",			COMMAND_QUOTE, NULL },
	{ "a \"\\",			COMMAND_QUOTE, NULL },
	{ "a b\\",			COMMAND_ESCAPE, NULL },
	{ "\\",				COMMAND_ESCAPE, NULL },
	{ "a; b",			COMMAND_SHELL, NULL },
	{ "a | b",			COMMAND_SHELL, NULL },
	{ "a &",			COMMAND_SHELL, NULL },
	{ "a < b",			COMMAND_SHELL, NULL },
	{ "a >b",			COMMAND_SHELL, NULL },
	{ "a $HOME",			COMMAND_SHELL, NULL },
	{ "a `b`",			COMMAND_SHELL, NULL },
	{ "a *",			COMMAND_SHELL, NULL },
	{ "a b?",			COMMAND_SHELL, NULL },
	{ "(a)",			COMMAND_SHELL, NULL },
	{ "a )",			COMMAND_SHELL, NULL },
	{ "a # b",			COMMAND_SHELL, NULL },
	{ "a #b",			COMMAND_SHELL, NULL },
	{ "~/bin/a",			COMMAND_SHELL, NULL },
	{ "a ~",			COMMAND_SHELL, NULL },
	{ "a \"$HOME\"",		COMMAND_SHELL, NULL },
	{ "a \"`id`\"",			COMMAND_SHELL, NULL },
	{ "a 'sh' \"$b\"",		COMMAND_SHELL, NULL },
	{ "sh -c 'a' > b",		COMMAND_SHELL, NULL },
	{ "shx -c \"$b\"",		COMMAND_SHELL, NULL },
	{ "IFS=' ' && exec a",		COMMAND_SETTING, NULL },
	{ " A_1=b c",			COMMAND_SETTING, NULL },
	{ "_=",				COMMAND_SETTING, NULL },
	{ "a\nb",			COMMAND_CONTROL, NULL },
	{ "a 'b\nc'",			COMMAND_CONTROL, NULL },
	{ "a\r",			COMMAND_CONTROL, NULL },
	{ "a \x7f",			COMMAND_CONTROL, NULL },
	{ "./a",			COMMAND_PLACE, NULL },
	{ "bin/a b",			COMMAND_PLACE, NULL },
	{ "../a",			COMMAND_PLACE, NULL },
};
/* clang-format on */

static void
table(void **state)
{
	struct command_line c;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum command_read r = command_line_read(rows[i].line, &c);
		char words[2000] = "";
		size_t used = 0;

		if (r != rows[i].result)
			fail_msg("<%s>: %d", rows[i].line, (int)r);
		if (r != COMMAND_OK)
			continue;
		for (size_t k = 0; k < c.words; k++)
			used += (size_t)snprintf(words + used,
			    sizeof(words) - used, "%s|", c.argv[k]);
		assert_string_equal(words, rows[i].words);
		assert_null(c.argv[c.words]);
	}
}

/* The longest lines, of the most words and of one. */
static void
bounds(void **state)
{
	char line[MEMBER_MAX + 2];
	struct command_line *c = malloc(sizeof(*c)); /* so that ASan looks */

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < MEMBER_MAX; i++)
		line[i] = i % 2 == 0 ? 'a' : ' ';
	line[MEMBER_MAX] = '\0';
	assert_int_equal(command_line_read(line, c), COMMAND_OK);
	assert_int_equal(c->words, MEMBER_MAX / 2);
	memset(line, 'a', MEMBER_MAX);
	assert_int_equal(command_line_read(line, c), COMMAND_OK);
	assert_int_equal(c->words, 1);
	assert_int_equal(strlen(c->argv[0]), MEMBER_MAX);
	line[MEMBER_MAX] = 'a';
	line[MEMBER_MAX + 1] = '\0';
	assert_int_equal(command_line_read(line, c), COMMAND_LONG);
	assert_int_equal(c->words, 0);
	free(c);
}

/* Each mistake is told, and those of shells with what to write. */
static void
wanted(void **state)
{
	(void)state;
	for (int r = COMMAND_OK; r <= COMMAND_PLACE; r++)
		assert_true(
		    strlen(command_line_wanted((enum command_read)r)) > 0);
	assert_non_null(
	    strstr(command_line_wanted(COMMAND_SHELL), "sh -c '...'"));
	assert_non_null(
	    strstr(command_line_wanted(COMMAND_SETTING), "sh -c '...'"));
}

/* clang-format off */
static const struct {
	const char *program, *places;	/* each with | behind it */
} places[] = {
	{ "a",		"/usr/local/bin/a|/usr/bin/a|/bin/a|" },
	{ "/opt/a",	"/opt/a|" },
	{ "/",		"/|" },
};
/* clang-format on */

static void
found_where(void **state)
{
	char path[COMMAND_PLACE_MOST], all[3 * COMMAND_PLACE_MOST];
	static char name[MEMBER_MAX + 100];
	size_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		all[0] = '\0';
		for (at = 0; command_line_place(places[i].program, &at, path);)
			(void)snprintf(all + strlen(all),
			    sizeof(all) - strlen(all), "%s|", path);
		assert_string_equal(all, places[i].places);
	}
	/* as long as a word may be, and one that is none */
	memset(name, 'a', MEMBER_MAX);
	at = 0;
	assert_true(command_line_place(name, &at, path));
	assert_true(command_line_place(name, &at, path));
	memset(name, 'a', sizeof(name) - 1);
	at = 0;
	assert_false(command_line_place(name, &at, path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(bounds),
		cmocka_unit_test(wanted),
		cmocka_unit_test(found_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
