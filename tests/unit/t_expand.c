/*
 * t_expand: aliases of a message's recipients: depth, loops, floods,
 * duplicates, original recipients.
 * wrap: resolve_address srs_reverse
 */
#include "tests/unit/recipients.h"

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "common/resolve.h"
#include "queue/expand.h"

#define D "example.org"

static char wide[51000 * 12], half[30000 * 12], other[50000 * 12];

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_DOMAIN,	D,		"virtual" },
	{ TABLES_DOMAIN,	"u.test",	"unix" },
	{ TABLES_DOMAIN,	"also.test",	"alias " D },
	{ TABLES_DOMAIN,	"r.test",	"relay" },
	{ TABLES_DOMAIN,	"also-r.test",	"alias r.test" },
	{ TABLES_ACCOUNT,	"bob@" D,	"bob/" },
	{ TABLES_ACCOUNT,	"carol@" D,	"carol/" },
	{ TABLES_ALIAS,		"team@" D,	"abob@" D "\nacarol@" D "\nax@far.test" },
	{ TABLES_ALIAS,		"local",	"abob\nateam" },
	{ TABLES_ALIAS,		"a@" D,		"ab@" D },
	{ TABLES_ALIAS,		"b@" D,		"aa@" D },
	{ TABLES_ALIAS,		"part@" D,	"abob\naa" },
	{ TABLES_ALIAS,		"self@" D,	"aself@" D },
	{ TABLES_ALIAS,		"bobs@" D,	"abobs@" D "\nabob@" D },
	{ TABLES_ALIAS,		"carol2@" D,	"acarol2\nax@far.test" },
	{ TABLES_ACCOUNT,	"carol2@" D,	"carol2/" },
	{ TABLES_ALIAS,		"twice@" D,	"ateam@" D "\nalocal@" D },
	{ TABLES_ALIAS,		"empty@" D,	"" },
	{ TABLES_ALIAS,		"d1",		"ad2" },
	{ TABLES_ALIAS,		"d2",		"ad3" },
	{ TABLES_ALIAS,		"d3",		"ad4" },
	{ TABLES_ALIAS,		"d4",		"ad5" },
	{ TABLES_ALIAS,		"d5",		"ad6" },
	{ TABLES_ALIAS,		"d6",		"ad7" },
	{ TABLES_ALIAS,		"d7",		"ad8" },
	{ TABLES_ALIAS,		"d8",		"ad9" },
	{ TABLES_ALIAS,		"d9",		"ad10" },
	{ TABLES_ALIAS,		"d10",		"abob" },
	{ TABLES_ALIAS,		"d0",		"ad1" },
	{ TABLES_OPTION,	"postmaster",	"bob@" D },
	{ TABLES_ALIAS,		"back@" D,	"aSRS0=x@" D },
	{ TABLES_ALIAS,		"wide",		wide },
	{ TABLES_ALIAS,		"half",		half },
	{ TABLES_ALIAS,		"other",	other },
	/* all kinds */
	{ TABLES_ALIAS,		"kinds@" D,	"fbob\nc/bin/cat -u\nb/var/m\ni/etc/l\nax@far.test\nay@r.test\nfx@far.test" },
	{ TABLES_ALIAS,		"prog",		"ccat" },
	{ TABLES_ALIAS,		"progs@" D,	"aprog+a\naprog+a\naprog+b" },
	{ TABLES_ALIAS,		"@u.test",	"ccat" },
	/* accounts with lists */
	{ TABLES_ACCOUNT,	"fred@" D,	"fred/" },
	{ TABLES_FORWARD,	"fred@" D,	"afred\nax@far.test\nccat" },
	{ TABLES_ACCOUNT,	"gone@" D,	"gone/" },
	{ TABLES_FORWARD,	"gone@" D,	"ax@far.test" },
	{ TABLES_ACCOUNT,	"h1@" D,	"h1/" },
	{ TABLES_FORWARD,	"h1@" D,	"ah1\nah2" },
	{ TABLES_ACCOUNT,	"h2@" D,	"h2/" },
	{ TABLES_FORWARD,	"h2@" D,	"ah1" },
	{ TABLES_ACCOUNT,	"l1@" D,	"l1/" },
	{ TABLES_FORWARD,	"l1@" D,	"al2" },
	{ TABLES_ACCOUNT,	"l2@" D,	"l2/" },
	{ TABLES_FORWARD,	"l2@" D,	"al1" },
	{ TABLES_FORWARD,	"dan",		"adan@u.test\nabob" },
	/* lists with owners */
	{ TABLES_ALIAS,		"list@" D,	"abob\nacarol" },
	{ TABLES_ALIAS,		"owner-list@" D, "acarol" },
	{ TABLES_ALIAS,		"outer@" D,	"alist\nafred" },
	{ TABLES_ALIAS,		"cmds@" D,	"ccat" },
	{ TABLES_ALIAS,		"owner-cmds",	"acarol" },
};

