/*
 * t_pipe_include: lists of addresses, said to queued or told as a mistake.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <stdbool.h>

#include "common/sock.h"
#include "delivery/pipe_include.h"

static struct chan ours, theirs;
static const struct msg_job_rcpt rcpt = { .job = 7, .index = 3 };

static const struct {
	const char *text, *dsn;
	const char *said; /* members.h, with | behind each */
	const char *path; /* of a mistake, behind the file's name */
} rows[] = {
	{ "a@x.test\n", "2.0.0", "aa@x.test|", NULL },
	{ "a@x.test, b@y.test\n\n# c\nBob <c@z.test>\n", "2.0.0",
	    "aa@x.test|ab@y.test|ac@z.test|", NULL },
	{ "bob\n\\carol\n", "2.0.0", "abob|fcarol|", NULL },
	{ "a@x.test", "2.0.0", "aa@x.test|", NULL },
	{ "a@x.test\r\n", "2.0.0", "aa@x.test|", NULL },
	{ "", "4.2.4", "", "" },
	{ "# nobody\n\n", "4.2.4", "", "" },
	/* Nothing is said of a list with a mistake. */
	{ "a@x.test\n|/bin/true\n", "4.3.5", "", ":2" },
	{ "a@x.test\n/var/mail/x\n", "4.3.5", "", ":2" },
	{ ":include:/etc/passwd\n", "4.3.5", "", ":1" },
	{ "error:550 no\n", "4.3.5", "", ":1" },
	{ "a@x.test\n\nb@@y\n", "4.3.5", "", ":3" },
	{ "root:x:0:0:root:/root:/bin/sh", "4.3.5", "", ":1" },
};

/* Reads the list, and what was said meanwhile into said. */
static struct failure
include(const char *path, size_t *members, char said[500])
{
	struct failure f = FAILURE_NONE;
	union msg_job m;
	unsigned int type;
	size_t len = 0;
	int fds = unit_open_fds();

	assert_int_equal(
	    pipe_include(&ours, &rcpt, path, members, &f), CHAN_OK);
	assert_int_equal(unit_open_fds(), fds);
	said[0] = '\0';
	while (chan_recv(&theirs, &type, &m, NULL, 0) == CHAN_OK) {
		assert_int_equal(type, JOB_T_FORWARD);
		assert_int_equal(m.forward.job, 7);
		assert_int_equal(m.forward.index, 3);
		len += (size_t)snprintf(said + len, 500 - len, "%c%s|",
		    (char)m.forward.kind, m.forward.text);
		assert_true(len < 500);
	}
	return f;
}

static void
table(void **state)
{
	char said[500], wanted[200];
	struct failure f;
	size_t members;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_file("list", rows[i].text, strlen(rows[i].text));
		f = include(unit_path("list"), &members, said);
		assert_string_equal(f.diag.dsn, rows[i].dsn);
		assert_string_equal(said, rows[i].said);
		if (rows[i].path == NULL) {
			assert_true(members > 0);
			continue;
		}
		/* Where it is, for the log; and not for outsiders. */
		(void)snprintf(wanted, sizeof(wanted), "%s%s",
		    unit_path("list"), rows[i].path);
		assert_string_equal(f.path, wanted);
		assert_true(f.wanted[0] != '\0');
		assert_null(strstr(f.diag.text, unit_dir));
	}
}

static void
files(void **state)
{
	char said[500];
	size_t members;

	(void)state;
	assert_string_equal(
	    include(unit_path("none"), &members, said).diag.dsn, "4.3.5");
	assert_string_equal(
	    include(unit_dir, &members, said).diag.dsn, "4.3.5");
	assert_string_equal(
	    include("/dev/zero", &members, said).diag.dsn, "4.3.5");
	assert_int_equal(mkfifo(unit_path("fifo"), 0600), 0);
	assert_string_equal(
	    include(unit_path("fifo"), &members, said).diag.dsn, "4.3.5");
	unit_file("open", "a@x.test\n", 9);
	assert_int_equal(chmod(unit_path("open"), 0664), 0);
	assert_string_equal(
	    include(unit_path("open"), &members, said).diag.dsn, "2.0.0");
	assert_int_equal(chmod(unit_path("open"), 0666), 0);
	assert_string_equal(
	    include(unit_path("open"), &members, said).diag.dsn, "4.3.5");
	assert_string_equal(said, "");
}

/* A file of n lines that are this one. */
static void
fill(const char *name, const char *line, size_t n)
{
	FILE *f = fopen(unit_path(name), "w");

	assert_non_null(f);
	while (n-- > 0)
		assert_true(fputs(line, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
bounds(void **state)
{
	char said[500];
	size_t members;
	struct failure f;

	(void)state;
	fill("many", "a@x.test\n", JOB_FORWARD_MOST + 1);
	f = include(unit_path("many"), &members, said);
	assert_string_equal(f.diag.dsn, "4.3.5");
	assert_non_null(strstr(f.path, ":50001"));
	assert_string_equal(said, "");
	fill("long", "# 12345678901234567890123456789012345678901234\n",
	    8388608 / 47 + 1);
	f = include(unit_path("long"), &members, said);
	assert_string_equal(f.diag.dsn, "4.3.5");
	assert_non_null(strstr(f.wanted, "8 MiB"));
}

/* queued has gone: that is for the caller. */
static void
gone(void **state)
{
	struct failure f = FAILURE_NONE;
	size_t members;

	(void)state;
	unit_file("list", "a@x.test\nb@x.test\n", 18);
	chan_close(&theirs);
	assert_int_not_equal(
	    pipe_include(&ours, &rcpt, unit_path("list"), &members, &f),
	    CHAN_OK);
}

static int
setup(void **state)
{
	int pair[2];

	if (unit_setup(state) == -1 || sock_pair(pair) == -1)
		return -1;
	chan_init(&ours, pair[0], &job_channel, JOB_AGENT);
	chan_init(&theirs, pair[1], &job_channel, JOB_QUEUED);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(files),
		cmocka_unit_test(bounds),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
