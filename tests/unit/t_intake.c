/*
 * t_intake: handing a message to a queued that keeps the rules, or not.
 * wrap: write fsync
 */
#include "tests/unit/intake.h"

static void
accepted(void **state)
{
	static const char text[] = "Subject: x\n\nhello\n";
	union msg_intake m;
	struct trailer t;
	char got[200];
	ssize_t n;
	int fd;

	(void)state;
	answer_file(1000);
	answer_queued();
	assert_int_equal(begin(), OUT_OK);
	assert_string_equal(in.id, "");
	assert_int_equal(intake_body(&in, &d), OUT_OK);
	assert_string_equal(in.id, "2ab");
	assert_int_equal(intake_write(&in, text, 5, &d), OUT_OK);
	assert_int_equal(
	    intake_write(&in, text + 5, sizeof(text) - 6, &d), OUT_OK);
	assert_int_equal(fsyncs, 0);
	assert_int_equal(intake_commit(&in, &d), OUT_OK);
	assert_int_equal(fsyncs, 1);
	assert_int_equal(in.file, -1);
	assert_int_equal(in.chan.state, INTAKE_IDLE);

	assert_int_equal(heard(&m), INTAKE_T_OPEN);
	assert_string_equal(m.open.sender, "a@x.test");
	assert_int_equal(heard(&m), INTAKE_T_RCPT);
	assert_string_equal(m.rcpt.addr, "b@x.test");
	assert_int_equal(heard(&m), INTAKE_T_BODY);
	assert_int_equal(heard(&m), INTAKE_T_COMMIT);
	assert_int_equal(m.commit.size, sizeof(text) - 1);
	assert_int_equal(m.commit.lines, 3);
	assert_int_equal(m.commit.crc, crc32c(0, text, sizeof(text) - 1));

	fd = open(unit_path("spool"), O_RDONLY);
	n = read(fd, got, sizeof(got));
	assert_int_equal(close(fd), 0);
	assert_int_equal(n, 4 + sizeof(text) - 1 + TRAILER_LEN);
	assert_memory_equal(got, "ENV\n", 4);
	assert_memory_equal(got + 4, text, sizeof(text) - 1);
	assert_int_equal(
	    trailer_parse(got + n - TRAILER_LEN, &t), TRAILER_VALID);
	assert_int_equal(t.size, sizeof(text) - 1);
	assert_int_equal(t.lines, 3);
	assert_int_equal(t.envcrc, 0x12345678);
	assert_int_equal(t.crc, m.commit.crc);
}

/* Two in one session: nothing of the first is in the second. */
static void
twice(void **state)
{
	union msg_intake m;

	(void)state;
	for (int i = 0; i < 2; i++) {
		answer_file(1000);
		answer_queued();
		assert_int_equal(begin(), OUT_OK);
		assert_int_equal(intake_body(&in, &d), OUT_OK);
		assert_int_equal(intake_write(&in, "x\n", 2, &d), OUT_OK);
		assert_int_equal(intake_commit(&in, &d), OUT_OK);
		while (heard(&m) != INTAKE_T_COMMIT)
			continue;
		queued.state = INTAKE_IDLE;
		assert_int_equal(m.commit.size, 2);
		assert_int_equal(m.commit.lines, 1);
		assert_int_equal(m.commit.crc, crc32c(0, "x\n", 2));
	}
}

static void
refused_early(void **state)
{
	(void)state;
	answer_refused("4.3.1", "Too little space");
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.1");
	assert_string_equal(d.text, "Too little space");
	assert_int_equal(in.chan.state, INTAKE_IDLE);
	intake_abort(&in); /* nothing to abort */
	assert_int_equal(in.chan.state, INTAKE_IDLE);
	/* The next transaction goes on over the same channel. */
	d = (struct diag)DIAG_INIT;
	answer_file(10);
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_OK);
}

static void
refused_late(void **state)
{
	(void)state;
	answer_file(10);
	answer_refused("5.6.0", "Not like that");
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_OK);
	assert_int_equal(intake_write(&in, "x", 1, &d), OUT_OK);
	assert_int_equal(intake_commit(&in, &d), OUT_PERM);
	assert_string_equal(d.dsn, "5.6.0");
	assert_int_equal(in.file, -1);
}

/* A refusal that is none does not become an acceptance. */
static void
refused_oddly(void **state)
{
	static const char *const codes[] = { "2.0.0", "", "x", "4", "9.9.9" };

	for (size_t i = 0; i < COUNT(codes); i++) {
		assert_int_equal(fresh(state), 0);
		answer_refused(codes[i], "ok");
		assert_int_equal(begin(), OUT_OK);
		assert_int_equal(intake_body(&in, &d), OUT_TEMP);
		assert_string_equal(d.dsn, "4.3.0");
		assert_int_equal(in.chan.fd, -1);
		assert_int_equal(done(state), 0);
	}
}

