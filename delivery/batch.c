/*
 * batch: delivers jobs and answers them.
 *
 * Part of local, which runs as the mailbox owner.  The steps of a batch go
 * over all its recipients, one step after the other, so that the file system
 * can do one commit for many: write every file, wait for the files, name them,
 * wait for names and files, answer.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/maildirsize.h"
#include "common/msg_intake.h"
#include "common/options.h"
#include "delivery/batch.h"
#include "delivery/content_head.h"
#include "delivery/failure.h"
#include "delivery/quota_warning.h"

static void
measure(
    void *arg, const struct msg_job_measure *m, struct msg_job_measured *out)
{
	quota_measure(arg, m, out);
}

void
batch_init(struct batch *b, int base, const char *host)
{
	b->jobs.count = b->jobs.rcpts = 0;
	b->jobs.bytes = 0;
	b->jobs.measure = measure;
	b->jobs.measure_arg = &b->quota;
	strlcpy(b->host, host, sizeof(b->host));
	quota_init(
	    &b->quota, base, (unsigned int)option_default("quota-warning"));
	maildir_namer_init(&b->namer, host);
	maildirs_init(&b->maildirs, base);
	syncs_init(&b->syncs);
	b->forward_most = option_default("forward-members");
}

void
batch_clear(struct batch *b)
{
	maildirs_close(&b->maildirs);
	syncs_clear(&b->syncs);
}

/* What lies in that folder does not count. */
static bool
is_in_trash(const struct delivery *d, const struct msg_job_rcpt *r)
{
	const char *folder = d->mailbox + strlen(r->mailbox);

	return *folder == '/' && maildir_is_trash(folder + 1);
}

/*
 * The folder that the tag names, if the owner has one of that name.  Who has a
 * quota gets no mail in Trash.
 */
static void
choose_mailbox(
    const struct batch *b, struct delivery *d, const struct msg_job_rcpt *r)
{
	const struct maildir_use quota = quota_of(r);

	if ((r->flags & JOB_TAG_FOLDER) != 0 &&
	    maildirs_folder(&b->maildirs, r->mailbox, r->tag, d->mailbox) &&
	    !(maildirsize_limited(&quota) && is_in_trash(d, r)))
		return;
	(void)strlcpy(d->mailbox, r->mailbox, sizeof(d->mailbox)); /* fits */
}

/* Into a file of its own; how that went is in d->failure. */
static enum content_result
write_new(struct batch *b, struct delivery *d, struct maildir *m,
    const char *head, size_t n)
{
	struct content *c = &b->content;
	struct maildir_file *f = &d->file;
	enum content_result result;

	if (maildir_create(f, m, &b->namer, &d->failure) != OUT_OK)
		return CONTENT_OK;
	result = content_copy(c, f->fd, head, n);
	f->facts.size = n + c->stored;
	f->facts.wire = f->facts.size + 2 + c->lines;
	if (result != CONTENT_OK)
		content_failed(&d->failure, result, m->path);
	else if (b->jobs.rcpts > 1)
		maildir_flow(f);
	return result;
}

/*
 * The same where there is room for it.  What is encoded has a size when it is
 * written.
 */
static enum content_result
write_fitting(struct batch *b, struct delivery *d, const struct msg_job_rcpt *r,
    const char *head, size_t n)
{
	struct maildir *m = maildirs_get(&b->maildirs, d->mailbox, &b->namer);
	struct failure *f = &d->failure;
	uint64_t size = n + b->content.size;
	enum content_result result;

	if (m->failure.diag.outcome != OUT_OK)
		*f = m->failure;
	else if (!b->content.binary)
		(void)quota_take(&b->quota, r, size, f);
	if (f->diag.outcome != OUT_OK)
		return CONTENT_OK;
	result = write_new(b, d, m, head, n);
	if (!b->content.binary && f->diag.outcome != OUT_OK)
		quota_give_back(&b->quota, r, size);
	else if (b->content.binary && f->diag.outcome == OUT_OK)
		(void)quota_take(&b->quota, r, d->file.facts.size, f);
	return result;
}

