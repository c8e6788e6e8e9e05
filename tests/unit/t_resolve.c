/*
 * t_resolve: what addresses mean here.
 */
#include "tests/unit/resolve.h"

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
	{ "alice_tag@example.org",	NOBODY },
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
	/* several separators, the longest name first */
	{ "a+b+c@example.org",		RESOLVE_VIRTUAL, "a+b@example.org", "example.org/a+b", NULL },
	{ "a+b=c-d@example.org",	RESOLVE_VIRTUAL, "a+b@example.org", "example.org/a+b", NULL },
	{ "a=b+c@example.org",		RESOLVE_VIRTUAL, "a@example.org", "example.org/a", NULL },
	{ "alice-tag@example.org",	ALICE },
	{ "alice++@example.org",	ALICE },
	{ "\"x y+z\"@example.org",	RESOLVE_VIRTUAL, "\"x y\"@example.org", "example.org/xy", NULL },
	{ "alice+1+2+3+4+5+6+7+8+9@example.org", ALICE },
	{ "a+b+1+2+3+4+5+6+7+8+9@example.org", RESOLVE_VIRTUAL, "a+b@example.org", "example.org/a+b", NULL },
	/* a domain that is another one */
	{ "alice@same.test",		ALICE },
	{ "Alice+x@Same.Test",		ALICE },
	{ "sales@same.test",		ALIAS("aalice@example.org\nabob@example.org") },
	{ "nobody@same.test",		NOBODY },
	{ "carol@same-host.test",	UNIX("carol") },
	{ "x@same-relay.test",		RELAY },
	{ "alice@chain.test",		BROKEN },
	{ "alice@nowhere.test",		BROKEN },
	{ "alice@odd.test",		BROKEN },
	/* what is passed on */
	{ "x@relay.test",		RELAY },
	{ "X+y@Relay.test",		RELAY },
	{ "postmaster@relay.test",	RELAY },
	{ "bob@relay.test",		RELAY },
	{ "here@relay.test",		ALIAS("aalice@example.org") },
	{ "here+x@relay.test",		ALIAS("aalice@example.org") },
	{ "near@relay.test",		RESOLVE_VIRTUAL, "near@relay.test", "relay.test/near", NULL },
	{ "rita@listed.test",		RELAY },
	{ "Rita+x@listed.test",		RELAY },
	{ "r+s+t@listed.test",		RELAY },
	{ "r@listed.test",		NOBODY },
	{ "bob@listed.test",		NOBODY },
	{ "here@listed.test",		ALIAS("aalice@example.org") },
	{ "abuse@listed.test",		ALIAS("aalice@example.org") },
	{ "root@listed.test",		RELAY },
	{ "nobody@example.org",		NOBODY },
	/* whoever is not found */
	{ "c@caught.test",		RESOLVE_VIRTUAL, "c@caught.test", "caught.test/c", "ax@foreign.test\nfc@caught.test" },
	{ "x@caught.test",		ALIAS("aalice@example.org") },
	{ "\"@\"@caught.test",	ALIAS("aalice@example.org") },
	{ "ron@caught-list.test",	RELAY },
	{ "x@caught-list.test",		ALIAS("aalice@example.org") },
	{ "carol@caught-unix.test",	RESOLVE_UNIX, "carol", "Mail/dir", "abob@example.org" },
	{ "0carol@caught-unix.test",	ALIAS("abob@example.org") },
	{ "dora@caught-unix.test",	RESOLVE_UNIX, "dora", "Mail/dir", "ax@foreign.test" },
	{ "dora@host.example.org",	RESOLVE_UNIX, "dora", "Mail/dir", "ax@foreign.test" },
	/* what the administrator refuses */
	{ "left@example.org",		REFUSED("") },
	{ "left+x@same.test",		REFUSED("") },
	{ "x@closed.test",		REFUSED("") },
	{ "gone@example.org",		RESOLVE_ERROR, "gone@example.org", "example.org/gone", NULL },
	{ "mixed@example.org",		ALIAS("aalice@example.org\ne5.1.1 no") },
	{ "root",			ALIAS("aalice@example.org") },
	/* Unix users; whether there is one is not known here */
	{ "carol@host.example.org",	UNIX("carol") },
	{ "Carol@host.example.org",	UNIX("carol") },
	{ "carol+x@host.example.org",	UNIX("carol") },
	{ "carol=x@host.example.org",	UNIX("carol") },
	/* a sign that is part of names is part of this one */
	{ "carol-x@host.example.org",	UNIX("carol-x") },
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
	{ "root@caught.test",		ALIAS("aalice@example.org") },
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

