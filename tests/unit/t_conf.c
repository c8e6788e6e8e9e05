/*
 * t_conf: the text configuration, right and wrong.
 */
#include "tests/unit/unit.h"

#include "common/account_path.h"
#include "queue/conf.h"
#include "queue/conf_accounts.h"

#define HASH                                                                   \
	"$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W."        \
	"zEaKlOBL35rC"

#define DIGEST                                                                 \
	"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const files[] = { "postrider.conf", "domains", "users",
	"passwords", "aliases" };

/* NULL leaves a file out. */
static void
write_files(const char *const *texts)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		(void)unlink(unit_path(files[i]));
		if (texts[i] != NULL)
			unit_file(files[i], texts[i], strlen(texts[i]));
	}
}

static void
reads_what_is_right(void **state)
{
	static const char *const texts[] = {
		"# comment\n"
		"hostname MX.example.org   # behind a value\n"
		"  message-size 2k64\n"
		"message-size\t2m \n"
		"profile old-clients submission\n"
		"profile older old-clients\n"
		"old-clients.auth offered\n"
		"mx.smtp-banner Welcome # here\n",
		"Example.ORG\nunix.example.org unix\n",
		"Alice@example.org\nbob@EXAMPLE.org\n",
		"alice@example.org " HASH "\n",
		"# aliases\n"
		"Info: alice@example.org,\n"
		"\tbob@example.org ,  # comment\n"
		"\t# a comment\n"
		"  carl@elsewhere.example\n"
		"\"with space\"@example.org: bob@example.org\n",
	};
	struct conf c;
	size_t line;

	(void)state;
	write_files(texts);
	assert_false(conf_read(&c, unit_dir));
	assert_int_equal(c.report.mistakes, 1);
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "postrider.conf:3: message-size: wanted bytes, or with k m g, from "
	    "64k to 16g"));
	assert_string_equal(conf_option(&c, "hostname"), "mx.example.org");
	assert_string_equal(conf_option(&c, "message-size"), "2097152");
	assert_string_equal(conf_option(&c, "hops"), "50");
	assert_string_equal(
	    conf_profile_option(&c, "older", "auth", &line), "offered");
	assert_int_equal(line, 0);
	assert_string_equal(
	    conf_profile_option(&c, "old-clients", "auth", &line), "offered");
	assert_int_equal(line, 7);
	assert_string_equal(
	    conf_profile_option(&c, "older", "bare-newline", &line),
	    "normalize");
	assert_null(conf_profile_option(&c, "mx", "bare-newline", &line));
	assert_string_equal(
	    conf_profile_option(&c, "mx", "smtp-banner", &line), "Welcome");
	assert_string_equal(
	    conf_map_get(&c.domains, "example.org")->value, "virtual");
	assert_string_equal(
	    conf_map_get(&c.domains, "unix.example.org")->value, "unix");
	assert_string_equal(conf_map_get(&c.accounts, "bob@example.org")->value,
	    "example.org/bob/Maildir");
	assert_string_equal(
	    conf_map_get(&c.passwords, "alice@example.org")->value, HASH);
	assert_string_equal(conf_map_get(&c.aliases, "info")->value,
	    "aalice@example.org\nabob@example.org\nacarl@elsewhere.example");
	assert_non_null(conf_map_get(&c.aliases, "\"with space\"@example.org"));
	conf_free(&c);
}