static const struct {
	const char *from, *to;	/* "addr addr": what comes of it, via:addr */
} cases[] = {
	{ "bob@" D,		"bob@" D },
	{ "BOB@" D " bob@" D,	"BOB@" D },
	{ "x@far.test",		"x@far.test" },
	{ "nobody@" D,		"nobody@" D },
	{ "not an address",	"not an address" },
	{ "team@" D,		"bob@" D " carol@" D " F:x@far.test" },
	{ "carol@" D " team@" D, "carol@" D " bob@" D " F:x@far.test" },
	{ "local@" D,		"bob@" D " carol@" D " F:x@far.test" },
	{ "twice@" D,		"bob@" D " carol@" D " F:x@far.test" },
	/* To whom it was sent, and passed on to, it comes once. */
	{ "x@far.test team@" D,	"x@far.test bob@" D " carol@" D },
	{ "team@" D " x@far.test", "bob@" D " carol@" D " F:x@far.test" },
	/* What cannot be expanded stays, for its failure to be told. */
	{ "a@" D " bob@" D,	"a@" D " bob@" D },
	{ "part@" D,		"part@" D },
	{ "self@" D,		"self@" D },
	{ "empty@" D,		"empty@" D },
	{ "d1@" D,		"bob@" D },
	{ "d0@" D,		"d0@" D },
	{ "wide@" D,		"wide@" D },
	{ "l1@" D " l2@" D,	"l1@" D " l2@" D },
	/* Who names himself means his mailbox, if he has one. */
	{ "bobs@" D,		"bob@" D },
	{ "carol2@" D,		"M:carol2@" D " F:x@far.test" },
	{ "fred@" D,		"M:fred@" D " F:x@far.test ccat:fred@" D },
	{ "Fred+Lists@" D,	"M:fred+Lists@" D " F:x@far.test ccat:fred+Lists@" D },
	{ "fred@also.test",	"M:fred@" D " F:x@far.test ccat:fred@" D },
	{ "gone@" D,		"F:x@far.test" },
	{ "h1@" D " h2@" D,	"M:h1@" D },
	{ "h2@" D,		"M:h1@" D },
	{ "dan@u.test",		"M:dan@u.test bob@" D },
	/* A catch-all is for when there is no such user. */
	{ "eve@u.test",		"eve@u.test" },
	{ "EVE.x!@u.test",	"ccat:eve.x!@u.test" },
	{ "kinds@" D,		"M:bob@" D " c/bin/cat_-u:kinds@" D " b/var/m:kinds@" D
				" i/etc/l:kinds@" D " F:x@far.test F:y@r.test M:x@far.test" },
	{ "prog@" D " PROG@" D " prog+a@" D, "ccat:prog@" D " ccat:prog+a@" D },
	{ "progs@" D,		"ccat:prog+a@" D " ccat:prog+b@" D },
	{ "y@r.test Y@also-r.test", "y@r.test" },
	{ "Y@also-r.test",	"Y@r.test" },
	/* One with an owner waits for its turn; as one, whatever the tags. */
	{ "list@" D " list+a@" D, "list@" D },
	{ "cmds@" D " cmds+a@" D, "cmds@" D " cmds+a@" D },
	{ "outer@" D,		"list@" D " M:fred@" D " F:x@far.test ccat:fred@" D },
	{ "owner-list@" D,	"carol@" D },
	/* And a sender of ours is who it was. */
	{ "SRS0=x@" D,		"was@far.test" },
	{ "SRS0=bob@" D " bob@" D, "bob@" D },
	{ "SRS0=wrong@" D,	"SRS0=wrong@" D },
	/* its sender was, and passes all on */
	{ "SRS0=team@" D,	"bob@" D " carol@" D " F:x@far.test" },
};
/* clang-format on */