/* Valid until the next one. */
static const struct resolved *
resolve(const char *text, const char *name)
{
	static struct resolved r;
	struct address a;

	assert_int_equal(address_parse(text, &a), ADDRESS_OK);
	resolve_address(&tables, &a, name, &r);
	return &r;
}

static void
by_address(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++)
		check(addresses[i].address, resolve(addresses[i].address, NAME),
		    &addresses[i]);
}

/* clang-format off */
static const struct row bare[] = {
	/* <postmaster> is accepted everywhere, RFC 5321 4.5.1 */
	{ "postmaster",		ALIAS("aalice@example.org") },
	{ "Postmaster",		ALIAS("aalice@example.org") },
	{ "abuse",		ALIAS("aalice@example.org") },
	{ "alice",		FOREIGN },
	{ "root",		ALIAS("aalice@example.org") },
	{ "Mailer-Daemon",	ALIAS("aalice@example.org") },
};
/* clang-format on */

/* mail-name is a domain that another host serves. */
static void
foreign_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bare); i++)
		check(bare[i].address, resolve(bare[i].address, "foreign.test"),
		    &bare[i]);
}

/* clang-format off */
static const struct {
	const char *address, *name, *whole, *tag;
} parts[] = {
	{ "Alice@Example.Org",		"",			"alice@example.org", "" },
	{ "alice+Lists@example.org",	"",			"alice+lists@example.org", "Lists" },
	{ "A+B+CdE@example.org",	"",			"a+b+cde@example.org", "CdE" },
	{ "alice+@example.org",		"",			"alice+@example.org", "" },
	{ "alice++X@example.org",	"",			"alice++x@example.org", "+X" },
	{ "alice",			"",			"alice@example.org", "" },
	{ "\"X Y+Z z\"@same.test",	"",			"\"x y+z z\"@example.org", "Z z" },
	{ "Sales=A@same.test",		"sales@example.org",	"sales=a@example.org", "A" },
	{ "Bob+T@example.net",		"bob",			"bob+t@example.net", "T" },
	{ "x+T@caught.test",		"@caught.test",		"x+t@caught.test", "" },
	{ "Carol+T@caught-unix.test",	"@caught-unix.test",	"carol+t@caught-unix.test", "T" },
	{ "dora@caught-unix.test",	"",			"dora@caught-unix.test", "" },
	{ "postmaster@example.org",	"",			"postmaster@example.org", "" },
	{ "X+Y@same-relay.test",	"",			"x+y@relay.test", "" },
	{ "Rita+Y@listed.test",		"",			"rita+y@listed.test", "Y" },
	{ "nobody+x@same.test",		"",			"nobody+x@example.org", "" },
	{ "x@foreign.test",		"",			"", "" },
	{ "x@chain.test",		"",			"", "" },
};
/* clang-format on */

static void
parts_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		const struct resolved *r = resolve(parts[i].address, NAME);

		assert_string_equal(r->name, parts[i].name);
		assert_string_equal(r->address, parts[i].whole);
		assert_string_equal(r->tag, parts[i].tag);
	}
	assert_string_equal(
	    resolve("left@example.org", NAME)->error, "4.2.1 Come again");
	assert_string_equal(
	    resolve("x@closed.test", NAME)->error, "5.1.1 Closed");
	assert_string_equal(
	    resolve("gone@example.org", NAME)->error, "5.1.6 She has left");
	assert_string_equal(
	    resolve("Postmaster", "foreign.test")->address, "postmaster");
}

/* clang-format off */
static const struct {
	const char *address, *looks;
} costs[] = {
	/* a mailbox and its forward list */
	{ "alice@example.org",		"d:example.org l:alice@example.org a:alice@example.org f:alice@example.org " },
	{ "sales@example.org",		"d:example.org l:sales@example.org " },
	{ "x@foreign.test",		"d:foreign.test " },
	{ "alice@same.test",		"d:same.test d:example.org l:alice@example.org a:alice@example.org f:alice@example.org " },
	{ "x@relay.test",		"d:relay.test l:x@relay.test a:x@relay.test o:tag-separators " },
	{ "nix@caught.test",		"d:caught.test l:nix@caught.test a:nix@caught.test l:nix o:tag-separators l:@caught.test " },
	{ "a+x@example.org",		"d:example.org l:a+x@example.org a:a+x@example.org l:a+x o:tag-separators l:a@example.org a:a@example.org f:a@example.org " },
};
/* clang-format on */