/* What the profile's row is, then what is built in, then its base's. */
static void
profiles_inherit(void **state)
{
	static const char *const texts[] = { "submission.message-size 1m\n"
					     "submission.tls required\n"
					     "pop3.login-timeout 9\n"
					     "pop3s.pop3-timeout 11\n"
					     "profile mine submissions\n"
					     "submissions.hops 40\n",
		NULL, NULL, NULL, NULL };
	/* clang-format off */
	static const struct {
		const char *profile, *option, *value;	/* NULL: nothing */
		size_t line;
	} cases[] = {
		{ "submission",	"message-size",	"1048576",	1 },
		{ "submissions", "message-size", "1048576",	0 },
		{ "mine",	"message-size",	"1048576",	0 },
		{ "mx",		"message-size",	NULL,		0 },
		{ "submission",	"tls",		"required",	2 },
		{ "submissions", "tls",		"implicit",	0 },
		{ "mine",	"tls",		"implicit",	0 },
		{ "submissions", "auth",	"required",	0 },
		{ "mine",	"auth",		"required",	0 },
		{ "submissions", "hops",	"40",		6 },
		{ "mine",	"hops",		"40",		0 },
		{ "submission",	"hops",		NULL,		0 },
		{ "pop3s",	"login-timeout", "9",		0 },
		{ "pop3s",	"tls",		"implicit",	0 },
		{ "pop3s",	"pop3-timeout",	"11",		4 },
		{ "pop3",	"pop3-timeout",	NULL,		0 },
		{ "pop3",	"tls",		NULL,		0 },
		{ "local",	"tls",		"no",		0 },
		{ "nobody",	"tls",		NULL,		0 },
	};
	/* clang-format on */
	const char *value;
	struct conf c;
	size_t line;

	(void)state;
	write_files(texts);
	assert_true(conf_read_options(&c, unit_dir));
	for (size_t i = 0; i < COUNT(cases); i++) {
		value = conf_profile_option(
		    &c, cases[i].profile, cases[i].option, &line);
		if ((value == NULL) != (cases[i].value == NULL) ||
		    (value != NULL && strcmp(value, cases[i].value) != 0) ||
		    line != cases[i].line)
			fail_msg("%s.%s: %s, line %zu", cases[i].profile,
			    cases[i].option, value != NULL ? value : "nothing",
			    line);
	}
	conf_free(&c);
}

/* What a person writes in letters has one spelling in the tables. */
static void
other_letters(void **state)
{
	static const char *const texts[] = { "",
		"B\xc3\x9c"
		"cher.example\n\xe4\xb8\xad.example unix\n",
		"J\xc3\xb6rg@b\xc3\xbc"
		"cher.example\nan@xn--bcher-kva.example\n",
		"j\xc3\xb6rg@b\xc3\xbc"
		"cher.example " HASH "\n",
		"b\xc3\xbcro@b\xc3\xbc"
		"cher.example: j\xc3\xb6rg@b\xc3\xbc"
		"cher.example, x@\xc3\xbc.example\n" };
	struct conf c;

	(void)state;
	write_files(texts);
	if (!conf_read(&c, unit_dir))
		fail_msg("%s", sbuf_str(&c.report.text));
	assert_non_null(conf_map_get(&c.domains, "xn--bcher-kva.example"));
	assert_non_null(conf_map_get(&c.domains, "xn--fiq.example"));
	assert_string_equal(
	    conf_map_get(&c.accounts, "j\xc3\xb6rg@xn--bcher-kva.example")
		->value,
	    "xn--bcher-kva.example/j\xc3\xb6rg/Maildir");
	assert_non_null(
	    conf_map_get(&c.passwords, "j\xc3\xb6rg@xn--bcher-kva.example"));
	assert_string_equal(
	    conf_map_get(&c.aliases, "b\xc3\xbcro@xn--bcher-kva.example")
		->value,
	    "aj\xc3\xb6rg@xn--bcher-kva.example\nax@xn--tda.example");
	conf_free(&c);
}

/* Whoever shows a certificate must be one account. */
static void
certificates(void **state)
{
	static const char *const texts[] = { "", "example.org\n",
		"alice@example.org\nbob@example.org\n",
		"alice@example.org\t" HASH "  certificate:" DIGEST "  # x\n"
		"bob@example.org certificate:" DIGEST "\n",
		NULL };
	struct conf c;

	(void)state;
	write_files(texts);
	assert_false(conf_read(&c, unit_dir));
	assert_int_equal(c.report.mistakes, 1);
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "passwords:2: user \"bob@example.org\": certificate number 1 is "
	    "that of \"alice@example.org\" on line 1 already; wanted each "
	    "once"));
	assert_string_equal(
	    conf_map_get(&c.passwords, "alice@example.org")->value,
	    HASH " certificate:" DIGEST);
	assert_string_equal(
	    conf_map_get(&c.certificates,
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
		"abcdef")
		->value,
	    "alice@example.org");
	conf_free(&c);
}

static void
takes_missing_files_as_empty(void **state)
{
	static const char *const texts[] = { "", NULL, NULL, NULL, NULL };
	static const char *const none[] = { NULL, NULL, NULL, NULL, NULL };
	struct conf c;

	(void)state;
	write_files(texts);
	assert_true(conf_read(&c, unit_dir));
	assert_int_equal(c.domains.count, 0);
	conf_free(&c);
	write_files(none);
	assert_false(conf_read(&c, unit_dir));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "postrider.conf: wanted the configuration"));
	conf_free(&c);
}

/* Which file, what it holds, what must be said; the rest is right. */
struct row {
	size_t file;
	const char *text, *says;
};

