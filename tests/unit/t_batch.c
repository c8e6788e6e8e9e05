/*
 * t_batch: whole batches from queued's descriptor to outcomes.
 * wrap: fsync
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>

#include "common/crc32c.h"
#include "common/log.h"
#include "common/sock.h"
#include "delivery/batch.h"

static struct batch b;
static struct chan queued, agent;
static int base = -1, files, dirs;
static const char *fails;        /* the directory whose sync does */
static uint32_t damage;          /* of the next jobs */
static struct msg_job_rcpt like; /* what else their recipients have */

int __real_fsync(int);
int __wrap_fsync(int);

int
__wrap_fsync(int fd)
{
	char link[64], path[300] = "";
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	files += S_ISREG(st.st_mode);
	dirs += S_ISDIR(st.st_mode);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) != -1 && fails != NULL &&
	    strstr(path, fails) != NULL) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

static int
fresh(void **state)
{
	int fd[2];

	(void)state;
	(void)nftw(unit_path("base"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(unit_path("base"), 0700) == -1 || sock_pair(fd) == -1)
		return -1;
	chan_init(&queued, fd[0], &job_channel, JOB_QUEUED);
	chan_init(&agent, fd[1], &job_channel, JOB_AGENT);
	base = open(unit_path("base"), O_PATH | O_DIRECTORY);
	batch_init(&b, base, "h");
	syncs_clear(&b.syncs); /* to see each */
	fails = NULL;
	damage = 0;
	like = (struct msg_job_rcpt){ .flags = 0 };
	return base == -1 ? -1 : 0;
}

static int
setup(void **state)
{
	log_open("t_batch", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

static int
done(void **state)
{
	(void)state;
	chan_close(&queued);
	chan_close(&agent);
	batch_clear(&b);
	return close(base);
}

struct to {
	const char *addr, *mailbox;
};

static void
job_from(const char *sender, uint32_t job, const char *content, size_t nrcpt,
    const struct to *to)
{
	struct msg_job_message m = { .job = job,
		.nrcpt = (uint32_t)nrcpt,
		.crc = crc32c(0, content, strlen(content)) ^ damage,
		.size = strlen(content),
		.id = "2ab" };
	int fd;

	unit_file("spool", content, strlen(content));
	(void)snprintf(m.sender, sizeof(m.sender), "%s", sender);
	fd = open(unit_path("spool"), O_RDONLY);
	assert_int_equal(unlink(unit_path("spool")), 0);
	assert_int_equal(chan_send(&queued, JOB_T_MESSAGE, &m, fd, 0), CHAN_OK);
	assert_int_equal(close(fd), 0);
	for (uint32_t i = 0; i < nrcpt; i++) {
		struct msg_job_rcpt r = like;

		r.job = job;
		r.index = i;
		(void)snprintf(r.addr, sizeof(r.addr), "%s", to[i].addr);
		(void)snprintf(
		    r.mailbox, sizeof(r.mailbox), "%s", to[i].mailbox);
		assert_int_equal(
		    chan_send(&queued, JOB_T_RCPT, &r, -1, 0), CHAN_OK);
	}
}

static void
job(uint32_t number, const char *content, size_t nrcpt, const struct to *to)
{
	job_from("s@x.test", number, content, nrcpt, to);
}

static void
run(void)
{
	files = dirs = 0;
	assert_int_equal(jobs_read(&b.jobs, &agent), CHAN_OK);
	batch_deliver(&b);
	assert_int_equal(batch_answer(&b, &agent), CHAN_OK);
	assert_int_equal(b.jobs.count, 0);
}

static void
outcome(uint32_t number, uint32_t index, const char *dsn)
{
	union msg_job m;
	unsigned int type;

	assert_int_equal(chan_recv(&queued, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, JOB_T_OUTCOME);
	assert_int_equal(m.outcome.job, number);
	assert_int_equal(m.outcome.index, index);
	assert_string_equal(m.outcome.dsn, dsn);
	assert_int_equal(m.outcome.outcome,
	    dsn[0] == '2'       ? OUT_OK
		: dsn[0] == '4' ? OUT_TEMP
				: OUT_PERM);
}

static void
member(uint32_t number, uint32_t index, enum member_kind kind, const char *text)
{
	union msg_job m;
	unsigned int type;

	assert_int_equal(chan_recv(&queued, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, JOB_T_FORWARD);
	assert_int_equal(m.forward.job, number);
	assert_int_equal(m.forward.index, index);
	assert_int_equal(m.forward.kind, kind);
	assert_string_equal(m.forward.text, text);
}

static void
forwarded(uint32_t number, uint32_t index)
{
	union msg_job m;
	unsigned int type;

	assert_int_equal(chan_recv(&queued, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, JOB_T_OUTCOME);
	assert_int_equal(m.outcome.job, number);
	assert_int_equal(m.outcome.index, index);
	assert_int_equal(m.outcome.outcome, OUT_OK);
	assert_int_equal(m.outcome.flags, OUTCOME_FORWARDED);
}

static void
no_more(void)
{
	union msg_job m;
	unsigned int type;

	assert_int_equal(chan_recv(&queued, &type, &m, NULL, 0), CHAN_AGAIN);
}

/* Names in base/dir; the last one's content in text when not NULL. */
static int
list(const char *dir, char *text, size_t size)
{
	char path[200];
	const struct dirent *e;
	DIR *d;
	int n = 0, fd;

	(void)snprintf(path, sizeof(path), "base/%s", dir);
	assert_non_null(d = opendir(unit_path(path)));
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (text == NULL)
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY);
		memset(text, 0, size);
		assert_int_not_equal(read(fd, text, size - 1), -1);
		assert_int_equal(close(fd), 0);
	}
	assert_int_equal(closedir(d), 0);
	return n;
}

static const struct to ab[] = { { "a@x.test", "a/M" }, { "b@x.test", "b/M" } };

static void
content(void **state)
{
	char text[300];

	(void)state;
	job(1, "Subject: x\n\n.\nhi", 2, ab);
	run();
	outcome(1, 0, "2.0.0");
	outcome(1, 1, "2.0.0");
	no_more();
	assert_int_equal(list("a/M/new", text, sizeof(text)), 1);
	assert_string_equal(text,
	    "Return-Path: <s@x.test>\nDelivered-To: a@x.test\n"
	    "Subject: x\n\n.\nhi");
	assert_int_equal(list("b/M/new", text, sizeof(text)), 1);
	assert_string_equal(text,
	    "Return-Path: <s@x.test>\nDelivered-To: b@x.test\n"
	    "Subject: x\n\n.\nhi");
	job_from("", 2, "\n", 1, (struct to[]){ { "c@x.test", "c" } });
	run();
	outcome(2, 0, "2.0.0");
	assert_int_equal(list("c/new", text, sizeof(text)), 1);
	assert_string_equal(
	    text, "Return-Path: <>\nDelivered-To: c@x.test\n\n");
}

/* Ten messages for two mailboxes: twenty files, two directory syncs. */
static void
shares(void **state)
{
	(void)state;
	job(1, "x\n", 2, ab);
	run();
	outcome(1, 0, "2.0.0");
	outcome(1, 1, "2.0.0");
	for (uint32_t i = 0; i < 10; i++)
		job(i, "x\n", 2, ab);
	run();
	assert_int_equal(files, 20);
	assert_int_equal(dirs, 2);
	for (uint32_t i = 0; i < 10; i++) {
		outcome(i, 0, "2.0.0");
		outcome(i, 1, "2.0.0");
	}
	assert_int_equal(list("a/M/new", NULL, 0), 11);
	assert_int_equal(list("b/M/new", NULL, 0), 11);
}

/* Each recipient for itself. */
static void
independent(void **state)
{
	static const struct to to[] = {
		{ "a@x.test", "a/M" },
		{ "b@x.test", "../b" },
		{ "Loop@x.test", "c/M" },
		{ "e@x.test\nX: y", "e/M" },
		{ "d@x.test", "d/M" },
	};

	(void)state;
	job(1, "Delivered-To: loop@X.test\n\nx\n", COUNT(to), to);
	job_from("s@x\r\nX: y", 2, "x\n", 1, to);
	job(3, "x\n", 1, to);
	run();
	outcome(1, 0, "2.0.0");
	outcome(1, 1, "4.3.5");
	outcome(1, 2, "5.4.6");
	outcome(1, 3, "4.3.5");
	outcome(1, 4, "2.0.0");
	outcome(2, 0, "4.3.5");
	outcome(3, 0, "2.0.0");
	assert_int_equal(list("a/M/new", NULL, 0), 2);
	assert_int_equal(list("d/M/new", NULL, 0), 1);
	assert_int_equal(list("a/M/tmp", NULL, 0), 0);
	/* A loop and a bad envelope make no file. */
	assert_int_equal(access(unit_path("base/c"), F_OK), -1);
}

/* A directory that does not sync takes all of its messages with it. */
static void
unsynced(void **state)
{
	(void)state;
	job(1, "x\n", 2, ab);
	run();
	outcome(1, 0, "2.0.0");
	outcome(1, 1, "2.0.0");
	fails = "/b/M/new";
	job(1, "x\n", 2, ab);
	job(2, "y\n", 2, ab);
	run();
	outcome(1, 0, "2.0.0");
	outcome(1, 1, "4.3.0");
	outcome(2, 0, "2.0.0");
	outcome(2, 1, "4.3.0");
	assert_int_equal(list("a/M/new", NULL, 0), 3);
	assert_int_equal(list("b/M/new", NULL, 0), 1);
	assert_int_equal(list("b/M/tmp", NULL, 0), 0);
}

static void
damaged(void **state)
{
	struct msg_job_message m = { .job = 1, .nrcpt = 1, .size = 10 };
	struct msg_job_rcpt r = { .job = 1, .addr = "a@x.test" };
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	(void)snprintf(r.mailbox, sizeof(r.mailbox), "a/M");
	assert_int_equal(chan_send(&queued, JOB_T_MESSAGE, &m, fd, 0), CHAN_OK);
	assert_int_equal(chan_send(&queued, JOB_T_RCPT, &r, -1, 0), CHAN_OK);
	assert_int_equal(close(fd), 0);
	job(2, "x\n", 2, ab);
	run();
	outcome(1, 0, JOB_DAMAGED);
	outcome(2, 0, "2.0.0");
	outcome(2, 1, "2.0.0");
}

/* Damage that the copy finds; a loop in it is not believed. */
static void
damaged_late(void **state)
{
	static const char header[] = "Delivered-To: a@x.test\n\n";
	static const struct to bcb[] = { { "b@x.test", "b/M" },
		{ "a@x.test", "a/M" }, { "c@x.test", "b/M" } };
	static char text[CONTENT_BLOCK + 1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, header, sizeof(header) - 1);
	job(1, text, 3, bcb);
	run();
	outcome(1, 0, "2.0.0");
	outcome(1, 1, "5.4.6");
	outcome(1, 2, "2.0.0");
	damage = 1;
	job(2, text, 3, bcb);
	job(3, text, 2, ab);
	run();
	for (uint32_t i = 0; i < 3; i++)
		outcome(2, i, JOB_DAMAGED);
	outcome(3, 0, JOB_DAMAGED);
	outcome(3, 1, JOB_DAMAGED);
	assert_int_equal(list("b/M/new", NULL, 0), 2);
	assert_int_equal(list("b/M/tmp", NULL, 0), 0);
}

/* A ~/.forward: members are said instead of a file written. */
static void
forwards(void **state)
{
	static const struct to alice[] = { { "alice@x.test", "M" } };
	static const char text[] = "bob@y.test\n\\alice, |/bin/x y\n";
	static const char mistaken[] = "bob@y.test\nbob bill\n";

	(void)state;
	unit_file("base/.forward", text, strlen(text));
	job(1, "x\n", 1, alice);
	run();
	outcome(1, 0, "2.0.0"); /* the flag decides */
	like.flags = JOB_READ_FORWARD;
	job(2, "x\n", 1, alice);
	job(3, "x\n", 1, (struct to[]){ { "carol@x.test", "M" } });
	run();
	member(2, 0, MEMBER_ADDRESS, "bob@y.test");
	member(2, 0, MEMBER_FINAL, "alice@x.test");
	member(2, 0, MEMBER_COMMAND, "/bin/x y");
	forwarded(2, 0);
	member(3, 0, MEMBER_ADDRESS, "bob@y.test");
	member(3, 0, MEMBER_FINAL, "alice");
	member(3, 0, MEMBER_COMMAND, "/bin/x y");
	forwarded(3, 0);
	no_more();
	assert_int_equal(list("M/new", NULL, 0), 1);
	/* Three members are more than two. */
	b.forward_most = 2;
	job(4, "x\n", 1, alice);
	run();
	outcome(4, 0, "4.3.5");
	unit_file("base/.forward", mistaken, strlen(mistaken));
	b.forward_most = 5;
	job(5, "x\n", 1, alice);
	run();
	outcome(5, 0, "4.3.5");
	no_more();
	unit_file("base/.forward", "alice\n", 6);
	job(6, "x\n", 1, alice);
	run();
	outcome(6, 0, "2.0.0");
	assert_int_equal(list("M/new", NULL, 0), 2);
}

/*
 * What has been here is a loop, whatever the file says; but not by the owner's
 * word, which brings his own copy back with a Delivered-To of his.
 */
static void
forward_loops(void **state)
{
	static const struct to alice[] = { { "alice@x.test", "M" } };
	static const char seen[] = "Delivered-To: <alice@x.test>\n\nx\n";
	char text[300];

	(void)state;
	like.flags = JOB_READ_FORWARD;
	unit_file("base/.forward", "bob@y.test\n", 11);
	job(1, seen, 1, alice);
	run();
	outcome(1, 0, "5.4.6");
	assert_int_equal(unlink(unit_path("base/.forward")), 0);
	job(2, seen, 1, alice);
	run();
	outcome(2, 0, "5.4.6");
	like.flags = 0;
	(void)snprintf(like.via, sizeof(like.via), "%c", VIA_MAILBOX);
	job(3, seen, 1, alice);
	run();
	outcome(3, 0, "2.0.0");
	assert_int_equal(list("M/new", text, sizeof(text)), 1);
	assert_string_equal(text,
	    "Return-Path: <s@x.test>\nDelivered-To: alice@x.test\n"
	    "Delivered-To: <alice@x.test>\n\nx\n");
}

static void
folders(void **state)
{
	static const struct to alice[] = { { "alice+Lists@x.test", "M" } };

	(void)state;
	(void)snprintf(like.tag, sizeof(like.tag), "Lists");
	job(1, "x\n", 1, alice);
	run();
	outcome(1, 0, "2.0.0");
	assert_int_equal(mkdir(unit_path("base/M/.lists"), 0700), 0);
	unit_file("base/M/.lists/maildirfolder", "", 0);
	job(2, "x\n", 1, alice);
	run();
	outcome(2, 0, "2.0.0"); /* the flag decides */
	assert_int_equal(list("M/new", NULL, 0), 2);
	like.flags = JOB_TAG_FOLDER;
	job(3, "x\n", 1, alice);
	run();
	outcome(3, 0, "2.0.0");
	assert_int_equal(list("M/new", NULL, 0), 2);
	assert_int_equal(list("M/.lists/new", NULL, 0), 1);
	(void)snprintf(like.tag, sizeof(like.tag), "none");
	job(4, "x\n", 1, alice);
	run();
	outcome(4, 0, "2.0.0");
	assert_int_equal(list("M/new", NULL, 0), 3);
	assert_int_equal(access(unit_path("base/M/.none"), F_OK), -1);
}

/* queued is gone before it could be told. */
static void
unanswered(void **state)
{
	(void)state;
	job(1, "x\n", 2, ab);
	assert_int_equal(jobs_read(&b.jobs, &agent), CHAN_OK);
	batch_deliver(&b);
	chan_close(&queued);
	assert_int_equal(batch_answer(&b, &agent), CHAN_EOF);
	assert_int_equal(list("a/M/tmp", NULL, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(content, fresh, done),
		cmocka_unit_test_setup_teardown(shares, fresh, done),
		cmocka_unit_test_setup_teardown(independent, fresh, done),
		cmocka_unit_test_setup_teardown(unsynced, fresh, done),
		cmocka_unit_test_setup_teardown(damaged, fresh, done),
		cmocka_unit_test_setup_teardown(damaged_late, fresh, done),
		cmocka_unit_test_setup_teardown(forwards, fresh, done),
		cmocka_unit_test_setup_teardown(forward_loops, fresh, done),
		cmocka_unit_test_setup_teardown(folders, fresh, done),
		cmocka_unit_test_setup_teardown(unanswered, fresh, done),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
