/*
 * t_compile: what the text says is what programs find in the tables.
 *
 * wrap: fsync renameat
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include <bsd/string.h>

#include "common/options.h"
#include "common/resolve.h"
#include "common/users.h"
#include "queue/compile_changes.h"
#include "queue/compile_publish.h"
#include "tests/unit/tls_cert.h"

#define HASH                                                                   \
	"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W."        \
	"zEaKlOBL35rC"

#define DIGEST                                                                 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int calls, fail_at;

int __real_fsync(int);
int __wrap_fsync(int);
int __real_renameat(int, const char *, int, const char *);
int __wrap_renameat(int, const char *, int, const char *);

int
__wrap_fsync(int fd)
{
	errno = EIO;
	return ++calls == fail_at ? -1 : __real_fsync(fd);
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	errno = EIO;
	return ++calls == fail_at ? -1 : __real_renameat(a, from, b, to);
}

static void
put(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
write_files(const char *more)
{
	char conf[2000];

	(void)snprintf(conf, sizeof(conf),
	    "user-mode yes\nhostname MX.Example.ORG\nstate-dir %s/state\n%s"
	    "tls-dir %s\n",
	    unit_dir, more, unit_dir);
	cert_put("a-certificate.pem", "DNS:mx.example.org");
	put("postrider.conf", conf);
	put("domains",
	    "example.org\nunix.example unix\nother.example alias Example.org\n"
	    "relay.example relay\nlisted.example relay  listed\n");
	put("users",
	    "Alice@example.org tags=no quota=1k\nbob@example.org\n"
	    "carl messages=5\nx@listed.example\n");
	put("forwards", "bob@example.org: alice@example.org\n");
	put("rewrite", "both @old.example @new.example\n");
	put("passwords",
	    "alice@example.org  " HASH "\tcertificate:" DIGEST "\n");
	put("aliases", "info: alice@example.org, bob@example.org\n");
}

static void
read_conf(struct conf *c, struct host *h, const char *more)
{
	write_files(more);
	if (!conf_read(c, unit_dir) || !host_find(h, c))
		fail_msg("%s", sbuf_str(&c->report.text));
}

static void
expect(struct tables *t, enum tables_space space, const char *key,
    const char *wanted)
{
	const char *value = "(none)";

	(void)tables_get(t, space, key, &value);
	assert_string_equal(value, wanted);
}

/* clang-format off */
static const struct {
	enum tables_space space;
	const char *key, *value;
} written[] = {
	{ TABLES_META,	"unix-domains",	"yes" },
	{ TABLES_META,	"certificates",	"yes" },
	{ TABLES_META,	"mechanisms",	"PLAIN LOGIN EXTERNAL" },
	{ TABLES_OPTION,	"hostname",	"mx.example.org" },
	{ TABLES_OPTION,	"message-size",	"2097152" },
	{ TABLES_OPTION,	"command-timeout",	"300" },
	{ TABLES_OPTION,	"submission.auth",	"required" },
	{ TABLES_OPTION,	"submission.profile",	"submission" },
	{ TABLES_OPTION,	"submissions.profile",	"submission" },
	{ TABLES_OPTION,	"submissions.tls",	"implicit" },
	{ TABLES_OPTION,	"mail-name",	"mx.example.org" },
	{ TABLES_OPTION,	"tls",	"optional" },
	{ TABLES_OPTION,	"old.profile",	"submission" },
	{ TABLES_OPTION,	"older.profile",	"old" },
	{ TABLES_OPTION,	"old.auth",	"offered" },
	{ TABLES_OPTION,	"older.auth",	"offered" },
	{ TABLES_OPTION,	"older.bare-newline",	"normalize" },
	{ TABLES_OPTION,	"mx.auth",	"(none)" },
	{ TABLES_DOMAIN,	"unix.example",	"unix" },
	{ TABLES_ACCOUNT,	"alice@example.org",	"example.org/alice/Maildir" },
	{ TABLES_DOMAIN,	"other.example",	"alias example.org" },
	{ TABLES_DOMAIN,	"relay.example",	"relay" },
	{ TABLES_DOMAIN,	"listed.example",	"relay listed" },
	{ TABLES_RECIPIENT,	"x@listed.example",	"yes" },
	{ TABLES_ACCOUNT,	"x@listed.example",	"(none)" },
	{ TABLES_LIMITS,	"alice@example.org",	"bytes=1024 tags=no" },
	{ TABLES_LIMITS,	"carl",	"messages=5" },
	{ TABLES_FORWARD,	"bob@example.org",	"aalice@example.org" },
	{ TABLES_REWRITE,	"s@old.example",	"@new.example" },
	{ TABLES_REWRITE,	"r@old.example",	"@new.example" },
	{ TABLES_SENDER_ROUTE,	".example.org",	"relay.example" },
	{ TABLES_VERIFIER,	"alice@example.org",	"(none)" },
};
/* clang-format on */

