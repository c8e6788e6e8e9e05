/*
 * t_resolve: what addresses mean here.
 */
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

/* clang-format off */
static const struct row addresses[] = {
	{ "alice@example.org",		ALICE },
	{ "ALICE@EXAMPLE.ORG",		ALICE },
	{ "\"alice\"@example.org",	ALICE },
	{ "alice",			ALICE },
	{ "alice+tag@example.org",	ALICE },
	{ "alice+a+b@example.org",	ALICE },
	{ "alice+@example.org",		ALICE },
	{ "+alice@example.org",		NOBODY },
	{ "alice-tag@example.org",	NOBODY },
	{ "carol@example.org",		NOBODY },
	{ "alic@example.org",		NOBODY },
	/* an account goes before a name for all domains */
	{ "bob@example.org",		BOB },
	{ "bob@example.net",		ALIAS("aalice@example.org") },
	/* an account with a plus is itself */
	{ "bob+lists@example.org",	RESOLVE_VIRTUAL, "bob+lists@example.org", "example.org/bob/lists", NULL },
	{ "bob+other@example.org",	BOB },
	{ "\"a b\"@example.org",	RESOLVE_VIRTUAL, "\"a b\"@example.org", "example.org/ab/Maildir", NULL },
	/* aliases */
	{ "sales@example.org",		ALIAS("aalice@example.org\nabob@example.org") },
	{ "Sales+x@example.org",	ALIAS("aalice@example.org\nabob@example.org") },
	{ "sales@example.net",		NOBODY },
	{ "alice@example.net",		ALIAS("aalice@example.org") },
	{ "root@example.org",		ALIAS("aalice@example.org") },
	{ "root@example.net",		ALIAS("aalice@example.org") },
	{ "root@host.example.org",	ALIAS("aalice@example.org") },
	{ "root@foreign.test",		FOREIGN },
	{ "root",			ALIAS("aalice@example.org") },
	/* Unix users; whether there is one is not known here */
	{ "carol@host.example.org",	UNIX("carol") },
	{ "Carol@host.example.org",	UNIX("carol") },
	{ "carol+x@host.example.org",	UNIX("carol") },
	{ "0carol@host.example.org",	NOBODY },
	{ "a/b@host.example.org",	NOBODY },
	{ "\"a b\"@host.example.org",	NOBODY },
	{ "-f@host.example.org",	NOBODY },
	/* somebody reads these, RFC 5321 4.5.1, RFC 2142 */
	{ "postmaster@example.org",	ALIAS("aalice@example.org") },
	{ "Postmaster",			ALIAS("aalice@example.org") },
	{ "abuse@example.net",		ALIAS("aalice@example.org") },
	{ "mailer-daemon@example.net",	ALIAS("aalice@example.org") },
	{ "postmaster+x@example.org",	ALIAS("aalice@example.org") },
	{ "postmaster@host.example.org", ALIAS("aalice@example.org") },
	{ "Abuse+x@host.example.org",	ALIAS("aalice@example.org") },
	{ "postmaster@foreign.test",	FOREIGN },
	{ "hostmaster@example.org",	NOBODY },
	/* not ours */
	{ "alice@foreign.test",		FOREIGN },
	{ "alice@sub.example.org",	FOREIGN },
	{ "alice@[127.0.0.1]",		FOREIGN },
	{ "u%foreign.test@example.org",	NOBODY },
	{ "foreign.test!u",		NOBODY },
	{ "\"x@foreign.test\"@example.org", NOBODY },
	/* keys of other spaces are not reached */
	{ "hostname",			NOBODY },
};
/* clang-format on */

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

static struct resolved
resolve(const char *text, const char *name)
{
	struct resolved r;
	struct address a;

	assert_int_equal(address_parse(text, &a), ADDRESS_OK);
	resolve_address(&tables, &a, name, &r);
	return r;
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

static void
by_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct resolved r = resolve(addresses[i].address, NAME);

		check(addresses[i].address, &r, &addresses[i]);
	}
}

/* clang-format off */
static const struct row bare[] = {
	/* <postmaster> is accepted everywhere, RFC 5321 4.5.1 */
	{ "postmaster",		ALIAS("aalice@example.org") },
	{ "Postmaster",		ALIAS("aalice@example.org") },
	{ "abuse",		ALIAS("aalice@example.org") },
	{ "alice",		FOREIGN },
	{ "root",		FOREIGN },
};
/* clang-format on */

/* mail-name is a domain that another host serves. */
static void
foreign_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bare); i++) {
		struct resolved r = resolve(bare[i].address, "foreign.test");

		check(bare[i].address, &r, &bare[i]);
	}
}

/* clang-format off */
static const struct row logins[] = {
	{ "alice@example.org",		ALICE },
	{ "Alice@Example.ORG",		ALICE },
	{ "alice",			ALICE },
	{ "bob@example.org",		BOB },
	{ "alice+tag@example.org",	NOBODY },
	{ "alice@example.net",		RESOLVE_VIRTUAL, "alice@example.net", "example.net/alice/Maildir", NULL },
	{ "sales@example.org",		NOBODY },
	{ "root",			NOBODY },
	{ "postmaster",			NOBODY },
	{ "alice@foreign.test",		NOBODY },
	{ "carol@host.example.org",	UNIX("carol") },
	{ "CAROL@host.example.org",	UNIX("carol") },
	{ "carol+x@host.example.org",	NOBODY },
	{ "../carol@host.example.org",	NOBODY },
	{ "carol",			NOBODY },	/* mail-name is virtual */
	{ "",				NOBODY },
	{ "alice@",			NOBODY },
	{ "a\nb",			NOBODY },
	{ "%d",				NOBODY },
	{ "<alice@example.org>",	NOBODY },
	{ "alice\x80",			NOBODY },
};
/* clang-format on */