static struct tables tables;
static const char *broken_at; /* where the tables are damaged */

void __real_resolve_address(
    struct tables *, const struct address *, const char *, struct resolved *);
void __wrap_resolve_address(
    struct tables *, const struct address *, const char *, struct resolved *);

void
__wrap_resolve_address(struct tables *t, const struct address *a,
    const char *mail_name, struct resolved *r)
{
	char s[ADDR_MAX + 1];

	__real_resolve_address(t, a, mail_name, r);
	if (broken_at != NULL && address_format(a, s, sizeof(s)) &&
	    strcmp(s, broken_at) == 0)
		r->kind = RESOLVE_BROKEN;
}

bool __wrap_srs_reverse(const struct srs *, const char *, int64_t,
    char[ADDR_MAX + 1], struct diag *);

bool
__wrap_srs_reverse(const struct srs *srs, const char *addr, int64_t now,
    char out[ADDR_MAX + 1], struct diag *d)
{
	assert_non_null(srs);
	assert_int_equal(now, 77);
	if (strncmp(addr, "SRS0=wrong", 10) == 0)
		return diag_set(d, SRS_UNKNOWN, "unknown") == OUT_OK;
	if (strncmp(addr, "SRS0=bob", 8) == 0)
		strlcpy(out, "bob@" D, ADDR_MAX + 1);
	else if (strncmp(addr, "SRS0=team", 9) == 0)
		strlcpy(out, "team@" D, ADDR_MAX + 1);
	else
		strlcpy(out, "was@far.test", ADDR_MAX + 1);
	return true;
}

static const struct srs keys;
static const struct expander expander = { &tables, D, &keys, 77 };

static void
many(char *out, size_t size, char letter, int n)
{
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, size - len, "%sa%c%d@f.x",
		    i > 0 ? "\n" : "", letter, i);
}