static void
programs_find_what_was_written(void **state)
{
	struct tables t;
	struct resolved r;
	struct address a;
	struct conf c;
	struct host h;
	char err[TABLES_ERR];
	uid_t uid;
	gid_t gid;

	(void)state;
	read_conf(&c, &h,
	    "message-size 2m\nprofile old submission\nold.auth offered\n"
	    "profile older old\nsender-route .example.org relay.example\n");
	assert_true(publish(&c, &h, err));
	assert_true(tables_open(&t, unit_path("state/tables.cdb"), false, err));
	for (size_t i = 0; i < COUNT(written); i++)
		expect(&t, written[i].space, written[i].key, written[i].value);
	expect(&t, TABLES_META, "version", TABLES_VERSION);
	expect(&t, TABLES_META, "source", unit_dir);
	expect(
	    &t, TABLES_ALIAS, "info", "aalice@example.org\nabob@example.org");
	assert_true(tables_user(&t, USER_NET, &uid, &gid));
	assert_int_equal(uid, getuid());
	assert_int_equal(address_parse("ALICE+x@example.org", &a), ADDRESS_OK);
	resolve_address(&t, &a, h.mail_name, &r);
	assert_int_equal(r.kind, RESOLVE_VIRTUAL);
	assert_string_equal(r.account, "alice@example.org");
	tables_close(&t);
	assert_true(
	    tables_open(&t, unit_path("state/auth/verifiers.cdb"), false, err));
	expect(&t, TABLES_VERIFIER, "alice@example.org",
	    HASH " certificate:" DIGEST);
	expect(&t, TABLES_CERTIFICATE, DIGEST, "alice@example.org");
	expect(&t, TABLES_VERIFIER, "bob@example.org", "(none)");
	tables_close(&t);
	conf_free(&c);
}

/* Every option and every profile's is there and can be bound by programs. */
static void
every_option_loads(void **state)
{
	static const char *const profiles[] = { NULL, "mx", "submission",
		"submissions", "local", "pop3", "pop3s" };
	union {
		bool b;
		int i;
		int64_t n;
		const char *s;
	} value;
	struct option_bind bind = { NULL, &value };
	struct tables t;
	struct conf c;
	struct host h;
	char err[TABLES_ERR];
	const char *text;

	(void)state;
	read_conf(&c, &h, "");
	assert_true(publish(&c, &h, err));
	assert_true(tables_open(&t, unit_path("state/tables.cdb"), true, err));
	for (size_t i = 0; i < options_count; i++) {
		bind.name = options[i].name;
		assert_int_equal(
		    tables_get(&t, TABLES_OPTION, bind.name, &text),
		    TABLES_FOUND);
		for (size_t p = 0; p < COUNT(profiles); p++)
			assert_true(
			    options_load(&t, profiles[p], &bind, 1, err));
	}
	tables_close(&t);
	conf_free(&c);
}