/* clang-format off */
static const struct row wrong[] = {
	{ 0, "hostnme x\n",		":1: unknown option \"hostnme\"; nearest: hostname" },
	{ 0, "qqqqqqqqqqq x\n",		":1: unknown option \"qqqqqqqqqqq\"; see" },
	{ 0, "hops 3\n",		":1: hops: wanted a number from 10 to 1000, found \"3\"" },
	{ 0, "hops\n",			":1: hops: wanted a number from 10 to 1000, found \"\"" },
	{ 0, "early-delivery-wait off\n", ":1: early-delivery-wait: wanted seconds, or with s m h d, from 0s to 1m (0 turns it off), found \"off\"" },
	{ 0, "early-delivery-wait 2m\n", "from 0s to 1m, found \"2m\"" },
	{ 0, "retry-first no\n",	"from 1s to 1d, found \"no\"" },
	{ 0, "min-rate no\n",		"from 0 to 1m (0 turns it off), found \"no\"" },
	{ 0, "mx.log file\n",		":1: option \"log\" holds for the whole suite" },
	{ 0, "mxx.auth no\n",		":1: unknown profile \"mxx\"; nearest: mx" },
	{ 0, "qqqqqqqq.auth no\n",	"wanted one of mx submission submissions local pop3 pop3s, or \"profile NAME BASE\" above" },
	{ 0, "profile pop3s mx\n",	":1: profile name \"pop3s\"" },
	{ 0, "pop3.tls yes\n",		":1: pop3.tls: wanted one of: no optional required implicit, found \"yes\"" },
	{ 0, "mx.tls-dir /x\n",		":1: option \"tls-dir\" holds for the whole suite" },
	{ 0, "x.y.auth no\n",		":1: unknown profile \"x.y\"" },
	{ 0, "profile a\n",		":1: wanted: profile NAME BASE" },
	{ 0, "profile a mx b\n",	":1: wanted: profile NAME BASE" },
	{ 0, "profile mx mx\n",		":1: profile name \"mx\"" },
	{ 0, "profile A mx\n",		":1: profile name \"A\"" },
	{ 0, "profile a b\nprofile b mx\n", ":1: unknown profile \"b\"" },
	{ 0, "profile a a\n",		":1: unknown profile \"a\"" },
	{ 0, "profile a mx\nprofile a mx\n", ":2: profile \"a\" is declared on line 1" },
	{ 0, "hops 20\nhops 30\n",	":2: warning: hops: replaces the value of line 1" },
	{ 0, "virtual-maildir %d\n",	":1: virtual-maildir: wanted %u" },
	{ 0, "unix-maildir ../x\n",	"unix-maildir: wanted a path below" },
	{ 0, "unix-maildir /x\n",	"unix-maildir: wanted a path below" },
	{ 1, "exa_mple.org\n",		":1: wanted a domain name, found \"exa_mple.org\"" },
	{ 1, "example.org local\n",	":1: domain \"example.org\": wanted virtual, unix, alias DOMAIN, relay or relay listed, found" },
	{ 1, "example.org unix x\n",	":1: domain \"example.org\": wanted virtual, unix, alias DOMAIN, relay or relay listed, found" },
	{ 1, "example.org virtual x\n",	"relay listed, found \"virtual x\"" },
	{ 1, "example.org relay unlisted\n",	"found \"relay unlisted\"" },
	{ 1, "example.org relay listed x\n",	"found \"relay listed x\"" },
	{ 1, "example.org\na.example alias\n",	":2: domain \"a.example\": wanted virtual, unix, alias DOMAIN" },
	{ 1, "example.org\na.example alias bad_\n",	":2: domain \"a.example\": wanted virtual, unix, alias DOMAIN" },
	{ 1, "example.org\na.example alias exmple.org\n",	":2: domain \"a.example\": wanted an alias of a domain in this file, found \"exmple.org\"; nearest: example.org" },
	{ 1, "example.org\na.example alias a.example\n",	":2: domain \"a.example\": wanted an alias of a domain that is none itself" },
	{ 1, "example.org\nb.example alias example.org\na.example alias B.example\n",	":3: domain \"a.example\": wanted an alias of a domain that is none itself, found \"b.example\"" },
	{ 1, "a.example\nA.example\n",	":2: \"a.example\" is on line 1 already" },
	{ 2, "alice\n",			":1: wanted an address like alice@example.org, or a Unix user with quota=" },
	{ 2, "\"a b\" tags=no\n",	":1: wanted an address like alice@example.org" },
	{ 2, "\"ab\"c tags=no\n",	":1: wanted an address like alice@example.org" },
	{ 2, "1x tags=no\n",		":1: wanted an address like alice@example.org, or a Unix user" },
	{ 2, "alice tags=no\nAlice tags=yes\n", ":2: \"alice\" is on line 1 already" },
	{ 2, "alice@example.org quota=1x\n", ":1: user \"alice@example.org\": wanted bytes, or with k m g, from 0 to 1048576g, found \"quota=1x\"" },
	{ 2, "alice@example.org quota=1g quota=2g\n", "wanted quota= once, found \"quota=2g\"" },
	{ 2, "alice@example.org messages=x\n", "wanted a number from 0 to" },
	{ 2, "alice@example.org tags=maybe\n", "wanted yes or no, found \"tags=maybe\"" },
	{ 2, "alice@alias.example\n",	"domain \"alias.example\" is an alias; wanted a name in example.org" },
	{ 2, "alice@relay.example\n",	"domain \"relay.example\" is relay: wanted it to be relay listed" },
	{ 2, "alice@listed.example quota=1\n", "recipient \"alice@listed.example\" of a relay domain: wanted nothing behind the address, found \"bytes=1\"" },
	{ 2, "alice@[192.0.2.1]\n",	":1: wanted an address like" },
	{ 2, "alice@exmple.org\n",	"domain \"exmple.org\" is not in the file domains; nearest: example.org" },
	{ 2, "alice@unix.example\n",	"domain \"unix.example\" is unix: wanted the name alone" },
	{ 2, "alice@example.org size=3\n", ":1: user \"alice@example.org\": wanted quota=SIZE, messages=NUMBER or tags=yes|no, found \"size=3\"" },
	{ 2, "a@example.org\nb@example.org\nA@example.org\n", ":3: \"a@example.org\" is on line 1 already" },
	{ 2, "a/b@example.org\n",	":1: user \"a/b@example.org\": wanted a user part" },
	{ 2, "\"..\"@example.org\n",	":1: user \"\"..\"@example.org\": wanted a user part" },
	{ 2, "\".a\"@example.org\n",	"wanted a user part" },
	{ 2, "o'brien@example.org\n",	"wanted a user part" },
	{ 2, "\"a b\"@example.org\n",	":1: wanted an address like" },
	{ 3, "bob@example.org " HASH "\n",	":1: user \"bob@example.org\" is not in the file users" },
	{ 3, "alicf@example.org " HASH "\n",	"nearest: alice@example.org" },
	{ 3, "alice@example.org secret\n",	":1: user \"alice@example.org\": wanted $..., SCRAM-SHA-256$..., plain:... or certificate:..., found something else" },
	{ 3, "alice@example.org $y$:$x\n",	":1: user \"alice@example.org\": wanted a verifier of crypt(5)" },
	{ 3, "alice@example.org " HASH " " HASH "\n", ":1: user \"alice@example.org\": wanted one verifier" },
	{ 3, "alice@example.org\n",		":1: user \"alice@example.org\": wanted $..., SCRAM-SHA-256$..., plain:... or certificate:..., found nothing" },
	{ 3, "alice@example.org plain:secret\n", ":1: user \"alice@example.org\": wanted plain: and a password" },
	{ 3, "alice@example.org certificate:12\n", ":1: user \"alice@example.org\": wanted certificate: and the 64 hex digits" },
	{ 3, "alice@example.org SCRAM-SHA-256$1:c2VjcmV0$x:x\n", ":1: user \"alice@example.org\": wanted SCRAM-SHA-256$ITERATIONS" },
	{ 3, "alice@example.org " HASH "\nalice@example.org " HASH "\n", ":2: \"alice@example.org\" is on line 1 already" },
	{ 3, "alice@example.org certificate:" DIGEST " certificate:" DIGEST "\n", ":1: user \"alice@example.org\": certificate number 2 is that of \"alice@example.org\" on line 1 already" },
};
/* clang-format on */

