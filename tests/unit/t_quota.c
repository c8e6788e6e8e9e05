/*
 * t_quota: what a mailbox may hold, and who is told that it is nearly full.
 * wrap: maildir_count deadline_now log_error
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/maildirsize.h"
#include "delivery/quota.h"
#include "delivery/quota_warning.h"

static struct quota q;
static struct maildirs maildirs;
static struct syncs syncs;
static struct maildir_namer namer;
static int base = -1;

/* Counts take longer than they may. */
static bool slow;
static int64_t ahead; /* of the clock, ms */
static size_t counts, errors;
static int64_t had; /* ms for the last count */

bool __real_maildir_count(
    int, deadline_t, struct maildir_use *, struct timespec *);
bool __wrap_maildir_count(
    int, deadline_t, struct maildir_use *, struct timespec *);
deadline_t __real_deadline_now(void);
deadline_t __wrap_deadline_now(void);
void __wrap_log_error(const char *, const char *, ...);

deadline_t
__wrap_deadline_now(void)
{
	return __real_deadline_now() + ahead;
}

bool
__wrap_maildir_count(
    int dir, deadline_t deadline, struct maildir_use *use, struct timespec *t)
{
	had = deadline - __real_deadline_now();
	counts += had > 0;
	if (!slow)
		return __real_maildir_count(dir, deadline, use, t);
	errno = ETIMEDOUT;
	return false;
}

void
__wrap_log_error(const char *id, const char *fmt, ...)
{
	(void)id;
	(void)fmt;
	errors++;
}

static int
setup(void **state)
{
	log_open("t_quota", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

static int
fresh(void **state)
{
	(void)state;
	(void)nftw(unit_path("base"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(unit_path("base"), 0700) == -1)
		return -1;
	base = open(unit_path("base"), O_PATH | O_DIRECTORY);
	quota_init(&q, base, 90);
	maildir_namer_init(&namer, "h");
	maildirs_init(&maildirs, base);
	syncs_init(&syncs);
	return base == -1 ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	maildirs_close(&maildirs);
	syncs_clear(&syncs);
	return close(base);
}

static struct msg_job_rcpt
rcpt(const char *mailbox, uint64_t bytes, uint64_t messages)
{
	struct msg_job_rcpt r = { .quota = bytes, .quota_messages = messages };

	strlcpy(r.mailbox, mailbox, sizeof(r.mailbox));
	strlcpy(r.addr, "alice@example.org", sizeof(r.addr));
	return r;
}

static void
open_maildir(const char *name)
{
	maildirs_turn(&maildirs);
	assert_int_equal(
	    maildirs_get(&maildirs, name, &namer)->failure.diag.outcome,
	    OUT_OK);
}

static void
has(const char *name, const char *text)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "base/%s/maildirsize", name);
	unit_file(path, text, strlen(text));
}

static void
check(const char *name, const char *wanted)
{
	char path[100], text[1000];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "base/%s/maildirsize", name);
	fd = open(unit_path(path), O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(close(fd), 0);
	assert_string_equal(text, wanted);
}

static const char *
take(const struct msg_job_rcpt *r, uint64_t size)
{
	static struct failure f;

	f = (struct failure)FAILURE_NONE;
	return quota_take(&q, r, size, &f) == OUT_OK ? "" : f.diag.dsn;
}

/* Exactly full is not over; each recipient is judged by himself. */
static void
takes(void **state)
{
	struct msg_job_rcpt a = rcpt("a", 1000, 0), b = rcpt("b", 0, 3);
	struct msg_job_rcpt none = rcpt("a", 0, 0);

	(void)state;
	open_maildir("a");
	open_maildir("b");
	has("a", "1000S\n900 9\n");
	has("b", "3C\n1 2\n");
	assert_string_equal(take(&a, 101), "5.2.2");
	assert_string_equal(take(&a, 100), "");
	assert_string_equal(take(&a, 1), "5.2.2"); /* of the same batch */
	assert_string_equal(take(&b, 1000000), "");
	assert_string_equal(take(&b, 1), "5.2.2");
	assert_string_equal(take(&none, UINT64_MAX / 4), "");
	quota_give_back(&q, &a, 100);
	assert_string_equal(take(&a, 60), "");
	assert_string_equal(take(&a, 40), "");
	quota_turn(&q);
	assert_string_equal(take(&a, 100), "");
	a.flags = JOB_FULL_DEFER;
	assert_string_equal(take(&a, 100), "4.2.2");
	check("a", "1000S\n900 9\n");
}

/* A mailbox that is not there holds nothing; one that hides takes mail. */
static void
takes_anyway(void **state)
{
	struct msg_job_rcpt nowhere = rcpt("x/y", 10, 0);
	struct msg_job_rcpt link = rcpt("link", 10, 0);

	(void)state;
	assert_string_equal(take(&nowhere, 10), "");
	quota_turn(&q);
	assert_string_equal(take(&nowhere, 11), "5.2.2");
	assert_int_equal(access(unit_path("base/x"), F_OK), -1);
	assert_int_equal(symlink("/", unit_path("base/link")), 0);
	assert_string_equal(take(&link, 11), "");
}

/* Whoever asks, and how often: others have mail, too. */
static void
too_long(void **state)
{
	struct msg_job_measure m = { .serial = 5, .size = 1, .quota = 5 };
	struct msg_job_rcpt a = rcpt("a", 5, 0);
	struct msg_job_measured r;

	(void)state;
	open_maildir("a");
	strlcpy(m.mailbox, "a", sizeof(m.mailbox));
	slow = true;
	counts = errors = 0;
	quota_measure(&q, &m, &r);
	assert_int_equal(counts, 1);
	assert_in_range(had, 1, 2000);
	assert_int_equal(errors, 1);
	quota_measure(&q, &m, &r);
	assert_int_equal(counts, 1);
	assert_int_equal(errors, 1);
	assert_int_equal(r.full, 0);
	/* a delivery has more time, once */
	assert_string_equal(take(&a, 100), "");
	assert_int_equal(counts, 2);
	assert_in_range(had, 2001, 30000);
	assert_string_equal(take(&a, 100), "");
	quota_measure(&q, &m, &r);
	assert_int_equal(counts, 2);
	assert_int_equal(errors, 2);
	/* what somebody else has found out is believed meanwhile */
	has("a", "5S\n5 1\n");
	assert_string_equal(take(&a, 1), "5.2.2");
	assert_int_equal(unlink(unit_path("base/a/maildirsize")), 0);
	ahead += UNCOUNTED_KEPT * 1000;
	slow = false;
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 0);
	check("a", "5S\n0 0\n");
	assert_int_equal(counts, 3);
}

