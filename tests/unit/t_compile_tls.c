/*
 * t_compile_tls: mechanisms by what accounts have, and certificates.
 */
#include "tests/unit/unit.h"

#include "queue/compile_tls.h"

#define CRYPT                                                                  \
	"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W."        \
	"zEaKlOBL35rC"
#define SCRAM                                                                  \
	"SCRAM-SHA-256$10000:X78B6v1y+3TOMbf4KIEMwQ==$"                        \
	"z7lSoRzODKaCK14Q+s1jYRCpLtsbBARYAacJsGajc14=:"                        \
	"Xx9/ijGN0wdSy6mkjh8lg8b4D6ogIILIDdo97wi3y7c="
#define PLAIN "plain:c2VjcmV0"
#define CERTIFICATE                                                            \
	"certificate:"                                                         \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
put(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
}

static void
read_conf(struct conf *c, const char *options, const char *passwords)
{
	put("postrider.conf", options);
	put("domains", "example.org\n");
	put("users", "a@example.org\nb@example.org\nc@example.org\n");
	put("passwords", passwords);
	if (!conf_read(c, unit_dir))
		fail_msg("%s", sbuf_str(&c->report.text));
}

/* clang-format off */
static const struct {
	const char *options, *passwords;
	bool client_ca;
	const char *mechs;
} cases[] = {
	{ "", "", false, "" },
	{ "", "a@example.org " CRYPT "\n", false, "PLAIN LOGIN" },
	{ "", "a@example.org " SCRAM "\n", false, "PLAIN LOGIN SCRAM-SHA-256" },
	{ "", "a@example.org " CRYPT " " SCRAM "\n", false, "PLAIN LOGIN SCRAM-SHA-256" },
	{ "", "a@example.org " PLAIN "\n", false, "PLAIN LOGIN CRAM-MD5 APOP" },
	{ "", "a@example.org " CERTIFICATE "\n", false, "EXTERNAL" },
	{ "", "", true, "EXTERNAL" },
	/* it would fail for b, who cannot know */
	{ "", "a@example.org " SCRAM "\nb@example.org " CRYPT "\n", false, "PLAIN LOGIN" },
	{ "", "a@example.org " SCRAM "\nb@example.org " PLAIN "\n", false, "PLAIN LOGIN CRAM-MD5 APOP" },
	/* b has no password at all */
	{ "", "a@example.org " SCRAM "\nb@example.org " CERTIFICATE "\n", false, "PLAIN LOGIN SCRAM-SHA-256 EXTERNAL" },
	{ "", "a@example.org " CRYPT " " SCRAM " " PLAIN " " CERTIFICATE "\n", true, "PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5 APOP EXTERNAL" },
	{ "unix-passwords yes\n", "", false, "PLAIN LOGIN" },
	{ "unix-passwords yes\n", "a@example.org " SCRAM "\n", false, "PLAIN LOGIN" },
};
/* clang-format on */

static void
mechanisms(void **state)
{
	char mechs[MECHS_MAX];
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct host h = { .client_ca = cases[i].client_ca };

		read_conf(&c, cases[i].options, cases[i].passwords);
		compile_mechanisms(&c, &h, mechs);
		if (strcmp(mechs, cases[i].mechs) != 0)
			fail_msg("%zu: %s", i, mechs);
		conf_free(&c);
	}
}

#define IN(a)                                                                  \
	"SCRAM-SHA-256$" a ":X78B6v1y+3TOMbf4KIEMwQ==$"                        \
	"z7lSoRzODKaCK14Q+s1jYRCpLtsbBARYAacJsGajc14=:"                        \
	"Xx9/ijGN0wdSy6mkjh8lg8b4D6ogIILIDdo97wi3y7c="

/* clang-format off */
static const struct {
	const char *options, *passwords, *why; /* NULL: nothing keeps it */
	unsigned int iterations;
} scram_cases[] = {
	{ "", "", NULL, 0 },
	{ "", "a@example.org " SCRAM "\n", NULL, 10000 },
	{ "", "a@example.org " CRYPT " " IN("20000") "\n", NULL, 0 },
	{ "", "a@example.org " PLAIN " " SCRAM "\nb@example.org " IN("4096") "\n", NULL, 10000 },
	{ "", "a@example.org " CERTIFICATE "\nb@example.org " SCRAM "\n", NULL, 10000 },
	{ "", "a@example.org " SCRAM "\nc@example.org " CRYPT "\n",
	    "c@example.org has no SCRAM word (set the password again)", 10000 },
	{ "", "a@example.org " PLAIN "\nb@example.org " IN("4096") "\nc@example.org " CRYPT "\n",
	    "a@example.org and 1 more have no SCRAM word (set the passwords again)", 4096 },
	{ "unix-passwords yes\n", "", NULL, 0 },
	{ "unix-passwords yes\n", "a@example.org " SCRAM "\n", "unix-passwords is on, and Unix users have no SCRAM word", 10000 },
};
/* clang-format on */

