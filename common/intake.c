/*
 * intake: handing a message to queued.  Runs in smtpd as postrider-net and in
 * bounce as postrider; writes into the descriptor that queued gives it, a
 * memory file at first or a spool file, and opens nothing.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/intake.h"
#include "common/lines.h"
#include "common/sock.h"
#include "common/trailer.h"

#define FLOW (1U << 20) /* bytes that are handed to the disk at a time */

static void
forget_file(struct intake *in)
{
	if (in->file != -1)
		(void)close(in->file); /* synced, or given up */
	in->file = -1;
	in->memory = false;
	in->size = in->lines = in->flowed = 0;
	in->crc = 0;
}

bool
intake_connect(struct intake *in, const char *run_dir)
{
	int fd = sock_connect(run_dir, "intake", SOCK_SEQPACKET);

	/* The batch's pages stay untouched until needed. */
	in->id[0] = '\0';
	in->envelope.count = 0;
	in->envelope.used = 0;
	in->file = -1;
	forget_file(in);
	chan_init(&in->chan, fd, &intake_channel, INTAKE_SOURCE);
	return fd != -1;
}

void
intake_close(struct intake *in)
{
	forget_file(in);
	chan_close(&in->chan);
	in->envelope.count = 0;
	in->envelope.used = 0;
}

static enum outcome
lost(struct intake *in, struct diag *d, const char *why)
{
	intake_close(in);
	return diag_set(d, "4.3.0",
	    "The queue does not answer (%s); "
	    "please try again later",
	    why);
}

/* Sends what was put together. */
static enum outcome
flush(struct intake *in, struct diag *d)
{
	enum chan_result r = CHAN_EOF;

	if (in->chan.fd != -1)
		r = chan_flush(
		    &in->chan, &in->envelope, deadline_in(INTAKE_WAIT));
	return r == CHAN_OK ? OUT_OK : lost(in, d, chan_result_text(r));
}

/* What goes out with the next flush(). */
static enum outcome
put(struct intake *in, unsigned int type, const void *msg, struct diag *d)
{
	if (in->chan.fd == -1)
		return lost(in, d, chan_result_text(CHAN_EOF));
	if (chan_put(&in->chan, &in->envelope, type, msg))
		return OUT_OK;
	if (flush(in, d) != OUT_OK)
		return d->outcome;
	/* There is room for one of any kind. */
	(void)chan_put(&in->chan, &in->envelope, type, msg);
	return OUT_OK;
}

static enum outcome
say(struct intake *in, unsigned int type, const void *msg, struct diag *d)
{
	if (put(in, type, msg, d) != OUT_OK)
		return d->outcome;
	return flush(in, d);
}

/* Whether the answer to a question is there, or comes before the deadline. */
static bool
hear_answer(struct intake *in, union msg_intake *m, deadline_t until)
{
	enum chan_result r;
	unsigned int type;

	r = chan_recv(&in->chan, &type, m, NULL, until);
	if (r == CHAN_OK)
		return true; /* nothing else may be said then */
	if (r != CHAN_AGAIN && (r != CHAN_ERROR || errno != ETIMEDOUT))
		intake_close(in);
	return false;
}

bool
intake_ask(struct intake *in, const char *addr, uint64_t size, struct diag *d)
{
	struct msg_intake_ask ask = { .size = size };
	deadline_t until = deadline_in(INTAKE_ASK_WAIT);
	union msg_intake m;

	(void)strlcpy(ask.addr, addr, sizeof(ask.addr)); /* it fits */
	if (in->chan.fd == -1 ||
	    (in->chan.state == INTAKE_QUESTION && !hear_answer(in, &m, 0)))
		return false;
	if (chan_send(&in->chan, INTAKE_T_ASK, &ask, -1, until) != CHAN_OK) {
		intake_close(in);
		return false;
	}
	if (!hear_answer(in, &m, until))
		return false;
	if (!dsn_valid(m.answer.dsn)) {
		intake_close(in);
		return false;
	}
	if (m.answer.dsn[0] != '2')
		(void)diag_set(d, m.answer.dsn, "%s", m.answer.text);
	return true;
}

enum outcome
intake_begin(struct intake *in, const struct msg_intake_open *m, struct diag *d)
{
	union msg_intake late;

	in->id[0] = '\0';
	if (in->chan.state == INTAKE_QUESTION && in->chan.fd != -1 &&
	    !hear_answer(in, &late, deadline_in(INTAKE_WAIT)))
		return lost(in, d, "late with an answer");
	return put(in, INTAKE_T_OPEN, m, d);
}

enum outcome
intake_rcpt(struct intake *in, const struct msg_intake_rcpt *m, struct diag *d)
{
	return put(in, INTAKE_T_RCPT, m, d);
}

static enum outcome
refused(struct intake *in, const struct msg_intake_refused *m, struct diag *d)
{
	forget_file(in);
	if (!dsn_valid(m->dsn) || m->dsn[0] == '2')
		return lost(in, d, "a refusal without a code");
	return diag_set(d, m->dsn, "%s", m->text);
}

static enum outcome
disk_trouble(struct diag *d)
{
	if (errno == EFBIG)
		return diag_set(d, "5.3.4", "Message too large");
	if (errno == ENOSPC || errno == EDQUOT)
		return diag_set(d, "4.3.1",
		    "The queue's disk is full; "
		    "please try again later");
	return diag_set(d, "4.3.0",
	    "The queue's disk failed (%s); "
	    "please try again later",
	    strerror(errno));
}

