/*
 * Unit test of common/agent_enter: who an account is.
 * wrap: getpwnam getuid
 */
#include "tests/unit/cdb.h"

#include <errno.h>
#include <pwd.h>

#include "common/agent_enter.h"
#include "common/log.h"

static const struct cdb_row rows[] = {
	{ TABLES_OPTION, "virtual-root", "/srv/mail" },
	{ TABLES_OPTION, "unix-maildir", "Mail/in" },
	{ TABLES_OPTION, "min-uid", "1000" },
	{ TABLES_ACCOUNT, "alice@example.org", "example.org/alice/Maildir" },
	{ TABLES_USER, "postrider", "901 911" },
	{ TABLES_USER, "postrider-auth", "902 912" },
	{ TABLES_USER, "postrider-net", "903 913" },
	{ TABLES_USER, "postrider-out", "2005 2015" },
	{ TABLES_USER, "postrider-mail", "2004 2014" },
	{ TABLES_USER, "postrider-pipe", "2006 2016" },
};

/* The system's users. */
static struct passwd people[] = {
	{ .pw_name = (char *)(uintptr_t) "carol",
	    .pw_uid = 1001,
	    .pw_gid = 1001,
	    .pw_dir = (char *)(uintptr_t) "/home/carol" },
	{ .pw_name = (char *)(uintptr_t) "root",
	    .pw_uid = 0,
	    .pw_gid = 0,
	    .pw_dir = (char *)(uintptr_t) "/root" },
	{ .pw_name = (char *)(uintptr_t) "toor",
	    .pw_uid = 1005,
	    .pw_gid = 0,
	    .pw_dir = (char *)(uintptr_t) "/root" },
	{ .pw_name = (char *)(uintptr_t) "www-data",
	    .pw_uid = 33,
	    .pw_gid = 33,
	    .pw_dir = (char *)(uintptr_t) "/var/www" },
	{ .pw_name = (char *)(uintptr_t) "nobody",
	    .pw_uid = 65534,
	    .pw_gid = 65534,
	    .pw_dir = (char *)(uintptr_t) "/nonexistent" },
	{ .pw_name = (char *)(uintptr_t) "postrider-mail",
	    .pw_uid = 2004,
	    .pw_gid = 2014,
	    .pw_dir = (char *)(uintptr_t) "/nonexistent" },
	{ .pw_name = (char *)(uintptr_t) "postrider-out",
	    .pw_uid = 2005,
	    .pw_gid = 2015,
	    .pw_dir = (char *)(uintptr_t) "/nonexistent" },
};
static int database_errno;
static uid_t self;

struct passwd *__wrap_getpwnam(const char *);
uid_t __wrap_getuid(void);

struct passwd *
__wrap_getpwnam(const char *name)
{
	errno = database_errno;
	for (size_t i = 0; i < COUNT(people) && errno == 0; i++)
		if (strcmp(people[i].pw_name, name) == 0)
			return &people[i];
	return NULL;
}

uid_t
__wrap_getuid(void)
{
	return self;
}

static struct master master;

static enum outcome
identify(struct master *m, uint32_t program, const char *account,
    struct identity *id, struct refusal *r)
{
	struct msg_spawn_start start = { .program = program };

	(void)snprintf(start.account, sizeof(start.account), "%s", account);
	return agent_identify(m, &start, id, r);
}

static const struct {
	const char *account, *dsn; /* NULL: found, as follows */
	uid_t uid;
	gid_t gid;
	const char *home, *maildir;
} cases[] = {
	{ "alice@example.org", NULL, 2004, 2014, "/srv/mail",
	    "example.org/alice/Maildir" },
	{ "carol", NULL, 1001, 1001, "/home/carol", "Mail/in" },
	{ "", "5.1.1", 0, 0, "", "" },
	{ "bob@example.org", "5.1.1", 0, 0, "", "" },
	{ "alice@", "5.1.1", 0, 0, "", "" },
	{ "dave", "5.1.1", 0, 0, "", "" },
	{ "root", "5.1.1", 0, 0, "", "" },
	{ "toor", "5.1.1", 0, 0, "", "" }, /* root's group */
	{ "www-data", "5.1.1", 0, 0, "", "" },
	{ "nobody", "5.1.1", 0, 0, "", "" },
	{ "postrider-mail", "5.1.1", 0, 0, "", "" },
	{ "postrider-out", "5.1.1", 0, 0, "", "" },
	{ "../carol", "5.1.1", 0, 0, "", "" },
	{ "carol ", "5.1.1", 0, 0, "", "" },
	{ "-t", "5.1.1", 0, 0, "", "" },
};

static void
table(void **state)
{
	struct identity id;

	(void)state;
	master.user_mode = false;
	database_errno = 0;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct refusal d = REFUSAL_INIT;
		enum outcome o =
		    identify(&master, i % 2 == 0 ? SPAWN_LOCAL : SPAWN_MAILBOX,
			cases[i].account, &id, &d);

		if (cases[i].dsn != NULL) {
			assert_int_not_equal(o, OUT_OK);
			assert_string_equal(d.diag.dsn, cases[i].dsn);
			/* Outsiders read the text, the log has the detail. */
			assert_string_equal(d.diag.text, "no such mailbox");
			assert_non_null(strstr(d.detail, "wanted="));
			continue;
		}
		assert_int_equal(o, OUT_OK);
		assert_int_equal(id.uid, cases[i].uid);
		assert_int_equal(id.gid, cases[i].gid);
		assert_int_equal(id.extra, cases[i].gid);
		assert_string_equal(id.home, cases[i].home);
		assert_string_equal(id.maildir, cases[i].maildir);
	}
}

