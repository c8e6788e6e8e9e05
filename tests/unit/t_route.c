/*
 * t_route: who delivers to a recipient, and what a message's destination is.
 */
#include "tests/unit/cdb.h"

#include "common/msg_spawn.h"
#include "queue/route.h"

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_DOMAIN,	"v.test",	"virtual" },
	{ TABLES_DOMAIN,	"u.test",	"unix" },
	{ TABLES_ACCOUNT,	"bob@v.test",	"v.test/bob/Maildir" },
	{ TABLES_ALIAS,		"late@v.test",	"abob@v.test" },
	{ TABLES_OPTION,	"unix-maildir",	"Maildir" },
	{ TABLES_ROUTE,		"exact.test",	"[10.0.0.1]:2525" },
	{ TABLES_ROUTE,		".wide.test",	"wide-mx.test" },
	{ TABLES_ROUTE,		".b.wide.test",	"lmtp:/run/b" },
	{ TABLES_ROUTE,		"[192.0.2.2]",	"[192.0.2.9]" },
	{ TABLES_ROUTE,		"[2001:db8::2]",	"[2001:db8::9]" },
	{ TABLES_ROUTE,		".0.2.3]",	"none.test" },
	{ TABLES_ROUTE,		"odd.test",	"not a hop" },
	{ TABLES_ROUTE,		"relayed.test",	"[relay.test]:587" },
	{ TABLES_ROUTE,		"known.test",	"[relay.test]:587" },
	{ TABLES_ROUTE,		"named.test",	"[named-relay.test]" },
	{ TABLES_META,		"relay:[relay.test]:587",	"yes" },
	{ TABLES_META,		"relay:[named-relay.test]",	"yes" },
	{ TABLES_TLS,		"[10.0.0.1]:2525",	"none" },
	{ TABLES_TLS,		"exact.test",	"verify" },
	{ TABLES_TLS,		".sure.test",	"verify" },
	{ TABLES_TLS,		"lax.sure.test",	"none" },
	{ TABLES_TLS,		"known.test",	"encrypt" },
	{ TABLES_TLS,		"[named-relay.test]",	"may" },
	{ TABLES_TLS,		"wrong.test",	"perhaps" },
};

static const struct cdb_row everywhere[] = {
	{ TABLES_DOMAIN,	"v.test",	"virtual" },
	{ TABLES_OPTION,	"smart-host",	"Smart.test" },
	{ TABLES_OPTION,	"tls-policy",	"encrypt" },
	{ TABLES_ROUTE,		"direct.test",	"direct.test" },
	{ TABLES_META,		"relay:smart.test",	"no" },
};

static const struct cdb_row star[] = {
	{ TABLES_DOMAIN,	"v.test",	"virtual" },
	{ TABLES_OPTION,	"smart-host",	"smart.test" },
	{ TABLES_ROUTE,		"*",		"[star.test]" },
	{ TABLES_TLS,		"*",		"none" },
	{ TABLES_ROUTE,		"relayed.test",	"relay.test" },
	{ TABLES_META,		"relay:relay.test",	"yes" },
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
	{ "x@far.test", OUT_OK, "2.0.0", "far.test", "", "" },
	{ "x@1.2.3.4", OUT_PERM, "5.1.2", NULL, NULL, NULL },
	{ "x@odd.test", OUT_TEMP, "4.3.5", NULL, NULL, NULL },
	{ "x@wrong.test", OUT_TEMP, "4.3.5", NULL, NULL, NULL },
	{ "../../etc@v.test", OUT_PERM, "5.1.3", NULL, NULL, NULL },
	{ "no address", OUT_PERM, "5.1.3", NULL, NULL, NULL },
	{ "", OUT_PERM, "5.1.3", NULL, NULL, NULL },
};

/* Mail that leaves. */
struct leaving {
	const char *addr, *hop;
	enum hop_tls tls;
	bool credentials, routed;
};

