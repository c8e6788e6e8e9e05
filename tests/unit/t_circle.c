/*
 * t_circle: mail that has been at all its recipients, however it comes.
 */
#include "tests/unit/cdb.h"

#include "smtpd/circle.h"

#define D(addr) "Delivered-To: " addr "\n"

/* clang-format off */
static const struct cdb_row tables_say[] = {
	{ TABLES_DOMAIN,	"v.test",	"virtual" },
	{ TABLES_DOMAIN,	"u.test",	"unix" },
	{ TABLES_DOMAIN,	"also.test",	"alias v.test" },
	{ TABLES_DOMAIN,	"r.test",	"relay" },
	{ TABLES_ACCOUNT,	"bob@v.test",	"bob/" },
	{ TABLES_ACCOUNT,	"carol@v.test",	"carol/" },
	{ TABLES_ACCOUNT,	"away@v.test",	"away/" },
	{ TABLES_FORWARD,	"away@v.test",	"ax@far.test\naaway@v.test" },
	{ TABLES_ALIAS,		"list@v.test",	"abob@v.test" },
	{ TABLES_ALIAS,		"@u.test",	"abob@v.test" },
};

static const struct {
	const char *rcpts, *text;
	bool closed;
} rows[] = {
	{ "bob@v.test",			D("bob@v.test"),		true },
	{ "bob@v.test",			"A: b\n" D("<BOB@v.test>") "\nx\n", true },
	{ "bob@v.test",			"no field\n" D("bob@v.test"),	true },
	{ "bob@v.test",			"Delivered-To:\n bob@v.test\n",	true },
	{ "bob@v.test",			D("bob@v.test"),		true },
	{ "bob+a@v.test",		D("bob+a@v.test"),		true },
	{ "bob@v.test carol@v.test",	D("carol@v.test") D("bob@v.test"), true },
	{ "bob@also.test",		D("bob@also.test"),		true },
	/* others than those */
	{ "bob@v.test",			"",				false },
	{ "bob@v.test",			"\n" D("bob@v.test"),		false },
	{ "bob@v.test",			D("carol@v.test"),		false },
	{ "bob@v.test",			D("bob+a@v.test"),		false },
	{ "bob@also.test",		D("bob@v.test"),		false },
	{ "bob@v.test carol@v.test",	D("bob@v.test"),		false },
	{ "carol@v.test bob@v.test",	D("bob@v.test"),		false },
	/* who pass it on */
	{ "away@v.test",		D("away@v.test"),		false },
	{ "list@v.test",		D("list@v.test"),		false },
	{ "x@r.test",			D("x@r.test"),			false },
	{ "x@far.test",			D("x@far.test"),		false },
	{ "who@u.test",			D("who@u.test"),		false },
	{ "nobody@v.test",		D("nobody@v.test"),		false },
};
/* clang-format on */

static struct tables tables;

static int
begin(void **state)
{
	char err[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	cdb_file("tables.cdb", tables_say, COUNT(tables_say));
	return !tables_open(&tables, unit_path("tables.cdb"), true, err);
}

static int
end(void **state)
{
	tables_close(&tables);
	return unit_teardown(state);
}

static void
take(struct envelope *e, const char *words)
{
	const struct rcpt_params none = { 0 };
	char one[ADDR_MAX + 1];

	envelope_init(e, 10);
	for (; *words != '\0'; words += *words == ' ') {
		size_t n = strcspn(words, " ");

		(void)snprintf(one, sizeof(one), "%.*s", (int)n, words);
		assert_true(envelope_add(e, one, &none));
		words += n;
	}
}

static bool
closes(const struct envelope *e, const char *text, size_t step)
{
	static struct circle c;
	size_t n = strlen(text);

	circle_init(&c, &tables, e, "v.test");
	for (size_t at = 0; at < n; at += step)
		circle_feed(&c, text + at, n - at < step ? n - at : step);
	circle_end(&c);
	return c.closed;
}

static void
table(void **state)
{
	struct envelope e;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		take(&e, rows[i].rcpts);
		for (size_t step = 1; step < 60; step++)
			if (closes(&e, rows[i].text, step) != rows[i].closed)
				fail_msg("%s: %s", rows[i].rcpts, rows[i].text);
		envelope_reset(&e);
	}
}

/* So many that agents take it for a circle, whoever they name. */
static void
many(void **state)
{
	char text[(LOOP_FIELDS + 1) * 40];
	struct envelope e;
	size_t n = 0;

	(void)state;
	take(&e, "bob@v.test carol@v.test");
	for (int i = 0; i <= LOOP_FIELDS; i++) {
		assert_false(closes(&e, n > 0 ? text : "", 100));
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, D("%d@x.test"), i);
	}
	assert_true(closes(&e, text, 100));
	envelope_reset(&e);
}

/* Without recipients to compare with, nothing is looked for. */
static void
off(void **state)
{
	(void)state;
	assert_false(closes(NULL, D("bob@v.test"), 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(many),
		cmocka_unit_test(off),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
