/*
 * t_intake_memory: a session whose message is in memory at first, until it
 * grows or queued wants it filed; on a disk that fails, and with a queued that
 * gives what nobody asked for.
 * wrap: write fsync sendfile
 */
#include "tests/unit/intake.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

#define FIRST "Subject: x\n" /* is written before "grown", or all there is */
#define REST "\nhello\n"

static int sendfile_errno, interrupts; /* the latter before it works */
static size_t sendfile_most;           /* bytes in one call; 0: any */

ssize_t __real_sendfile(int, int, off_t *, size_t);
ssize_t __wrap_sendfile(int, int, off_t *, size_t);

ssize_t
__wrap_sendfile(int to, int from, off_t *at, size_t n)
{
	if (interrupts > 0) {
		interrupts--;
		errno = EINTR;
		return -1;
	}
	if (sendfile_errno != 0) {
		errno = sendfile_errno;
		return -1;
	}
	if (sendfile_most > 0 && n > sendfile_most)
		n = sendfile_most;
	return __real_sendfile(to, from, at, n);
}

static int
begins(void **state)
{
	sendfile_errno = interrupts = 0;
	sendfile_most = 0;
	return fresh(state);
}

static int memfd = -1; /* what the session was given last */

static int
ends(void **state)
{
	if (memfd != -1)
		assert_int_equal(close(memfd), 0);
	memfd = -1;
	return done(state);
}

static void
answer_memory(uint64_t limit)
{
	struct msg_intake_file m = {
		.id = "2ab", .memory = 1, .offset = 4, .limit = limit
	};

	if (memfd != -1)
		assert_int_equal(close(memfd), 0);
	memfd = memfd_create("2ab", MFD_CLOEXEC);
	assert_int_equal(lseek(memfd, 4, SEEK_SET), 4);
	answer(INTAKE_T_FILE, &m, memfd);
}

static void
check_content(int fd, const char *text)
{
	char got[200] = "";

	assert_int_equal(
	    pread(fd, got, sizeof(got) - 1, 4), (ssize_t)strlen(text));
	assert_string_equal(got, text);
}

/* Envelope, this, and a good trailer. */
static void
check_spool(const char *text)
{
	size_t n = strlen(text);
	struct trailer t;
	char got[200];
	int fd = open(unit_path("spool"), O_RDONLY | O_CLOEXEC);

	assert_int_equal(
	    read(fd, got, sizeof(got)), (ssize_t)(4 + n + TRAILER_LEN));
	assert_int_equal(close(fd), 0);
	assert_memory_equal(got, "ENV\n", 4);
	assert_memory_equal(got + 4, text, n);
	assert_int_equal(trailer_parse(got + 4 + n, &t), TRAILER_VALID);
	assert_int_equal(t.size, n);
	assert_int_equal(t.crc, crc32c(0, text, n));
	assert_int_equal(t.envcrc, 0x12345678);
}

/* All that was said after "body", as types. */
static void
check_said(const unsigned int *types, size_t n, const char *text)
{
	union msg_intake m;

	while (heard(&m) != INTAKE_T_BODY)
		continue;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(heard(&m), types[i]);
		queued.state = INTAKE_WRITING;
		if (types[i] != INTAKE_T_COMMIT)
			continue;
		assert_int_equal(m.commit.size, strlen(text));
		assert_int_equal(m.commit.crc, crc32c(0, text, strlen(text)));
	}
	assert_int_equal(chan_recv(&queued, &(unsigned int){ 0 }, &m, NULL, 0),
	    in.chan.fd == -1 ? CHAN_EOF : CHAN_AGAIN);
}

#define CHECK_SAID(text, ...)                                                  \
	do {                                                                   \
		const unsigned int types[] = { __VA_ARGS__ };                  \
                                                                               \
		check_said(types, COUNT(types), text);                         \
	} while (0)

/* With FIRST in memory. */
static void
write_first(uint64_t limit)
{
	answer_memory(limit);
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_OK);
	assert_true(in.memory);
	assert_int_equal(intake_write(&in, FIRST, strlen(FIRST), &d), OUT_OK);
}

/* Written, and neither a trailer nor a sync: the disk has no part in it. */
static void
stays_in_memory(void **state)
{
	(void)state;
	write_first(100);
	answer_queued();
	assert_int_equal(intake_commit(&in, &d), OUT_OK);
	assert_int_equal(fsyncs, 0);
	assert_int_equal(in.file, -1);
	assert_int_equal(in.chan.state, INTAKE_IDLE);
	check_content(memfd, FIRST);
	CHECK_SAID(FIRST, INTAKE_T_COMMIT);
}

