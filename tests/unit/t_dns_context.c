/*
 * t_dns_context: what /etc/hosts answers, and configurations that are none.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/dns_context.h"
#include "common/dns_packet.h"

static struct event_base *base;
static struct dns_config config;
static char hosts[64], resolv_conf[64], anchor[64];

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* "nxdomain", "nodata", or how many records, of which none is proved. */
struct told {
	const char *name;
	unsigned int type;
	char text[24];
};

static void
on_answer(void *arg, const struct dns_outcome *o)
{
	struct told *t = arg;
	struct dns_name name;
	struct dns_packet k;

	assert_int_equal(o->rcode, 0);
	assert_false(o->secure || o->bogus);
	assert_true(dns_name_of(t->name, &name));
	assert_true(dns_packet_read(&k, o->message, o->len, &name, t->type));
	if (k.rcode == DNS_RCODE_NXDOMAIN)
		strlcpy(t->text, "nxdomain", sizeof(t->text));
	else if (k.records == 0)
		strlcpy(t->text, "nodata", sizeof(t->text));
	else
		snprintf(t->text, sizeof(t->text), "%zu", k.records);
}

static void
of_hosts(void **state)
{
	static const struct {
		const char *name;
		unsigned int type;
		const char *wanted;
	} rows[] = {
		{ "mail.example.org", DNS_RR_A, "2" },
		{ "MAIL.example.org", DNS_RR_AAAA, "1" },
		{ "mail", DNS_RR_A, "1" },
		{ "mail", DNS_RR_AAAA, "nodata" },
		{ "example.org", DNS_RR_A, "nodata" }, /* there is one below */
		{ "other.example.org", DNS_RR_A, "nxdomain" },
		{ "far.example", DNS_RR_A, "nxdomain" },
	};
	char why[TEXT_MAX + 1];
	struct dns_context *c;
	struct told t;

	(void)state;
	write_file(hosts,
	    "# comment\n192.0.2.1 mail.example.org mail # me\n"
	    "192.0.2.2\tmail.example.org\n2001:db8::1 mail.example.org\n");
	c = dns_context_new(base, &config, DNS_HOSTS, why);
	assert_non_null(c);
	for (size_t i = 0; i < COUNT(rows); i++) {
		t = (struct told){ rows[i].name, rows[i].type, "" };
		assert_true(dns_context_ask(c, t.name, t.type, on_answer, &t));
		if (strcmp(t.text, rows[i].wanted) != 0)
			fail_msg("%s %u: %s", t.name, t.type, t.text);
	}
	dns_context_release(c);
	assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

/* Without the file, or with nonsense in it, nobody is in it. */
static void
no_hosts(void **state)
{
	struct told t = { "mail.example.org", DNS_RR_A, "" };
	char why[TEXT_MAX + 1];
	struct dns_context *c;

	(void)state;
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			assert_int_equal(unlink(hosts), 0);
		else
			write_file(hosts, "nonsense\n\xff\xff \xff\n");
		c = dns_context_new(base, &config, DNS_HOSTS, why);
		assert_non_null(c);
		assert_true(dns_context_ask(c, t.name, t.type, on_answer, &t));
		assert_string_equal(t.text, "nxdomain");
		dns_context_free(c);
	}
}

static void
servers(void **state)
{
	static const struct {
		const char *servers;
		bool usable;
	} rows[] = {
		{ "192.0.2.53", true },
		{ "192.0.2.53@5353 2001:db8::53@53", true },
		{ "recursive", true },
		{ "system", true },
		{ "", false },
		{ " ", false },
		{ "ns.example", false },
		{ "192.0.2.53 nonsense", false },
	};
	char why[TEXT_MAX + 1];
	struct dns_context *c;

	(void)state;
	write_file(resolv_conf, "search x\nnameserver 192.0.2.53\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		strlcpy(
		    config.servers, rows[i].servers, sizeof(config.servers));
		why[0] = '\0';
		c = dns_context_new(base, &config, DNS_PLAIN, why);
		if ((c != NULL) != rows[i].usable || (c == NULL) != (*why != 0))
			fail_msg("\"%s\": %s", rows[i].servers, why);
		dns_context_free(c);
	}
	strlcpy(config.servers, "system", sizeof(config.servers));
	assert_int_equal(unlink(resolv_conf), 0);
	assert_null(dns_context_new(base, &config, DNS_PLAIN, why));
	assert_non_null(strstr(why, resolv_conf));
	/* No line of it means this host. */
	write_file(resolv_conf, "");
	c = dns_context_new(base, &config, DNS_PLAIN, why);
	assert_non_null(c);
	dns_context_free(c);
}

static void
anchors(void **state)
{
	static const struct {
		const char *text; /* NULL: no file */
		bool usable;
	} rows[] = {
		{ "signed.example. DS 12345 13 2 "
		  "E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A"
		  "5766\n",
		    true },
		{ "signed.example. IN DS this is none\n", false },
		{ NULL, false },
	};
	char why[TEXT_MAX + 1];
	struct dns_context *c;

	(void)state;
	strlcpy(config.servers, "192.0.2.53", sizeof(config.servers));
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].text != NULL)
			write_file(anchor, rows[i].text);
		else
			assert_int_equal(unlink(anchor), 0);
		c = dns_context_new(base, &config, DNS_CHECKS, why);
		assert_int_equal(c != NULL, rows[i].usable);
		if (c == NULL)
			assert_non_null(strstr(why, anchor));
		dns_context_free(c);
	}
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1 || (base = event_base_new()) == NULL)
		return -1;
	dns_config_init(&config);
	snprintf(hosts, sizeof(hosts), "%s/hosts", unit_dir);
	snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", unit_dir);
	snprintf(anchor, sizeof(anchor), "%s/anchor", unit_dir);
	config.hosts = hosts;
	config.resolv_conf = resolv_conf;
	strlcpy(config.anchor, anchor, sizeof(config.anchor));
	return 0;
}

static int
teardown(void **state)
{
	event_base_free(base);
	return unit_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_hosts),
		cmocka_unit_test(no_hosts),
		cmocka_unit_test(servers),
		cmocka_unit_test(anchors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