static enum content_result
write_file(struct batch *b, struct delivery *d, const struct msg_job_rcpt *r)
{
	char head[CONTENT_HEAD];
	size_t n =
	    content_head(d->job->msg.sender, r->addr, true, head, &d->failure);

	if (n == 0)
		return CONTENT_OK;
	choose_mailbox(b, d, r);
	return write_fitting(b, d, r, head, n);
}

/* Nobody is refused for ever because of what damage looks like. */
static enum content_result
refuse_loop(struct content *c, struct delivery *d, const struct msg_job_rcpt *r)
{
	enum content_result result = content_check(c);

	d->forwarded = false;
	if (result == CONTENT_OK)
		diag_set(&d->failure.diag, "5.4.6",
		    "mail loop: already delivered to %s", r->addr);
	else
		content_failed(&d->failure, result, "spool");
	return result;
}

/*
 * Whether it is the owner's word that decides: members to pass the message on
 * to, or a ~/.forward that is not fit to be followed.
 */
static bool
read_forward(struct batch *b, struct delivery *d, const struct msg_job_rcpt *r)
{
	enum forward_found found;

	if ((r->flags & JOB_READ_FORWARD) == 0)
		return false;
	found = forward_file_read(
	    b->maildirs.base, r, b->forward_most, &d->forward, &d->failure);
	d->forwarded = found == FORWARD_MEMBERS;
	return found != FORWARD_NONE;
}

/*
 * By VIA_MAILBOX the message has been here before: the owner has it passed on,
 * with a Delivered-To of that, and keeps it, too.
 */
static bool
is_loop(const struct content *c, const struct msg_job_rcpt *r)
{
	return r->via[0] != VIA_MAILBOX && loop_has(&c->loop, r->addr);
}

static void
write_job(struct batch *b, const struct job *job)
{
	struct content *c = &b->content;
	enum content_result looked, result = CONTENT_OK;

	c->fd = job->fd;
	c->offset = job->msg.offset;
	c->size = job->msg.size;
	c->crc = job->msg.crc;
	c->binary = (job->msg.flags & INTAKE_BINARY) != 0;
	looked = content_look(c);
	for (size_t i = job->first; i < job->first + job->msg.nrcpt; i++) {
		struct delivery *d = &b->delivery[i];
		const struct msg_job_rcpt *r = &b->jobs.rcpt[i];

		*d = (struct delivery){ .job = job,
			.file.fd = -1,
			.file.place = SYNCS_NONE,
			.failure = FAILURE_NONE };
		(void)strlcpy(d->mailbox, r->mailbox, sizeof(d->mailbox));
		if (looked != CONTENT_OK)
			content_failed(&d->failure, looked, "spool");
		else if (is_loop(c, r))
			result = refuse_loop(c, d, r);
		else if (!read_forward(b, d, r))
			result = write_file(b, d, r);
		else if (d->forwarded &&
		    loop_has_account(&c->loop, r->addr, r->tag))
			result = refuse_loop(c, d, r);
		/* What is damaged is so for all that come. */
		if (result == CONTENT_DAMAGED)
			looked = result;
	}
	if (looked == CONTENT_DAMAGED)
		content_log_damaged(c, job->msg.id);
}

/* Whether there is a file that nothing has happened to. */
static bool
is_good(const struct delivery *d)
{
	return d->file.fd != -1 && d->failure.diag.outcome == OUT_OK;
}

/* The content first, so that no name is ever that of a part. */
static void
settle(struct batch *b)
{
	for (size_t i = 0; i < b->jobs.rcpts; i++)
		if (is_good(&b->delivery[i]))
			(void)maildir_settle(&b->delivery[i].file, &b->syncs,
			    &b->delivery[i].failure);
	syncs_wait(&b->syncs);
}

static void
publish(struct batch *b)
{
	struct delivery *d;

	for (size_t i = 0; i < b->jobs.rcpts; i++) {
		d = &b->delivery[i];
		if (is_good(d) &&
		    maildir_publish(
			&d->file, &b->namer, &b->syncs, &d->failure) == OUT_OK)
			maildir_sync(&d->file, &b->syncs);
	}
}