static void
adds(void **state)
{
	struct msg_job_rcpt a = rcpt("a", 1000, 0), none = rcpt("b", 0, 0);

	(void)state;
	open_maildir("a");
	open_maildir("b");
	assert_string_equal(take(&a, 50), "");
	check("a", "1000S\n0 0\n");
	quota_add(&q, "id", &a, 50);
	check("a", "1000S\n0 0\n50 1\n");
	/* without a quota no file is made, and one of others is kept right */
	assert_string_equal(take(&none, 50), "");
	quota_add(&q, "id", &none, 50);
	assert_int_equal(access(unit_path("base/b/maildirsize"), F_OK), -1);
	has("b", "10S\n5 1\n");
	quota_add(&q, "id", &none, 50);
	check("b", "10S\n5 1\n50 1\n");
	assert_int_equal(q.warnings, 0);
}

static void
measures(void **state)
{
	struct msg_job_measure m = { .serial = 5, .quota = 1000 };
	struct msg_job_measured r;

	(void)state;
	open_maildir("a");
	has("a", "1000S\n900 9\n");
	strlcpy(m.mailbox, "a", sizeof(m.mailbox));
	m.size = 100;
	quota_measure(&q, &m, &r);
	assert_int_equal(r.serial, 5);
	assert_int_equal(r.full, 0);
	assert_int_equal(r.bytes, 900);
	assert_int_equal(r.messages, 9);
	m.size = 101;
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 1);
	/* not known, and so at least one byte */
	has("a", "1000S\n1000 9\n");
	m.size = 0;
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 1);
	has("a", "1000S\n999 9\n");
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 0);
	/* who may have it passed on */
	m.size = 2000;
	unit_file("base/.forward", "", 0);
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 1);
	q.forwards = true;
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 0);
	assert_int_equal(unlink(unit_path("base/.forward")), 0);
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 1);
	m.size = 0;
	strlcpy(m.mailbox, "nowhere", sizeof(m.mailbox));
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 0);
	strlcpy(m.mailbox, "../a", sizeof(m.mailbox));
	m.size = 2000;
	quota_measure(&q, &m, &r);
	assert_int_equal(r.full, 0);
	assert_int_equal(r.bytes, 0);
}

/* clang-format off */
static const struct {
	uint64_t n;
	const char *text;
} sizes[] = {
	{ 0, "0 bytes" }, { 1023, "1023 bytes" }, { 1024, "1 KiB" },
	{ 1536, "1.5 KiB" }, { 10239, "9.9 KiB" }, { 10240, "10 KiB" },
	{ 1048575, "1023 KiB" }, { 1048576, "1 MiB" }, { 1468006, "1.3 MiB" },
	{ 5368709120, "5 GiB" }, { INT64_MAX, "7.9 EiB" },
};
/* clang-format on */

