/*
 * t_conf_aliases: the files of aliases and forwards, right and wrong.
 */
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include "queue/conf.h"
#include "queue/conf_aliases.h"
#include "queue/conf_members.h"

static char system_file[300];

static void
put(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
write_conf(const char *more)
{
	char text[1000];

	(void)snprintf(system_file, sizeof(system_file), "%s/system", unit_dir);
	(void)snprintf(text, sizeof(text),
	    "user-mode yes\nsystem-aliases %s\n%s", system_file, more);
	put("postrider.conf", text);
	put("domains",
	    "example.org\nunix.example unix\nalias.example alias example.org\n"
	    "relay.example relay listed\n");
	put("users",
	    "alice@example.org quota=1g tags=no\nbob@example.org\n"
	    "carl messages=7\nx@relay.example\n");
}

static void
clean(const char *aliases)
{
	write_conf("");
	put("aliases", aliases);
	put("forwards", "");
	put("system", "");
	(void)unlink(unit_path("aliases.d/example.org"));
	(void)rmdir(unit_path("aliases.d"));
}

/* clang-format off */
static const struct {
	const char *line, *key, *members;
} right[] = {
	{ "info: a@x.example, b\n", "info", "aa@x.example\nab" },
	{ "Info : A@X.example ,\n", "info", "aA@x.example" },
	{ "info: a\n\t, b\n  ,c # comment\n# comment\nz: z\n", "info", "aa\nab\nac" },
	{ "info@Example.org: a\n", "info@example.org", "aa" },
	{ "\"with space\": \"o p\"@x.example\n", "\"with space\"", "a\"o p\"@x.example" },
	{ "\"a:b\": a\n", "\"a:b\"", "aa" },
	{ "info: \\alice, \\Bob@example.org\n", "info", "falice\nfBob@example.org" },
	{ "info: \"|/bin/x -a, \\\"b c\\\" # d\"\n", "info", "c/bin/x -a, \"b c\" # d" },
	{ "info: |/bin/x -a b\n", "info", "c/bin/x -a b" },
	{ "info: |/bin/x \"a,b\"\n", "info", "c/bin/x \"a,b\"" },
	{ "info: /var/mail/info, a\n", "info", "b/var/mail/info\naa" },
	{ "info: :include:/etc/list\n", "info", "i/etc/list" },
	{ "info: error:550 5.7.1 gone away\n", "info", "e5.7.1 gone away" },
	{ "info: \"error:450 not now, later\"\n", "info", "e4.2.1 not now, later" },
	{ "owner-info: a\n", "owner-info", "aa" },
	{ "@example.org: a@example.org\n", "@example.org", "aa@example.org" },
	/* its own name is its mailbox */
	{ "info: info, a\n", "info", "finfo\naa" },
	{ "info: INFO, a\n", "info", "fINFO\naa" },
	{ "bob@example.org: Bob@Example.org, a\n", "bob@example.org", "fBob@example.org\naa" },
	{ "bob@example.org: bob, a\n", "bob@example.org", "abob\naa" },
};
/* clang-format on */

static void
reads_members(void **state)
{
	const struct conf_entry *e;
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(right); i++) {
		clean(right[i].line);
		if (!conf_read(&c, unit_dir))
			fail_msg("%zu: %s", i, sbuf_str(&c.report.text));
		e = conf_map_get(&c.aliases, right[i].key);
		if (e == NULL)
			fail_msg("%zu: no \"%s\"", i, right[i].key);
		else
			assert_string_equal(e->value, right[i].members);
		conf_free(&c);
	}
}

/* clang-format off */
static const struct {
	const char *text, *says;
} wrong[] = {
	{ "info alice@example.org\n",	"aliases:1: wanted \"name: member, member\", found \"info alice@example.org\"" },
	{ "info:\n",			":1: wanted \"name: member, member\", found \"info:\"" },
	{ ": a\n",			":1: alias \"\": wanted a user part" },
	{ "info: a,,b\n",		":1: alias \"info\": wanted something on both sides of a comma" },
	{ "info: ,a\n",			"wanted something on both sides" },
	{ "info: a b\n",		":1: alias \"info\": wanted an address, \"|command\"" },
	{ "info: a@b@c\n",		"found \"a@b@c\"" },
	{ "info: |\n",			"wanted an address, \"|command\"" },
	{ "info: :include:list\n",	"wanted an absolute path behind \":include:\", found \":include:list\"" },
	{ "info: \"a\n",		"with quotes in pairs, found \"\"a\"" },
	{ "info: error:200 x\n",	"error:5xx text" },
	{ "info: error:550 x, a\n",	":1: alias \"info\": wanted nothing beside error:" },
	{ "info: a, error:550 x\n",	"wanted nothing beside error:" },
	{ "a b: alice@example.org\n",	":1: alias \"a b\": wanted a user part, an address or @domain" },
	{ "@: alice@example.org\n",	":1: alias \"@\": wanted a user part" },
	{ "a@other.org: a\n",		":1: alias \"a@other.org\": domain \"other.org\" is not in the file domains" },
	{ "@exmple.org: a\n",		"domain \"exmple.org\" is not in the file domains; nearest: example.org" },
	{ "a@alias.example: a\n",	"alias \"a@alias.example\": domain \"alias.example\" is an alias; wanted a name in example.org" },
	{ "@alias.example: a\n",	"wanted a name in example.org" },
	{ "info: a\n\nINFO: a\n",	":3: \"info\" is on line 1 already" },
	{ "a: b, c@x d, e@y z\n",	"found \"c@x d\"" },
};
/* clang-format on */