/* The next answer of queued; its descriptor is the caller's, or -1. */
static enum outcome
hear(struct intake *in, unsigned int *type, union msg_intake *m, int *fd,
    struct diag *d)
{
	enum chan_result r;

	*fd = -1;
	r = chan_recv(&in->chan, type, m, fd, deadline_in(INTAKE_WAIT));
	if (r != CHAN_OK)
		return lost(in, d, chan_result_text(r));
	if (*type != INTAKE_T_FILE && *fd != -1) {
		(void)close(*fd); /* none is wanted */
		*fd = -1;
	}
	if (*type == INTAKE_T_REFUSED)
		return refused(in, &m->refused, d);
	if (*type == INTAKE_T_FILE && *fd == -1)
		return lost(in, d, "no file came");
	return OUT_OK;
}

/* From here on the content goes into this one. */
static void
take_file(struct intake *in, const struct msg_intake_file *m, int fd)
{
	in->file = fd;
	in->memory = m->memory != 0;
	in->offset = m->offset;
	in->limit = m->limit;
	in->envcrc = m->envcrc;
}

enum outcome
intake_body(struct intake *in, struct diag *d)
{
	struct msg_intake_body ask = { 0 };
	union msg_intake m;
	unsigned int type;
	int fd;

	if (say(in, INTAKE_T_BODY, &ask, d) != OUT_OK ||
	    hear(in, &type, &m, &fd, d) != OUT_OK)
		return d->outcome;
	in->size = in->lines = in->flowed = 0;
	in->crc = 0;
	strlcpy(in->id, m.file.id, sizeof(in->id));
	take_file(in, &m.file, fd);
	return OUT_OK;
}

/* Leaves the memory file for the spool file that came. */
static enum outcome
move(struct intake *in, const struct msg_intake_file *m, int fd, struct diag *d)
{
	if (m->memory != 0 || !in->memory || m->limit < in->size) {
		(void)close(fd); /* nothing is in it */
		return lost(in, d, "another file than was wanted");
	}
	if (fd_copyall(in->file, fd, in->offset, in->size) == -1) {
		(void)disk_trouble(d);
		(void)close(fd); /* given up */
		return d->outcome;
	}
	(void)close(in->file); /* it was memory */
	take_file(in, m, fd);
	return OUT_OK;
}

static enum outcome
outgrow(struct intake *in, struct diag *d)
{
	struct msg_intake_grown grown = { 0 };
	union msg_intake m;
	unsigned int type;
	int fd;

	if (say(in, INTAKE_T_GROWN, &grown, d) != OUT_OK ||
	    hear(in, &type, &m, &fd, d) != OUT_OK)
		return d->outcome;
	return move(in, &m.file, fd, d);
}

/* The disk works while the rest comes: less to wait for at the end. */
static void
flow(struct intake *in)
{
	if (in->memory || in->size - in->flowed < FLOW)
		return;
	(void)sync_file_range(in->file, (off64_t)(in->offset + in->flowed),
	    (off64_t)(in->size - in->flowed),
	    SYNC_FILE_RANGE_WRITE); /* the sync at the end tells of errors */
	in->flowed = in->size;
}

enum outcome
intake_write(struct intake *in, const void *buf, size_t n, struct diag *d)
{
	if (in->memory && n > in->limit - in->size && outgrow(in, d) != OUT_OK)
		return d->outcome;
	if (n > in->limit - in->size)
		return diag_set(d, "5.3.4", "Message too large");
	if (fd_writeall(in->file, buf, n) == -1)
		return disk_trouble(d);
	in->crc = crc32c(in->crc, buf, n);
	in->lines += lines_count(buf, n);
	in->size += n;
	flow(in);
	return OUT_OK;
}

static int
seal(struct intake *in)
{
	struct trailer t = { in->size, in->lines, in->envcrc, in->crc };
	char buf[TRAILER_LEN];

	if (in->memory)
		return 0; /* queued seals it */
	trailer_format(&t, buf);
	if (fd_writeall(in->file, buf, sizeof(buf)) == -1)
		return -1;
	return fsync(in->file);
}

static enum outcome
give_up(struct intake *in, struct diag *d)
{
	intake_abort(in);
	return d->outcome;
}

enum outcome
intake_commit(struct intake *in, struct diag *d)
{
	struct msg_intake_commit say_it = {
		.size = in->size, .lines = in->lines, .crc = in->crc
	};
	union msg_intake m;
	unsigned int type;
	int fd;

	do {
		if (seal(in) == -1) {
			(void)disk_trouble(d);
			return give_up(in, d);
		}
		if (say(in, INTAKE_T_COMMIT, &say_it, d) != OUT_OK ||
		    hear(in, &type, &m, &fd, d) != OUT_OK)
			return d->outcome;
		if (type == INTAKE_T_FILE && move(in, &m.file, fd, d) != OUT_OK)
			return give_up(in, d);
	} while (type == INTAKE_T_FILE);
	forget_file(in);
	return OUT_OK;
}

void
intake_abort(struct intake *in)
{
	struct msg_intake_abort m = { 0 };
	struct diag d = DIAG_INIT;

	forget_file(in);
	if (in->chan.state == INTAKE_ENVELOPE ||
	    in->chan.state == INTAKE_WRITING)
		(void)say(in, INTAKE_T_ABORT, &m, &d); /* then lost, as well */
}