static int
begin(void **state)
{
	char err[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	many(wide, sizeof(wide), 'w', EXPAND_MOST + 1);
	many(half, sizeof(half), 'h', 29000);
	many(other, sizeof(other), 'o', 49000);
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
table(void **state)
{
	struct envelope from, to, want;
	struct diag d = DIAG_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char by = strstr(cases[i].from, "not an") ? '\1' : ' ';

		env_init(&from);
		env_init(&to);
		env_init(&want);
		add_words(&from, cases[i].from, by);
		add_words(&want, cases[i].to, by);
		assert_int_equal(expand(&expander, &from, &to, &d), OUT_OK);
		for (size_t k = 0; k < want.nrcpt; k++)
			if (k >= to.nrcpt ||
			    strcmp(env_addr(&to, k), env_addr(&want, k)) != 0 ||
			    strcmp(env_via(&to, k), env_via(&want, k)) != 0)
				fail_msg("%s: %zu is %s", cases[i].from, k,
				    k < to.nrcpt ? env_addr(&to, k) : "none");
		assert_int_equal(to.nrcpt, want.nrcpt);
		env_free(&from);
		env_free(&to);
		env_free(&want);
	}
}

/* What is too much for the message waits for its turn, and is not lost. */
static void
ceiling(void **state)
{
	struct envelope from, to;
	struct diag d = DIAG_INIT;

	(void)state;
	env_init(&from);
	env_init(&to);
	add_words(&from,
	    "half@" D " other@" D " half+a@" D " wide@" D " bob@" D " team@" D
	    " SRS0=x@" D,
	    ' ');
	assert_int_equal(expand(&expander, &from, &to, &d), OUT_OK);
	assert_int_equal(to.nrcpt, 29000 + 49000 + 4);
	assert_string_equal(env_addr(&to, 78000), "wide@" D);
	assert_string_equal(env_addr(&to, 78001), "bob@" D);
	assert_string_equal(env_addr(&to, 78002), "team@" D);
	assert_string_equal(env_addr(&to, 78003), "was@far.test");
	assert_string_equal(env_via(&to, 78003), "");
	env_free(&from);
	env_free(&to);
}

/* Who may send by a return address of ours: A06. */
static void
returns(void **state)
{
	static const struct {
		const char *sender;
		uint32_t flags;
		const char *rcpt, *want;
	} rcpts[] = {
		{ "a@x.test", 0, "SRS0=x@" D, "SRS0=x@" D },
		{ "a@x.test", ~INTAKE_OWN, "SRS0=x@" D, "SRS0=x@" D },
		{ "a@x.test", INTAKE_OWN, "SRS0=x@" D, "was@far.test" },
		{ "", 0, "SRS0=x@" D, "was@far.test" },
		/* Who keeps a list says what is in it. */
		{ "a@x.test", 0, "back@" D, "was@far.test" },
	};
	struct envelope from, to;
	struct diag d = DIAG_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(rcpts); i++) {
		env_init(&from);
		env_init(&to);
		from.flags = rcpts[i].flags;
		strlcpy(from.sender, rcpts[i].sender, sizeof(from.sender));
		assert_true(env_add(&from, rcpts[i].rcpt, "", 0));
		assert_int_equal(expand(&expander, &from, &to, &d), OUT_OK);
		assert_int_equal(to.nrcpt, 1);
		assert_string_equal(env_addr(&to, 0), rcpts[i].want);
		assert_string_equal(env_via(&to, 0), "");
		env_free(&from);
		env_free(&to);
	}
}

static void
parameters(void **state)
{
	struct envelope from, to;
	struct diag d = DIAG_INIT;

	(void)state;
	env_init(&from);
	env_init(&to);
	assert_true(env_add(&from, "\"a+ b\"@far.test", "", 4));
	assert_true(env_add(&from, "d1@" D, "", 2));
	assert_true(env_add(&from, "team@" D, "rfc822;old", 1));
	assert_int_equal(expand(&expander, &from, &to, &d), OUT_OK);
	assert_int_equal(to.nrcpt, 4);
	assert_string_equal(env_orcpt(&to, 0), "");
	assert_int_equal(to.rcpts[0].notify, 4);
	assert_string_equal(env_orcpt(&to, 1), "rfc822;d1@" D);
	assert_int_equal(to.rcpts[1].notify, 2);
	assert_string_equal(env_orcpt(&to, 2), "rfc822;old");
	assert_int_equal(to.rcpts[2].notify, 1);
	env_free(&from);
	env_free(&to);
}

/* RFC 3461 section 5.2.7: who hears of success when an alias is in between. */
static void
success(void **state)
{
	static const struct {
		const char *sender, *addr;
		uint32_t notify;
		size_t n;
		char first; /* status */
		uint32_t members;
	} rcpts[] = {
		{ "a@x", "bob@" D, DSN_SUCCESS, 1, 'Q', DSN_SUCCESS },
		{ "a@x", "d1@" D, DSN_SUCCESS, 1, 'Q', DSN_SUCCESS },
		{ "a@x", "team@" D, DSN_SUCCESS, 4, 'G', DSN_NEVER },
		{ "a@x", "team@" D, DSN_SUCCESS | DSN_DELAY, 4, 'G',
		    DSN_DELAY },
		{ "a@x", "team@" D, DSN_SUCCESS | DSN_FAILURE, 4, 'G',
		    DSN_FAILURE },
		{ "a@x", "team@" D, DSN_FAILURE, 3, 'Q', DSN_FAILURE },
		{ "a@x", "team@" D, 0, 3, 'Q', 0 },
		{ "a@x", "team@" D, DSN_NEVER, 3, 'Q', DSN_NEVER },
		{ "", "team@" D, DSN_SUCCESS, 3, 'Q', DSN_SUCCESS },
		/* One that cannot be expanded fails. */
		{ "a@x", "self@" D, DSN_SUCCESS, 1, 'Q', DSN_SUCCESS },
	};
	struct envelope from, to;
	struct diag d = DIAG_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(rcpts); i++) {
		env_init(&from);
		env_init(&to);
		strlcpy(from.sender, rcpts[i].sender, sizeof(from.sender));
		assert_true(env_add(&from, rcpts[i].addr, "", rcpts[i].notify));
		assert_int_equal(expand(&expander, &from, &to, &d), OUT_OK);
		assert_int_equal(to.nrcpt, rcpts[i].n);
		assert_int_equal(to.rcpts[0].status, rcpts[i].first);
		if (rcpts[i].first == RCPT_EXPANDED)
			assert_string_equal(env_addr(&to, 0), rcpts[i].addr);
		for (size_t k = rcpts[i].first == 'G'; k < to.nrcpt; k++) {
			assert_int_equal(to.rcpts[k].status, RCPT_QUEUED);
			assert_int_equal(to.rcpts[k].notify, rcpts[i].members);
		}
		env_free(&from);
		env_free(&to);
	}
}