static void
grows(void **state)
{
	(void)state;
	write_first(strlen(FIRST) + 3);
	answer_file(100);
	sendfile_most = 4;
	interrupts = 2;
	assert_int_equal(intake_write(&in, REST, strlen(REST), &d), OUT_OK);
	assert_false(in.memory);
	answer_queued();
	assert_int_equal(intake_commit(&in, &d), OUT_OK);
	assert_int_equal(fsyncs, 1);
	check_spool(FIRST REST);
	CHECK_SAID(FIRST REST, INTAKE_T_GROWN, INTAKE_T_COMMIT);
}

/* Exactly as much as there is room for does not. */
static void
fits(void **state)
{
	(void)state;
	write_first(strlen(FIRST REST));
	assert_int_equal(intake_write(&in, REST, strlen(REST), &d), OUT_OK);
	assert_true(in.memory);
	answer_queued();
	assert_int_equal(intake_commit(&in, &d), OUT_OK);
	check_content(memfd, FIRST REST);
	CHECK_SAID(FIRST REST, INTAKE_T_COMMIT);
}

/* Nothing was written when it is too large for memory. */
static void
grows_at_once(void **state)
{
	(void)state;
	answer_memory(3);
	answer_file(100);
	answer_queued();
	assert_int_equal(begin(), OUT_OK);
	assert_int_equal(intake_body(&in, &d), OUT_OK);
	assert_int_equal(intake_write(&in, FIRST, strlen(FIRST), &d), OUT_OK);
	assert_int_equal(intake_commit(&in, &d), OUT_OK);
	check_spool(FIRST);
}

static void
grows_too_large(void **state)
{
	(void)state;
	write_first(strlen(FIRST) + 3);
	answer_file(strlen(FIRST REST) - 1);
	assert_int_equal(intake_write(&in, REST, strlen(REST), &d), OUT_PERM);
	assert_string_equal(d.dsn, "5.3.4");
	intake_abort(&in);
	CHECK_SAID("", INTAKE_T_GROWN, INTAKE_T_ABORT);
}

static void
grows_and_is_refused(void **state)
{
	(void)state;
	write_first(strlen(FIRST) + 3);
	answer_refused("4.3.1", "Full");
	assert_int_equal(intake_write(&in, REST, strlen(REST), &d), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.1");
	assert_int_equal(in.file, -1);
	intake_abort(&in); /* nothing is left to give up */
	assert_int_equal(in.chan.state, INTAKE_IDLE);
	CHECK_SAID("", INTAKE_T_GROWN);
}

/* It could not be delivered at once. */
static void
is_filed(void **state)
{
	(void)state;
	write_first(100);
	answer_file(100);
	answer_queued();
	assert_int_equal(intake_commit(&in, &d), OUT_OK);
	assert_int_equal(fsyncs, 1);
	assert_int_equal(in.file, -1);
	check_spool(FIRST);
	CHECK_SAID(FIRST, INTAKE_T_COMMIT, INTAKE_T_COMMIT);
}

static void
is_filed_and_refused(void **state)
{
	(void)state;
	write_first(100);
	answer_file(100);
	answer_refused("4.3.0", "Damaged");
	assert_int_equal(intake_commit(&in, &d), OUT_TEMP);
	assert_string_equal(d.text, "Damaged");
	assert_int_equal(in.file, -1);
	assert_int_equal(in.chan.state, INTAKE_IDLE);
	CHECK_SAID(FIRST, INTAKE_T_COMMIT, INTAKE_T_COMMIT);
}

/* The next message of the session knows nothing of the last one's form. */
static void
takes_turns(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		if (i % 2 == 0)
			answer_memory(100);
		else
			answer_file(100);
		answer_queued();
		assert_int_equal(begin(), OUT_OK);
		assert_int_equal(intake_body(&in, &d), OUT_OK);
		assert_int_equal(in.memory, i % 2 == 0);
		assert_int_equal(
		    intake_write(&in, FIRST, strlen(FIRST), &d), OUT_OK);
		assert_int_equal(intake_commit(&in, &d), OUT_OK);
		CHECK_SAID(FIRST, INTAKE_T_COMMIT);
		queued.state = INTAKE_IDLE;
		if (i % 2 != 0)
			check_spool(FIRST);
	}
	assert_int_equal(fsyncs, 2);
}

/* clang-format off */
static const struct {
	int sendfile_errno, write_errno, fsync_errno;
	bool empty;	/* the memory file is */
	const char *dsn;
} troubles[] = {
	{ ENOSPC,	0,	0,	false,	"4.3.1" },
	{ EDQUOT,	0,	0,	false,	"4.3.1" },
	{ EIO,		0,	0,	false,	"4.3.0" },
	{ EFBIG,	0,	0,	false,	"5.3.4" },
	{ 0,		ENOSPC,	0,	false,	"4.3.1" },
	{ 0,		EIO,	0,	false,	"4.3.0" },
	{ 0,		0,	ENOSPC,	false,	"4.3.1" },
	{ 0,		0,	EIO,	false,	"4.3.0" },
	{ 0,		0,	0,	true,	"4.3.0" },
};
/* clang-format on */