/* The names must be durable too; what failed leaves nothing behind. */
static void
conclude(struct batch *b)
{
	struct delivery *d;

	syncs_wait(&b->syncs);
	for (size_t i = 0; i < b->jobs.rcpts; i++) {
		d = &b->delivery[i];
		if (is_good(d))
			(void)maildir_synced(&d->file, &b->syncs, &d->failure);
		if (is_good(d) && !is_in_trash(d, &b->jobs.rcpt[i]))
			quota_add(&b->quota, d->job->msg.id, &b->jobs.rcpt[i],
			    d->file.facts.size);
		maildir_drop(&d->file, d->failure.diag.outcome == OUT_OK);
	}
}

void
batch_deliver(struct batch *b)
{
	b->begun = deadline_now();
	maildirs_turn(&b->maildirs);
	quota_turn(&b->quota);
	for (size_t i = 0; i < b->jobs.count; i++)
		write_job(b, &b->jobs.job[i]);
	settle(b);
	publish(b);
	conclude(b);
}

/* What became of the recipient is queued's to log; this is what was done. */
static void
log_work(const struct delivery *d, const struct msg_job_rcpt *r, int64_t ms)
{
	const struct failure *f = &d->failure;
	const char *id = d->job->msg.id;

	if (d->forwarded)
		log_event(id, "forwarded", "to=%s path=%s members=%zu ms=%jd",
		    r->addr, d->forward.name, d->forward.count, (intmax_t)ms);
	else if (f->diag.outcome == OUT_OK)
		log_event(id, "written", "to=%s mailbox=%s size=%ju ms=%jd",
		    r->addr, d->mailbox, (uintmax_t)d->file.facts.size,
		    (intmax_t)ms);
	else if (f->wanted[0] != '\0')
		log_error(id,
		    "to=%s mailbox=%s dsn=%s path=%s wanted=%s found=%s",
		    r->addr, d->mailbox, f->diag.dsn, f->path, f->wanted,
		    f->found);
}

static enum chan_result
say_members(
    struct chan *c, const struct forward_list *l, const struct msg_job_rcpt *r)
{
	struct msg_job_forward m = { .job = r->job, .index = r->index };
	const char *p = sbuf_str(&l->members);
	enum chan_result result = CHAN_OK;
	struct member member;

	while (result == CHAN_OK && members_next(&p, &member)) {
		m.kind = (uint32_t)member.kind;
		(void)strlcpy(m.text, member.text, sizeof(m.text)); /* fits */
		result = chan_send(
		    c, JOB_T_FORWARD, &m, -1, deadline_in(BATCH_ANSWER));
	}
	return result;
}

static enum chan_result
answer(struct chan *c, const struct delivery *d, const struct msg_job_rcpt *r)
{
	struct msg_job_outcome m = { .job = r->job,
		.index = r->index,
		.outcome = d->failure.diag.outcome };
	enum chan_result result;

	if (d->forwarded) {
		m.flags = OUTCOME_FORWARDED;
		result = say_members(c, &d->forward, r);
		if (result != CHAN_OK)
			return result;
	}
	strlcpy(m.dsn, d->failure.diag.dsn, sizeof(m.dsn));
	strlcpy(m.text, d->failure.diag.text, sizeof(m.text));
	return chan_send(c, JOB_T_OUTCOME, &m, -1, deadline_in(BATCH_ANSWER));
}

enum chan_result
batch_answer(struct batch *b, struct chan *c)
{
	int64_t ms = deadline_now() - b->begun;
	const struct quota_mailer mailer = { b->host, &b->maildirs, &b->namer,
		&b->syncs };
	enum chan_result r = CHAN_OK;

	for (size_t i = 0; i < b->jobs.rcpts; i++) {
		if (r == CHAN_OK) {
			log_work(&b->delivery[i], &b->jobs.rcpt[i], ms);
			r = answer(c, &b->delivery[i], &b->jobs.rcpt[i]);
		}
		forward_list_free(&b->delivery[i].forward);
	}
	jobs_clear(&b->jobs);
	quota_warn(&b->quota, &mailer); /* nobody waits for it */
	return r;
}