static void
protects_verifiers(void **state)
{
	struct conf c;
	struct host h;
	struct stat st;
	char err[TABLES_ERR];

	(void)state;
	read_conf(&c, &h, "");
	assert_true(publish(&c, &h, err));
	assert_int_equal(stat(unit_path("state/auth"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(unit_path("state/auth/verifiers.cdb"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(stat(unit_path("state/tables.cdb"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(chmod(unit_path("state/auth"), 0755), 0);
	assert_true(publish(&c, &h, err));
	assert_int_equal(stat(unit_path("state/auth"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	conf_free(&c);
}

/* Whatever call fails, what was published before is still there, whole. */
static void
a_failure_keeps_the_old_tables(void **state)
{
	struct tables t;
	struct conf c;
	struct host h;
	char err[TABLES_ERR];
	int n;

	(void)state;
	read_conf(&c, &h, "hops 11\n");
	assert_true(publish(&c, &h, err));
	conf_free(&c);
	read_conf(&c, &h, "hops 12\n");
	/* verifiers: fsync, rename, fsync; tables: fsync, rename, fsync */
	for (n = 1; n <= 5; n++) {
		calls = 0;
		fail_at = n;
		err[0] = '\0';
		assert_false(publish(&c, &h, err));
		assert_non_null(strstr(err, unit_dir));
		fail_at = 0;
		assert_true(
		    tables_open(&t, unit_path("state/tables.cdb"), false, err));
		expect(&t, TABLES_OPTION, "hops", "11");
		tables_close(&t);
	}
	calls = 0;
	assert_true(publish(&c, &h, err));
	assert_int_equal(calls, 6);
	assert_true(tables_open(&t, unit_path("state/tables.cdb"), false, err));
	expect(&t, TABLES_OPTION, "hops", "12");
	tables_close(&t);
	assert_int_equal(access(unit_path("state/tables.cdb.tmp"), F_OK), -1);
	conf_free(&c);
}

static void
an_open_table_does_not_change(void **state)
{
	struct tables t;
	struct conf c;
	struct host h;
	char err[TABLES_ERR];

	(void)state;
	read_conf(&c, &h, "hops 11\n");
	assert_true(publish(&c, &h, err));
	assert_true(tables_open(&t, unit_path("state/tables.cdb"), false, err));
	conf_free(&c);
	read_conf(&c, &h, "hops 12\n");
	assert_true(publish(&c, &h, err));
	expect(&t, TABLES_OPTION, "hops", "11");
	tables_close(&t);
	conf_free(&c);
}

static void
knows_whether_tables_are_current(void **state)
{
	struct conf c;
	struct host h;
	char err[TABLES_ERR] = "";

	(void)state;
	read_conf(&c, &h, "hops 13\n");
	assert_true(publish(&c, &h, err));
	assert_true(publish_current(&c, &h, err));
	conf_free(&c);
	read_conf(&c, &h, "hops 14\n");
	assert_false(publish_current(&c, &h, err));
	assert_non_null(strstr(err, "tables.cdb: not what the text files say"));
	assert_int_equal(unlink(unit_path("state/tables.cdb")), 0);
	assert_false(publish_current(&c, &h, err));
	assert_non_null(strstr(err, "/tables.cdb: wanted compiled tables"));
	assert_int_equal(unlink(unit_path("state/auth/verifiers.cdb")), 0);
	assert_false(publish_current(&c, &h, err));
	assert_non_null(
	    strstr(err, "/auth/verifiers.cdb: wanted compiled verifiers"));
	conf_free(&c);
}

/* In a directory of authd's, which is not root's friend. */
static void
looks_at_regular_files_only(void **state)
{
	struct conf c;
	struct host h;
	char err[TABLES_ERR] = "", elsewhere[PATH_MAX];
	const char *path;

	(void)state;
	read_conf(&c, &h, "");
	assert_true(publish(&c, &h, err));
	strlcpy(elsewhere, unit_path("elsewhere"), sizeof(elsewhere));
	path = unit_path("state/auth/verifiers.cdb");
	assert_int_equal(rename(path, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_false(publish_current(&c, &h, err));
	assert_non_null(strstr(err, "wanted compiled verifiers"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0); /* must not be waited for */
	assert_false(publish_current(&c, &h, err));
	assert_non_null(strstr(err, "wanted compiled verifiers"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(elsewhere), 0);
	conf_free(&c);
}

static void
knows_what_waits_for_a_start(void **state)
{
	static const struct {
		const char *before, *after, *says; /* NULL: nothing */
	} cases[] = {
		{ "", "hops 20\n", NULL },
		{ "", "", NULL },
		{ "", "spool-dir /x\n",
		    "postrider.conf:4: warning: spool-dir: the change waits "
		    "for a new start of postriderd\n" },
		{ "auth-workers 5\n", "", "auth-workers: the change" },
		{ "", "log stderr\n",
		    "log: the change waits for a new start of postriderd, and "
		    "of each accepting smtpd and pop3d\n" },
		{ "", "connections 5\nmx.connections-per-client 5\n", NULL },
	};
	struct tables before, now;
	struct conf c;
	struct host h;
	char err[TABLES_ERR];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		read_conf(&c, &h, cases[i].before);
		assert_true(publish(&c, &h, err));
		assert_true(tables_open(
		    &before, unit_path("state/tables.cdb"), false, err));
		conf_free(&c);
		read_conf(&c, &h, cases[i].after);
		assert_true(publish(&c, &h, err));
		assert_true(tables_open(
		    &now, unit_path("state/tables.cdb"), false, err));
		conf_report_free(&c.report);
		conf_report_init(&c.report);
		compile_changes(&c, &before, &now);
		if (cases[i].says == NULL)
			assert_string_equal(sbuf_str(&c.report.text), "");
		else if (strstr(sbuf_str(&c.report.text), cases[i].says) ==
		    NULL)
			fail_msg("%s", sbuf_str(&c.report.text));
		tables_close(&before);
		tables_close(&now);
		conf_free(&c);
	}
}

static void
misses_programs(void **state)
{
	struct conf c;
	struct host h;
	char more[200];

	(void)state;
	(void)snprintf(more, sizeof(more), "libexec-dir %s/none\n", unit_dir);
	read_conf(&c, &h, more);
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "postrider.conf:4: warning: libexec-dir: wanted in "));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "/none the programs queued authd tlsd dnsd mapd smtpd "
	    "local pipe remote bounce, which are not there (this "));
	assert_string_equal(sbuf_str(&c.report.grave), "");
	conf_free(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_find_what_was_written),
		cmocka_unit_test(every_option_loads),
		cmocka_unit_test(protects_verifiers),
		cmocka_unit_test(a_failure_keeps_the_old_tables),
		cmocka_unit_test(an_open_table_does_not_change),
		cmocka_unit_test(knows_whether_tables_are_current),
		cmocka_unit_test(looks_at_regular_files_only),
		cmocka_unit_test(knows_what_waits_for_a_start),
		cmocka_unit_test(misses_programs),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
