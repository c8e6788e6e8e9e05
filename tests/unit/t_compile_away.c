/*
 * Unit test of queue/compile_away: what apply warns of in mail to other hosts.
 */
#include "tests/unit/unit.h"

#include "queue/compile_check.h"
#include "queue/conf_relays.h"
#include "tests/unit/tls_cert.h"

static void
put(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
write_files(const char *options, const char *relays)
{
	char conf[2000];

	/* Lines from 4 on are the case's. */
	(void)snprintf(conf, sizeof(conf),
	    "user-mode yes\nhostname mx.example.org\npostmaster "
	    "alice@example.org\n%s\nstate-dir %s/state\ntls-dir %s\n"
	    "mail-name example.com\ntls-ca-file %s/%s\n",
	    options, unit_dir, unit_dir, unit_dir,
	    strstr(options, "# no CAs") != NULL          ? "none"
		: strstr(options, "# empty CAs") != NULL ? "empty.pem"
							 : "ca.pem");
	cert_put("a-certificate.pem", "DNS:mx.example.org");
	cert_put("ca.pem", "DNS:ca.example.org");
	put("empty.pem", "");
	put("postrider.conf", conf);
	put("domains", "example.org\nrelay.example relay\n");
	put("users", "alice@example.org\n");
	put("passwords", "");
	put("aliases", "");
	put(RELAYS_FILE, relays);
}

/* clang-format off */
static const struct {
	const char *options, *relays, *says; /* NULL: nothing */
} cases[] = {
	{ "", "", NULL },
	{ "smart-host [smtp.example.net]:587\n", "[smtp.example.net]:587 alice hush\n", NULL },
	{ "route example.net [10.0.0.2]\nroute .example.org [10.0.0.3]\ntls-policy example.net verify", "", NULL },
	{ "route Example.ORG [10.0.0.2]", "", "postrider.conf:4: warning: route example.org: is one of our own domains (file domains), whose mail is delivered here; the route is not used" },
	{ "route relay.example [10.0.0.2]", "", NULL },
	{ "route relay.example [mx.example.org]", "", "route relay.example: \"[mx.example.org]\" is this host" },
	{ "sender-route example.org [10.0.0.2]", "[10.0.0.2] alice hush\n", NULL },
	{ "sender-route example.org [mx.example.org]", "", "postrider.conf:4: warning: sender-route example.org: \"[mx.example.org]\" is this host" },
	{ "\nroute * [mx.example.org]", "", "postrider.conf:5: warning: route *: \"[mx.example.org]\" is this host, and the mail would come back" },
	{ "route * [mx.example.org]:2525\nroute lists.example lmtp:[mx.example.org]", "", NULL },
	{ "smart-host example.com", "", "postrider.conf:4: warning: smart-host: is this host, and all mail to others would come back" },
	{ "", "# x\n[smtp.example.net]:587 alice hush\n", "relay-passwords:2: warning: \"[smtp.example.net]:587\": neither smart-host nor a route leads there" },
	{ "smart-host [smtp.example.net]", "[smtp.example.net]:587 alice hush\n", "relay-passwords:1: warning: \"[smtp.example.net]:587\": neither smart-host nor a route leads there; meant is perhaps [smtp.example.net]" },
	{ "smart-host [a.example]:587", "[b.example]:587 alice hush\n", "leads there; smart-host is [a.example]:587" },
	{ "route x.example [10.0.0.2]:25", "[10.0.0.2] alice hush\n", NULL },
	{ "route x.example smtps:[smtp.example.net]", "[smtp.example.net]:465 alice hush\n", "leads there; meant is perhaps smtps:[smtp.example.net]" },
	/* A policy for a next hop, in another spelling, for another, for none. */
	{ "route old.example [127.0.0.1]\ntls-policy [127.0.0.1]:25 verify", "", NULL },
	{ "route old.example [127.0.0.1]:25\ntls-policy [127.0.0.1] verify", "", NULL },
	{ "smart-host a.example:25\ntls-policy a.example verify", "", NULL },
	{ "route old.example [127.0.0.1]:40777\ntls-policy [127.0.0.1] verify", "", "postrider.conf:5: warning: tls-policy [127.0.0.1]: does not hold for the next hop [127.0.0.1]:40777, only for mail to this domain" },
	{ "smart-host [smtp.example.net]:587\ntls-policy [smtp.example.net] verify", "", "postrider.conf:5: warning: tls-policy [smtp.example.net]: does not hold for the next hop [smtp.example.net]:587" },
	{ "smart-host [smtp.example.net]:587\ntls-policy smtp.example.net encrypt", "", "postrider.conf:5: warning: tls-policy smtp.example.net: does not hold for the next hop [smtp.example.net]:587, only for mail" },
	{ "tls-policy [smtp.example.net] verify", "", "postrider.conf:4: warning: tls-policy [smtp.example.net]: neither smart-host nor a route leads there" },
	{ "tls-policy [192.0.2.1] verify\ntls-policy * may", "", NULL },
	{ "route a.example [a.example]:2525\ntls-policy a.example encrypt", "", NULL },
	{ "route * [smtp.example.net]:587", "[smtp.example.net]:587 alice hush\n", NULL },
	{ "smart-host example.net\ntls-policy example.net encrypt", "example.net alice hush\n", "postrider.conf:5: warning: tls-policy example.net encrypt: lets the password for example.net go to whoever answers there; wanted verify" },
	{ "route example.net [10.0.0.2]\ntls-policy example.net may", "[10.0.0.2] alice hush\n", "postrider.conf:5: warning: tls-policy example.net may: lets the password for [10.0.0.2] go" },
	/* That of the next hop holds, and one for all is not for passwords. */
	{ "route example.net [10.0.0.2]\ntls-policy example.net may\ntls-policy [10.0.0.2] verify", "[10.0.0.2] alice hush\n", NULL },
	{ "route * [10.0.0.2]\ntls-policy * may", "[10.0.0.2] alice hush\n", NULL },
	{ "route lists.example lmtp:/run/lmtp\ntls-policy lists.example verify", "", "postrider.conf:5: warning: tls-policy lists.example verify: there is no TLS to a Unix socket, and none is wanted" },
	{ "tls-policy verify # no CAs", "", "postrider.conf:8: warning: tls-ca-file: wanted CAs in /" },
	{ "tls-policy x.example verify # no CAs", "", "tls-ca-file: wanted CAs in /" },
	{ "tls-policy encrypt # no CAs", "", NULL },
	{ "smart-host [10.0.0.2] # no CAs", "[10.0.0.2] a b\n", "tls-ca-file: wanted CAs in /" },
	{ "tls-policy verify # empty CAs", "", "postrider.conf:8: warning: tls-ca-file: wanted CAs in /" },
	{ "source-address 127.0.0.1", "", NULL },
	{ "source-address 127.0.0.1\nip-preference ipv4-only", "", NULL },
	{ "source-address 127.0.0.1\nip-preference ipv6-only", "", "postrider.conf:4: warning: source-address: \"127.0.0.1\" is not used: ip-preference is ipv6-only" },
	{ "queue-lifetime 1d\nretry-most 2d", "", "postrider.conf:5: warning: retry-most: a retry may come after queue-lifetime has ended" },
	{ "source-address 127.0.0.1 2001:db8::17", "", "postrider.conf:4: warning: source-address: wanted an address of this host, found \"2001:db8::17\": nothing can be sent from there" },
	{ "source-address 192.0.2.1", "", "found \"192.0.2.1\"" },
	{ "remote-agents 10", "", NULL },
	{ "remote-agents 10\ndestination-agents 11", "", "postrider.conf:5: warning: destination-agents: is more than remote-agents" },
	{ "queue-lifetime 60", "", NULL },
	{ "queue-lifetime 1h\ndelay-warning 60m", "", "postrider.conf:5: warning: delay-warning: nobody is warned: queue-lifetime ends before" },
	{ "queue-lifetime 1h\ndelay-warning 0", "", NULL },
};
/* clang-format on */

static void
warnings(void **state)
{
	struct conf c;
	struct host h;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_files(cases[i].options, cases[i].relays);
		if (!conf_read(&c, unit_dir) || !host_find(&h, &c))
			fail_msg("%s", sbuf_str(&c.report.text));
		conf_report_free(&c.report);
		conf_report_init(&c.report);
		compile_check(&c, &h);
		assert_int_equal(c.report.mistakes, 0);
		assert_int_equal(c.report.warnings, cases[i].says != NULL);
		if (cases[i].says != NULL &&
		    strstr(sbuf_str(&c.report.text), cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].options,
			    sbuf_str(&c.report.text));
		assert_null(strstr(sbuf_str(&c.report.text), "hush"));
		conf_free(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warnings),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
