/*
 * Unit test of pop3d/mailbox_place: whose mailbox a process may open.
 * wrap: geteuid
 */
#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/log.h"
#include "pop3d/mailbox_place.h"

static uid_t self = 2004;

uid_t __wrap_geteuid(void);

uid_t
__wrap_geteuid(void)
{
	return self;
}

static struct mailbox_place place;

static void
publish(const char *root, const char *user_mode)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "virtual-root", root },
		{ TABLES_OPTION, "unix-maildir", "Mail/in" },
		{ TABLES_OPTION, "min-uid", "1000" },
		{ TABLES_OPTION, "user-mode", user_mode },
		{ TABLES_OPTION, "pop3-timeout", "77" },
		{ TABLES_OPTION, "office.pop3-timeout", "33" },
		{ TABLES_OPTION, "office.profile", "pop3" },
		{ TABLES_OPTION, "mailbox-sessions", "9" },
		{ TABLES_ACCOUNT, "alice@example.org", "x/alice" },
		{ TABLES_ALIAS, "sales@example.org", "aalice@example.org" },
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_DOMAIN, "host.example", "unix" },
		{ TABLES_USER, "postrider-mail", "2004 2014" },
	};

	cdb_file("t.cdb", rows, COUNT(rows));
}

static bool
init(const char *user)
{
	memset(&place, 0, sizeof(place));
	return mailbox_place_init(&place, unit_path("t.cdb"), user);
}

static enum outcome
find(const char *account, const char *profile, struct mailbox_session *s,
    struct diag *d)
{
	struct msg_mailbox_open m = { .serial = 1 };
	const struct diag none = DIAG_INIT;
	int64_t most = 0;
	enum outcome o;

	strlcpy(m.account, account, sizeof(m.account));
	strlcpy(m.client, "192.0.2.1", sizeof(m.client));
	strlcpy(m.profile, profile, sizeof(m.profile));
	strlcpy(m.offered, "PLAIN", sizeof(m.offered));
	memset(s, 0, sizeof(*s));
	*d = none;
	o = mailbox_place_find(&place, &m, s, &most, d);
	assert_int_equal(o, d->outcome);
	if (o == OUT_OK)
		assert_int_equal(most, 9);
	return o;
}

static const struct {
	const char *user, *account, *profile;
	uid_t self;
	const char *user_mode;
	const char *maildir, *dsn; /* one of them */
} cases[] = {
	{ NULL, "alice@example.org", "pop3", 2004, "no", "x/alice", NULL },
	{ NULL, "alice@example.org", "pop3", 777, "yes", "x/alice", NULL },
	/* Not its own: another's, none, and what is none. */
	{ NULL, "alice@example.org", "pop3", 1001, "no", NULL, "4.3.5" },
	{ NULL, "bob@example.org", "pop3", 2004, "no", NULL, "5.1.1" },
	{ NULL, "sales@example.org", "pop3", 2004, "no", NULL, "5.1.1" },
	{ NULL, "ALICE@example.org", "pop3", 2004, "no", NULL, "5.1.1" },
	{ NULL, "carol@host.example", "pop3", 2004, "no", NULL, "5.1.1" },
	{ NULL, "carol", "pop3", 2004, "no", NULL, "5.1.1" },
	{ NULL, "", "pop3", 2004, "no", NULL, "5.1.1" },
	{ NULL, "../alice@example.org", "pop3", 2004, "no", NULL, "5.1.1" },
	{ NULL, "alice@example.org", "ofice", 2004, "no", NULL, "4.3.5" },
	{ NULL, "alice@example.org", "", 2004, "no", NULL, "4.3.5" },
	{ "carol", "carol", "pop3", 1001, "no", "Mail/in", NULL },
	{ "carol", "carol", "pop3", 500, "yes", "Mail/in", NULL },
	{ "carol", "carol", "pop3", 999, "no", NULL, "5.1.1" },
	{ "carol", "dave", "pop3", 1001, "no", NULL, "5.1.1" },
	{ "carol", "alice@example.org", "pop3", 1001, "no", NULL, "5.1.1" },
	{ "carol", "", "pop3", 1001, "no", NULL, "5.1.1" },
};

static void
table(void **state)
{
	struct mailbox_session s;
	struct diag d;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		self = cases[i].self;
		publish(unit_path("mail"), cases[i].user_mode);
		assert_true(init(cases[i].user));
		assert_true(mailbox_place_current(&place));
		if (cases[i].dsn != NULL) {
			assert_int_not_equal(
			    find(cases[i].account, cases[i].profile, &s, &d),
			    OUT_OK);
			assert_string_equal(d.dsn, cases[i].dsn);
		} else {
			assert_int_equal(
			    find(cases[i].account, cases[i].profile, &s, &d),
			    OUT_OK);
			assert_string_equal(s.maildir, cases[i].maildir);
			assert_string_equal(s.account, cases[i].account);
			assert_string_equal(s.client, "192.0.2.1");
			assert_string_equal(s.offered, "PLAIN");
			assert_int_equal(s.timeout, 77);
		}
		tables_fresh_close(&place.tables);
	}
	self = 2004;
}

/* By the tables as they are when a client comes. */
static void
tables_change(void **state)
{
	struct cdb_row none = { TABLES_OPTION, "virtual-root", NULL };
	char root[100];
	struct mailbox_session s;
	struct diag d;

	(void)state;
	publish(unit_path("mail"), "no");
	assert_true(init(NULL));
	assert_int_equal(find("alice@example.org", "office", &s, &d), OUT_OK);
	assert_int_equal(s.timeout, 33);
	strlcpy(root, unit_path("mail"), sizeof(root));
	none.value = root;
	cdb_file("t.cdb", &none, 1);
	assert_true(mailbox_place_current(&place));
	assert_int_equal(find("alice@example.org", "pop3", &s, &d), OUT_PERM);
	publish("/elsewhere", "no");
	assert_false(mailbox_place_current(&place));
	publish(unit_path("mail"), "no");
	assert_true(mailbox_place_current(&place));
	tables_fresh_close(&place.tables);
	/* Started in one place, and told another. */
	publish(unit_path("."), "no");
	assert_false(init(NULL));
	tables_fresh_close(&place.tables);
	publish("/elsewhere", "no");
	assert_false(init(NULL));
	tables_fresh_close(&place.tables);
	assert_int_equal(unlink(unit_path("t.cdb")), 0);
	assert_false(init(NULL));
}

/* The directory under that name becomes another. */
static void
replaced(void **state)
{
	static const char *const users[] = { NULL, "carol" };

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		publish(unit_path("mail"), "no");
		assert_true(init(users[i]));
		assert_int_equal(
		    rename(unit_path("mail"), unit_path("away")), 0);
		assert_false(mailbox_place_current(&place));
		assert_int_equal(mkdir(unit_path("mail"), 0700), 0);
		assert_false(mailbox_place_current(&place));
		assert_int_equal(rmdir(unit_path("mail")), 0);
		assert_int_equal(
		    rename(unit_path("away"), unit_path("mail")), 0);
		assert_true(mailbox_place_current(&place));
		tables_fresh_close(&place.tables);
	}
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	log_open("t", LOG_TO_FILE, "/dev/null");
	return mkdir(unit_path("mail"), 0700) == 0 ? chdir(unit_path("mail"))
						   : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(tables_change),
		cmocka_unit_test(replaced),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
