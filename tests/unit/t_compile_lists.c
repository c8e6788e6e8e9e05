/*
 * t_compile_lists: lists that lead to lists: how far, how many, and in circles;
 * bombs cost no more than what they are made of.
 */
#include "tests/unit/unit.h"

#include <time.h>

#include <bsd/string.h>

#include "queue/compile_check.h"
#include "queue/compile_system.h"
#include "queue/compile.h"
#include "queue/compile_publish.h"
#include "tests/unit/tls_cert.h"

static void
put(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
check(struct conf *c, const char *domains, const char *aliases,
    const char *forwards, const char *system)
{
	char conf[1000];
	struct host h;

	(void)snprintf(conf, sizeof(conf),
	    "user-mode yes\nhostname mx.example.org\nmail-name example.org\n"
	    "state-dir %s/state\ntls-dir %s\nsystem-aliases %s/system\n"
	    "postmaster alice@example.org\n",
	    unit_dir, unit_dir, unit_dir);
	cert_put("a-certificate.pem", "DNS:mx.example.org");
	put("postrider.conf", conf);
	put("domains", domains);
	put("users", "alice@example.org\nbob@example.org\ncarl@example.org\n");
	put("aliases", aliases);
	put("forwards", forwards);
	put("system", system);
	if (!conf_read(c, unit_dir) || !host_find(&h, c))
		fail_msg("%s", sbuf_str(&c->report.text));
	conf_report_free(&c->report);
	conf_report_init(&c->report);
	compile_check(c, &h);
}

static void
expect(struct conf *c, const char *says, size_t mistakes)
{
	if (says == NULL)
		assert_string_equal(sbuf_str(&c->report.text), "");
	else if (strstr(sbuf_str(&c->report.text), says) == NULL)
		fail_msg("\"%s\" not in: %s", says, sbuf_str(&c->report.text));
	assert_int_equal(c->report.mistakes, mistakes);
	conf_free(c);
}

/* clang-format off */
static const struct {
	const char *forwards, *aliases, *says;
	size_t mistakes;
} forwards[] = {
	{ "alice@example.org: bob@example.org\n", "", NULL, 0 },
	{ "alice@example.org: alice@example.org, x@other.example\n", "", NULL, 0 },
	{ "alice@example.org: bob@example.org\nbob@example.org: alice@example.org\n", "",
	    "forward \"alice@example.org\" leads into a circle: alice@example.org, bob@example.org, alice@example.org", 2 },
	{ "alice@example.org: bob@example.org\nbob@example.org: carl@example.org\ncarl@example.org: alice@example.org\n", "",
	    "forwards:3: forward \"carl@example.org\" leads into a circle: carl@example.org, alice@example.org, bob@example.org, carl@example.org", 3 },
	/* they keep their mail, too */
	{ "alice@example.org: bob@example.org, \\alice@example.org\nbob@example.org: \\bob@example.org, alice@example.org\n", "",
	    "warning: forward \"alice@example.org\" leads into a circle", 0 },
	/* through an alias; the alias is not one for them */
	{ "alice@example.org: sales@example.org\n", "sales: alice@example.org\n",
	    "alias \"sales\" leads into a circle: sales@example.org, alice@example.org, sales@example.org", 2 },
	{ "alice@example.org: sales@example.org\n", "sales: \\alice@example.org\n", NULL, 0 },
	{ "alice@example.org: x@example.org\n", "", "forward \"alice@example.org\": \"x@example.org\" is nobody", 0 },
	{ "no-such-user: alice@example.org\n", "", "forward \"no-such-user\": there is no such Unix user", 0 },
};
/* clang-format on */

static void
follows_forwards(void **state)
{
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(forwards); i++) {
		check(&c, "example.org\n", forwards[i].aliases,
		    forwards[i].forwards, "");
		expect(&c, forwards[i].says, forwards[i].mistakes);
	}
}

/* The file of other packages never keeps anything from being applied. */
static void
warns_of_system_aliases(void **state)
{
	struct conf c;

	(void)state;
	check(&c, "example.org\n", "", "", "a: b\nb: a\nc: x@example.org\n");
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "/system:3: warning: alias \"c@example.org\": \"x@example.org\" is "
	    "nobody"));
	expect(&c,
	    "/system:1: warning: alias \"a@example.org\" leads into a circle: "
	    "a@example.org, b@example.org, a@example.org",
	    0);
}