static const struct leaving leaving[] = {
	{ "x@far.test", "far.test", HOP_TLS_MAY, false, false },
	{ "x@FAR.Test", "far.test", HOP_TLS_MAY, false, false },
	{ "x@exact.test", "[10.0.0.1]:2525", HOP_TLS_NONE, false, true },
	{ "x@a.exact.test", "a.exact.test", HOP_TLS_MAY, false, false },
	{ "x@wide.test", "wide.test", HOP_TLS_MAY, false, false },
	{ "x@a.wide.test", "wide-mx.test", HOP_TLS_MAY, false, true },
	{ "x@a.c.wide.test", "wide-mx.test", HOP_TLS_MAY, false, true },
	{ "x@b.wide.test", "wide-mx.test", HOP_TLS_MAY, false, true },
	{ "x@1.2.3.4.5.6.7.8.9.10.11.b.wide.test", "lmtp:/run/b", HOP_TLS_NONE, false, true },
	{ "x@a.b.wide.test", "lmtp:/run/b", HOP_TLS_NONE, false, true },
	{ "x@awide.test", "awide.test", HOP_TLS_MAY, false, false },
	{ "x@[192.0.2.1]", "[192.0.2.1]", HOP_TLS_MAY, false, false },
	{ "x@[192.0.2.2]", "[192.0.2.9]", HOP_TLS_MAY, false, true },
	{ "x@[192.0.2.3]", "[192.0.2.3]", HOP_TLS_MAY, false, false },
	{ "x@[IPv6:2001:DB8:0::1]", "[2001:db8::1]", HOP_TLS_MAY, false,
	    false },
	{ "x@[IPv6:2001:db8:0::2]", "[2001:db8::9]", HOP_TLS_MAY, false,
	    true },
	{ "x@sure.test", "sure.test", HOP_TLS_MAY, false, false },
	{ "x@a.sure.test", "a.sure.test", HOP_TLS_VERIFY, false, false },
	{ "x@lax.sure.test", "lax.sure.test", HOP_TLS_NONE, false, false },
	{ "x@relayed.test", "[relay.test]:587", HOP_TLS_VERIFY, true, true },
	{ "x@known.test", "[relay.test]:587", HOP_TLS_ENCRYPT, true, true },
	{ "x@named.test", "[named-relay.test]", HOP_TLS_MAY, true, true },
};

static const struct leaving leaving_smart[] = {
	{ "x@far.test", "smart.test", HOP_TLS_ENCRYPT, false, true },
	{ "x@[192.0.2.1]", "smart.test", HOP_TLS_ENCRYPT, false, true },
	{ "x@direct.test", "direct.test", HOP_TLS_ENCRYPT, false, true },
};

static const struct leaving leaving_star[] = {
	{ "x@far.test", "[star.test]", HOP_TLS_NONE, false, true },
	{ "x@[192.0.2.1]", "[star.test]", HOP_TLS_NONE, false, true },
	{ "x@relayed.test", "relay.test", HOP_TLS_VERIFY, true, true },
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

		const struct route_ask q = { cases[i].addr, "", "" };

		assert_int_equal(
		    route_find(&tables, "v.test", &q, &r, &d), cases[i].want);
		assert_string_equal(d.dsn, cases[i].dsn);
		if (cases[i].want != OUT_OK)
			continue;
		assert_string_equal(r.pool, cases[i].pool);
		assert_string_equal(r.account, cases[i].account);
		assert_string_equal(r.mailbox, cases[i].mailbox);
		assert_int_equal(r.alias, cases[i].pool[0] == '\0');
	}
}

static void
check_leaving(struct tables *t, const struct leaving *c, size_t n)
{
	struct route r;

	for (; n > 0; n--, c++) {
		const struct route_ask q = { c->addr, "", "a@b.test" };
		struct diag d = DIAG_INIT;

		if (route_find(t, "v.test", &q, &r, &d) != OUT_OK)
			fail_msg("%s: %s", c->addr, d.text);
		assert_int_equal(r.program, SPAWN_REMOTE);
		assert_string_equal(r.pool, c->hop);
		if (r.away.tls != c->tls ||
		    r.away.credentials != c->credentials ||
		    r.away.routed != c->routed)
			fail_msg("%s: tls %s, credentials %d, routed %d",
			    c->addr, hop_tls_text(r.away.tls),
			    r.away.credentials, r.away.routed);
	}
}

static void
other_tables(
    const struct cdb_row *r, size_t nr, const struct leaving *c, size_t n)
{
	char err[TABLES_ERR];
	struct tables t;

	cdb_file("other.cdb", r, nr);
	assert_true(tables_open(&t, unit_path("other.cdb"), true, err));
	check_leaving(&t, c, n);
	tables_close(&t);
}

