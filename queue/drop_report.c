/*
 * drop_report: the sender of a message of drop/ hears who did not get it.
 *
 * In sendmail(8), with the rights of the message's owner.  The report is a
 * message like others, left in drop/ in its turn: what it says is true by then,
 * whatever becomes of the mail system.  It has the null reverse-path, so there
 * is never a report about it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/drop_place.h"
#include "queue/drop_report.h"
#include "queue/report_make.h"
#include "queue/report_text.h"
#include "queue/submit_send.h"

void
drop_fate_set(struct drop_fate *f, const struct reply *r)
{
	f->outcome = OUT_OK;
	if (r->code >= 400)
		f->outcome = r->code >= 500 ? OUT_PERM : OUT_TEMP;
	strlcpy(f->dsn, r->dsn[0] != '\0' ? r->dsn : "5.0.0", sizeof(f->dsn));
	strlcpy(f->text, r->text, sizeof(f->text)); /* cut is fine */
}

static void
describe(struct msg_job_message *d, const struct submit_message *m,
    const struct drop_file *f)
{
	memset(d, 0, sizeof(*d));
	d->crc = f->crc;
	d->offset = f->offset;
	d->size = f->size;
	d->arrival = (uint64_t)f->arrival;
	if (f->options.ret != NULL)
		d->ret = strcmp(f->options.ret, "FULL") == 0 ? DSN_RET_FULL
							     : DSN_RET_HDRS;
	strlcpy(d->sender, m->person.sender, sizeof(d->sender));
	if (!report_is_ascii(d->sender))
		d->flags |= INTAKE_UTF8;
	if (f->options.envid != NULL)
		submit_xtext(d->envid, sizeof(d->envid), f->options.envid);
}

/* Those who are reported; NULL without memory. */
static struct msg_job_rcpt *
list_failed(struct msg_job_message *d, const struct submit_message *m,
    const struct drop_fate *fates)
{
	struct msg_job_rcpt *rcpts = calloc(m->nrcpts, sizeof(*rcpts)), *r;

	for (size_t i = 0; rcpts != NULL && i < m->nrcpts; i++) {
		if (fates[i].outcome != OUT_PERM)
			continue;
		r = &rcpts[d->nrcpt++];
		r->report = REPORT_FAILED;
		strlcpy(r->addr, m->rcpts[i], sizeof(r->addr));
		strlcpy(r->dsn, fates[i].dsn, sizeof(r->dsn));
		strlcpy(r->text, fates[i].text, sizeof(r->text));
	}
	return rcpts;
}

/* The text becomes a message with its header and body apart. */
static bool
fill(struct submit_message *out, const struct report *r,
    const struct original *o)
{
	struct sbuf b = SBUF_INIT(REPORT_HEAD_MAX + ORIGINAL_MOST);
	const char *end;
	bool good;
	size_t n;

	report_head(r, &b);
	if (r->part != REPORT_NOTHING)
		sbuf_put(&b, sbuf_str(&o->part), o->part.len);
	report_tail(r, &b);
	end = strstr(sbuf_str(&b), "\n\n");
	good = sbuf_ok(&b) && end != NULL;
	if (good) {
		n = (size_t)(end - sbuf_str(&b)) + 1;
		sbuf_put(&out->header, sbuf_str(&b), n);
		good = submit_spool_put(&out->body, sbuf_str(&b) + n + 1,
			   b.len - n - 1) == 0 &&
		    sbuf_ok(&out->header);
	}
	sbuf_free(&b);
	return good;
}

static int
leave(
    struct submit_message *m, const struct report *r, const struct original *o)
{
	const struct submit_options options = { .notify = DSN_NEVER };
	struct submit_message out;
	char name[DROP_NAME + 1];
	int status;

	submit_message_init(&out, m->settings);
	status = submit_message_rcpt(&out, m->person.sender);
	if (status == 0 && !fill(&out, r, o)) {
		strlcpy(out.err, "memory", sizeof(out.err));
		status = EX_TEMPFAIL;
	}
	if (status == 0)
		status = drop_leave(&out, &options, r->now, name);
	strlcpy(m->err, out.err, sizeof(m->err));
	submit_message_free(&out);
	return status;
}

int
drop_report(struct submit_message *m, const struct drop_file *f, int fd,
    const struct drop_fate *fates)
{
	struct msg_job_message d;
	struct report r = { .hostname = m->settings->hostname,
		.mail_name = m->settings->mail_name,
		.now = time(NULL),
		.msg = &d,
		.utf8 = !report_is_ascii(m->person.sender) };
	struct msg_job_rcpt *rcpts;
	struct original o;
	int status = EX_TEMPFAIL;

	describe(&d, m, f);
	r.rcpts = rcpts = list_failed(&d, m, fates);
	strlcpy(m->err, "memory", sizeof(m->err));
	if (rcpts == NULL)
		return status;
	if (original_read(&o, fd, &d, d.ret != DSN_RET_HDRS) == -1)
		strlcpy(m->err, strerror(errno), sizeof(m->err));
	else if (report_prepare(&r, &o))
		status = leave(m, &r, &o);
	original_free(&o);
	free(rcpts);
	return status;
}
