/*
 * Unit test of queue/conf_routes and queue/conf_relays: where mail to other
 * hosts goes, and what it logs in with there.
 */
#include "tests/unit/unit.h"

#include "queue/conf.h"
#include "queue/conf_relays.h"

static struct conf conf;

static bool
read_texts(const char *options, const char *relays)
{
	unit_file("postrider.conf", options, strlen(options));
	(void)unlink(unit_path(RELAYS_FILE));
	if (relays != NULL)
		unit_file(RELAYS_FILE, relays, strlen(relays));
	return conf_read(&conf, unit_dir);
}

static void
holds(const struct conf_map *m, const char *key, const char *value)
{
	const struct conf_entry *e = conf_map_get(m, key);

	if (e == NULL || strcmp(e->value, value) != 0)
		fail_msg("%s: \"%s\", wanted \"%s\"", key,
		    e == NULL ? "(none)" : e->value, value);
}

static void
right(void **state)
{
	(void)state;
	assert_true(
	    read_texts("smart-host [Mail.Example.NET]:587\n"
		       "route Example.NET [10.0.0.2]:25 # comment\n"
		       "route .example.net [IPv6:2001:DB8::1]:2525\n"
		       "route *  lmtp:/run/Dovecot/lmtp\n"
		       "route [IPv6:2001:db8::2] [10.0.0.3]\n"
		       "route B\xc3\x9c"
		       "cher.Example x.example\n"
		       "tls-policy encrypt\n"
		       "tls-policy Example.net verify\n"
		       "tls-policy .example.net none\n"
		       "tls-policy * may\n"
		       "tls-policy SMTPS:[mail.example.net]:465 verify\n"
		       "tls-policy [10.0.0.2]:25 verify\n"
		       "source-address 2001:DB8::5, 192.0.2.7\n"
		       "dns-server 127.0.0.1@5353  ::1\n",
		NULL));
	assert_string_equal(
	    conf_option(&conf, "smart-host"), "[mail.example.net]:587");
	assert_string_equal(conf_option(&conf, "tls-policy"), "encrypt");
	assert_string_equal(
	    conf_option(&conf, "source-address"), "2001:db8::5 192.0.2.7");
	assert_string_equal(
	    conf_option(&conf, "dns-server"), "127.0.0.1@5353 ::1");
	assert_int_equal(conf.routes.count, 5);
	holds(&conf.routes, "xn--bcher-kva.example", "x.example");
	holds(&conf.routes, "example.net", "[10.0.0.2]");
	holds(&conf.routes, ".example.net", "[2001:db8::1]:2525");
	holds(&conf.routes, "*", "lmtp:/run/Dovecot/lmtp");
	holds(&conf.routes, "[2001:db8::2]", "[10.0.0.3]");
	assert_int_equal(conf.policies.count, 5);
	holds(&conf.policies, "[10.0.0.2]", "verify");
	holds(&conf.policies, "example.net", "verify");
	holds(&conf.policies, ".example.net", "none");
	holds(&conf.policies, "*", "may");
	holds(&conf.policies, "smtps:[mail.example.net]", "verify");
	assert_int_equal(conf.report.warnings, 0);
	conf_free(&conf);
}

/* clang-format off */
static const struct {
	const char *line, *says;
} wrong[] = {
	{ "route", "wanted: route DOMAIN NEXTHOP" },
	{ "route example.net", "wanted: route DOMAIN NEXTHOP" },
	{ "route example.net [10.0.0.2] x", "wanted: route DOMAIN NEXTHOP" },
	{ "route ..example.net x.example", "route: wanted a domain, .domain for all below it, [address] or *, found \"..example.net\"" },
	{ "route a@example.net x.example", "found \"a@example.net\"" },
	{ "route [10.0.0.2]:25 x.example", "found \"[10.0.0.2]:25\"" },
	{ "route example.net 10.0.0.2", "route example.net: wanted brackets around an address, as in [192.0.2.1], found \"10.0.0.2\"" },
	{ "route 10.0.0.2 x.example", "route: wanted a domain, .domain for all below it, [address] or *, found \"10.0.0.2\"" },
	{ "route example.net smtp:[10.0.0.2]:25", "route example.net: wanted a domain, [host] or [address], perhaps with :port behind it and smtps: or lmtp: before it, or lmtp:/path, found" },
	{ "route example.net [10.0.0.2", "found \"[10.0.0.2\"" },
	{ "route example.net x.example:0", "route example.net: wanted a port from 1 to 65535, found \"x.example:0\"" },
	{ "route EXAMPLE.org x.example", "a route for \"example.org\" is on line 1 already" },
	{ "relayhost = [10.0.0.2]", "unknown option \"relayhost\"; here it is smart-host" },
	{ "mydestination example.net", "unknown option \"mydestination\"; here it is the file domains" },
	{ "rute example.net x.example", "unknown option \"rute\"; nearest: route" },
	{ "tls-policy", "tls-policy: wanted one of: none may encrypt verify, found \"\"" },
	{ "tls-policy example.net", "tls-policy: wanted one of: none may encrypt verify" },
	{ "tls-policy example.net verfy", "tls-policy example.net: wanted none, may, encrypt or verify, found \"verfy\"; nearest: verify" },
	{ "tls-policy example.net verify x", "wanted: tls-policy [DOMAIN|NEXTHOP] none|may|encrypt|verify" },
	{ "tls-policy a@b verify", "tls-policy: wanted a domain, .domain for all below it, [address] or *, or a next hop (a domain, [host] or [address], perhaps" },
	{ "tls-policy 10.0.0.2 verify", "or a next hop (brackets around an address, as in [192.0.2.1]), found \"10.0.0.2\"" },
	{ "tls-policy example.org none", "a tls-policy for \"example.org\" is on line 2 already" },
	{ "smart-host 10.0.0.2", "smart-host: wanted brackets around an address, as in [192.0.2.1], found \"10.0.0.2\"" },
	{ "dns-server 127.0.0.1:53", "dns-server: wanted system, recursive, or addresses of resolvers, each with @PORT or without, found \"127.0.0.1:53\"" },
	{ "dns-server system 127.0.0.1", "dns-server: wanted system" },
	{ "dns-server 127.0.0.1@0", "dns-server: wanted system" },
	{ "source-address 192.0.2.1 192.0.2.2", "source-address: wanted at most one IPv4 and one IPv6 address of this host, found \"192.0.2.1 192.0.2.2\"" },
	{ "source-address 0.0.0.0", "source-address: wanted at most one IPv4 and one IPv6 address of this host, found \"0.0.0.0\"" },
	{ "source-address ::", "source-address: wanted" },
	{ "source-address ::ffff:192.0.2.1", "source-address: wanted" },
	{ "source-address 224.0.0.1", "source-address: wanted" },
	{ "source-address mail.example.org", "source-address: wanted" },
	{ "own-addresses 192.0.2.300", "own-addresses: wanted addresses or prefixes" },
	{ "ip-preference v6", "ip-preference: wanted one of: ipv6 ipv4 ipv6-only ipv4-only" },
};
/* clang-format on */