static void
next_hops(void **state)
{
	(void)state;
	check_leaving(&tables, leaving, COUNT(leaving));
	other_tables(
	    everywhere, COUNT(everywhere), leaving_smart, COUNT(leaving_smart));
	other_tables(star, COUNT(star), leaving_star, COUNT(leaving_star));
}

/* clang-format off */
static const struct {
	const char *addr, *by, *tls_by;
} whys[] = {
	{ "x@far.test", "", "tls-policy" },
	{ "x@exact.test", "route exact.test", "tls-policy [10.0.0.1]:2525" },
	{ "x@a.c.wide.test", "route .wide.test", "tls-policy" },
	{ "x@a.b.wide.test", "route .b.wide.test", "" },
	{ "x@[192.0.2.2]", "route [192.0.2.2]", "tls-policy" },
	{ "x@a.sure.test", "", "tls-policy .sure.test" },
	{ "x@relayed.test", "route relayed.test", "relay-passwords" },
	{ "x@known.test", "route known.test", "tls-policy known.test" },
	{ "bob@v.test", "", "" },
};
/* clang-format on */

static void
check_why(struct tables *t, const char *addr, const char *by, const char *tls)
{
	const struct route_ask q = { addr, "", "" };
	struct diag d = DIAG_INIT;
	struct route r;

	assert_int_equal(route_find(t, "v.test", &q, &r, &d), OUT_OK);
	assert_string_equal(r.by, by);
	assert_string_equal(r.tls_by, tls);
}

/* Which line it was is known for those who ask. */
static void
reasons(void **state)
{
	char err[TABLES_ERR];
	struct tables t;

	(void)state;
	for (size_t i = 0; i < COUNT(whys); i++)
		check_why(&tables, whys[i].addr, whys[i].by, whys[i].tls_by);
	cdb_file("other.cdb", everywhere, COUNT(everywhere));
	assert_true(tables_open(&t, unit_path("other.cdb"), true, err));
	check_why(&t, "x@far.test", "smart-host", "tls-policy");
	tables_close(&t);
	cdb_file("other.cdb", star, COUNT(star));
	assert_true(tables_open(&t, unit_path("other.cdb"), true, err));
	check_why(&t, "x@far.test", "route *", "tls-policy *");
	tables_close(&t);
}

/* clang-format off */
static const struct cdb_row kinds[] = {
	{ TABLES_DOMAIN,	"v.test",	"virtual" },
	{ TABLES_DOMAIN,	"u.test",	"unix" },
	{ TABLES_DOMAIN,	"r.test",	"relay" },
	{ TABLES_DOMAIN,	"also-r.test",	"alias r.test" },
	{ TABLES_ACCOUNT,	"bob@v.test",	"bob/" },
	{ TABLES_ACCOUNT,	"carol@v.test",	"carol/" },
	{ TABLES_FORWARD,	"bob@v.test",	"ax@far.test" },
	{ TABLES_FORWARD,	"dan",		"ax@far.test" },
	{ TABLES_ALIAS,		"carol@v.test",	"abob@v.test" },
	{ TABLES_ALIAS,		"@u.test",	"abob@v.test" },
	{ TABLES_ALIAS,		"gone@v.test",	"e5.1.6 moved away" },
	{ TABLES_ALIAS,		"later@v.test",	"e4.2.1 not today" },
	{ TABLES_ROUTE,		"exact.test",	"exact-mx.test" },
	{ TABLES_ROUTE,		".wide.test",	"wide-mx.test" },
	{ TABLES_ROUTE,		"r.test",	"[10.0.0.1]" },
	{ TABLES_ROUTE,		"*",		"star.test" },
	{ TABLES_SENDER_ROUTE,	"ann@a.test",	"ann.test" },
	{ TABLES_SENDER_ROUTE,	"a.test",	"domain.test" },
	{ TABLES_SENDER_ROUTE,	".a.test",	"parent.test" },
};

#define BAD	NULL	/* by is the dsn */