static void
tells_each_mistake(void **state)
{
	struct conf c;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		const char *texts[] = { "hostname mx.example.org\n",
			"example.org\nunix.example unix\n"
			"alias.example alias example.org\n"
			"relay.example relay\nlisted.example relay listed\n",
			"alice@example.org\n", "alice@example.org " HASH "\n",
			"" };

		if (wrong[i].file == 2)
			texts[3] = NULL;
		texts[wrong[i].file] = wrong[i].text;
		write_files(texts);
		(void)conf_read(&c, unit_dir); /* a warning is no mistake */
		if (strstr(sbuf_str(&c.report.text), wrong[i].says) == NULL ||
		    c.report.mistakes + c.report.warnings == 0)
			fail_msg("%zu: \"%s\" not in: %s", i, wrong[i].says,
			    sbuf_str(&c.report.text));
		assert_null(strstr(sbuf_str(&c.report.text), "secret"));
		assert_null(strstr(sbuf_str(&c.report.text), "$y$j"));
		conf_free(&c);
	}
}

static void
tells_all_mistakes_at_once(void **state)
{
	static const char *const texts[] = { "hostnme x\nhops 1\nmx.log file\n",
		"bad_domain\n", "nobody\n", "x y\n", "z\n" };
	struct conf c;

	(void)state;
	write_files(texts);
	assert_false(conf_read(&c, unit_dir));
	assert_int_equal(c.report.mistakes, 7);
	conf_free(&c);
}

