/*
 * t_resolve_account: which account an address or a login name means, and whose
 * an address is.
 */
#include "tests/unit/resolve.h"

/* clang-format off */
static const struct row mailboxes[] = {
	{ "alice@example.org",		ALICE },
	{ "alice+x@same.test",		ALICE },
	{ "c@caught.test",		RESOLVE_VIRTUAL, "c@caught.test", "caught.test/c", NULL },
	{ "gone@example.org",		RESOLVE_VIRTUAL, "gone@example.org", "example.org/gone", NULL },
	{ "carol+x@caught-unix.test",	UNIX("carol") },
	{ "dora@caught-unix.test",	UNIX("dora") },
	{ "root@host.example.org",	UNIX("root") },
	{ "postmaster@host.example.org", UNIX("postmaster") },
	{ "sales@example.org",		NOBODY },
	{ "root@example.org",		NOBODY },
	{ "x@caught.test",		NOBODY },
	{ "x@closed.test",		NOBODY },
	{ "here@relay.test",		RELAY },
	{ "rita@listed.test",		RELAY },
	{ "SRS0=x@example.org",		NOBODY },
	{ "alice@foreign.test",		FOREIGN },
	{ "postmaster@foreign.test",	FOREIGN },
	{ "alice@chain.test",		BROKEN },
};
/* clang-format on */

static void
by_mailbox(void **state)
{
	struct resolved r;
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(mailboxes); i++) {
		assert_int_equal(
		    address_parse(mailboxes[i].address, &a), ADDRESS_OK);
		resolve_mailbox(&tables, &a, NAME, &r);
		check(mailboxes[i].address, &r, &mailboxes[i]);
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
	{ "alice@example.org",	"Alice+x@same.test",		true },
	{ "alice@example.org",	"sales@same.test",		true },
	{ "bob@example.org",	"alice@same.test",		false },
	{ "bob@example.org",	"final@example.org",		true },
	{ "alice@example.org",	"final@example.org",		false },
	{ "alice@example.org",	"anybody@caught.test",		true },
	{ "alice@example.org",	"c@caught.test",		false },
	{ "c@caught.test",	"c@caught.test",		true },
	/* what others are told is no matter of his own address */
	{ "gone@example.org",	"gone@example.org",		true },
	{ "alice@example.net",	"alice@example.net",		true },
	{ "carol",		"carol@caught-unix.test",	true },
	{ "bob@example.org",	"carol@caught-unix.test",	false },
	{ "alice@example.org",	"x@relay.test",			false },
	{ "near@relay.test",	"near@relay.test",		true },
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
	/* nor where somebody has what nobody else has */
	assert_false(
	    resolve_owns(&tables, "alice@example.org", &null, "caught.test"));
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
		cmocka_unit_test(by_mailbox),
		cmocka_unit_test(by_login),
		cmocka_unit_test(owns),
		cmocka_unit_test(unix_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
