/*
 * t_explain_steps: steps as words.
 */
#include "tests/unit/unit.h"

#include "queue/explain_steps.h"

static struct json_object *list;
static struct json_object *seen;

/* Steps from the beginning. */
static void
begin(void)
{
	list = json_object_new_array();
	seen = json_object_new_object();
}

static void
trace(const struct tables_look *l)
{
	struct steps_looks looks = { list, seen };

	steps_trace(&looks, l);
}

static void
expect(const char *wanted)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	steps_print(list, f);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(text, wanted);
	free(text);
	(void)json_object_put(list);
	(void)json_object_put(seen);
}

static void
words(void **state)
{
	(void)state;
	begin();
	steps_add(list, "recipient", "address", "alice@x", NULL);
	steps_add(list, "smtp", "command", "RCPT", "reply", "250 fine", NULL);
	steps_add(list, "account", "account", "alice@x", "mailbox", "", "quota",
	    NULL, NULL);
	expect("recipient  alice@x\n"
	       "smtp       RCPT: 250 fine\n"
	       "account    alice@x: mailbox -, quota none\n");
}

/* What another host or user wrote does not move the cursor. */
static void
controls(void **state)
{
	(void)state;
	begin();
	steps_add(
	    list, "smtp", "command", "a\nb", "reply", "\x1b[2Jc\x7f", NULL);
	expect("smtp       a?b: ?[2Jc?\n");
}

static void
look(enum tables_space space, const char *key, const char *value)
{
	const struct tables_look l = { .space = space,
		.key = key,
		.value = value,
		.result = value != NULL ? TABLES_FOUND : TABLES_NONE };

	trace(&l);
}

/* Who said it, where it was not the tables themselves. */
static void
sources(void **state)
{
	struct tables_look l = { TABLES_ACCOUNT, TABLES_FOUND, "a@x", "x/a/",
		"cdb:/u" };

	(void)state;
	begin();
	trace(&l);
	l.result = TABLES_BROKEN;
	l.value = NULL;
	l.key = "b@x";
	trace(&l);
	expect("lookup     users: key a@x, found x/a/, source cdb:/u\n"
	       "lookup     users: key b@x, found no answer that can be used, "
	       "source cdb:/u\n");
}

static void
looks(void **state)
{
	static char many[50 * 10];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < 25; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len,
		    "%sau%d", i > 0 ? "\n" : "", i);
	begin();
	look(TABLES_OPTION, "srs", "yes");
	look(TABLES_META, "version", "1");
	look(TABLES_DOMAIN, "x", "virtual");
	look(TABLES_ALIAS, "a@x", NULL);
	look(TABLES_ALIAS, "b@x", "ac@x\nfd@x\nc/bin/e f\nb/g\ni/h");
	look(TABLES_ALIAS, "a@x", NULL); /* it is known already */
	look(TABLES_FORWARD, "i@x", "e5.1.1 gone");
	look(TABLES_REWRITE, "s@y", "@x");
	look(TABLES_REWRITE, "ra@y", NULL);
	expect("lookup     domains: key x, found virtual\n"
	       "lookup     aliases: key a@x, found none\n"
	       "lookup     aliases: key b@x, found c@x, \\d@x, |/bin/e f, /g, "
	       ":include:/h\n"
	       "lookup     forwards: key i@x, found error:5.1.1 gone\n"
	       "lookup     rewrite: key sender @y, found @x\n"
	       "lookup     rewrite: key recipient a@y, found none\n");
	begin();
	look(TABLES_ALIAS, "many", many);
	expect("lookup     aliases: key many, found u0, u1, u2, u3, u4, u5, "
	       "u6, u7, u8, u9, u10, u11, u12, u13, u14, u15, u16, u17, u18, "
	       "u19 and 5 more\n");
}

/* Every table that decides something has a word. */
static void
tables(void **state)
{
	static const char spaces[] = "dalfqxwrht";

	(void)state;
	for (const char *s = spaces; *s != '\0'; s++)
		assert_non_null(steps_table((enum tables_space) * s));
	assert_null(steps_table(TABLES_VERIFIER));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(controls),
		cmocka_unit_test(looks),
		cmocka_unit_test(sources),
		cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
