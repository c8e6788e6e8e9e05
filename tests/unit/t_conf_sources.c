/*
 * t_conf_sources: lines "lookup" of postrider.conf, and what is compiled of
 * them.
 */
#include "tests/unit/unit.h"

#include "common/tables.h"
#include "queue/compile.h"
#include "queue/conf.h"
#include "queue/conf_sources.h"

static struct conf conf;

static void
write_conf(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

/* True without mistakes; domains always has one. */
static bool
read_conf(const char *lines)
{
	char text[4000];

	(void)snprintf(text, sizeof(text),
	    "user-mode yes\nhostname mail.x.test\n%s", lines);
	write_conf("postrider.conf", text);
	write_conf("domains", "x.test\nu.test unix\n");
	return conf_read(&conf, unit_dir);
}

static const char *
value(const struct conf_map *m, const char *key)
{
	const struct conf_entry *e = conf_map_get(m, key);

	return e != NULL ? e->value : NULL;
}

static void
rows(void **state)
{
	(void)state;
	assert_true(
	    read_conf(
		"lookup domains inline:{Y.test = virtual,z.test=relay listed}\n"
		"lookup users inline:{Alice@x.test=OK, "
		"bob@x.test=\"b/c/\",\t"
		"carol@y.test=} cdb:" SYSCONFDIR "/none.cdb\n"
		"lookup aliases inline:{ all=\"alice@x.test, \\\"a "
		"b\\\"@x.test\","
		"@y.test=carol@y.test} socketmap:unix:/m:a\n"
		"lookup aliases socketmap:inet:localhost:1:b\n"
		"lookup forwards inline:{alice@x.test=\\alice@x.test, "
		"root=bob}\n"
		"lookup rewrite inline:{sa@x.test=b@x.test}\n"
		"lookup routes inline:{*=[192.0.2.1]}\n") == false);
	/* Only the file is missing. */
	assert_int_equal(conf.report.mistakes, 1);
	assert_string_equal(value(&conf.domains, "y.test"), "virtual");
	assert_string_equal(value(&conf.domains, "z.test"), "relay listed");
	assert_string_equal(
	    value(&conf.accounts, "alice@x.test"), "x.test/alice/Maildir");
	assert_string_equal(
	    value(&conf.accounts, "carol@y.test"), "y.test/carol/Maildir");
	assert_string_equal(
	    value(&conf.aliases, "all"), "aalice@x.test\na\"a b\"@x.test");
	assert_string_equal(value(&conf.aliases, "@y.test"), "acarol@y.test");
	assert_string_equal(
	    value(&conf.forwards, "alice@x.test"), "falice@x.test");
	assert_string_equal(value(&conf.rewrites, "sa@x.test"), "b@x.test");
	assert_string_equal(value(&conf.routes, "*"), "[192.0.2.1]");
	assert_string_equal(value(&conf.sources, "l"),
	    "socketmap:unix:/m:a\nsocketmap:inet:localhost:1:b");
	assert_true(conf_sources_has(&conf, TABLES_ALIAS));
	assert_false(conf_sources_has(&conf, TABLES_DOMAIN));
	conf_free(&conf);
}

static void
mistakes(void **state)
{
	static const struct {
		const char *line, *words;
	} rows[] = {
		{ "lookup", "wanted: lookup KIND SOURCE" },
		{ "lookup users", "wanted: lookup KIND SOURCE" },
		{ "lookup usres cdb:/x", "nearest: users" },
		{ "lookup options cdb:/x", "wanted domains, users" },
		{ "lookup users x", "wanted cdb:/path" },
		{ "lookup users cdb:/none", "No such file" },
		{ "lookup users inline:{}", "key=value" },
		{ "lookup users inline:{a@x.test}", "key=value" },
		{ "lookup users inline:{a@x.test=OK", "\"}\"" },
		{ "lookup users inline:{a@x.test=\"OK}", "\"}\"" },
		{ "lookup users inline:{a@x.test=../x}", "a path" },
		{ "lookup users inline:{a=OK}", "wanted an address" },
		{ "lookup users inline:{a@u.test=OK}", "found \"unix\"" },
		{ "lookup users inline:{a@none.test=OK}", "found \"none\"" },
		{ "lookup users inline:{a@x.test=OK,a@x.test=x/y}",
		    "on line 3 already" },
		{ "lookup users inline:{a@x.test=x/y,b@x.test=x/y}",
		    "Maildir \"x/y\" of \"a@x.test\"" },
		{ "lookup domains inline:{x.test=virtual}",
		    "on line 3 of" }, /* for the file domains */
		{ "lookup rewrite inline:{a@x.test=b@x.test}", "s or r" },
		{ "lookup routes socketmap:unix:/m:a socketmap:unix:/m:a",
		    "each once" },
		{ "lookup routes socketmap:unix:/m:1 socketmap:unix:/m:2 "
		  "socketmap:unix:/m:3 socketmap:unix:/m:4 "
		  "socketmap:unix:/m:5 socketmap:unix:/m:6 "
		  "socketmap:unix:/m:7 socketmap:unix:/m:8 "
		  "socketmap:unix:/m:9",
		    "at most 8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_false(read_conf(rows[i].line));
		if (strstr(sbuf_str(&conf.report.text), rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].line,
			    sbuf_str(&conf.report.text));
		conf_free(&conf);
	}
}

/* A text file is none, whatever its length is; one of ours is. */
static void
files(void **state)
{
	char line[200], text[5000];
	struct cdb_make m;
	int fd;

	(void)state;
	(void)snprintf(
	    line, sizeof(line), "lookup users cdb:%s\n", unit_path("f"));
	memset(text, 'x', sizeof(text));
	for (size_t n = 2047; n < sizeof(text); n += 1475) {
		unit_file("f", text, n);
		assert_false(read_conf(line));
		conf_free(&conf);
	}
	memset(text, 0, sizeof(text));
	unit_file("f", text, sizeof(text));
	assert_false(read_conf(line));
	conf_free(&conf);
	fd = open(unit_path("f"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(cdb_make_start(&m, fd), 0);
	assert_int_equal(cdb_make_add(&m, "a@x.test", 8, "", 0), 0);
	assert_int_equal(cdb_make_finish(&m), 0);
	assert_int_equal(close(fd), 0);
	assert_true(read_conf(line));
	conf_free(&conf);
}

/* What only a source may know is no mistake. */
static void
unknown(void **state)
{
	(void)state;
	write_conf("users", "a@elsewhere.test\n");
	assert_false(read_conf(""));
	conf_free(&conf);
	assert_true(read_conf("lookup domains socketmap:unix:/m:d\n"));
	assert_string_equal(value(&conf.accounts, "a@elsewhere.test"),
	    "elsewhere.test/a/Maildir");
	conf_free(&conf);
	write_conf("users", "");
	write_conf("forwards", "b@x.test: c@y.test\n");
	assert_false(read_conf(""));
	conf_free(&conf);
	assert_true(read_conf("lookup users socketmap:unix:/m:d\n"));
	conf_free(&conf);
	write_conf("forwards", "");
}

/* Nothing at all without a source, and rows for each kind with one. */
static void
compiled(void **state)
{
	static const struct {
		const char *lines, *letters, *routes;
	} cases[] = {
		{ "", NULL, NULL },
		{ "lookup users inline:{a@x.test=OK}\n", NULL, NULL },
		{ "lookup routes socketmap:unix:/m:r socketmap:unix:/m:s\n"
		  "lookup users socketmap:unix:/m:u\n",
		    "ar", "socketmap:unix:/m:r\nsocketmap:unix:/m:s" },
	};
	struct host h = { .hostname = "mail.x.test", .mail_name = "x.test" };
	char err[TABLES_ERR];
	struct tables t;
	const char *v;
	int fd;

	(void)state;
	for (size_t i = 0; i < HOST_USERS; i++)
		h.users[i].name = "user";
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(read_conf(cases[i].lines));
		fd = open(unit_path("t"), O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(compile_tables(&conf, &h, fd), 0);
		assert_int_equal(close(fd), 0);
		assert_true(tables_open(&t, unit_path("t"), false, err));
		assert_int_equal(tables_get(&t, TABLES_SOURCES, "", &v),
		    cases[i].letters ? TABLES_FOUND : TABLES_NONE);
		if (cases[i].letters != NULL)
			assert_string_equal(v, cases[i].letters);
		assert_int_equal(t.sources != NULL, cases[i].letters != NULL);
		assert_int_equal(tables_get(&t, TABLES_SOURCES, "r", &v),
		    cases[i].routes ? TABLES_FOUND : TABLES_NONE);
		if (cases[i].routes != NULL)
			assert_string_equal(v, cases[i].routes);
		tables_close(&t);
		conf_free(&conf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(files),
		cmocka_unit_test(unknown),
		cmocka_unit_test(compiled),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