/* Where a name without a domain holds, and what comes before it. */
static void
places_system_aliases(void **state)
{
	/* clang-format off */
	static const struct {
		const char *key, *value;	/* NULL: there is none */
	} wanted[] = {
		{ "root@example.org",		"aalice@example.org\nfroot@unix.example" },
		{ "root@unix.example",		"aalice@example.org\nfroot@unix.example" },
		{ "root@other.example",		NULL },
		{ "root",			NULL },
		{ "alice@example.org",		NULL },	/* an account */
		{ "alice@unix.example",		"abob@example.org" },
		{ "info@example.org",		"abob@example.org" },	/* our file's */
		{ "info@unix.example",		"acarl@example.org" },
		{ "sales@example.org",		NULL },	/* our file has it for all */
		{ "sales",			"abob@example.org" },
		{ "x@other.example",		"acarl@example.org" },
		/* who is somebody in mail-name's domain, and who is not */
		{ "many@example.org",		"adaemon@unix.example\naalice\naBOB+x\naroot\nfbob@example.org" },
		{ "many@unix.example",		"adaemon@unix.example\naalice\naBOB+x\naroot\nfbob@unix.example" },
	};
	/* clang-format on */
	char path[40], err[TABLES_ERR];
	const char *value;
	struct tables t;
	struct host h;
	struct conf c;
	int fd;

	(void)state;
	check(&c,
	    "example.org\nunix.example unix\nother.example\n"
	    "alias.example alias unix.example\nrelay.example relay\n",
	    "info@example.org: bob@example.org\nsales: bob@example.org\n", "",
	    "root: alice@example.org, root\nalice: bob@example.org\n"
	    "info: carl@example.org\nsales: carl@example.org\n"
	    "x@other.example: carl@example.org\n"
	    "many: daemon, alice, BOB+x, root, \\bob\n");
	assert_int_equal(c.report.mistakes, 0);
	assert_true(host_find(&h, &c));
	fd = compile_memory(&c, &h, compile_tables);
	assert_int_not_equal(fd, -1);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_true(tables_open(&t, path, false, err));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		value = "(none)";
		(void)tables_get(&t, TABLES_ALIAS, wanted[i].key, &value);
		assert_string_equal(value,
		    wanted[i].value != NULL ? wanted[i].value : "(none)");
	}
	tables_close(&t);
	(void)close(fd);
	conf_free(&c);
}

static double
seconds(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
 * So many layers, in which each alias leads to all of the next; the last ones
 * lead to end.
 */
static void
build_bomb(struct sbuf *b, int layers, int width, const char *end)
{
	for (int i = 0; i < layers; i++)
		for (int k = 0; k < width; k++) {
			sbuf_fmt(b, "l%d-%d:", i, k);
			for (int n = 0; i < layers - 1 && n < width; n++)
				sbuf_fmt(b, " l%d-%d@example.org,", i + 1, n);
			if (i == layers - 1)
				sbuf_fmt(b, " %s", end);
			sbuf_puts(b, "\n");
		}
}

static void
bombs_are_cheap(void **state)
{
	/* clang-format off */
	static const struct {
		int layers, width;
		const char *end, *says;
	} cases[] = {
		{ 10, 30, "alice@example.org", NULL },
		{ 10, 80, "alice@example.org",
		    "alias \"l0-0\" leads to more than 1000 lists or 50000 members" },
		{ 10, 130, "alice@example.org", "alias \"l0-0\" leads to more than 1000 lists or 50000 members" },
		{ 11, 30, "alice@example.org", "alias \"l0-0\" leads through more than 10 lists" },
		{ 30, 30, "alice@example.org", "alias \"l0-0\" leads through more than 10 lists" },
		{ 9, 30, "l0-0@example.org", "alias \"l0-0\" leads into a circle" },
	};
	/* clang-format on */
	struct sbuf b = SBUF_INIT(CONF_LIST_MAX);
	double start;
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		sbuf_clear(&b);
		build_bomb(&b, cases[i].layers, cases[i].width, cases[i].end);
		start = seconds();
		check(&c, "example.org\n", sbuf_str(&b), "", "");
		if (seconds() - start > 30)
			fail_msg("%zu: %g s", i, seconds() - start);
		assert_int_equal(c.report.mistakes > 0, cases[i].says != NULL);
		c.report.mistakes = 0;
		expect(&c, cases[i].says, 0);
	}
	sbuf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_forwards),
		cmocka_unit_test(warns_of_system_aliases),
		cmocka_unit_test(places_system_aliases),
		cmocka_unit_test(bombs_are_cheap),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