static void
why_no_scram(void **state)
{
	const struct host h = { .client_ca = false };
	char why[COMPILE_WHY], mechs[MECHS_MAX];
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(scram_cases); i++) {
		const char *want = scram_cases[i].why;

		read_conf(&c, scram_cases[i].options, scram_cases[i].passwords);
		assert_int_equal(compile_no_scram(&c, why), want != NULL);
		if (want != NULL) {
			assert_string_equal(why, want);
			compile_mechanisms(&c, &h, mechs);
			assert_null(strstr(mechs, "SCRAM"));
		}
		assert_int_equal(
		    compile_iterations(&c), scram_cases[i].iterations);
		conf_free(&c);
	}
}

/* clang-format off */
static const struct {
	const char *options;
	bool certificates;
	const char *says[4];
} warnings[] = {
	{ "submission.tls required\n", true, { NULL } },
	{ "tls required\n", true, { ":1: warning: mx.tls is required: mail from other hosts will be refused; did you mean: submission.tls required" } },
	{ "profile in mx\nin.tls implicit\n", true, { ":2: warning: in.tls is implicit: mail from other hosts" } },
	{ "submissions.tls required\npop3s.tls optional\n", true, { ":1: warning: submissions.tls is required: ", ":2: warning: pop3s.tls is optional: clients of this profile's port begin with a handshake; wanted implicit" } },
	{ "submission.tls no\nsubmission.plaintext-auth never\n", true, { ":1: warning: submission: nobody can log in: tls is no, and plaintext-auth is never" } },
	{ "pop3.plaintext-auth never\n", true, { NULL } },
	{ "tls-dir /x\npop3.plaintext-auth never\n", false, { "pop3: nobody can log in: tls is optional without a certificate, and plaintext-auth is never", "tls-dir: wanted" } },
	{ "mx.tls no\nmx.plaintext-auth never\n", true, { NULL } },
	{ "local.tls optional\n", true, { ":1: warning: local.tls is optional: sendmail(8) speaks no TLS" } },
	{ "local.tls required\n", true, { "speaks no TLS, and its mail will be refused" } },
	{ "", false, { "tls-dir: wanted a certificate in /etc/postrider/tls, found none: passwords are taken from this host only" } },
	{ "tls-dir /x\n", false, { "postrider.conf:1: warning: tls-dir: wanted a certificate in /x" } },
	{ "tls no\nsubmissions.tls no\npop3s.tls no\n", false, { NULL } },
	{ "tls no\nsubmissions.tls no\npop3s.tls no\nmx.tls required\n", false,
	    { "postrider.conf:4: warning: mx.tls is required, and without a certificate in tls-dir nobody can be served (see: postrider tls make-cert)", "mx.tls is required: mail from" } },
	{ "profile x pop3\nx.tls implicit\n", false, { "postrider.conf:2: warning: x.tls is implicit", "tls-dir: wanted" } },
	{ "pop3.tls no\npop3s.tls no\nsubmission.auth no\n", false, { NULL } },
	{ "plaintext-auth always\n", false, { NULL } },
	{ "tls required\nplaintext-auth always\n", false,
	    { ":1: warning: mx.tls is required", ":1: warning: submission.tls is required", ":1: warning: pop3.tls is required", ":1: warning: mx.tls is required: mail" } },
};
/* clang-format on */

static void
warns(void **state)
{
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(warnings); i++) {
		const struct host h = { .certificates =
					    warnings[i].certificates };
		size_t n = 0;

		read_conf(&c, warnings[i].options, "");
		compile_check_tls(&c, &h);
		for (; n < COUNT(warnings[i].says); n++)
			if (warnings[i].says[n] == NULL)
				break;
			else if (strstr(sbuf_str(&c.report.text),
				     warnings[i].says[n]) == NULL)
				fail_msg(
				    "%zu: %s", i, sbuf_str(&c.report.text));
		if (c.report.warnings != n)
			fail_msg("%zu: %s", i, sbuf_str(&c.report.text));
		assert_int_equal(c.report.mistakes, 0);
		conf_free(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mechanisms),
		cmocka_unit_test(why_no_scram),
		cmocka_unit_test(warns),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
