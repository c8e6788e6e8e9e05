/*
 * remote_jobs: messages for one destination, one after the other.
 *
 * Part of remote, as postrider-out; reads the job channel (common/msg_job.h).
 * queued is trusted with the queue, not with this process: what it says is
 * checked before any of it goes out.  The next message is fetched while one is
 * on its way, so that both can share a write.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_intake.h"
#include "common/text.h"
#include "delivery/orphan.h"
#include "delivery/remote_jobs.h"

#define ANSWER 60 /* seconds for queued to hear an outcome */

void
remote_jobs_init(struct remote_jobs *j, struct chan *chan,
    const struct remote_config *config, struct dns_client *dns,
    const sigset_t *idle)
{
	j->chan = chan;
	j->config = config;
	j->dns = dns;
	j->idle = idle;
	j->link.fd = -1;
	j->now = 0;
	j->job[0].there = j->job[1].there = false;
}

/* --- what queued says */

static bool
message_is_sound(const struct msg_job_message *m, int fd)
{
	return fd != -1 && m->nrcpt >= 1 && m->nrcpt <= JOB_RCPT_MAX &&
	    m->size <= INT64_MAX / 2 && m->offset <= INT64_MAX / 2 &&
	    !text_has_control(m->sender) && !text_has_control(m->envid) &&
	    strchr(m->envid, ' ') == NULL;
}

static enum chan_result
read_rcpts(struct remote_jobs *j, struct remote_job *job)
{
	deadline_t deadline = deadline_in(REMOTE_JOBS_WAIT);
	enum chan_result r;
	union msg_job m;
	unsigned int type;

	for (uint32_t i = 0; i < job->msg.nrcpt; i++) {
		r = chan_recv(j->chan, &type, &m, NULL, deadline);
		if (r != CHAN_OK)
			return r;
		if (type != JOB_T_RCPT || m.rcpt.job != job->msg.job ||
		    text_has_control(m.rcpt.addr) ||
		    text_has_control(m.rcpt.orcpt) ||
		    strchr(m.rcpt.orcpt, ' ') != NULL)
			return CHAN_BREACH;
		job->rcpt[i] = m.rcpt;
	}
	return CHAN_OK;
}

static void
begin_job(struct remote_job *job)
{
	const struct msg_job_message *m = &job->msg;

	job->content.offset = m->offset;
	job->content.size = m->size;
	job->content.crc = m->crc;
	job->content.binary = (m->flags & INTAKE_BINARY) != 0;
	job->looked = false;
	job->begun = deadline_now();
	outgoing_init(
	    &job->outgoing, m, &job->content, job->rcpt, job->verdict);
}

/* A whole job, without waiting for its beginning: CHAN_AGAIN. */
static enum chan_result
take(struct remote_jobs *j, struct remote_job *job)
{
	enum chan_result r;
	union msg_job m;
	unsigned int type;
	int fd;

	if ((r = chan_recv(j->chan, &type, &m, &fd, 0)) != CHAN_OK)
		return r;
	if (type != JOB_T_MESSAGE || !message_is_sound(&m.message, fd))
		r = CHAN_BREACH;
	else {
		job->msg = m.message;
		r = read_rcpts(j, job);
	}
	if (r != CHAN_OK) {
		if (fd != -1)
			(void)close(fd); /* was only read */
		return r;
	}
	job->content.fd = fd;
	job->there = true;
	begin_job(job);
	return CHAN_OK;
}

/* --- the connection */

static void
close_link(struct remote_jobs *j, bool polite)
{
	link_close(&j->link, polite);
}

static bool
is_worn(const struct remote_jobs *j)
{
	return (int64_t)j->link.messages >= j->config->messages;
}

/*
 * Until queued says something.  Meanwhile the connection is kept for a while,
 * unless the other side ends it, or speaks, which comes to the same.
 */