/* Who is given twice is told of all that either wants. */
static void
twice(void **state)
{
	static const struct {
		uint32_t one, two, want;
	} rcpts[] = {
		{ 0, 0, 0 },
		{ DSN_NEVER, DSN_NEVER, DSN_NEVER },
		{ DSN_NEVER, DSN_FAILURE, DSN_FAILURE },
		{ DSN_FAILURE, DSN_NEVER, DSN_FAILURE },
		{ 0, DSN_NEVER, DSN_FAILURE | DSN_DELAY },
		{ 0, DSN_SUCCESS, DSN_FAILURE | DSN_DELAY | DSN_SUCCESS },
		{ DSN_SUCCESS, DSN_DELAY, DSN_SUCCESS | DSN_DELAY },
	};
	struct envelope from, to;
	struct diag d = DIAG_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(rcpts); i++) {
		env_init(&from);
		env_init(&to);
		assert_true(env_add(&from, "x@far.test", "", DSN_NEVER));
		assert_true(env_add(&from, "bob@" D, "", rcpts[i].one));
		assert_true(env_add(&from, "BOB@" D, "", rcpts[i].two));
		assert_int_equal(expand(&expander, &from, &to, &d), OUT_OK);
		assert_int_equal(to.nrcpt, 2);
		assert_int_equal(to.rcpts[0].notify, DSN_NEVER);
		assert_int_equal(to.rcpts[1].notify, rcpts[i].want);
		env_free(&from);
		env_free(&to);
	}
}

/* <postmaster> is ours also where mail-name is another's. */
static void
bare_postmaster(void **state)
{
	struct expander x = expander;
	struct envelope from, to;
	struct diag d = DIAG_INIT;

	(void)state;
	env_init(&from);
	env_init(&to);
	assert_true(env_add(&from, "postmaster", "", 0));
	x.mail_name = "far.test";
	assert_int_equal(expand(&x, &from, &to, &d), OUT_OK);
	assert_int_equal(to.nrcpt, 1);
	assert_string_equal(env_addr(&to, 0), "bob@" D);
	assert_string_equal(env_orcpt(&to, 0), "rfc822;postmaster");
	env_free(&from);
	env_free(&to);
}

/* Damaged tables: try later, lose nobody. */
static void
broken(void **state)
{
	struct envelope from, to;
	struct diag d = DIAG_INIT;

	(void)state;
	env_init(&from);
	env_init(&to);
	add_words(&from, "bob@" D " team@" D, ' ');
	broken_at = "carol@" D;
	assert_int_equal(expand(&expander, &from, &to, &d), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.5");
	broken_at = NULL;
	env_free(&from);
	env_free(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(ceiling),
		cmocka_unit_test(returns),
		cmocka_unit_test(parameters),
		cmocka_unit_test(success),
		cmocka_unit_test(twice),
		cmocka_unit_test(bare_postmaster),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
