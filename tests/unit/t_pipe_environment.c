/*
 * t_pipe_environment: what a command is told, whatever addresses say.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "delivery/pipe_environment.h"

static const struct pipe_user user = { "bob", "/home/bob", "/bin/zsh" };
static struct pipe_environment env;

static bool
make(const char *sender, const char *rcpt, const char *orcpt, const char *tag)
{
	static struct msg_job_message m;
	static struct msg_job_rcpt r;

	(void)strlcpy(m.sender, sender, sizeof(m.sender));
	(void)strlcpy(r.addr, rcpt, sizeof(r.addr));
	(void)strlcpy(r.orcpt, orcpt, sizeof(r.orcpt));
	(void)strlcpy(r.tag, tag, sizeof(r.tag));
	return pipe_environment_make(&env, &user, &m, &r);
}

static const char *
value(const char *name)
{
	size_t n = strlen(name);

	for (char **p = env.envp; *p != NULL; p++)
		if (strncmp(*p, name, n) == 0 && (*p)[n] == '=')
			return *p + n + 1;
	return NULL;
}

static void
all(void **state)
{
	static const char *const wanted[] = { "HOME=/home/bob", "USER=bob",
		"LOGNAME=bob", "SHELL=/bin/zsh",
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C",
		"SENDER=a@x.test", "RECIPIENT=bob+Tag@example.org",
		"ORIGINAL_RECIPIENT=list@example.org", "LOCAL=bob+Tag",
		"DOMAIN=example.org", "EXTENSION=Tag" };

	(void)state;
	assert_true(make("a@x.test", "bob+Tag@example.org",
	    "rfc822;list@example.org", "Tag"));
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_string_equal(env.envp[i], wanted[i]);
	assert_null(env.envp[COUNT(wanted)]);
	/* The next one is another. */
	assert_true(make("", "carol", "", ""));
	assert_string_equal(value("SENDER"), "");
	assert_string_equal(value("RECIPIENT"), "carol");
	assert_string_equal(value("LOCAL"), "carol");
	assert_string_equal(value("DOMAIN"), "");
	assert_string_equal(value("EXTENSION"), "");
	assert_string_equal(value("ORIGINAL_RECIPIENT"), "carol");
}

/* Bytes are bytes: no shell reads them, and none ends the variable. */
static void
hostile(void **state)
{
	static const char *const senders[] = { "; $(id)@x.test", "`id`@x.test",
		"\"a b\"@x.test", "() { :;}; id@x.test", "-f@x.test",
		"a=b@x.test", "\xc3\xa4@x.test", "*@x.test" };

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++) {
		assert_true(make(senders[i], "\"a@b\"@c.test", "", "../x"));
		assert_string_equal(value("SENDER"), senders[i]);
		assert_string_equal(value("LOCAL"), "\"a@b\"");
		assert_string_equal(value("DOMAIN"), "c.test");
		assert_string_equal(value("EXTENSION"), "../x");
	}
	assert_false(make("a\nPATH=/tmp@x.test", "bob@x.test", "", ""));
	assert_false(make("a@x.test", "bob\r@x.test", "", ""));
	assert_false(make("a@x.test", "bob@x.test", "", "t\x7f"));
}

static const struct {
	const char *orcpt, *original;
} orcpts[] = {
	{ "rfc822;list@example.org", "list@example.org" },
	{ "RFC822;a+2Bb@x.test", "a+b@x.test" },
	{ "rfc822;a+20b@x.test", "a b@x.test" },
	{ "rfc822;a+3Db+2B", "a=b+" },
	/* Of no use: as if it were not there. */
	{ "", "bob@x.test" },
	{ "rfc822;", "bob@x.test" },
	{ "rfc822;a+0Ab", "bob@x.test" },
	{ "rfc822;a+00b", "bob@x.test" },
	{ "rfc822;a+2", "bob@x.test" },
	{ "rfc822;a+", "bob@x.test" },
	{ "rfc822;a+2g", "bob@x.test" },
	{ "rfc822;a\nb", "bob@x.test" },
	{ "utf-8;a\\x{E4}@x.test", "bob@x.test" },
	{ "x400;c=de", "bob@x.test" },
	{ "nonsense", "bob@x.test" },
};

static void
originals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orcpts); i++) {
		assert_true(make("", "bob@x.test", orcpts[i].orcpt, ""));
		assert_string_equal(
		    value("ORIGINAL_RECIPIENT"), orcpts[i].original);
	}
}

/* The longest that can come in. */
static void
bounds(void **state)
{
	char addr[ADDR_MAX + 1], orcpt[ORCPT_MAX + 1], tag[LOCAL_MAX + 1];

	(void)state;
	memset(addr, 'a', ADDR_MAX);
	memset(orcpt, 'o', ORCPT_MAX);
	memcpy(orcpt, "rfc822;", 7);
	memset(tag, 't', LOCAL_MAX);
	addr[ADDR_MAX] = orcpt[ORCPT_MAX] = tag[LOCAL_MAX] = '\0';
	assert_true(make(addr, addr, orcpt, tag));
	assert_int_equal(strlen(value("ORIGINAL_RECIPIENT")), ORCPT_MAX - 7);
	assert_int_equal(strlen(value("LOCAL")), ADDR_MAX);
}

/* Of somebody who is not in the database, and of no account. */
static void
users(void **state)
{
	struct pipe_user u;
	char here[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	pipe_user_init(&u, "no-such-user-here");
	assert_string_equal(u.name, "no-such-user-here");
	assert_string_equal(u.home, here);
	assert_string_equal(u.shell, "/bin/sh");
	pipe_user_init(&u, NULL);
	assert_string_equal(u.name, "postrider-pipe");
	assert_string_equal(u.home, here);
	assert_string_equal(u.shell, "/bin/sh");
	/* The home of another is not ours, whatever the name. */
	if (getuid() != 1) {
		pipe_user_init(&u, "daemon");
		assert_string_equal(u.home, here);
	}
	if (getuid() == 0) {
		pipe_user_init(&u, "root");
		assert_string_equal(u.home, "/root");
	}
}

static int
teardown(void **state)
{
	(void)state;
	pipe_environment_free(&env);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all),
		cmocka_unit_test(hostile),
		cmocka_unit_test(originals),
		cmocka_unit_test(bounds),
		cmocka_unit_test(users),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
