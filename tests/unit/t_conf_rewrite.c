/*
 * t_conf_rewrite: the file rewrite, and lines sender-route.
 */
#include "tests/unit/unit.h"

#include "queue/conf.h"

static void
put(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
expect(const struct conf_map *m, const char *key, const char *value)
{
	const struct conf_entry *e = conf_map_get(m, key);

	assert_string_equal(e != NULL ? e->value : "(none)", value);
}

static void
reads_rules(void **state)
{
	struct conf c;

	(void)state;
	put("postrider.conf",
	    "sender-route Alice@Example.org [192.0.2.1]\n"
	    "sender-route example.org relay.example:587\n"
	    "sender-route .example.org relay.example\n");
	put("rewrite",
	    "# comment\n"
	    "sender Alice@host.example A.Lice@example.org\n"
	    "recipient @old.example @new.example\n"
	    "both .example.net all@example.net\n"
	    "masquerade Host.example.com example.com\n"
	    "both keep@example.com keep@example.com\n");
	if (!conf_read(&c, unit_dir))
		fail_msg("%s", sbuf_str(&c.report.text));
	expect(&c.rewrites, "salice@host.example", "A.Lice@example.org");
	expect(&c.rewrites, "ralice@host.example", "(none)");
	expect(&c.rewrites, "r@old.example", "@new.example");
	expect(&c.rewrites, "s@old.example", "(none)");
	expect(&c.rewrites, "s.example.net", "all@example.net");
	expect(&c.rewrites, "r.example.net", "all@example.net");
	expect(&c.rewrites, "s@host.example.com", "@example.com");
	expect(&c.rewrites, "s.host.example.com", "@example.com");
	expect(&c.rewrites, "r@host.example.com", "(none)");
	expect(&c.rewrites, "rkeep@example.com", "keep@example.com");
	assert_int_equal(c.rewrites.count, 8);
	expect(&c.sender_routes, "alice@example.org", "[192.0.2.1]");
	expect(&c.sender_routes, "example.org", "relay.example:587");
	expect(&c.sender_routes, ".example.org", "relay.example");
	conf_free(&c);
}

/* clang-format off */
static const struct {
	const char *rewrite, *says;
} wrong[] = {
	{ "sendr a@x.example b@x.example\n", "rewrite:1: wanted sender, recipient, both or masquerade, found \"sendr\"" },
	{ "sender\n",				":1: wanted: sender OLD NEW" },
	{ "sender a@x.example\n",		":1: wanted: sender OLD NEW" },
	{ "sender a@x.example b@x.example c\n",	":1: wanted: sender OLD NEW" },
	{ "sender alice b@x.example\n",		":1: sender: wanted an address, @domain, or .domain for all below it, found \"alice\"" },
	{ "both x.example @y.example\n",	"both: wanted an address, @domain" },
	{ "both @ @y.example\n",		"found \"@\"" },
	{ "both @a_b @y.example\n",		"found \"@a_b\"" },
	{ "both @x.example .y.example\n",	":1: both: wanted an address or @domain, found \".y.example\"" },
	{ "both @x.example bob\n",		"wanted an address or @domain, found \"bob\"" },
	{ "both @x.example @y.example\nsender @X.example @z.example\n", ":2: \"sender @x.example\" is on line 1 already" },
	{ "masquerade x.example\n",		":1: wanted: masquerade HOST DOMAIN" },
	{ "masquerade @x.example y.example\n",	":1: masquerade: wanted a domain name, found \"@x.example\"" },
	{ "masquerade x.example .y.example\n",	"wanted a domain name, found \".y.example\"" },
};

static const struct {
	const char *conf, *says;
} wrong_routes[] = {
	{ "sender-route\n",			":1: wanted: sender-route ADDRESS|DOMAIN|.DOMAIN NEXTHOP" },
	{ "sender-route example.org\n",		":1: wanted: sender-route" },
	{ "sender-route * relay.example\n",	":1: sender-route: wanted an address, a domain or .domain for all below it, found \"*\"" },
	{ "sender-route @example.org relay.example\n", "found \"@example.org\"" },
	{ "sender-route [192.0.2.1] relay.example\n", "found \"[192.0.2.1]\"" },
	{ "sender-route example.org rel_ay\n",	":1: sender-route example.org: wanted " },
	{ "sender-route example.org a.example\nsender-route Example.org b.example\n", ":2: a sender-route for \"example.org\" is on line 1 already" },
	{ "sender-rout example.org a.example\n", "unknown option \"sender-rout\"; nearest: sender-route" },
};
/* clang-format on */

static void
tells(const char *conf, const char *rewrite, const char *says)
{
	struct conf c;

	put("postrider.conf", conf);
	put("rewrite", rewrite);
	assert_false(conf_read(&c, unit_dir));
	if (strstr(sbuf_str(&c.report.grave), says) == NULL)
		fail_msg("\"%s\" not in: %s", says, sbuf_str(&c.report.text));
	conf_free(&c);
}

static void
tells_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		tells("", wrong[i].rewrite, wrong[i].says);
	for (size_t i = 0; i < COUNT(wrong_routes); i++)
		tells(wrong_routes[i].conf, "", wrong_routes[i].says);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rules),
		cmocka_unit_test(tells_mistakes),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