static void
tells_mistakes(void **state)
{
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		clean(wrong[i].text);
		assert_false(conf_read(&c, unit_dir));
		if (strstr(sbuf_str(&c.report.grave), wrong[i].says) == NULL)
			fail_msg("%zu: \"%s\" not in: %s", i, wrong[i].says,
			    sbuf_str(&c.report.text));
		conf_free(&c);
	}
}

static void
expect(const struct conf_map *m, const char *key, const char *value)
{
	const struct conf_entry *e = conf_map_get(m, key);

	assert_string_equal(e != NULL ? e->value : "(none)", value);
}

/* In a domain's own file names and members are of that domain. */
static void
reads_files_of_domains(void **state)
{
	struct conf c;

	(void)state;
	clean("info: alice\nb@example.org: alice\n");
	assert_int_equal(mkdir(unit_path("aliases.d"), 0755), 0);
	put("aliases.d/example.org",
	    "info: bob, info, x@y.example\na@example.org: \\alice\n@: bob\n");
	put("aliases.d/example.org~", "nonsense\n");
	put("aliases.d/.swp", "nonsense\n");
	if (!conf_read(&c, unit_dir))
		fail_msg("%s", sbuf_str(&c.report.text));
	expect(&c.aliases, "info", "aalice");
	expect(&c.aliases, "info@example.org",
	    "abob@example.org\nfinfo@example.org\nax@y.example");
	expect(&c.aliases, "a@example.org", "falice@example.org");
	expect(&c.aliases, "@example.org", "abob@example.org");
	assert_non_null(strstr(conf_map_get(&c.aliases, "a@example.org")->path,
	    "/aliases.d/example.org"));
	conf_free(&c);
	put("aliases.d/example.org", "a@unix.example: x\nb: alice\n");
	put("aliases.d/exmple.org", "a: b\n");
	assert_false(conf_read(&c, unit_dir));
	assert_int_equal(c.report.mistakes, 3);
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "aliases.d/example.org:1: alias \"a@unix.example\": wanted a name "
	    "in this file's domain, found \"unix.example\""));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "aliases.d/example.org:2: \"b@example.org\" is on line 2 of "));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "aliases.d/exmple.org: wanted the name of a domain in the file "
	    "domains; nearest: example.org"));
	conf_free(&c);
	assert_int_equal(unlink(unit_path("aliases.d/exmple.org")), 0);
	assert_int_equal(unlink(unit_path("aliases.d/example.org~")), 0);
	assert_int_equal(unlink(unit_path("aliases.d/.swp")), 0);
}

/* Other packages write there: a bad line is left out, and told. */
static void
is_lenient_with_the_system(void **state)
{
	struct conf c;

	(void)state;
	clean("info: alice\n");
	put("system",
	    "info: bob\nnonsense\nroot: carl, root\n"
	    "x@other.example: y\nroot: again\nbad: a b\n");
	if (!conf_read(&c, unit_dir))
		fail_msg("%s", sbuf_str(&c.report.text));
	assert_int_equal(c.report.warnings, 4);
	assert_string_equal(sbuf_str(&c.report.grave), "");
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "/system:2: warning: wanted \"name: member, member\", found "
	    "\"nonsense\""));
	expect(&c.system_aliases, "info", "abob");
	expect(&c.system_aliases, "root", "acarl\nfroot");
	expect(&c.system_aliases, "bad", "(none)");
	expect(&c.aliases, "info", "aalice");
	expect(&c.aliases, "root", "(none)");
	conf_free(&c);
	assert_int_equal(unlink(system_file), 0);
	assert_true(conf_read(&c, unit_dir));
	assert_int_equal(c.report.warnings, 0);
	conf_free(&c);
}