static void
limit(void **state)
{
	(void)state;
	answer_file(10);
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_OK);
	assert_int_equal(intake_write(&in, "12345", 5, &d), OUT_OK);
	assert_int_equal(intake_write(&in, "67890", 5, &d), OUT_OK);
	assert_int_equal(intake_write(&in, "", 0, &d), OUT_OK);
	assert_int_equal(intake_write(&in, "1", 1, &d), OUT_PERM);
	assert_string_equal(d.dsn, "5.3.4");
	assert_int_equal(in.size, 10);
	intake_abort(&in);
	assert_int_equal(in.file, -1);
	assert_int_equal(in.chan.state, INTAKE_IDLE);
}

struct trouble {
	int write_errno, fsync_errno;
	const char *dsn;
};

/* clang-format off */
static const struct trouble troubles[] = {
	{ ENOSPC,	0,	"4.3.1" },
	{ EDQUOT,	0,	"4.3.1" },
	{ EIO,		0,	"4.3.0" },
	{ EFBIG,	0,	"5.3.4" },
	{ 0,		EIO,	"4.3.0" },
	{ 0,		ENOSPC,	"4.3.1" },
};
/* clang-format on */

/* The disk fails while writing, at the trailer, or at the sync. */
static void
disk(void **state)
{
	union msg_intake m;

	for (size_t i = 0; i < COUNT(troubles); i++)
		for (int late = 0; late < 2; late++) {
			enum outcome r;

			assert_int_equal(fresh(state), 0);
			answer_file(100);
			assert_int_equal(begin(), OUT_OK);
			assert_int_equal(intake_body(&in, &d), OUT_OK);
			fsync_errno = troubles[i].fsync_errno;
			if (late || troubles[i].write_errno == 0) {
				assert_int_equal(
				    intake_write(&in, "x", 1, &d), OUT_OK);
				write_errno = troubles[i].write_errno;
				r = intake_commit(&in, &d);
			} else {
				write_errno = troubles[i].write_errno;
				r = intake_write(&in, "x", 1, &d);
				intake_abort(&in);
			}
			assert_int_not_equal(r, OUT_OK);
			assert_string_equal(d.dsn, troubles[i].dsn);
			/* queued is told to forget it, and nothing else. */
			while (heard(&m) != INTAKE_T_BODY)
				continue;
			assert_int_equal(heard(&m), INTAKE_T_ABORT);
			assert_int_equal(in.file, -1);
			assert_int_equal(done(state), 0);
		}
}

/* queued goes away at each step: 4.3.0, and no transaction is left. */
static void
lost(void **state)
{
	for (int step = 0; step < 4; step++) {
		assert_int_equal(fresh(state), 0);
		if (step == 0)
			chan_close(&queued);
		if (step >= 2)
			answer_file(10);
		if (step == 1)
			assert_int_equal(begin(), OUT_OK);
		if (step >= 2) {
			assert_int_equal(begin(), OUT_OK);
			assert_int_equal(intake_body(&in, &d), OUT_OK);
			assert_int_equal(intake_write(&in, "x", 1, &d), OUT_OK);
		}
		chan_close(&queued);
		/* The envelope is held back until the body is asked for. */
		if (step == 0)
			assert_int_equal(begin(), OUT_OK);
		if (step <= 1)
			assert_int_equal(intake_body(&in, &d), OUT_TEMP);
		else if (step == 2)
			assert_int_equal(intake_commit(&in, &d), OUT_TEMP);
		else
			intake_abort(&in);
		if (step < 3)
			assert_string_equal(d.dsn, "4.3.0");
		assert_int_equal(in.chan.fd, -1);
		assert_int_equal(in.file, -1);
		/* And so it stays. */
		d = (struct diag)DIAG_INIT;
		assert_int_equal(begin(), OUT_TEMP);
		assert_string_equal(d.dsn, "4.3.0");
		assert_int_equal(done(state), 0);
	}
}

/* Answers out of turn, and a file without a file. */
static void
breaches(void **state)
{
	struct msg_intake_file m = { .id = "2ab", .limit = 10 };

	answer_queued();
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_TEMP);
	assert_int_equal(done(state), 0);

	assert_int_equal(fresh(state), 0);
	answer(INTAKE_T_FILE, &m, -1);
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.0");
	assert_int_equal(in.chan.fd, -1);
}

static void
connects(void **state)
{
	int l = sock_listen(unit_dir, "intake", SOCK_SEQPACKET);
	struct intake other;

	(void)state;
	assert_true(intake_connect(&other, unit_dir));
	assert_int_equal(other.file, -1);
	assert_int_equal(other.chan.state, INTAKE_IDLE);
	intake_close(&other);
	assert_int_equal(close(l), 0);
	assert_false(intake_connect(&other, unit_dir));
	intake_close(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(accepted, fresh, done),
		cmocka_unit_test_setup_teardown(twice, fresh, done),
		cmocka_unit_test_setup_teardown(refused_early, fresh, done),
		cmocka_unit_test_setup_teardown(refused_late, fresh, done),
		cmocka_unit_test(refused_oddly),
		cmocka_unit_test_setup_teardown(limit, fresh, done),
		cmocka_unit_test(disk),
		cmocka_unit_test(lost),
		cmocka_unit_test_setup_teardown(breaches, fresh, done),
		cmocka_unit_test(connects),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
