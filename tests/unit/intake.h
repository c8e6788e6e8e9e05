/*
 * intake: a session's end of the intake channel, and a queued whose answers
 * are sent before they are asked for: the socket holds them until then.  For
 * tests that wrap write and fsync.
 */
#ifndef TESTS_UNIT_INTAKE_H
#define TESTS_UNIT_INTAKE_H

#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <errno.h>

#include "common/crc32c.h"
#include "common/intake.h"
#include "common/sock.h"
#include "common/trailer.h"

static struct intake in;
static struct chan queued;
static struct diag d;
static int write_errno, fsync_errno, fsyncs;

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);
int __real_fsync(int);
int __wrap_fsync(int);

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	if (write_errno == 0)
		return __real_write(fd, p, n);
	errno = write_errno;
	return -1;
}

int
__wrap_fsync(int fd)
{
	fsyncs++;
	if (fsync_errno == 0)
		return __real_fsync(fd);
	errno = fsync_errno;
	return -1;
}

static int
fresh(void **state)
{
	int fd[2];

	(void)state;
	if (sock_pair(fd) == -1)
		return -1;
	memset(&in, 0, sizeof(in));
	in.file = -1;
	chan_init(&in.chan, fd[0], &intake_channel, INTAKE_SOURCE);
	chan_init(&queued, fd[1], &intake_channel, INTAKE_SERVER);
	d = (struct diag)DIAG_INIT;
	write_errno = fsync_errno = fsyncs = 0;
	return 0;
}

static int
done(void **state)
{
	(void)state;
	intake_close(&in);
	chan_close(&queued);
	return 0;
}

/* What queued is going to say, in a state in which it may. */
static void
answer(unsigned int type, const void *m, int fd)
{
	unsigned int state = queued.state;

	queued.state = intake_channel.specs[type].states;
	assert_int_equal(chan_send(&queued, type, m, fd, 0), CHAN_OK);
	queued.state = state;
}

static void
answer_file(uint64_t limit)
{
	struct msg_intake_file m = {
		.id = "2ab", .offset = 4, .limit = limit, .envcrc = 0x12345678
	};
	int fd;

	unit_file("spool", "ENV\n", 4);
	fd = open(unit_path("spool"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
	answer(INTAKE_T_FILE, &m, fd);
	assert_int_equal(close(fd), 0);
}

static inline void
answer_refused(const char *dsn, const char *text)
{
	struct msg_intake_refused m;

	memset(&m, 0, sizeof(m));
	(void)snprintf(m.dsn, sizeof(m.dsn), "%s", dsn);
	(void)snprintf(m.text, sizeof(m.text), "%s", text);
	answer(INTAKE_T_REFUSED, &m, -1);
}

static inline void
answer_queued(void)
{
	struct msg_intake_queued m = { .id = "2ab" };

	answer(INTAKE_T_QUEUED, &m, -1);
}

static enum outcome
begin(void)
{
	struct msg_intake_open m = { .sender = "a@x.test" };
	struct msg_intake_rcpt r = { .addr = "b@x.test" };

	if (intake_begin(&in, &m, &d) != OUT_OK)
		return d.outcome;
	return intake_rcpt(&in, &r, &d);
}

/* The next message that queued has been sent. */
static unsigned int
heard(union msg_intake *m)
{
	unsigned int type;

	assert_int_equal(chan_recv(&queued, &type, m, NULL, 0), CHAN_OK);
	/* What was answered in advance has its effect now. */
	if (type == INTAKE_T_BODY || type == INTAKE_T_GROWN)
		queued.state = INTAKE_WRITING;
	return type;
}

#endif