static void
mistakes(void **state)
{
	char text[500], *said;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		(void)snprintf(text, sizeof(text),
		    "route example.org [10.0.0.9]\n"
		    "tls-policy example.org may\n%s\n",
		    wrong[i].line);
		assert_false(read_texts(text, NULL));
		assert_int_equal(conf.report.mistakes, 1);
		said = strstr(sbuf_str(&conf.report.text), "postrider.conf:3:");
		if (said == NULL || strstr(said, wrong[i].says) == NULL)
			fail_msg("%s: %s", wrong[i].line,
			    sbuf_str(&conf.report.text));
		conf_free(&conf);
	}
}

static void
credentials(void **state)
{
	(void)state;
	assert_true(read_texts("",
	    "# what we log in with\n"
	    "[smtp.Example.net]:587 alice s3cret #1 \n"
	    "  # [x.example] a b\n"
	    "smtps:[smtp.example.net]:465  bob@example.net \" \xc3\xa9 \"\n"
	    "example.com alice \"\"x\"\"\n"
	    "example.org alice \"x\n"));
	assert_int_equal(conf.relays.count, 4);
	/* alice, "s3cret #1" */
	holds(&conf.relays, "[smtp.example.net]:587", "YWxpY2U= czNjcmV0ICMx");
	holds(&conf.relays, "smtps:[smtp.example.net]",
	    "Ym9iQGV4YW1wbGUubmV0 IMOpIA==");
	holds(&conf.relays, "example.com", "YWxpY2U= Ingi");
	holds(&conf.relays, "example.org", "YWxpY2U= Ing=");
	conf_free(&conf);
}

/* None of them tells what is or may be a password. */
static void
bad_credentials(void **state)
{
	/* clang-format off */
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "10.0.0.2 alice hush", ":1: wanted a next hop, a user name and a password, found something else" },
		{ "example.net", ":1: \"example.net\": wanted a user name of at most 320 bytes, found none" },
		{ "example.net alice", ":1: \"example.net\": wanted a password of 1 to 511 bytes without control characters behind the user name, separated by a blank, found none" },
		{ "example.net alice \"\"", "found none" },
		{ "example.net alice:hush", "behind the user name, separated by a blank, found none" },
		{ "example.net alice hu\tsh", "found something else" },
		{ "example.net alice hush\nEXAMPLE.net bob hush", ":2: \"example.net\" is on line 1 already" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_false(read_texts("", cases[i].line));
		assert_int_equal(conf.report.mistakes, 1);
		if (strstr(sbuf_str(&conf.report.text), cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].line,
			    sbuf_str(&conf.report.text));
		assert_null(strstr(sbuf_str(&conf.report.text), "hush"));
		conf_free(&conf);
	}
	assert_true(read_texts("", "example.net alice hush"));
	conf_free(&conf);
	assert_int_equal(chmod(unit_path(RELAYS_FILE), 0640), 0);
	assert_false(conf_read(&conf, unit_dir));
	assert_int_equal(conf.report.mistakes, 1);
	assert_non_null(strstr(sbuf_str(&conf.report.text),
	    "relay-passwords: wanted mode 0600, found 0640 (chmod 600 it)"));
	conf_free(&conf);
}

/* Only root can give a file away. */
static void
others_file(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	assert_true(read_texts("", "example.net alice hush"));
	conf_free(&conf);
	assert_int_equal(chown(unit_path(RELAYS_FILE), 12345, 0), 0);
	assert_false(conf_read(&conf, unit_dir));
	assert_int_equal(conf.report.mistakes, 1);
	assert_non_null(strstr(sbuf_str(&conf.report.text),
	    "relay-passwords: wanted it to be root's or the caller's, found "
	    "uid 12345 (chown it)"));
	conf_free(&conf);
	assert_int_equal(unlink(unit_path(RELAYS_FILE)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(credentials),
		cmocka_unit_test(bad_credentials),
		cmocka_unit_test(others_file),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