static void
by_login(void **state)
{
	struct resolved r;

	(void)state;
	for (size_t i = 0; i < COUNT(logins); i++) {
		resolve_login(&tables, logins[i].address, NAME, &r);
		check(logins[i].address, &r, &logins[i]);
	}
	resolve_login(&tables, "carol", "host.example.org", &r);
	assert_int_equal(r.kind, RESOLVE_UNIX);
	assert_string_equal(r.account, "carol");
}

/* clang-format off */
static const struct {
	const char *account, *address;
	bool owns;
} owners[] = {
	{ "alice@example.org",	"alice@example.org",		true },
	{ "alice@example.org",	"Alice@EXAMPLE.org",		true },
	{ "alice@example.org",	"alice",			true },
	{ "alice@example.org",	"alice+news@example.org",	true },
	{ "alice@example.org",	"bob@example.org",		false },
	{ "alice@example.org",	"sales@example.org",		true },
	{ "bob@example.org",	"sales@example.org",		true },
	{ "bob@example.org",	"alice@example.net",		false },
	{ "alice@example.org",	"alice@example.net",		true },
	{ "alice@example.org",	"root@example.net",		true },
	{ "alice@example.org",	"far@example.org",		true },
	{ "bob@example.org",	"far@example.org",		false },
	/* an alias of an alias names nobody directly */
	{ "alice@example.org",	"team@example.org",		false },
	{ "alice@example.org",	"postmaster@example.org",	true },
	{ "bob@example.org",	"postmaster@example.org",	false },
	{ "alice@example.org",	"alice@foreign.test",		false },
	{ "alice@example.org",	"nobody@example.org",		false },
	{ "carol",		"carol@host.example.org",	true },
	{ "carol",		"carol+x@host.example.org",	true },
	{ "carol",		"dave@host.example.org",	false },
	{ "carol",		"carol@example.org",		false },
	{ "",			"nobody@example.org",		false },
	{ "",			"alice@foreign.test",		false },
};
/* clang-format on */

static void
owns(void **state)
{
	const struct address null = { "", "" };
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(owners); i++) {
		assert_int_equal(
		    address_parse(owners[i].address, &a), ADDRESS_OK);
		if (resolve_owns(&tables, owners[i].account, &a, NAME) !=
		    owners[i].owns)
			fail_msg("%s %s", owners[i].account, owners[i].address);
	}
	assert_false(resolve_owns(&tables, "alice@example.org", &null, NAME));
}

/* The longest that parse do not overrun anything. */
static void
longest(void **state)
{
	struct resolved r;
	struct address a;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(a.local, '"', LOCAL_MAX);
	(void)snprintf(a.domain, sizeof(a.domain), "example.org");
	resolve_address(&tables, &a, NAME, &r);
	assert_int_equal(r.kind, RESOLVE_UNKNOWN);
	memset(a.domain, 'a', DOMAIN_MAX);
	resolve_address(&tables, &a, NAME, &r);
	assert_int_equal(r.kind, RESOLVE_FOREIGN);
}

/* No postmaster option, or an empty one: nobody. */
static void
no_postmaster(void **state)
{
	static const struct cdb_row few[] = {
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_OPTION, "postmaster", "" },
	};

	(void)state;
	tables_close(&tables);
	for (size_t n = 1; n <= 2; n++) {
		open_tables(few, n);
		assert_int_equal(
		    resolve("postmaster", NAME).kind, RESOLVE_UNKNOWN);
		assert_int_equal(resolve("postmaster", "foreign.test").kind,
		    RESOLVE_FOREIGN);
		tables_close(&tables);
	}
	open_tables(rows, COUNT(rows));
}

/* A value that fits no Maildir is damage, not a cut path. */
static void
broken(void **state)
{
	static char path[MBOX_MAX + 2];
	const struct cdb_row bad[] = {
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_ACCOUNT, "alice@example.org", path },
	};
	struct resolved r;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	tables_close(&tables);
	open_tables(bad, COUNT(bad));
	assert_int_equal(
	    resolve("alice@example.org", NAME).kind, RESOLVE_BROKEN);
	resolve_login(&tables, "alice@example.org", NAME, &r);
	assert_int_equal(r.kind, RESOLVE_BROKEN);
	tables_close(&tables);
	open_tables(rows, COUNT(rows));
}

/* clang-format off */
static const struct {
	const char *name;
	bool good;
} names[] = {
	{ "carol",				true },
	{ "_x",					true },
	{ "a.b-c_9",				true },
	{ "abcdefghijklmnopqrstuvwxyz012345",	true },
	{ "abcdefghijklmnopqrstuvwxyz0123456",	false },
	{ "",					false },
	{ "Carol",				false },
	{ "9x",					false },
	{ "-x",					false },
	{ ".x",					false },
	{ "a b",				false },
	{ "a/b",				false },
	{ "a:b",				false },
	{ "a+b",				false },
	{ "a$",					false },
	{ "a\n",				false },
	{ "\xc3\xa9",				false },
};
/* clang-format on */

static void
unix_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (resolve_unix_name_valid(names[i].name) != names[i].good)
			fail_msg("\"%s\"", names[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_address),
		cmocka_unit_test(foreign_name),
		cmocka_unit_test(by_login),
		cmocka_unit_test(owns),
		cmocka_unit_test(longest),
		cmocka_unit_test(no_postmaster),
		cmocka_unit_test(broken),
		cmocka_unit_test(unix_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
