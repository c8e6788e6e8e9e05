/*
 * resolve: the tables in which the tests of resolve look addresses up.
 */
#ifndef TESTS_UNIT_RESOLVE_H
#define TESTS_UNIT_RESOLVE_H

#include "tests/unit/cdb.h"

#include "common/resolve.h"

#define NAME "example.org" /* mail-name */

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_DOMAIN, "example.org",		"virtual" },
	{ TABLES_DOMAIN, "example.net",		"virtual" },
	{ TABLES_DOMAIN, "host.example.org",	"unix" },
	{ TABLES_ACCOUNT, "alice@example.org",	"example.org/alice/Maildir" },
	{ TABLES_ACCOUNT, "bob@example.org",	"example.org/bob/Maildir" },
	{ TABLES_ACCOUNT, "bob+lists@example.org", "example.org/bob/lists" },
	{ TABLES_ACCOUNT, "\"a b\"@example.org", "example.org/ab/Maildir" },
	{ TABLES_ACCOUNT, "alice@example.net",	"example.net/alice/Maildir" },
	{ TABLES_ALIAS, "sales@example.org",	"aalice@example.org\nabob@example.org" },
	{ TABLES_ALIAS, "alice@example.net",	"aalice@example.org" },
	{ TABLES_ALIAS, "root",			"aalice@example.org" },
	{ TABLES_ALIAS, "bob",			"aalice@example.org" },
	{ TABLES_ALIAS, "team",			"asales@example.org" },
	{ TABLES_ALIAS, "far",			"ax@foreign.test\naalice@example.org" },
	{ TABLES_OPTION, "postmaster",		"alice@example.org" },
	{ TABLES_OPTION, "unix-maildir",	"Mail/dir" },
	{ TABLES_OPTION, "tag-separators",	"+=-" },
	{ TABLES_DOMAIN, "same.test",		"alias example.org" },
	{ TABLES_DOMAIN, "same-host.test",	"alias host.example.org" },
	{ TABLES_DOMAIN, "chain.test",		"alias same.test" },
	{ TABLES_DOMAIN, "nowhere.test",	"alias foreign.test" },
	{ TABLES_DOMAIN, "odd.test",		"odd" },
	{ TABLES_DOMAIN, "relay.test",		"relay" },
	{ TABLES_DOMAIN, "listed.test",		"relay listed" },
	{ TABLES_DOMAIN, "same-relay.test",	"alias relay.test" },
	{ TABLES_DOMAIN, "caught.test",		"virtual" },
	{ TABLES_DOMAIN, "caught-unix.test",	"unix" },
	{ TABLES_DOMAIN, "caught-list.test",	"relay listed" },
	{ TABLES_DOMAIN, "closed.test",		"virtual" },
	{ TABLES_ACCOUNT, "a+b@example.org",	"example.org/a+b" },
	{ TABLES_ACCOUNT, "a@example.org",	"example.org/a" },
	{ TABLES_ACCOUNT, "\"x y\"@example.org", "example.org/xy" },
	{ TABLES_ACCOUNT, "c@caught.test",	"caught.test/c" },
	{ TABLES_ACCOUNT, "near@relay.test",	"relay.test/near" },
	{ TABLES_ACCOUNT, "gone@example.org",	"example.org/gone" },
	{ TABLES_FORWARD, "c@caught.test",	"ax@foreign.test\nfc@caught.test" },
	{ TABLES_FORWARD, "dora",		"ax@foreign.test" },
	{ TABLES_FORWARD, "gone@example.org",	"e5.1.6 She has left" },
	{ TABLES_ALIAS, "here@relay.test",	"aalice@example.org" },
	{ TABLES_ALIAS, "here@listed.test",	"aalice@example.org" },
	{ TABLES_ALIAS, "@caught.test",		"aalice@example.org" },
	{ TABLES_ALIAS, "@caught-unix.test",	"abob@example.org" },
	{ TABLES_ALIAS, "@caught-list.test",	"aalice@example.org" },
	{ TABLES_ALIAS, "@closed.test",		"e5.1.1 Closed" },
	{ TABLES_ALIAS, "@relay.test",		"aalice@example.org" },
	{ TABLES_ALIAS, "left@example.org",	"e4.2.1 Come again" },
	{ TABLES_ALIAS, "mixed@example.org",	"aalice@example.org\ne5.1.1 no" },
	{ TABLES_ALIAS, "final@example.org",	"fbob@example.org\nc/bin/true" },
	{ TABLES_RECIPIENT, "rita@listed.test",	"yes" },
	{ TABLES_RECIPIENT, "r+s@listed.test",	"yes" },
	{ TABLES_RECIPIENT, "root@listed.test",	"yes" },
	{ TABLES_RECIPIENT, "ron@caught-list.test", "yes" },
	{ TABLES_RECIPIENT, "nobody@example.org", "yes" },
};
/* clang-format on */

struct row {
	const char *address;
	enum resolve kind;
	const char *account, *maildir, *members;
};

#define ALICE                                                                  \
	RESOLVE_VIRTUAL, "alice@example.org", "example.org/alice/Maildir", NULL
#define BOB RESOLVE_VIRTUAL, "bob@example.org", "example.org/bob/Maildir", NULL
#define ALIAS(to) RESOLVE_ALIAS, "", "", to
#define UNIX(name) RESOLVE_UNIX, name, "Mail/dir", NULL
#define NOBODY RESOLVE_UNKNOWN, "", "", NULL
#define FOREIGN RESOLVE_FOREIGN, "", "", NULL
#define RELAY RESOLVE_RELAY, "", "", NULL
#define BROKEN RESOLVE_BROKEN, "", "", NULL
#define REFUSED(name) RESOLVE_ERROR, name, "", NULL

static struct tables tables;

static void
open_tables(const struct cdb_row *r, size_t n)
{
	char e[TABLES_ERR];

	cdb_file("tables.cdb", r, n);
	if (!tables_open(&tables, unit_path("tables.cdb"), false, e))
		fail_msg("%s", e);
}

static int
setup(void **state)
{
	int r = unit_setup(state);

	open_tables(rows, COUNT(rows));
	return r;
}

static int
teardown(void **state)
{
	tables_close(&tables);
	return unit_teardown(state);
}

static void
check(const char *text, const struct resolved *r, const struct row *want)
{
	if (r->kind != want->kind)
		fail_msg("%s: kind %d", text, r->kind);
	assert_string_equal(r->account, want->account);
	assert_string_equal(r->maildir, want->maildir);
	if (want->members == NULL)
		assert_null(r->members);
	else
		assert_string_equal(r->members, want->members);
}

#endif