static char looks[4000];

static void
note_look(void *arg, const struct tables_look *look)
{
	size_t n = strlen(looks);

	(void)arg;
	(void)snprintf(looks + n, sizeof(looks) - n, "%c:%s ", (int)look->space,
	    look->key);
}

static size_t
count_looks(void)
{
	size_t n = 0;

	for (const char *p = looks; *p != '\0'; p++)
		n += *p == ' ';
	return n;
}

/* Few looks for what is there, and a bound for what a stranger makes up. */
static void
cost(void **state)
{
	(void)state;
	tables.trace = note_look;
	for (size_t i = 0; i < COUNT(costs); i++) {
		looks[0] = '\0';
		(void)resolve(costs[i].address, NAME);
		assert_string_equal(looks, costs[i].looks);
	}
	looks[0] = '\0';
	(void)resolve("q+++++++++++++++++++++++++++++++++++++++++++++++@"
		      "example.org",
	    NAME);
	assert_true(count_looks() <= 3 * 9 + 3);
	tables.trace = NULL;
}

/* clang-format off */
static const struct {
	const char *srs, *domain, *address;
	enum resolve kind;
} rewritten[] = {
	{ "yes", "", "SRS0=HHHH=TT=foreign.test=user@example.org",	RESOLVE_SRS },
	{ "yes", "", "srs1+HHHH==x@EXAMPLE.org",			RESOLVE_SRS },
	{ "yes", "", "Srs0-x@example.org",				RESOLVE_SRS },
	{ "yes", "", "SRS0=x",						RESOLVE_SRS },
	{ "yes", "", "SRS0=x@example.net",				RESOLVE_UNKNOWN },
	{ "yes", "", "SRS0=x@foreign.test",				RESOLVE_FOREIGN },
	{ "yes", "", "SRS2=x@example.org",				RESOLVE_UNKNOWN },
	{ "yes", "", "SRS0x@example.org",				RESOLVE_UNKNOWN },
	{ "yes", "", "SRS0@example.org",				RESOLVE_UNKNOWN },
	{ "yes", "", "xSRS0=x@example.org",				RESOLVE_UNKNOWN },
	{ "yes", "srs.test", "SRS0=x@srs.test",				RESOLVE_SRS },
	{ "yes", "srs.test", "SRS0=x@example.org",			RESOLVE_UNKNOWN },
	{ "no",	"", "SRS0=x@example.org",				RESOLVE_UNKNOWN },
	{ NULL,	NULL, "SRS0=x@example.org",				RESOLVE_SRS },
};
/* clang-format on */

static void
senders_that_we_rewrote(void **state)
{
	(void)state;
	tables_close(&tables);
	for (size_t i = 0; i < COUNT(rewritten); i++) {
		const struct cdb_row few[] = {
			{ TABLES_DOMAIN, "example.org", "virtual" },
			{ TABLES_DOMAIN, "example.net", "virtual" },
			{ TABLES_OPTION, "srs", rewritten[i].srs },
			{ TABLES_OPTION, "srs-domain", rewritten[i].domain },
		};

		open_tables(few, rewritten[i].srs != NULL ? 4 : 2);
		if (resolve(rewritten[i].address, NAME)->kind !=
		    rewritten[i].kind)
			fail_msg("%zu: %s", i, rewritten[i].address);
		tables_close(&tables);
	}
	open_tables(rows, COUNT(rows));
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
		    resolve("postmaster", NAME)->kind, RESOLVE_UNKNOWN);
		assert_int_equal(resolve("postmaster", "foreign.test")->kind,
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
	    resolve("alice@example.org", NAME)->kind, RESOLVE_BROKEN);
	resolve_login(&tables, "alice@example.org", NAME, &r);
	assert_int_equal(r.kind, RESOLVE_BROKEN);
	tables_close(&tables);
	open_tables(rows, COUNT(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_address),
		cmocka_unit_test(parts_of_it),
		cmocka_unit_test(cost),
		cmocka_unit_test(senders_that_we_rewrote),
		cmocka_unit_test(foreign_name),
		cmocka_unit_test(longest),
		cmocka_unit_test(no_postmaster),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