static enum chan_result
wait_for_work(struct remote_jobs *j)
{
	deadline_t until = deadline_in(j->config->idle);
	struct pollfd p[2] = { { .fd = j->chan->fd, .events = POLLIN },
		{ .events = POLLIN } };
	struct timespec ts;
	int r, left;

	for (;;) {
		p[1].fd = j->link.fd; /* -1 is none */
		left = j->link.fd == -1 ? 0 : deadline_left(until);
		if (j->link.fd != -1 && left == 0)
			close_link(j, true);
		ts.tv_sec = left / 1000;
		ts.tv_nsec = left % 1000 * 1000000L;
		p[1].revents = 0;
		r = ppoll(p, 2, j->link.fd == -1 ? NULL : &ts, j->idle);
		if (r == -1 && errno != EINTR)
			return CHAN_ERROR;
		if (r > 0 && p[1].revents != 0)
			close_link(j, false);
		if (r > 0 && p[0].revents != 0)
			return CHAN_OK;
	}
}

/* --- one job */

static void
log_damaged(const struct remote_job *job)
{
	log_error(job->msg.id, "damaged=content size=%ju wanted=%s found=%s",
	    (uintmax_t)job->msg.size, "crc-of-the-queue",
	    job->found == CONTENT_DAMAGED ? "another" : "unreadable");
}

/* Once; whether it can go out. */
static bool
look(struct remote_job *job)
{
	struct verdict v = { .diag = DIAG_INIT };

	if (job->looked)
		return job->found == CONTENT_OK;
	job->looked = true;
	job->found = wire_content_look(&job->content);
	if (job->found == CONTENT_OK)
		return true;
	log_damaged(job);
	if (job->found == CONTENT_DAMAGED)
		(void)diag_set(
		    &v.diag, JOB_DAMAGED, "the queued message is damaged");
	else
		(void)diag_set(
		    &v.diag, "4.3.0", "the queued message cannot be read now");
	outgoing_fail(&job->outgoing, &v);
	return false;
}

/* Over the connection that is there, or over another. */
static bool
connect_for(struct remote_jobs *j, struct remote_job *job)
{
	const struct msg_job_ready ready = { 0 };
	struct verdict v;

	if (j->link.fd != -1)
		return true;
	if (link_open(&j->link, &j->wish, &v) != OUT_OK) {
		outgoing_fail(&job->outgoing, &v);
		return false;
	}
	outgoing_line_init(&j->line, &j->link, j->config);
	/* A sign of life only; if nobody hears it, the outcome will tell. */
	(void)chan_send(j->chan, JOB_T_READY, &ready, -1, deadline_in(ANSWER));
	return true;
}

/* The next one, if it may go over the same connection. */
static struct outgoing *
follower(struct remote_jobs *j, const struct remote_job *job,
    struct remote_job *next)
{
	int64_t with = j->link.messages + (job->outgoing.begun ? 0 : 1);

	if (!next->there || with >= j->config->messages || !look(next))
		return NULL;
	return &next->outgoing;
}

/* Every time round either all is settled, or something is, or the link is new. */
static void
work(struct remote_jobs *j, struct remote_job *job, struct remote_job *next)
{
	enum outgoing_result r;

	if (!look(job))
		return;
	do {
		if (!job->outgoing.begun && is_worn(j))
			close_link(j, true);
		if (!connect_for(j, job))
			return;
		r = outgoing_run(
		    &j->line, &job->outgoing, follower(j, job, next));
		if (r == OUTGOING_DONE)
			return;
		close_link(j, !j->line.broken);
		if (next->there && next->outgoing.begun)
			begin_job(next);
	} while (r == OUTGOING_AGAIN);
}