/* What works for nobody is a user of the suite, whatever account it says. */
static void
own(void **state)
{
	static const struct {
		uint32_t program;
		uid_t uid;
		gid_t gid, extra;
	} users[] = {
		{ SPAWN_BOUNCE, 901, 911, 911 },
		{ SPAWN_REMOTE, 2005, 2015, 913 },
		{ SPAWN_PIPE, 2006, 2016, 2016 },
	};
	struct refusal r = REFUSAL_INIT;
	struct identity id;

	(void)state;
	master.user_mode = false;
	for (size_t i = 0; i < COUNT(users); i++) {
		assert_int_equal(
		    identify(&master, users[i].program, "", &id, &r), OUT_OK);
		assert_int_equal(id.uid, users[i].uid);
		assert_int_equal(id.gid, users[i].gid);
		assert_int_equal(id.extra, users[i].extra);
		assert_string_equal(id.home, "/");
		assert_string_equal(id.maildir, "");
	}
	assert_null(agent_user(SPAWN_LOCAL));
	assert_null(agent_user(SPAWN_MAILBOX));
}

/* Commands run as a Unix user, with that group alone, or as the suite's own. */
static void
pipes(void **state)
{
	static const char *const nobodys[] = { "alice@example.org", "root",
		"toor", "www-data", "nobody", "postrider-mail", "dave",
		"../carol", "-t" };
	struct identity id;
	struct refusal ok = REFUSAL_INIT;

	(void)state;
	master.user_mode = false;
	assert_int_equal(
	    identify(&master, SPAWN_PIPE, "carol", &id, &ok), OUT_OK);
	assert_int_equal(id.uid, 1001);
	assert_int_equal(id.gid, 1001);
	assert_int_equal(id.extra, 1001);
	assert_string_equal(id.home, "/home/carol");
	assert_string_not_equal(id.maildir, ""); /* so the home is checked */
	for (size_t i = 0; i < COUNT(nobodys); i++) {
		struct refusal r = REFUSAL_INIT;

		assert_int_equal(
		    identify(&master, SPAWN_PIPE, nobodys[i], &id, &r),
		    OUT_PERM);
		assert_string_equal(r.diag.dsn, "5.1.1");
		assert_int_equal(id.uid, 0);
	}
}

static void
who(void **state)
{
	static const struct {
		uint32_t program;
		bool accounts, own;
	} kinds[] = {
		{ SPAWN_LOCAL, true, false },
		{ SPAWN_BOUNCE, false, true },
		{ SPAWN_MAILBOX, true, false },
		{ SPAWN_REMOTE, false, true },
		{ SPAWN_PIPE, true, true },
		{ 0, false, false },
		{ 6, false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		assert_int_equal(
		    agent_has_accounts(kinds[i].program), kinds[i].accounts);
		assert_int_equal(
		    agent_user(kinds[i].program) != NULL, kinds[i].own);
	}
}

/* An answer that does not come is no "no". */
static void
database_fails(void **state)
{
	static const int later[] = { EIO, EMFILE, ENOMEM, ETIMEDOUT };
	struct identity id;

	(void)state;
	for (size_t i = 0; i < COUNT(later); i++) {
		struct refusal d = REFUSAL_INIT;

		database_errno = later[i];
		assert_int_equal(
		    identify(&master, SPAWN_LOCAL, "carol", &id, &d), OUT_TEMP);
		assert_string_equal(d.diag.dsn, "4.3.0");
	}
	database_errno = 0;
}

/* Everybody is the invoking user, who has no other's mail. */
static void
user_mode(void **state)
{
	struct refusal d = REFUSAL_INIT, mine = REFUSAL_INIT;
	struct identity id;

	(void)state;
	master.user_mode = true;
	self = 777;
	assert_int_equal(
	    identify(&master, SPAWN_LOCAL, "alice@example.org", &id, &d),
	    OUT_OK);
	assert_int_equal(id.uid, 777);
	assert_int_equal(identify(&master, SPAWN_REMOTE, "", &id, &d), OUT_OK);
	assert_int_equal(id.uid, 777);
	assert_int_equal(id.extra, id.gid);
	assert_int_equal(
	    identify(&master, SPAWN_LOCAL, "carol", &id, &d), OUT_PERM);
	self = 33;
	assert_int_equal(
	    identify(&master, SPAWN_LOCAL, "www-data", &id, &mine), OUT_OK);
	assert_int_equal(id.uid, 33);
	assert_int_equal(
	    identify(&master, SPAWN_PIPE, "www-data", &id, &mine), OUT_OK);
	assert_int_equal(identify(&master, SPAWN_PIPE, "", &id, &mine), OUT_OK);
	assert_int_equal(id.uid, 33);
	self = 0;
}

static void
damaged(void **state)
{
	struct master broken = { .user_mode = false };
	struct refusal d = REFUSAL_INIT, e = REFUSAL_INIT;
	struct identity id;

	(void)state;
	assert_true(tables_fresh_init(&broken.tables, unit_path("none")));
	assert_int_equal(
	    identify(&broken, SPAWN_LOCAL, "alice@example.org", &id, &d),
	    OUT_TEMP);
	assert_int_equal(
	    identify(&broken, SPAWN_LOCAL, "carol", &id, &e), OUT_TEMP);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	cdb_file("t.cdb", rows, COUNT(rows));
	return tables_fresh_init(&master.tables, unit_path("t.cdb")) ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(own),
		cmocka_unit_test(pipes),
		cmocka_unit_test(who),
		cmocka_unit_test(database_fails),
		cmocka_unit_test(user_mode),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