static void
wants_passwords_private(void **state)
{
	static const char *const texts[] = { "", NULL, NULL, "", NULL };
	struct conf c;

	(void)state;
	write_files(texts);
	assert_int_equal(chmod(unit_path("passwords"), 0640), 0);
	assert_false(conf_read(&c, unit_dir));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "passwords: wanted mode 0600, found 0640"));
	conf_free(&c);
}

static void
refuses_odd_files(void **state)
{
	static const char *const texts[] = { "", NULL, NULL, NULL, NULL };
	static const char nul[] = "example.org\0evil.example\n";
	char *line = malloc(2 * CONF_LIST_MAX);
	struct conf c;

	(void)state;
	assert_non_null(line);
	write_files(texts);
	unit_file("domains", nul, sizeof(nul) - 1);
	memset(line, 'a', 2 * CONF_LIST_MAX);
	unit_file("aliases", line, 2 * CONF_LIST_MAX);
	free(line);
	assert_int_equal(mkfifo(unit_path("users"), 0600), 0);
	assert_false(conf_read(&c, unit_dir));
	assert_int_equal(c.report.mistakes, 3);
	assert_non_null(strstr(sbuf_str(&c.report.text), "a NUL byte"));
	assert_non_null(strstr(sbuf_str(&c.report.text), "bytes in a line"));
	assert_non_null(strstr(sbuf_str(&c.report.text), "regular file"));
	assert_null(conf_map_get(&c.domains, "example.org"));
	conf_free(&c);
}

/* A template that lacks the domain gives two users one mailbox. */
static void
refuses_shared_maildirs(void **state)
{
	static const char *const texts[] = { "virtual-maildir %u/Maildir\n",
		"a.example\nb.example\n", "x@a.example\nx@b.example\n", NULL,
		NULL };
	struct conf c;

	(void)state;
	write_files(texts);
	assert_false(conf_read(&c, unit_dir));
	assert_non_null(strstr(sbuf_str(&c.report.text),
	    "users:2: \"x@b.example\" would have the Maildir \"x/Maildir\""));
	conf_free(&c);
}

/* clang-format off */
static const struct {
	const char *path;
	bool safe;
} paths[] = {
	{ "a",			true },
	{ "a/b/Maildir",	true },
	{ "A.b_c+d=e&f-9",	true },
	{ "",			false },
	{ "/a",			false },
	{ "a/",			false },
	{ "a//b",		false },
	{ ".",			false },
	{ "..",			false },
	{ "a/../b",		false },
	{ "a/.b",		false },
	{ "a b",		false },
	{ "a\nb",		false },
	{ "a\xc3\xb6/\xe4\xb8\xad",	true },
	{ "a\xc3",		false },
	{ "a\xc3/b",		false },
	{ "\xc0\xaf",		false },
	{ "a\xc2\x85",		false },
	{ "~",			false },
};
/* clang-format on */

static void
knows_safe_paths(void **state)
{
	char name[300];

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		assert_int_equal(
		    account_path_safe(paths[i].path), paths[i].safe);
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	assert_true(account_path_safe(name));
	name[255] = 'a';
	name[256] = '\0';
	assert_false(account_path_safe(name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_right),
		cmocka_unit_test(profiles_inherit),
		cmocka_unit_test(other_letters),
		cmocka_unit_test(certificates),
		cmocka_unit_test(takes_missing_files_as_empty),
		cmocka_unit_test(tells_each_mistake),
		cmocka_unit_test(tells_all_mistakes_at_once),
		cmocka_unit_test(wants_passwords_private),
		cmocka_unit_test(refuses_odd_files),
		cmocka_unit_test(refuses_shared_maildirs),
		cmocka_unit_test(knows_safe_paths),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