static void
log_sent(const struct remote_jobs *j, const struct remote_job *job)
{
	const struct link *l = &j->link;
	bool socket = l->peer.ip[0] == '\0';
	size_t ok = 0;

	for (size_t i = 0; i < job->msg.nrcpt; i++)
		ok += job->verdict[i].diag.outcome == OUT_OK;
	if (ok == 0)
		return; /* queued logs what came of each */
	log_event(job->msg.id, "sent",
	    "hop=%s host=%s ip=%s tls=%s cipher=%s verified=%s rcpts=%zu "
	    "size=%ju ms=%jd",
	    j->said.hop, l->name, socket ? "none" : l->peer.ip,
	    l->encrypted ? l->version : "no", l->encrypted ? l->cipher : "none",
	    l->verified ? "yes" : "no", ok, (uintmax_t)job->content.octets,
	    (intmax_t)(deadline_now() - job->begun));
}

static enum chan_result
answer(struct remote_jobs *j, struct remote_job *job)
{
	struct chan_batch batch = { .count = 0 };
	deadline_t deadline = deadline_in(ANSWER);
	struct msg_job_outcome m;
	enum chan_result r;

	log_sent(j, job);
	job->there = false;
	(void)close(job->content.fd); /* was only read */
	for (size_t i = 0; i < job->msg.nrcpt; i++) {
		const struct verdict *v = &job->verdict[i];

		m = (struct msg_job_outcome){ .job = job->msg.job,
			.index = job->rcpt[i].index,
			.outcome = v->diag.outcome,
			.flags = v->flags,
			.code = v->code };
		strlcpy(m.mta, v->mta, sizeof(m.mta));
		strlcpy(m.dsn, v->diag.dsn, sizeof(m.dsn));
		strlcpy(m.text, v->diag.text, sizeof(m.text));
		if (chan_put(j->chan, &batch, JOB_T_OUTCOME, &m))
			continue;
		if ((r = chan_flush(j->chan, &batch, deadline)) != CHAN_OK)
			return r;
		(void)chan_put(j->chan, &batch, JOB_T_OUTCOME, &m); /* fits */
	}
	return chan_flush(j->chan, &batch, deadline);
}

/* --- all of it */

static enum chan_result
read_hop(struct remote_jobs *j)
{
	enum chan_result r;
	union msg_job m;
	unsigned int type;
	const char *wanted;

	while ((r = chan_recv(j->chan, &type, &m, NULL, 0)) == CHAN_AGAIN)
		if ((r = wait_for_work(j)) != CHAN_OK)
			return r;
	if (r != CHAN_OK)
		return r;
	if (type != JOB_T_HOP || m.hop.tls > HOP_TLS_VERIFY ||
	    !hop_parse(m.hop.hop, &j->hop, &wanted))
		return CHAN_BREACH;
	j->said = m.hop;
	j->wish = (struct link_wish){ .config = j->config,
		.dns = j->dns,
		.hop = &j->hop,
		.hop_text = j->said.hop,
		.tls = (enum hop_tls)m.hop.tls,
		.credentials = m.hop.credentials != 0,
		.leave = j->said.leave,
		.leave_len = m.hop.leave_len,
		.routed = m.hop.routed != 0 };
	return CHAN_OK;
}

/* The job at work is there. */
static enum chan_result
work_and_answer(struct remote_jobs *j)
{
	struct remote_job *job = &j->job[j->now], *next = &j->job[!j->now];
	enum chan_result r = CHAN_AGAIN;

	if (!next->there)
		r = take(j, next);
	if (r != CHAN_OK && r != CHAN_AGAIN)
		return r; /* nobody waits for the answer */
	orphan_busy(true);
	work(j, job, next);
	orphan_busy(false);
	j->now = !j->now;
	return answer(j, job);
}

enum chan_result
remote_jobs_run(struct remote_jobs *j)
{
	enum chan_result r = read_hop(j);

	while (r == CHAN_OK) {
		if (j->job[j->now].there)
			r = work_and_answer(j);
		else if ((r = take(j, &j->job[j->now])) == CHAN_AGAIN)
			r = wait_for_work(j);
	}
	close_link(j, r == CHAN_EOF);
	return r;
}