static void
figures(void **state)
{
	char text[QUOTA_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		quota_size(sizes[i].n, text);
		assert_string_equal(text, sizes[i].text);
	}
}

static void
warn(void)
{
	const struct quota_mailer m = { "mx.example.org", &maildirs, &namer,
		&syncs };

	quota_warn(&q, &m);
}

/* The only file in new/, as text; "": there is none. */
static const char *
only(const char *path)
{
	static char text[QUOTA_TEXT];
	struct dirent *e;
	DIR *d = opendir(unit_path(path));
	size_t files = 0;
	char name[600];
	ssize_t n;
	int fd;

	assert_non_null(d);
	text[0] = '\0';
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		assert_int_equal(files++, 0);
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		fd = open(unit_path(name), O_RDONLY | O_CLOEXEC);
		assert_int_not_equal(fd, -1);
		n = read(fd, text, sizeof(text) - 1);
		assert_true(n > 0);
		text[n] = '\0';
		assert_int_equal(close(fd), 0);
	}
	assert_int_equal(closedir(d), 0);
	return text;
}

/* Once when the mark is passed, and counted. */
static void
warns(void **state)
{
	struct msg_job_rcpt a = rcpt("a", 10000, 0);
	struct maildirsize m;
	const char *text;
	int dir;

	(void)state;
	open_maildir("a");
	has("a", "10000S\n8000 9\n");
	quota_add(&q, "id", &a, 900);
	warn();
	assert_string_equal(only("base/a/new"), "");
	quota_add(&q, "id", &a, 100); /* 9000 */
	assert_int_equal(q.warnings, 1);
	quota_add(&q, "id", &a, 1);
	assert_int_equal(q.warnings, 1);
	warn();
	assert_int_equal(q.warnings, 0);
	text = only("base/a/new");
	assert_non_null(strstr(text, "Return-Path: <>\n"));
	assert_non_null(strstr(text, "\nAuto-Submitted: auto-generated\n"));
	assert_non_null(strstr(text,
	    "\nFrom: Mail System "
	    "<MAILER-DAEMON@mx.example.org>\n"));
	assert_non_null(strstr(text, "\nTo: <alice@example.org>\n"));
	assert_non_null(strstr(text, "\nSubject: Your mailbox is 90 % full\n"));
	assert_non_null(strstr(text, "\n    8.7 KiB of 9.7 KiB (90 %)\n"));
	dir = open(unit_path("base/a"), O_RDONLY | O_DIRECTORY);
	assert_true(maildirsize_read(dir, &m));
	assert_int_equal(m.use.bytes, 9001 + strlen(text));
	assert_int_equal(m.use.messages, 9 + 4);
	assert_int_equal(close(dir), 0);
	quota_add(&q, "id", &a, 1);
	assert_int_equal(q.warnings, 0);
}

/* By messages; in a full mailbox, too; not without the option. */
static void
warns_of_messages(void **state)
{
	struct msg_job_rcpt a = rcpt("a", 0, 10);

	(void)state;
	open_maildir("a");
	has("a", "10C\n8000 8\n");
	quota_add(&q, "id", &a, 5);
	warn();
	assert_non_null(
	    strstr(only("base/a/new"), "\n    9 of 10 messages (90 %)\n"));
	q.percent = 0;
	has("a", "10C\n8000 8\n");
	quota_add(&q, "id", &a, 5);
	assert_int_equal(q.warnings, 0);
}

/* What ends a line in an address would be another field. */
static void
strange_address(void **state)
{
	struct quota_warning w = { .use = { 9, 1 }, .quota = { 10, 0 } };
	char text[QUOTA_TEXT];

	(void)state;
	strlcpy(w.addr, "a\nX: b@example.org", sizeof(w.addr));
	assert_int_equal(quota_warning_text(&w, "h", 0, 1, text), 0);
	memset(w.addr, 'a', ADDR_MAX);
	w.addr[ADDR_MAX] = '\0';
	assert_int_not_equal(quota_warning_text(&w, "h", 0, 1, text), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes, fresh, done),
		cmocka_unit_test_setup_teardown(takes_anyway, fresh, done),
		cmocka_unit_test_setup_teardown(too_long, fresh, done),
		cmocka_unit_test_setup_teardown(adds, fresh, done),
		cmocka_unit_test_setup_teardown(measures, fresh, done),
		cmocka_unit_test(figures),
		cmocka_unit_test_setup_teardown(warns, fresh, done),
		cmocka_unit_test_setup_teardown(warns_of_messages, fresh, done),
		cmocka_unit_test(strange_address),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
