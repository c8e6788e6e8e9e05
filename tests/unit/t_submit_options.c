/*
 * t_submit_options: the command lines that sendmail's callers use.
 */
#include "tests/unit/unit.h"

#include <sysexits.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/submit_options.h"

#define ARGS 10

static char said[500];

static void
say(const char *name, const char *value)
{
	if (value == NULL)
		return;
	(void)strlcat(said, name, sizeof(said));
	(void)strlcat(said, value, sizeof(said));
}

/* What is parsed, told in one line. */
static void
summary(const struct submit_options *o)
{
	static const char *const modes[] = { "message", "smtp", "verify",
		"mailq", "aliases", "queue", "dropped" };

	said[0] = '\0';
	say("", modes[o->mode]);
	say(" ", o->from_header ? "t" : NULL);
	say(" ", o->ignore_dots ? "i" : NULL);
	say(" ", o->verbose ? "v" : NULL);
	say(" ", o->uucp ? "uucp" : NULL);
	say(" f=", o->sender);
	say(" F=", o->name);
	say(" ", o->body);
	say(" ", o->ret);
	say(" V=", o->envid);
	say(" q=", o->queue);
	for (char **r = o->rcpts; *r != NULL; r++)
		say(" ", *r);
}

struct row {
	const char *argv[ARGS];
	const char *summary;
};

/* clang-format off */
static const struct row rows[] = {
	/* cron, systemd-cron, anacron, at */
	{ { "/usr/sbin/sendmail", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root" },
	    "message i F=CronDaemon 8BITMIME root" },
	{ { "sendmail", "-i", "-B8BITMIME", "root" },	"message i 8BITMIME root" },
	{ { "sendmail", "-FAnacron", "-odi", "root" },	"message F=Anacron root" },
	{ { "sendmail", "-i", "root" },			"message i root" },
	/* mutt */
	{ { "sendmail", "-oem", "-oi", "-f", "a@x", "-N", "never", "--", "b@y", "-c@z" },
	    "message i f=a@x b@y -c@z" },
	/* git, PHP, sudo, unattended-upgrades, fail2ban, alpine */
	{ { "sendmail", "-f", "a@x", "-i", "b@y" },	"message i f=a@x b@y" },
	{ { "sendmail", "-t", "-i", "-fa@x" },		"message t i f=a@x" },
	{ { "sendmail", "-t" },				"message t" },
	{ { "sendmail", "-oi", "-t" },			"message t i" },
	{ { "sendmail", "-f", "<a@x>", "<b@y>" },	"message f=<a@x> <b@y>" },
	{ { "sendmail", "-bs", "-odb", "-oem" },	"smtp" },
	{ { "sendmail", "-oi", "-t", "-f", "" },	"message t i f=" },
	{ { "sendmail", "-ti" },			"message t i" },
	{ { "sendmail", "-r", "a@x", "b" },		"message f=a@x b" },
	/* modes */
	{ { "sendmail", "-bm", "a" },			"message a" },
	{ { "sendmail", "-bv", "a" },			"verify a" },
	{ { "sendmail", "-bp" },			"mailq" },
	{ { "sendmail", "-bi" },			"aliases" },
	{ { "sendmail", "-I" },				"aliases" },
	{ { "/usr/bin/mailq", "-v" },			"mailq v" },
	{ { "/usr/bin/newaliases" },			"aliases" },
	{ { "runq", "-v" },				"queue v q=" },
	{ { "/usr/sbin/rmail", "a!b", "c" },		"message i uucp a!b c" },
	{ { "/usr/sbin/rmail", "-f", "x", "--", "-c" },	"message i uucp f=x -c" },
	{ { "sendmail", "-C", "t.cdb", "-bdrop", "x.msg" }, "dropped x.msg" },
	{ { "sendmail", "-q" },				"queue q=" },
	{ { "sendmail", "-q30m" },			"queue q=" },
	{ { "sendmail", "-qI1234" },			"queue q=I1234" },
	{ { "sendmail", "-qRexample.org" },		"queue q=Rexample.org" },
	/* delivery status notifications */
	{ { "sendmail", "-Rhdrs", "-Vid+1", "a" },	"message HDRS V=id+1 a" },
	{ { "sendmail", "-R", "FULL", "-B", "7bit", "a" }, "message 7BIT FULL a" },
	/* accepted and ignored */
	{ { "sendmail", "-Ac", "-em", "-E", "-G", "-h", "3", "-J", "a" }, "message a" },
	{ { "sendmail", "-L", "tag", "-m", "-n", "-U", "-x", "-p", "SMTP:h", "a" },
	    "message a" },
	{ { "sendmail", "-O", "DeliveryMode=b", "-X", "/tmp/log", "-XV", "a" }, "message a" },
	{ { "sendmail", "-o7", "-oA/etc/aliases", "-oT1h", "-om", "a" }, "message a" },
	/* options end at the first recipient: what follows is none */
	{ { "sendmail", "a", "-fb@x" },			"message a -fb@x" },
	{ { "sendmail", "--", "-oQ/tmp/x@y" },		"message -oQ/tmp/x@y" },
	{ { "sendmail", "-" },				"message -" },
	{ { "sendmail" },				"message" },
};
/* clang-format on */

static int
parse(const char *const *argv, struct submit_options *o, char *err, size_t size)
{
	static char copies[ARGS][200];
	static char *args[ARGS + 1];
	size_t n = 0;

	for (; n < ARGS && argv[n] != NULL; n++) {
		(void)snprintf(copies[n], sizeof(copies[n]), "%s", argv[n]);
		args[n] = copies[n];
	}
	args[n] = NULL;
	return submit_options_parse(o, args, err, size);
}

static void
takes_what_callers_write(void **state)
{
	struct submit_options o;
	char err[300] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		    parse(rows[i].argv, &o, err, sizeof(err)), EX_OK);
		summary(&o);
		assert_string_equal(said, rows[i].summary);
	}
}

