/*
 * t_compile_check: what is not wrong and hardly meant, and aliases that lead
 * nowhere.
 */
#include "tests/unit/unit.h"

#include "queue/compile_check.h"
#include "tests/unit/tls_cert.h"

static void
put(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
write_files(const char *more, const char *aliases)
{
	char conf[2000];

	(void)snprintf(conf, sizeof(conf),
	    "user-mode yes\nhostname MX.Example.ORG\nstate-dir %s/state\n%s"
	    "tls-dir %s\n",
	    unit_dir, more, unit_dir);
	cert_put("a-certificate.pem", "DNS:mx.example.org");
	put("postrider.conf", conf);
	put("domains", "example.org\n");
	put("users", "alice@example.org\nbob@example.org\n");
	put("passwords", "");
	put("aliases", aliases);
}

static const struct {
	const char *aliases, *options, *says; /* NULL: nothing */
	size_t mistakes;
} hardly_meant[] = {
	{ "", "", "nobody gets mail to postmaster@example.org", 0 },
	{ "postmaster: alice@example.org\n", "", NULL, 0 },
	{ "postmaster: alice@example.org\n", "early-delivery-memory 255k\n",
	    "postrider.conf:4: warning: early-delivery-memory is less than "
	    "early-delivery-size",
	    0 },
	{ "postmaster: alice@example.org\n",
	    "early-delivery-memory 1M\nhops 20\nearly-delivery-size 2M\n",
	    "postrider.conf:4: warning: early-delivery-memory is less", 0 },
	{ "postmaster: alice@example.org\n", "early-delivery-memory 256K\n",
	    NULL, 0 },
	{ "postmaster: alice@example.org\n", "early-delivery-memory 0\n", NULL,
	    0 },
	{ "postmaster: alice@example.org\n",
	    "early-delivery-memory 1k\nearly-delivery-wait 0\n", NULL, 0 },
	{ "", "postmaster alice@example.org\n", NULL, 0 },
	{ "", "postmaster nobody@example.org\n",
	    "nobody gets mail to postmaster@example.org: option "
	    "postmaster is \"nobody@example.org\", which leads to "
	    "nobody",
	    0 },
	{ "postmaster@example.org: x@other.example\n", "", NULL, 0 },
	{ "postmaster: alice@example.org\n", "mail-name example.org\n",
	    "nobody gets mail to root@example.org", 0 },
	{ "postmaster: alice@example.org\nroot: bob@example.org\n",
	    "mail-name example.org\n", NULL, 0 },
	{ "postmaster: alice@example.org\na: b@example.org\n", "",
	    "aliases:2: warning: alias \"a\": \"b@example.org\" is "
	    "nobody",
	    0 },
	{ "postmaster: alice@example.org\na@example.org: "
	  "b@example.org\nb@example.org: a@example.org\n",
	    "",
	    "alias \"a@example.org\" leads into a circle: "
	    "a@example.org, b@example.org, a@example.org",
	    2 },
	/* who names himself means his mailbox */
	{ "postmaster: alice@example.org\n"
	  "alice@example.org: alice@example.org\n",
	    "", NULL, 0 },
	{ "postmaster: alice@example.org\na: bob@example.org\n"
	  "b: alice@example.org, b@example.org\n",
	    "", "warning: alias \"b\": \"b@example.org\" is nobody's mailbox",
	    0 },
	{ "postmaster: alice@example.org\nb: b@example.org\n", "",
	    "warning: alias \"b\": \"b@example.org\" is nobody's mailbox", 0 },
	{ "postmaster: alice@example.org\nb: \\c@example.org\n", "",
	    "warning: alias \"b\": \"c@example.org\" is nobody's mailbox", 0 },
	{ "postmaster: alice@example.org\nb: \\c@other.example\n", "",
	    "warning: alias \"b\": \"c@other.example\" is nobody's mailbox",
	    0 },
	/* a circle that some mail leaves */
	{ "postmaster: alice@example.org\na: b@example.org\n"
	  "b: a@example.org, bob@example.org\n",
	    "",
	    "warning: alias \"a\" leads into a circle: a@example.org, "
	    "b@example.org, a@example.org",
	    0 },
	{ "postmaster: alice@example.org\n@example.org: x@example.org\n", "",
	    "alias \"@example.org\": \"x@example.org\" is nobody's mailbox",
	    0 },
	{ "postmaster: alice@example.org\n@example.org: x@example.org\n"
	  "x: y@example.org\n",
	    "",
	    "aliases:2: alias \"@example.org\" leads into a circle: "
	    "@example.org, x@example.org, @example.org",
	    2 },
	{ "postmaster: alice@example.org\nx: error:550 no\n"
	  "a: x@example.org\n",
	    "", "warning: alias \"a\": mail to \"x@example.org\" is refused",
	    0 },
	/* owners */
	{ "postmaster: alice@example.org\n"
	  "list: alice@example.org, bob@example.org\n"
	  "owner-list: alice@example.org\n",
	    "", NULL, 0 },
	{ "postmaster: alice@example.org\n"
	  "list: alice@example.org, bob@example.org\n"
	  "owner-list: x@example.org\nx: list@example.org\n",
	    "",
	    "aliases:3: warning: alias \"owner-list\" leads to \"list\": "
	    "what fails for one member is reported to all",
	    0 },
	/* what is not an address */
	{ "postmaster: /var/mail/postmaster\n", "", NULL, 0 },
	{ "postmaster: \"|/bin/cat >/dev/null\"\n", "",
	    "alias \"postmaster\": wanted ", 0 },
	{ "postmaster: \"|/bin/sh -c 'cat >/dev/null'\"\n", "", NULL, 0 },
	{ "postmaster: |cat '>'\n", "", NULL, 0 },
	{ "postmaster: |/nonexistent/prog -x\n", "",
	    "alias \"postmaster\": wanted a program, found none: "
	    "/nonexistent/prog",
	    0 },
	{ "postmaster: |nonexistent-program\n", "",
	    "found none: nonexistent-program", 0 },
	{ "postmaster: :include:/nonexistent/list\n", "",
	    "alias \"postmaster\": wanted a directory, found none: "
	    "/nonexistent",
	    0 },
	{ "postmaster: :include:/etc/nonexistent\n", "",
	    "wanted a file, found none: /etc/nonexistent", 0 },
	{ "postmaster: :include:/etc\n", "",
	    "wanted a regular file, found /etc", 0 },
	{ "postmaster: :include:/etc/passwd\n", "",
	    "alias \"postmaster\": wanted a mail address in line 1 of "
	    "/etc/passwd, found \"root:",
	    0 },
	/* names */
	{ "postmaster: alice@example.org\nb: c\n", "mail-name example.org\n",
	    "warning: alias \"b\": \"c@example.org\" is nobody", 0 },
	{ "postmaster: bob@example.org\nalice: bob@example.org\n", "",
	    "aliases:2: warning: alias \"alice\" never takes effect: there is "
	    "the account \"alice@example.org\"",
	    0 },
	{ "postmaster: alice@example.org\n", "always-bcc alice@example.org\n",
	    NULL, 0 },
	{ "postmaster: alice@example.org\n", "always-bcc x@example.org\n",
	    "postrider.conf:4: warning: always-bcc: \"x@example.org\" is "
	    "nobody",
	    0 },
	{ "postmaster: alice@example.org\nx: error:550 no\n",
	    "mx.always-bcc x@example.org\n",
	    "warning: mx.always-bcc: mail to \"x@example.org\" is refused", 0 },
	/* files */
	{ "postmaster: alice@example.org\n", "system-aliases /nonexistent/x\n",
	    "postrider.conf:4: warning: system-aliases: wanted a file of "
	    "aliases, found /nonexistent/x: No such file",
	    0 },
	{ "postmaster: /nonexistent/mbox\n", "",
	    "wanted a directory, found none: /nonexistent", 0 },
	{ "postmaster: alice@example.org\na0: a1@example.org\n"
	  "a1: a2@example.org\na2: a3@example.org\n"
	  "a3: a4@example.org\na4: a5@example.org\n"
	  "a5: a6@example.org\na6: a7@example.org\n"
	  "a7: a8@example.org\na8: a9@example.org\n"
	  "a9: b0@example.org\nb0: alice@example.org\n",
	    "", "alias \"a0\" leads through more than 10 lists", 1 },
};

static void
warns_of_what_is_hardly_meant(void **state)
{
	struct conf c;
	struct host h;

	(void)state;
	for (size_t i = 0; i < COUNT(hardly_meant); i++) {
		write_files(hardly_meant[i].options, hardly_meant[i].aliases);
		assert_true(conf_read(&c, unit_dir) && host_find(&h, &c));
		conf_report_free(&c.report);
		conf_report_init(&c.report);
		compile_check(&c, &h);
		if (hardly_meant[i].says == NULL)
			assert_string_equal(sbuf_str(&c.report.text), "");
		else if (strstr(sbuf_str(&c.report.text),
			     hardly_meant[i].says) == NULL)
			fail_msg("%s", sbuf_str(&c.report.text));
		assert_int_equal(c.report.mistakes, hardly_meant[i].mistakes);
		conf_free(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warns_of_what_is_hardly_meant),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
