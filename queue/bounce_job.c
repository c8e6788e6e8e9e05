/*
 * bounce_job: one report, from queued's request to its answer.  In bounce, as
 * postrider.  A crash before the answer makes queued ask again: the sender
 * may get two reports, never none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "queue/bounce_job.h"
#include "queue/original.h"
#include "queue/report_make.h"
#include "queue/report_text.h"

#define JOB_WAIT 60 /* seconds for the rest of a job */

static enum outcome
write_buf(struct intake *in, const struct sbuf *b, struct diag *d)
{
	if (!sbuf_ok(b))
		return diag_set(d, "4.3.0", "The report is too long");
	return intake_write(in, sbuf_str(b), b->len, d);
}

static enum outcome
write_report(struct intake *in, const struct report *r,
    const struct original *o, struct diag *d)
{
	struct sbuf head = SBUF_INIT(REPORT_HEAD_MAX);
	struct sbuf tail = SBUF_INIT(REPORT_BOUNDARY + 16);

	report_head(r, &head);
	report_tail(r, &tail);
	if (write_buf(in, &head, d) == OUT_OK &&
	    (r->part == REPORT_NOTHING || write_buf(in, &o->part, d) == OUT_OK))
		(void)write_buf(in, &tail, d); /* d tells */
	sbuf_free(&head);
	sbuf_free(&tail);
	return d->outcome;
}

/*
 * Opens a message to the sender, or about what has none to the postmaster;
 * queued's answer is in the diag.  Only the failure of a report of a failure is
 * marked to be reported itself, and what the postmaster gets is not.
 */
static enum outcome
open_message(struct bouncer *b, const struct report *r, struct diag *d)
{
	struct msg_intake_open open = { .uid = MSG_NO_UID };
	struct msg_intake_rcpt rcpt = { .notify = DSN_NEVER };
	const char *to = r->msg->sender;

	if (b->intake.chan.fd == -1 && !intake_connect(&b->intake, b->run_dir))
		return diag_set(
		    d, "4.3.0", "%s/intake: %s", b->run_dir, strerror(errno));
	if (report_is_8bit(r))
		open.flags |= INTAKE_8BIT;
	if (r->utf8)
		open.flags |= INTAKE_UTF8;
	if (report_is_double(r))
		to = REPORT_POSTMASTER;
	else if (report_is_failure(r))
		open.flags |= INTAKE_REPORT;
	strlcpy(rcpt.addr, to, sizeof(rcpt.addr));
	if (intake_begin(&b->intake, &open, d) == OUT_OK &&
	    intake_rcpt(&b->intake, &rcpt, d) == OUT_OK)
		(void)intake_body(&b->intake, d); /* d tells */
	return d->outcome;
}

static enum outcome
submit(struct bouncer *b, const struct report *r, const struct original *o,
    struct diag *d)
{
	if (open_message(b, r, d) != OUT_OK)
		return d->outcome;
	if (write_report(&b->intake, r, o, d) != OUT_OK) {
		intake_abort(&b->intake);
		return d->outcome;
	}
	if (intake_commit(&b->intake, d) == OUT_OK)
		log_event(r->msg->id, "reported", "report=%s to=%s rcpts=%u",
		    b->intake.id,
		    report_is_double(r) ? REPORT_POSTMASTER : r->msg->sender,
		    r->msg->nrcpt);
	return d->outcome;
}

static enum outcome
compose(struct bouncer *b, struct report *r, struct original *o, struct diag *d)
{
	if (o->damaged)
		log_error(r->msg->id, "damaged=content size=%ju",
		    (uintmax_t)r->msg->size);
	if (!report_prepare(r, o))
		return diag_set(d, "4.3.0", "Out of memory");
	return submit(b, r, o, d);
}

/*
 * A stranger's message that goes in a circle may be made up from beginning to
 * end, and its sender be whom he wants to reach: that one gets none of the text.
 */
static bool
is_bait(const struct msg_job_message *m, const struct msg_job_rcpt *rcpts)
{
	if (m->flags & INTAKE_OWN)
		return false;
	for (uint32_t i = 0; i < m->nrcpt; i++)
		if (strcmp(rcpts[i].dsn, "5.4.6") == 0)
			return true;
	return false;
}

static enum outcome
make_report(struct bouncer *b, int fd, const struct msg_job_message *m,
    const struct msg_job_rcpt *rcpts, struct diag *d)
{
	struct report r = { .hostname = b->hostname,
		.mail_name = b->mail_name,
		.now = time(NULL),
		.msg = m,
		.rcpts = rcpts,
		.utf8 = !report_is_ascii(m->sender) };
	bool whole = m->ret != DSN_RET_HDRS && report_is_failure(&r) &&
	    !is_bait(m, rcpts);
	struct original o;

	if (original_read(&o, fd, m, whole) == 0)
		(void)compose(b, &r, &o, d); /* d tells */
	else
		(void)diag_set(d, "4.3.0", "The message cannot be read: %s",
		    strerror(errno));
	original_free(&o);
	return d->outcome;
}

static enum chan_result
answer(struct bouncer *b, const struct msg_job_message *m,
    const struct msg_job_rcpt *rcpts, const struct diag *d)
{
	struct msg_job_outcome out = { .job = m->job, .outcome = d->outcome };
	enum chan_result r = CHAN_OK;

	strlcpy(out.dsn, d->dsn, sizeof(out.dsn));
	strlcpy(out.text, d->text, sizeof(out.text));
	for (uint32_t i = 0; r == CHAN_OK && i < m->nrcpt; i++) {
		out.index = rcpts[i].index;
		r = chan_send(
		    &b->jobs, JOB_T_OUTCOME, &out, -1, deadline_in(JOB_WAIT));
	}
	return r;
}

static enum chan_result
read_rcpts(struct bouncer *b, const struct msg_job_message *m,
    struct msg_job_rcpt *rcpts)
{
	deadline_t deadline = deadline_in(JOB_WAIT);
	enum chan_result r;
	union msg_job in;
	unsigned int type;

	if (m->nrcpt == 0 || m->nrcpt > JOB_RCPT_MAX ||
	    m->size > INT64_MAX / 2 || m->offset > INT64_MAX / 2)
		return CHAN_BREACH;
	for (uint32_t i = 0; i < m->nrcpt; i++) {
		r = chan_recv(&b->jobs, &type, &in, NULL, deadline);
		if (r != CHAN_OK)
			return r;
		if (type != JOB_T_RCPT || in.rcpt.job != m->job)
			return CHAN_BREACH;
		rcpts[i] = in.rcpt;
	}
	return CHAN_OK;
}

enum chan_result
bounce_job(struct bouncer *b)
{
	static struct msg_job_rcpt
	    rcpts[JOB_RCPT_MAX]; /* too big for a stack */
	struct diag d = DIAG_INIT;
	enum chan_result r;
	unsigned int type;
	union msg_job m;
	int fd;

	r = chan_recv(&b->jobs, &type, &m, &fd, DEADLINE_NEVER);
	if (r != CHAN_OK)
		return r;
	if (type != JOB_T_MESSAGE || fd == -1)
		r = CHAN_BREACH;
	else
		r = read_rcpts(b, &m.message, rcpts);
	if (r == CHAN_OK) {
		(void)make_report(b, fd, &m.message, rcpts, &d);
		r = answer(b, &m.message, rcpts, &d);
	}
	if (fd != -1)
		(void)close(fd); /* was only read */
	return r;
}