static const struct {
	const char *addr, *via, *sender, *pool, *by;
	uint32_t program;
} ways[] = {
	/* Lists count by the address alone. */
	{ "bob@v.test",		"",	"", "",			"", 0 },
	{ "bob@v.test",		"F",	"", "",			"", 0 },
	{ "carol@v.test",	"",	"", "",			"", 0 },
	{ "dan@u.test",		"",	"", "",			"", 0 },
	{ "bob@v.test",		"M",	"", ROUTE_VIRTUAL,	"", SPAWN_LOCAL },
	{ "carol+x@v.test",	"M",	"", ROUTE_VIRTUAL,	"", SPAWN_LOCAL },
	{ "dan@u.test",		"M",	"", "dan",		"", SPAWN_LOCAL },
	/* A catch-all is for when there is no such user. */
	{ "eve@u.test",		"",	"", "eve",		"", SPAWN_LOCAL },
	{ "nobody@v.test",	"M",	"", BAD,		"5.1.1", 0 },
	{ "x@far.test",		"M",	"", BAD,		"5.1.1", 0 },
	/* Commands are a Unix user's, or an alias's. */
	{ "dan@u.test",		"Ccat",	"", "|dan",		"", SPAWN_PIPE },
	{ "dan@u.test",		"B/m",	"", "|dan",		"", SPAWN_PIPE },
	{ "dan+x@u.test",	"Ccat",	"", "|dan",		"", SPAWN_PIPE },
	{ "bob@v.test",		"Ccat",	"", BAD,		"5.7.1", 0 },
	{ "x@far.test",		"B/m",	"", BAD,		"5.7.1", 0 },
	{ "carol@v.test",	"ccat",	"", "|",		"", SPAWN_PIPE },
	{ "carol+x@v.test",	"ccat",	"", "|",		"", SPAWN_PIPE },
	{ "nobody@v.test",	"b/m",	"", "|",		"", SPAWN_PIPE },
	{ "carol@v.test",	"i/l",	"", "|",		"", SPAWN_PIPE },
	{ "gone@v.test",	"",	"", BAD,		"5.1.6", 0 },
	{ "later@v.test",	"",	"", BAD,		"4.2.1", 0 },
	/* Of a domain that is passed on the name that counts. */
	{ "x@r.test",		"",	"", "[10.0.0.1]",	"route r.test", SPAWN_REMOTE },
	{ "x@also-r.test",	"F",	"", "[10.0.0.1]",	"route r.test", SPAWN_REMOTE },
	/* The recipient's domain first, then the sender, then all others. */
	{ "x@far.test",		"",	"ann@a.test",	"ann.test",	"sender-route ann@a.test", SPAWN_REMOTE },
	{ "x@far.test",		"F",	"Ann@A.test",	"ann.test",	"sender-route ann@a.test", SPAWN_REMOTE },
	{ "x@far.test",		"",	"bob@a.test",	"domain.test",	"sender-route a.test", SPAWN_REMOTE },
	{ "x@far.test",		"",	"b@c.a.test",	"parent.test",	"sender-route .a.test", SPAWN_REMOTE },
	{ "x@far.test",		"",	"b@ba.test",	"star.test",	"route *", SPAWN_REMOTE },
	{ "x@far.test",		"",	"",		"star.test",	"route *", SPAWN_REMOTE },
	{ "x@far.test",		"",	"postmaster",	"star.test",	"route *", SPAWN_REMOTE },
	{ "x@exact.test",	"",	"ann@a.test",	"exact-mx.test", "route exact.test", SPAWN_REMOTE },
	{ "x@b.wide.test",	"",	"ann@a.test",	"wide-mx.test",	"route .wide.test", SPAWN_REMOTE },
};
/* clang-format on */

static void
check_ways(struct tables *t)
{
	struct route r;

	for (size_t i = 0; i < COUNT(ways); i++) {
		const struct route_ask q = { ways[i].addr, ways[i].via,
			ways[i].sender };
		struct diag d = DIAG_INIT;

		if (route_find(t, "v.test", &q, &r, &d) != OUT_OK) {
			if (ways[i].pool != BAD ||
			    strcmp(d.dsn, ways[i].by) != 0)
				fail_msg("%s %s: %s", q.via, q.addr, d.text);
			continue;
		}
		if (ways[i].pool == BAD || strcmp(r.pool, ways[i].pool) != 0 ||
		    strcmp(r.by, ways[i].by) != 0 ||
		    r.program != ways[i].program)
			fail_msg("%s %s: pool \"%s\" by \"%s\"", q.via, q.addr,
			    r.pool, r.by);
		assert_int_equal(r.alias, r.program == 0);
		assert_int_equal(r.user,
		    q.via[0] == '\0' && strcmp(q.addr, "eve@u.test") == 0);
		if (r.program == SPAWN_PIPE)
			assert_string_equal(r.account, r.pool + 1);
		assert_string_equal(
		    r.tag, strstr(q.addr, "+x") != NULL ? "x" : "");
	}
}

