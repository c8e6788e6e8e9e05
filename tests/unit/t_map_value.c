/*
 * t_map_value: what sources say, and what is made of it; above all that no path
 * leads out of virtual-root and no server runs a command.
 */
#include "tests/unit/unit.h"

#include "common/map_source.h"
#include "common/map_value.h"

#define MAILDIR "%d/%u/Maildir"

struct row {
	enum tables_space space;
	const char *key, *said;
	const char *want; /* NULL: refused */
};

static void
try(const struct row *r, bool ours, const char *want)
{
	const struct map_said said = { r->space, r->key, r->said, MAILDIR,
		ours };
	struct sbuf out = SBUF_INIT(2 * MAP_VALUE_MAX);
	const char *wanted = NULL;
	bool got;

	got = map_value(&said, &out, &wanted);
	if (got != (want != NULL) || (got && strcmp(sbuf_str(&out), want) != 0))
		fail_msg("%c %s \"%s\": got \"%s\", wanted %s", (int)r->space,
		    r->key, r->said, got ? sbuf_str(&out) : "nothing", wanted);
	assert_non_null(wanted);
	sbuf_free(&out);
}

/* clang-format off */
static const struct row rows[] = {
	{ TABLES_DOMAIN, "x.test", "", "virtual" },
	{ TABLES_DOMAIN, "x.test", "OK", "virtual" },
	{ TABLES_DOMAIN, "x.test", " Virtual\r\n", "virtual" },
	{ TABLES_DOMAIN, "x.test", "unix", "unix" },
	{ TABLES_DOMAIN, "x.test", "relay", "relay" },
	{ TABLES_DOMAIN, "x.test", "relay listed", "relay listed" },
	{ TABLES_DOMAIN, "x.test", "alias Y.test", "alias y.test" },
	{ TABLES_DOMAIN, "x.test", "alias", NULL },
	{ TABLES_DOMAIN, "x.test", "alias y.test z.test", NULL },
	{ TABLES_DOMAIN, "x.test", "alias [192.0.2.1]", NULL },
	{ TABLES_DOMAIN, "x.test", "local", NULL },
	{ TABLES_DOMAIN, "x.test", "relay\nlisted", NULL },

	{ TABLES_ACCOUNT, "a@x.test", "", "x.test/a/Maildir" },
	{ TABLES_ACCOUNT, "a@x.test", "ok", "x.test/a/Maildir" },
	{ TABLES_ACCOUNT, "a@x.test", "x.test/a/", "x.test/a" },
	{ TABLES_ACCOUNT, "a@x.test", "b/c/d", "b/c/d" },
	/* All accounts would have the same. */
	{ TABLES_ACCOUNT, "a@x.test", "1", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "Maildir", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "/x/a", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "../a/b", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "x/../../b", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "x/.ssh", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "x//a", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "x/a//", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "/", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "x/a b", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "x/a\nb/c", NULL },
	{ TABLES_ACCOUNT, "a@x.test", "x/\xff", NULL },
	/* The address itself would be a path. */
	{ TABLES_ACCOUNT, "../../etc/passwd@x.test", "OK", NULL },
	{ TABLES_ACCOUNT, "\"a/b\"@x.test", "OK", NULL },
	{ TABLES_ACCOUNT, ".a@x.test", "OK", NULL },
	{ TABLES_ACCOUNT, "alice", "OK", NULL },

	{ TABLES_ALIAS, "l@x.test", "a@x.test", "aa@x.test" },
	{ TABLES_ALIAS, "l@x.test", "a@X.test, Bob@y.test ,carol",
	    "aa@x.test\naBob@y.test\nacarol" },
	{ TABLES_ALIAS, "l@x.test", "\\a@x.test", "fa@x.test" },
	{ TABLES_ALIAS, "l@x.test", "L@x.test, b@x.test",
	    "fL@x.test\nab@x.test" },
	{ TABLES_ALIAS, "l", "error:550 No", "e5.1.1 No" },
	{ TABLES_ALIAS, "l", "error:550 No, a@x.test", NULL },
	{ TABLES_ALIAS, "l", "", NULL },
	{ TABLES_ALIAS, "l", ",", NULL },
	{ TABLES_ALIAS, "l", "a@x.test,,b@x.test", NULL },
	{ TABLES_ALIAS, "l", "a@x.test b@x.test", NULL },
	{ TABLES_ALIAS, "l", "a@x.test\nb@x.test", NULL },
	{ TABLES_ALIAS, "l", "<a@x.test>", NULL },
	{ TABLES_ALIAS, "l", "\"a@x.test", NULL },
	{ TABLES_FORWARD, "a@x.test", "\\a@x.test, b@y.test",
	    "fa@x.test\nab@y.test" },

	{ TABLES_LIMITS, "a@x.test", "bytes=5 tags=no",
	    "bytes=5 tags=no" },
	{ TABLES_LIMITS, "a@x.test", "", NULL },
	{ TABLES_LIMITS, "a@x.test", "bytes=-1", NULL },
	{ TABLES_LIMITS, "a@x.test", "bytes=1 x=1", NULL },
	{ TABLES_RECIPIENT, "a@x.test", "", "yes" },
	{ TABLES_RECIPIENT, "a@x.test", "x", "yes" },
	{ TABLES_RECIPIENT, "a@x.test", "no", NULL },
	{ TABLES_REWRITE, "sa@x.test", "b@Y.test", "b@y.test" },
	{ TABLES_REWRITE, "s@x.test", "@Y.test", "@y.test" },
	{ TABLES_REWRITE, "s@x.test", "@", NULL },
	{ TABLES_REWRITE, "s@x.test", "b", NULL },
	{ TABLES_REWRITE, "s@x.test", "b@y.test, c@y.test", NULL },
	{ TABLES_ROUTE, "x.test", "[Mail.x.test]:587",
	    "[mail.x.test]:587" },
	{ TABLES_ROUTE, "x.test", "smtp:[x]", NULL },
	{ TABLES_ROUTE, "x.test", "", NULL },
	{ TABLES_SENDER_ROUTE, "x.test", "[192.0.2.1]:25",
	    "[192.0.2.1]" },

	{ TABLES_OPTION, "hostname", "x.test", NULL },
	{ TABLES_USER, "postrider", "0 0", NULL },
	{ TABLES_VERIFIER, "a@x.test", "x", NULL },
};
/* clang-format on */

