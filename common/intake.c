/*
 * intake: handing a message to queued.  Runs in smtpd as postrider-net and in
 * bounce as postrider; writes into the one descriptor that queued gives it
 * and opens nothing.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/intake.h"
#include "common/sock.h"
#include "common/trailer.h"

bool
intake_connect(struct intake *in, const char *run_dir)
{
	int fd = sock_connect(run_dir, "intake", SOCK_SEQPACKET);

	memset(in, 0, sizeof(*in));
	in->file = -1;
	chan_init(&in->chan, fd, &intake_channel, INTAKE_SOURCE);
	return fd != -1;
}

static void
forget_file(struct intake *in)
{
	if (in->file != -1)
		(void)close(in->file); /* synced, or given up */
	in->file = -1;
	in->size = in->lines = 0;
	in->crc = 0;
}

void
intake_close(struct intake *in)
{
	forget_file(in);
	chan_close(&in->chan);
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

static enum outcome
say(struct intake *in, unsigned int type, const void *msg, struct diag *d)
{
	enum chan_result r = CHAN_EOF;

	if (in->chan.fd != -1)
		r = chan_send(
		    &in->chan, type, msg, -1, deadline_in(INTAKE_WAIT));
	return r == CHAN_OK ? OUT_OK : lost(in, d, chan_result_text(r));
}

enum outcome
intake_begin(struct intake *in, const struct msg_intake_open *m, struct diag *d)
{
	in->id[0] = '\0';
	return say(in, INTAKE_T_OPEN, m, d);
}

enum outcome
intake_rcpt(struct intake *in, const struct msg_intake_rcpt *m, struct diag *d)
{
	return say(in, INTAKE_T_RCPT, m, d);
}

static enum outcome
refused(struct intake *in, const struct msg_intake_refused *m, struct diag *d)
{
	forget_file(in);
	if (!dsn_valid(m->dsn) || m->dsn[0] == '2')
		return lost(in, d, "a refusal without a code");
	return diag_set(d, m->dsn, "%s", m->text);
}

enum outcome
intake_body(struct intake *in, struct diag *d)
{
	struct msg_intake_body ask = { 0 };
	union msg_intake m;
	enum chan_result r;
	unsigned int type;

	if (say(in, INTAKE_T_BODY, &ask, d) != OUT_OK)
		return d->outcome;
	r = chan_recv(
	    &in->chan, &type, &m, &in->file, deadline_in(INTAKE_WAIT));
	if (r != CHAN_OK)
		return lost(in, d, chan_result_text(r));
	if (type == INTAKE_T_REFUSED)
		return refused(in, &m.refused, d);
	if (type != INTAKE_T_FILE || in->file == -1)
		return lost(in, d, "no file came");
	strlcpy(in->id, m.file.id, sizeof(in->id));
	in->size = in->lines = 0;
	in->crc = 0;
	in->limit = m.file.limit;
	in->envcrc = m.file.envcrc;
	return OUT_OK;
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

static uint64_t
count_lines(const char *p, size_t n)
{
	const char *end = p + n;
	uint64_t lines = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	return lines;
}

enum outcome
intake_write(struct intake *in, const void *buf, size_t n, struct diag *d)
{
	if (n > in->limit - in->size)
		return diag_set(d, "5.3.4", "Message too large");
	if (fd_writeall(in->file, buf, n) == -1)
		return disk_trouble(d);
	in->crc = crc32c(in->crc, buf, n);
	in->lines += count_lines(buf, n);
	in->size += n;
	return OUT_OK;
}

static int
seal(struct intake *in)
{
	struct trailer t = { in->size, in->lines, in->envcrc, in->crc };
	char buf[TRAILER_LEN];

	trailer_format(&t, buf);
	if (fd_writeall(in->file, buf, sizeof(buf)) == -1)
		return -1;
	return fsync(in->file);
}

enum outcome
intake_commit(struct intake *in, struct diag *d)
{
	struct msg_intake_commit say_it = {
		.size = in->size, .lines = in->lines, .crc = in->crc
	};
	union msg_intake m;
	enum chan_result r;
	unsigned int type;

	if (seal(in) == -1) {
		disk_trouble(d);
		intake_abort(in);
		return d->outcome;
	}
	if (say(in, INTAKE_T_COMMIT, &say_it, d) != OUT_OK)
		return d->outcome;
	r = chan_recv(&in->chan, &type, &m, NULL, deadline_in(INTAKE_WAIT));
	if (r != CHAN_OK)
		return lost(in, d, chan_result_text(r));
	if (type == INTAKE_T_REFUSED)
		return refused(in, &m.refused, d);
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