static void
knows_the_systems_file(void **state)
{
	/* clang-format off */
	static const struct {
		const char *conf, *path;	/* NULL: none is read */
	} cases[] = {
		{ "",					"/etc/aliases" },
		{ "user-mode yes\n",			NULL },
		{ "user-mode yes\nsystem-aliases /x\n",	"/x" },
		{ "system-aliases\n",			NULL },
		{ "user-mode yes\nsystem-aliases\n",	NULL },
	};
	/* clang-format on */
	const char *path;
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		put("postrider.conf", cases[i].conf);
		assert_true(conf_read_options(&c, unit_dir));
		path = conf_system_aliases(&c);
		assert_string_equal(path != NULL ? path : "(none)",
		    cases[i].path != NULL ? cases[i].path : "(none)");
		conf_free(&c);
	}
	put("postrider.conf", "system-aliases etc/aliases\n");
	assert_false(conf_read_options(&c, unit_dir));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "postrider.conf:1: system-aliases: wanted an absolute path or "
	    "nothing, found \"etc/aliases\""));
	conf_free(&c);
}

static void
reads_accounts(void **state)
{
	struct conf c;

	(void)state;
	clean("");
	put("forwards",
	    "Alice@example.org: bob@example.org,\n  \\alice@example.org\n"
	    "bob@example.org: bob@example.org, |/bin/x\n"
	    "carl: error:550 gone\n");
	if (!conf_read(&c, unit_dir))
		fail_msg("%s", sbuf_str(&c.report.text));
	expect(&c.limits, "alice@example.org", "bytes=1073741824 tags=no");
	expect(&c.limits, "carl", "messages=7");
	expect(&c.limits, "bob@example.org", "(none)");
	expect(&c.recipients, "x@relay.example", "yes");
	expect(&c.accounts, "x@relay.example", "(none)");
	expect(&c.accounts, "carl", "(none)");
	expect(&c.forwards, "alice@example.org",
	    "abob@example.org\nfalice@example.org");
	expect(&c.forwards, "carl", "e5.1.1 gone");
	expect(&c.forwards, "bob@example.org", "fbob@example.org\nc/bin/x");
	conf_free(&c);
}

static void
tells_mistakes_in_forwards(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "1x: x\n",	"forwards:1: wanted an account like alice@example.org, or a Unix user, before the \":\", found \"1x\"" },
		{ "alicf@example.org: x\n", ":1: forward \"alicf@example.org\": wanted an account of the file users; nearest: alice@example.org" },
		{ "x@relay.example: x\n", "wanted an account of the file users" },
		{ "alice@example.org\n", ":1: wanted \"account: member, member\"" },
		{ "alice@example.org: error:550 x, y\n", ":1: forward \"alice@example.org\": wanted nothing beside error:" },
		{ "alice@example.org: a b\n", "found \"a b\"" },
		{ "alice@example.org: b\nalice@example.org: c\n", ":2: \"alice@example.org\" is on line 1" },
	};
	/* clang-format on */
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		clean("");
		put("forwards", cases[i].text);
		assert_false(conf_read(&c, unit_dir));
		if (strstr(sbuf_str(&c.report.text), cases[i].says) == NULL)
			fail_msg("%s", sbuf_str(&c.report.text));
		conf_free(&c);
	}
}

/* A mailing list in one alias, and one member more. */
static void
bounds_members(void **state)
{
	struct sbuf b = SBUF_INIT(CONF_LIST_MAX);
	struct conf c;

	(void)state;
	clean("");
	sbuf_puts(&b, "list:");
	for (int i = 0; i < CONF_MEMBERS_MOST; i++)
		sbuf_fmt(&b, " m%d@members.example,\n", i);
	unit_file("aliases", sbuf_str(&b), b.len);
	if (!conf_read(&c, unit_dir))
		fail_msg("%s", sbuf_str(&c.report.text));
	conf_free(&c);
	sbuf_puts(&b, " one@more.example\n");
	unit_file("aliases", sbuf_str(&b), b.len);
	assert_false(conf_read(&c, unit_dir));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "aliases:1: alias \"list\": wanted at most 50000 members, found "
	    "50001"));
	conf_free(&c);
	sbuf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_members),
		cmocka_unit_test(tells_mistakes),
		cmocka_unit_test(reads_files_of_domains),
		cmocka_unit_test(is_lenient_with_the_system),
		cmocka_unit_test(knows_the_systems_file),
		cmocka_unit_test(reads_accounts),
		cmocka_unit_test(tells_mistakes_in_forwards),
		cmocka_unit_test(bounds_members),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
