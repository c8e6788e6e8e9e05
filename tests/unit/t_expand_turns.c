/*
 * t_expand_turns: a recipient whose turn it is: aliases with owners, lists that
 * agents have read, and how many lists may be opened.
 */
#include "tests/unit/recipients.h"

#include "common/msg_intake.h"
#include "queue/expand.h"

#define D "example.org"

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_DOMAIN,	D,		"virtual" },
	{ TABLES_DOMAIN,	"u.test",	"unix" },
	{ TABLES_ACCOUNT,	"bob@" D,	"bob/" },
	{ TABLES_ACCOUNT,	"carol@" D,	"carol/" },
	{ TABLES_ACCOUNT,	"fred@" D,	"fred/" },
	{ TABLES_FORWARD,	"fred@" D,	"afred\nax@far.test\nccat" },
	{ TABLES_ACCOUNT,	"l1@" D,	"l1/" },
	{ TABLES_FORWARD,	"l1@" D,	"al2" },
	{ TABLES_ACCOUNT,	"l2@" D,	"l2/" },
	{ TABLES_FORWARD,	"l2@" D,	"al1" },
	{ TABLES_ALIAS,		"list@" D,	"abob\nacarol" },
	{ TABLES_ALIAS,		"owner-list@" D, "acarol" },
};
/* clang-format on */

static struct tables tables;
static const struct expander expander = { &tables, D, NULL, 0 };

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

/* When it is its turn, an alias with an owner is expanded; lists as given. */
static const struct {
	const char *addr, *via, *members;
	bool user, owned;
	const char *want; /* NULL: fails */
} turn[] = {
	{ "list@" D, "", NULL, false, true, "bob@" D " carol@" D },
	{ "other@" D, "", "alist\nafred", false, false,
	    "list@" D " M:fred@" D " F:x@far.test ccat:fred@" D },
	{ "l1@" D, "", NULL, false, false, NULL },
	{ "list@" D, "i/l", "abob\nalist", false, true, "bob@" D },
	{ "list@" D, "i/l", "alist", false, true, NULL },
	{ "list@" D, "i/l", "fbob\nax@far.test", false, true,
	    "M:bob@" D " F:x@far.test" },
	{ "dan@u.test", "", "adan@u.test\nccat\nb/m\nax@far.test", true, false,
	    "M:dan@u.test Ccat:dan@u.test B/m:dan@u.test "
	    "F:x@far.test" },
	{ "eve@u.test", "F", "ccat\naeve@u.test", true, false,
	    "Ccat:eve@u.test M:eve@u.test" },
	/* Nobody goes past what another has in his file. */
	{ "eve@u.test", "", "fdan@u.test\nfeve+x@u.test", true, false,
	    "dan@u.test M:eve+x@u.test" },
	{ "eve@u.test", "", "ffred@" D, true, false,
	    "M:fred@" D " F:x@far.test ccat:fred@" D },
	{ "eve@u.test", "", "fdan@u.test", false, false, "M:dan@u.test" },
	{ "eve@u.test", "", "ccat", false, false, "ccat:eve@u.test" },
	/* without a domain: beside the user, or of this host */
	{ "eve@u.test", "", "adan\nfeve\nabob", true, false,
	    "dan@u.test M:eve@u.test bob@u.test" },
	{ "list@" D, "i/l", "adan\nfbob", false, true, "dan@" D " M:bob@" D },
};

static void
turns(void **state)
{
	struct envelope from, to, want;
	struct expand_list list;
	bool good;

	(void)state;
	for (size_t i = 0; i < COUNT(turn); i++) {
		struct diag d = DIAG_INIT;

		env_init(&from);
		env_init(&to);
		env_init(&want);
		assert_true(env_add_via(
		    &from, turn[i].addr, "rfc822;o", DSN_DELAY, turn[i].via));
		list = (struct expand_list){ turn[i].members, turn[i].user,
			turn[i].owned };
		good = expand_one(&expander, &list, &from, &to, &d);
		assert_int_equal(good, turn[i].want != NULL);
		if (!good)
			assert_string_equal(d.dsn, EXPAND_FAILED_DSN);
		else
			add_words(&want, turn[i].want, ' ');
		for (size_t k = 0; good && k < want.nrcpt; k++) {
			assert_true(k < to.nrcpt);
			assert_string_equal(
			    env_addr(&to, k), env_addr(&want, k));
			assert_string_equal(env_via(&to, k), env_via(&want, k));
			assert_string_equal(
			    env_orcpt(&to, k), turn[i].owned ? "" : "rfc822;o");
			assert_int_equal(to.rcpts[k].notify, DSN_DELAY);
		}
		assert_true(!good || to.nrcpt == want.nrcpt);
		env_free(&from);
		env_free(&to);
		env_free(&want);
	}
}

/* An alias that opens so many others, which all end at bob. */
static void
open_many(size_t n, const char *want)
{
	static struct cdb_row r[EXPAND_OPENED + 4];
	static char names[EXPAND_OPENED + 4][20], all[EXPAND_OPENED * 12];
	struct expander x = expander;
	struct envelope from, to;
	struct diag d = DIAG_INIT;
	char err[TABLES_ERR];
	struct tables t;
	size_t k = 0, len = 0;

	r[k++] = (struct cdb_row){ TABLES_DOMAIN, D, "virtual" };
	for (size_t i = 1; i < n; i++, k++) {
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%sat%zu",
		    i > 1 ? "\n" : "", i);
		(void)snprintf(names[k], sizeof(names[k]), "t%zu", i);
		r[k] = (struct cdb_row){ TABLES_ALIAS, names[k], "abob" };
	}
	r[k++] = (struct cdb_row){ TABLES_ALIAS, "all", all };
	cdb_file("bomb.cdb", r, k);
	assert_true(tables_open(&t, unit_path("bomb.cdb"), true, err));
	x.tables = &t;
	env_init(&from);
	env_init(&to);
	add_words(&from, "all@" D, ' ');
	assert_int_equal(expand(&x, &from, &to, &d), OUT_OK);
	assert_int_equal(to.nrcpt, 1);
	assert_string_equal(env_addr(&to, 0), want);
	tables_close(&t);
	env_free(&from);
	env_free(&to);
}

static void
bomb(void **state)
{
	(void)state;
	open_many(EXPAND_OPENED, "bob@" D);
	open_many(EXPAND_OPENED + 1, "all@" D);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns),
		cmocka_unit_test(bomb),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