/* clang-format off */
static const struct {
	const char *argv[ARGS];
	int status;
	const char *says;
} wrong[] = {
	{ { "sendmail", "-Z" },			EX_USAGE, "unknown option -Z" },
	{ { "sendmail", "-d0.1" },		EX_USAGE, "unknown option -d" },
	{ { "sendmail", "-f" },			EX_USAGE, "found \"nothing\"" },
	{ { "sendmail", "-bd" },		EX_USAGE, "postriderd(8)" },
	{ { "sendmail", "-B", "9BIT" },		EX_USAGE, "7BIT or 8BITMIME" },
	{ { "sendmail", "-R", "some" },		EX_USAGE, "full or hdrs" },
	{ { "sendmail", "-N", "never,delay" },	EX_USAGE, "never, or" },
	{ { "sendmail", "-N", "soon" },		EX_USAGE, "never, or" },
	{ { "sendmail", "-N", "" },		EX_USAGE, "never, or" },
	{ { "sendmail", "-V", "a b" },		EX_USAGE, "without blanks" },
	{ { "sendmail", "-V", "1234567890123456789012345678901234" },
						EX_USAGE, "33" },
	{ { "sendmail", "-qx" },		EX_USAGE, "-qIid" },
	{ { "sendmail", "-f", "a@x\nRCPT TO:<b@y>", "c" }, EX_DATAERR, "argument 2" },
	{ { "sendmail", "-F", "x\r\nBcc: y", "c" },	EX_DATAERR, "argument 2" },
	{ { "sendmail", "a@x\rb" },		EX_DATAERR, "argument 1" },
	{ { "sendmail", "a\x7f" },		EX_DATAERR, "argument 1" },
};
/* clang-format on */

static void
refuses_what_is_wrong(void **state)
{
	struct submit_options o;
	char err[300];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		err[0] = '\0';
		assert_int_equal(parse(wrong[i].argv, &o, err, sizeof(err)),
		    wrong[i].status);
		assert_non_null(strstr(err, wrong[i].says));
	}
}

static void
reads_notify_words(void **state)
{
	static const struct {
		const char *words;
		unsigned int bits;
	} cases[] = {
		{ "never", DSN_NEVER },
		{ "Success,DELAY", DSN_SUCCESS | DSN_DELAY },
		{ "failure", DSN_FAILURE },
		{ "failure,delay,success",
		    DSN_SUCCESS | DSN_DELAY | DSN_FAILURE },
	};
	struct submit_options o;
	char err[300];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *argv[ARGS] = { "sendmail", "-N", cases[i].words,
			"a" };

		assert_int_equal(parse(argv, &o, err, sizeof(err)), 0);
		assert_int_equal(o.notify, cases[i].bits);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_callers_write),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(reads_notify_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
