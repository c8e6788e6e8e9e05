/*
 * t_route: who delivers to a recipient, and what a message's destination is.
 */
#include "tests/unit/cdb.h"

#include "queue/route.h"

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_DOMAIN,	"v.test",	"virtual" },
	{ TABLES_DOMAIN,	"u.test",	"unix" },
	{ TABLES_ACCOUNT,	"bob@v.test",	"v.test/bob/Maildir" },
	{ TABLES_ALIAS,		"late@v.test",	"bob@v.test" },
	{ TABLES_OPTION,	"unix-maildir",	"Maildir" },
};

static const struct {
	const char *addr;
	enum outcome want;
	const char *dsn, *pool, *account, *mailbox;
} cases[] = {
	{ "bob@v.test", OUT_OK, "2.0.0", "@virtual", "bob@v.test",
	    "v.test/bob/Maildir" },
	{ "Bob+tag@V.test", OUT_OK, "2.0.0", "@virtual", "bob@v.test",
	    "v.test/bob/Maildir" },
	{ "bob", OUT_OK, "2.0.0", "@virtual", "bob@v.test",
	    "v.test/bob/Maildir" },
	{ "daemon@u.test", OUT_OK, "2.0.0", "daemon", "daemon", "Maildir" },
	{ "nobody@v.test", OUT_PERM, "5.1.1", NULL, NULL, NULL },
	{ "late@v.test", OUT_OK, "2.0.0", "", "", "" },
	{ "x@far.test", OUT_TEMP, "4.4.0", NULL, NULL, NULL },
	{ "../../etc@v.test", OUT_PERM, "5.1.3", NULL, NULL, NULL },
	{ "no address", OUT_PERM, "5.1.3", NULL, NULL, NULL },
	{ "", OUT_PERM, "5.1.3", NULL, NULL, NULL },
};
/* clang-format on */

static struct tables tables;

static int
begin(void **state)
{
	char err[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	cdb_file("tables.cdb", rows, COUNT(rows));
	return !tables_open(&tables, unit_path("tables.cdb"), true, err);
}

static int
end(void **state)
{
	tables_close(&tables);
	return unit_teardown(state);
}

static void
routes(void **state)
{
	struct route r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct diag d = DIAG_INIT;

		assert_int_equal(
		    route_find(&tables, "v.test", cases[i].addr, &r, &d),
		    cases[i].want);
		assert_string_equal(d.dsn, cases[i].dsn);
		if (cases[i].want != OUT_OK)
			continue;
		assert_string_equal(r.pool, cases[i].pool);
		assert_string_equal(r.account, cases[i].account);
		assert_string_equal(r.mailbox, cases[i].mailbox);
		assert_int_equal(r.alias, cases[i].pool[0] == '\0');
	}
}

static uint32_t
destination(const char *first, const char *second, char status)
{
	struct envelope e;
	uint32_t d;

	env_init(&e);
	assert_true(env_add(&e, first, "", 0));
	assert_true(env_add(&e, second, "", 0));
	e.rcpts[0].status = status;
	d = route_destination(&tables, "v.test", &e);
	env_free(&e);
	return d;
}

/* The first that is still queued counts; an account's, or a domain's. */
static void
destinations(void **state)
{
	uint32_t bob = destination("bob@v.test", "x@far.test", RCPT_QUEUED);

	(void)state;
	assert_int_equal(
	    destination("BOB+1@v.test", "y@far.test", RCPT_QUEUED), bob);
	assert_int_equal(
	    destination("x@far.test", "bob@v.test", RCPT_DELIVERED), bob);
	assert_int_not_equal(
	    destination("x@far.test", "bob@v.test", RCPT_QUEUED), bob);
	assert_int_equal(destination("x@far.test", "", RCPT_QUEUED),
	    destination("y@FAR.test", "", RCPT_QUEUED));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes),
		cmocka_unit_test(destinations),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
