/*
 * syncs: fsync(2) of many descriptors at a time.
 *
 * Part of local, which runs as the mailbox owner.  One after the other, the
 * first fsync commits the file system's journal for all, and each further one
 * finds nothing to write but has the disk flush its cache again.  Asked for
 * together they wait for one commit.  The kernel's own AIO (io_submit(2)) does
 * that without threads; where it is not to be had the answers are the same and
 * take longer.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delivery/syncs.h"

void
syncs_init(struct syncs *s)
{
	aio_context_t context = 0;

	s->count = 0;
	s->context = 0;
	if (syscall(SYS_io_setup, SYNCS_MOST, &context) == 0)
		s->context = context;
}

void
syncs_clear(struct syncs *s)
{
	if (s->context != 0)
		/* Waits for what is under way; its errors are known as EIO. */
		(void)syscall(SYS_io_destroy, s->context);
	s->context = 0;
}

size_t
syncs_add(struct syncs *s, int fd)
{
	if (s->count == SYNCS_MOST)
		abort();
	s->fd[s->count] = fd;
	return s->count++;
}

int
syncs_error(const struct syncs *s, size_t place)
{
	return place == SYNCS_NONE ? 0 : s->error[place];
}

static void
sync_one(struct syncs *s, size_t i)
{
	s->error[i] = fsync(s->fd[i]) == -1 ? errno : 0;
}

/* How many of the list the kernel took. */
static size_t
submit(struct syncs *s)
{
	struct iocb cb[SYNCS_MOST], *list[SYNCS_MOST];
	size_t done = 0;
	long r;

	memset(cb, 0, s->count * sizeof(cb[0]));
	for (size_t i = 0; i < s->count; i++) {
		cb[i].aio_data = i;
		cb[i].aio_fildes = (uint32_t)s->fd[i];
		cb[i].aio_lio_opcode = IOCB_CMD_FSYNC;
		list[i] = &cb[i];
	}
	while (done < s->count &&
	    (r = syscall(
		 SYS_io_submit, s->context, s->count - done, list + done)) > 0)
		done += (size_t)r;
	return done;
}

/*
 * Takes the answers.  Without them nothing is known of what was submitted:
 * then it counts as failed, and the context goes, lest its late answers be
 * taken for another list's.
 */
static void
reap(struct syncs *s, size_t submitted)
{
	struct io_event event[SYNCS_MOST];
	size_t left = submitted;
	long r;

	for (size_t i = 0; i < submitted; i++)
		s->error[i] = EIO;
	while (left > 0) {
		r = syscall(
		    SYS_io_getevents, s->context, left, left, event, NULL);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0) {
			syncs_clear(s); /* waits for all of them */
			return;
		}
		for (long i = 0; i < r; i++)
			s->error[event[i].data] =
			    event[i].res < 0 ? (int)-event[i].res : 0;
		left -= (size_t)r;
	}
}

void
syncs_wait(struct syncs *s)
{
	size_t submitted = 0;

	if (s->context != 0 && s->count > 1)
		submitted = submit(s);
	for (size_t i = submitted; i < s->count; i++)
		sync_one(s, i);
	if (submitted > 0)
		reap(s, submitted);
	s->count = 0;
}