static void
values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int ours = 0; ours < 2; ours++)
			try(&rows[i], ours, rows[i].want);
}

/* What a file of ours may say, and a server must not. */
static void
ours(void **state)
{
	static const struct row own[] = {
		{ TABLES_ALIAS, "l", "|/bin/cat", "c/bin/cat" },
		{ TABLES_ALIAS, "l", "\"| /bin/cat x\"", "c/bin/cat x" },
		{ TABLES_ALIAS, "l", "/var/mail/l", "b/var/mail/l" },
		{ TABLES_ALIAS, "l", ":include:/etc/l", "i/etc/l" },
		{ TABLES_FORWARD, "a@x.test", "a@x.test, |/bin/cat",
		    "fa@x.test\nc/bin/cat" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(own); i++) {
		try(&own[i], true, own[i].want);
		try(&own[i], false, NULL);
	}
}

static void
long_ones(void **state)
{
	static char said[MAP_VALUE_MAX + 2];
	struct row r = { TABLES_ALIAS, "l", said, NULL };

	(void)state;
	for (size_t i = 0; i + 2 <= MAP_VALUE_MAX; i += 2)
		memcpy(said + i, "a,", 2);
	said[MAP_VALUE_MAX - 1] = '\0';
	r.want = NULL;
	{
		/* "aa\n" for each of them. */
		static char want[2 * MAP_VALUE_MAX];

		for (size_t i = 0; i < MAP_VALUE_MAX / 2; i++)
			memcpy(want + 3 * i, "aa\n", 3);
		want[3 * (MAP_VALUE_MAX / 2) - 1] = '\0';
		try(&r, false, want);
	}
	memset(said, 'a', MAP_VALUE_MAX + 1);
	try(&r, false, NULL);
}

static void
known(void **state)
{
	(void)state;
	for (int c = 1; c < 128; c++)
		assert_int_equal(map_value_known((enum tables_space)c),
		    strchr("dalfqxwrh", c) != NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(ours),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
