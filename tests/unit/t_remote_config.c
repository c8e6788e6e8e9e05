/*
 * t_remote_config: what remote takes from the tables, and refuses.
 */
#include "tests/unit/cdb.h"

#include "common/log.h"
#include "common/users.h"
#include "delivery/remote_config.h"

static const struct {
	const char *list;
	bool ok;
	const char *v4, *v6;
} sources[] = {
	/* clang-format off */
	{ "",				true,	"", "" },
	{ "  ,",			true,	"", "" },
	{ "192.0.2.1",			true,	"192.0.2.1", "" },
	{ "2001:DB8:0::1",		true,	"", "2001:db8::1" },
	{ "192.0.2.1 2001:db8::1",	true,	"192.0.2.1", "2001:db8::1" },
	{ "2001:db8::1,192.0.2.1",	true,	"192.0.2.1", "2001:db8::1" },
	{ "192.0.2.1 192.0.2.2",	false,	"", "" },
	{ "2001:db8::1 2001:db8::2",	false,	"", "" },
	{ "192.0.2.1 2001:db8::1 x",	false,	"", "" },
	{ "192.0.2.1/24",		false,	"", "" },
	{ "192.0.2",			false,	"", "" },
	{ "example.org",		false,	"", "" },
	{ "::ffff:999.0.2.1",		false,	"", "" },
	{ "2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:1",
	    false, "", "" },
	/* clang-format on */
};

static void
source_addresses(void **state)
{
	char s[2][64];

	(void)state;
	for (size_t i = 0; i < COUNT(sources); i++) {
		memset(s, 'x', sizeof(s));
		if (remote_config_source(sources[i].list, s) != sources[i].ok)
			fail_msg("%s", sources[i].list);
		if (!sources[i].ok)
			continue;
		assert_string_equal(s[0], sources[i].v4);
		assert_string_equal(s[1], sources[i].v6);
	}
}

static bool
load(const struct cdb_row *rows, size_t n, struct remote_config *c)
{
	char err[TABLES_ERR];
	struct tables t;
	bool ok;

	cdb_file("t.cdb", rows, n);
	assert_true(tables_open(&t, unit_path("t.cdb"), false, err));
	ok = remote_config_load(c, &t);
	tables_close(&t);
	return ok;
}

#define HOST                                                                   \
	{                                                                      \
		TABLES_OPTION, "hostname", "mx.example.org"                    \
	}
static struct remote_config c;

static void
defaults(void **state)
{
	const struct cdb_row rows[] = { HOST };

	(void)state;
	assert_true(load(rows, 1, &c));
	assert_string_equal(c.hostname, "mx.example.org");
	assert_string_equal(c.run_dir, "/run/postrider");
	assert_string_equal(c.source[0], "");
	assert_string_equal(c.source[1], "");
	assert_int_equal(c.ip, IP_6_FIRST);
	assert_int_equal(c.port, 25);
	assert_int_equal(c.connect, 30);
	assert_int_equal(c.timeout, 600);
	assert_int_equal(c.idle, 5);
	assert_int_equal(c.messages, 100);
	assert_false(c.loopback);
	assert_true(own_has(&c.interfaces, "127.0.0.1"));
}

/* By name when we are who the suite knows, else by number. */
static void
who_we_are(void **state)
{
	char ids[40];
	const struct cdb_row rows[] = { HOST, { TABLES_USER, USER_OUT, ids } };

	(void)state;
	(void)snprintf(ids, sizeof(ids), "%u %u", geteuid(), getegid());
	assert_true(load(rows, 2, &c));
	assert_string_equal(c.user, "user " USER_OUT);
	assert_true(load(rows, 1, &c));
	(void)snprintf(ids, sizeof(ids), "uid %u", geteuid());
	assert_string_equal(c.user, ids);
}

static void
as_set(void **state)
{
	const struct cdb_row rows[] = {
		HOST,
		{ TABLES_OPTION, "run-dir", "/x" },
		{ TABLES_OPTION, "source-address", "192.0.2.1" },
		{ TABLES_OPTION, "own-addresses", "198.51.100.0/24" },
		{ TABLES_OPTION, "ip-preference", "ipv4-only" },
		{ TABLES_OPTION, "remote-port", "2525" },
		{ TABLES_OPTION, "connect-timeout", "2" },
		{ TABLES_OPTION, "remote-timeout", "3" },
		{ TABLES_OPTION, "connection-idle", "0" },
		{ TABLES_OPTION, "connection-messages", "7" },
		{ TABLES_OPTION, "loopback-delivery", "yes" },
	};

	(void)state;
	assert_true(load(rows, COUNT(rows), &c));
	assert_string_equal(c.run_dir, "/x");
	assert_string_equal(c.source[0], "192.0.2.1");
	assert_string_equal(c.own, "198.51.100.0/24");
	assert_int_equal(c.ip, IP_4_ONLY);
	assert_int_equal(c.port, 2525);
	assert_int_equal(c.connect, 2);
	assert_int_equal(c.timeout, 3);
	assert_int_equal(c.idle, 0);
	assert_int_equal(c.messages, 7);
	assert_true(c.loopback);
}

/* Nothing of the configuration becomes a second command (M15). */
static void
refused(void **state)
{
	static const struct cdb_row bad[] = {
		{ TABLES_OPTION, "hostname", "a.example\r\nMAIL FROM:<>" },
		{ TABLES_OPTION, "hostname", "a b" },
		{ TABLES_OPTION, "hostname", "" },
		{ TABLES_OPTION, "source-address", "nowhere" },
		{ TABLES_OPTION, "remote-port", "0" },
		{ TABLES_OPTION, "ip-preference", "ipx" },
	};
	static char path[300];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct cdb_row rows[2] = { bad[i], HOST };
		bool host = strcmp(bad[i].key, "hostname") == 0;

		if (load(rows, host ? 1 : 2, &c))
			fail_msg("%s %s", bad[i].key, bad[i].value);
	}
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	struct cdb_row rows[] = { HOST, { TABLES_OPTION, "run-dir", path } };
	assert_false(load(rows, 2, &c));
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_addresses),
		cmocka_unit_test(defaults),
		cmocka_unit_test(as_set),
		cmocka_unit_test(who_we_are),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