static void
by_way(void **state)
{
	char err[TABLES_ERR];
	struct tables t;

	(void)state;
	cdb_file("ways.cdb", kinds, COUNT(kinds));
	assert_true(tables_open(&t, unit_path("ways.cdb"), true, err));
	check_ways(&t);
	tables_close(&t);
}

static uint32_t
destination(const char *first, const char *second, char status)
{
	struct envelope e;
	struct route_aim aim;

	env_init(&e);
	assert_true(env_add(&e, first, "", 0));
	assert_true(env_add(&e, second, "", 0));
	e.rcpts[0].status = status;
	aim = route_destination(&tables, "v.test", &e);
	env_free(&e);
	return aim.dest;
}

/* n recipients; whether the message has but one destination. */
static bool
only(const char *first, const char *second, size_t n, char status)
{
	struct route_aim aim;
	struct envelope e;

	env_init(&e);
	for (size_t i = 0; i < n; i++)
		assert_true(env_add(&e, i % 2 == 0 ? first : second, "", 0));
	e.rcpts[0].status = status;
	aim = route_destination(&tables, "v.test", &e);
	assert_int_equal((aim.dest & ROUTE_AWAY) != 0,
	    strstr(n > 1 && status != RCPT_QUEUED ? second : first, "far") !=
		NULL);
	env_free(&e);
	return aim.only;
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
	assert_int_equal(destination("x@exact.test", "", RCPT_QUEUED),
	    route_hop_number("[10.0.0.1]:2525", HOP_TLS_NONE));
	assert_int_not_equal(route_hop_number("far.test", HOP_TLS_MAY),
	    route_hop_number("far.test", HOP_TLS_VERIFY));
	assert_int_equal(destination("x@a.wide.test", "", RCPT_QUEUED),
	    destination("x@b.c.wide.test", "", RCPT_QUEUED));
}

/* Whoever is still to be told, or goes elsewhere, does not wait with it. */
static void
only_ones(void **state)
{
	(void)state;
	assert_true(only("x@far.test", "", 1, RCPT_QUEUED));
	assert_true(only("x@far.test", "y@far.test", 20, RCPT_QUEUED));
	assert_true(only("bob@v.test", "y@far.test", 2, RCPT_DELIVERED));
	assert_false(only("x@far.test", "bob@v.test", 2, RCPT_QUEUED));
	assert_false(only("bob@v.test", "y@far.test", 2, RCPT_CONFIRM));
	assert_false(only("x@far.test", "y@far.test", 2000, RCPT_QUEUED));
}

/* What goes to two recipients, of whom the second has this way. */
static uint32_t
second_way(const char *via, char status)
{
	struct route_aim aim;
	struct envelope e;

	env_init(&e);
	assert_true(env_add(&e, "bob@v.test", "", 0));
	assert_true(env_add_via(&e, "list@v.test", "", 0, via));
	e.rcpts[1].status = status;
	aim = route_destination(&tables, "v.test", &e);
	env_free(&e);
	return aim.dest;
}

/* A command may keep its message for long, whoever else it is for. */
static void
piped_ones(void **state)
{
	static const char *const piped[] = { "c/bin/x", "b/x", "i/x", "C/x",
		"B/x" };
	uint32_t bob = destination("bob@v.test", "", RCPT_QUEUED);

	(void)state;
	assert_false(route_piped(bob));
	assert_false(route_piped(route_hop_number("far.test", HOP_TLS_MAY)));
	for (size_t i = 0; i < COUNT(piped); i++) {
		assert_int_equal(route_piped(second_way(piped[i], RCPT_QUEUED)),
		    piped[i][0] > 'Z');
		assert_int_equal(second_way(piped[i], RCPT_DELIVERED), bob);
	}
	assert_int_equal(second_way("M", RCPT_QUEUED), bob);
	assert_int_equal(second_way("F", RCPT_QUEUED), bob);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes),
		cmocka_unit_test(next_hops),
		cmocka_unit_test(reasons),
		cmocka_unit_test(by_way),
		cmocka_unit_test(destinations),
		cmocka_unit_test(only_ones),
		cmocka_unit_test(piped_ones),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