static enum outcome
meet(size_t i, bool grow)
{
	write_first(strlen(FIRST) + (grow ? 3 : 100));
	answer_file(100);
	sendfile_errno = troubles[i].sendfile_errno;
	if (troubles[i].empty)
		assert_int_equal(ftruncate(memfd, 4), 0);
	if (grow && intake_write(&in, REST, strlen(REST), &d) != OUT_OK) {
		intake_abort(&in);
		return d.outcome;
	}
	write_errno = troubles[i].write_errno;
	fsync_errno = troubles[i].fsync_errno;
	return intake_commit(&in, &d);
}

/* The disk fails at the copy, the trailer or the sync: queued forgets it. */
static void
disk(void **state)
{
	int fds = -1;

	for (size_t i = 0; i < 2 * COUNT(troubles); i++) {
		union msg_intake m;

		assert_int_equal(begins(state), 0);
		if (fds == -1)
			fds = unit_open_fds();
		assert_int_not_equal(meet(i / 2, i % 2 == 1), OUT_OK);
		assert_string_equal(d.dsn, troubles[i / 2].dsn);
		assert_int_equal(in.file, -1);
		assert_int_equal(in.chan.state, INTAKE_IDLE);
		while (heard(&m) != INTAKE_T_BODY)
			continue;
		assert_int_equal(
		    heard(&m), i % 2 == 1 ? INTAKE_T_GROWN : INTAKE_T_COMMIT);
		queued.state = INTAKE_WRITING;
		assert_int_equal(heard(&m), INTAKE_T_ABORT);
		assert_int_equal(unit_open_fds(), fds + 1); /* memfd */
		assert_int_equal(ends(state), 0);
	}
}

/* --- a queued that says what it may not */

static void
commits_to_nothing(void)
{
	assert_int_equal(intake_commit(&in, &d), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.0");
}

static void
grows_to_nothing(void)
{
	assert_int_equal(intake_write(&in, REST, strlen(REST), &d), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.0");
	intake_abort(&in);
}

static void
more_memory(void)
{
	answer_memory(1000);
}

static void
no_descriptor(void)
{
	const struct msg_intake_file m = { .id = "2ab", .limit = 100 };

	answer(INTAKE_T_FILE, &m, -1);
}

static void
less_room(void)
{
	answer_file(strlen(FIRST) - 1);
}

static void
two_files(void)
{
	answer_file(100);
	answer_file(100);
}

/* clang-format off */
static const struct {
	void (*says)(void);
	void (*hears)(void);
} breaches[] = {
	{ more_memory,	commits_to_nothing },
	{ more_memory,	grows_to_nothing },
	{ no_descriptor, commits_to_nothing },
	{ no_descriptor, grows_to_nothing },
	{ less_room,	commits_to_nothing },
	{ less_room,	grows_to_nothing },
	{ two_files,	commits_to_nothing },
	{ answer_queued, grows_to_nothing },
};
/* clang-format on */

/* The session leaves it, with nothing open and nothing accepted. */
static void
odd_answers(void **state)
{
	for (size_t i = 0; i < COUNT(breaches); i++) {
		int fds;

		assert_int_equal(begins(state), 0);
		fds = unit_open_fds();
		write_first(strlen(FIRST) + 3);
		breaches[i].says();
		breaches[i].hears();
		assert_int_equal(in.file, -1);
		assert_int_equal(in.chan.fd, -1);
		/* One channel less, one memfd more. */
		assert_int_equal(unit_open_fds(), fds);
		assert_int_equal(ends(state), 0);
	}
}

/* A descriptor beside an answer that has none is closed. */
static void
gifts(void **state)
{
	const struct msg_intake_queued yes = { .id = "2ab" };
	const struct msg_intake_refused no = { "4.3.0", "no" };

	for (int i = 0; i < 2; i++) {
		int fds;

		assert_int_equal(begins(state), 0);
		write_first(100);
		fds = unit_open_fds();
		if (i == 0)
			answer(INTAKE_T_QUEUED, &yes, memfd);
		else
			answer(INTAKE_T_REFUSED, &no, memfd);
		assert_int_equal(
		    intake_commit(&in, &d), i == 0 ? OUT_OK : OUT_TEMP);
		assert_int_equal(unit_open_fds(), fds - 1); /* in.file */
		assert_int_equal(ends(state), 0);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, begins, ends)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(stays_in_memory),
		T(grows),
		T(fits),
		T(grows_at_once),
		T(grows_too_large),
		T(grows_and_is_refused),
		T(is_filed),
		T(is_filed_and_refused),
		T(takes_turns),
		cmocka_unit_test(disk),
		cmocka_unit_test(odd_answers),
		cmocka_unit_test(gifts),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
