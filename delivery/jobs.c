/*
 * jobs: work from queued.
 *
 * Part of local, which runs as the mailbox owner; reads the job channel
 * (common/msg_job.h).  queued is trusted with the queue, not with this
 * process: what it says is checked before anything is done.
 */
#include <unistd.h>

#include "delivery/jobs.h"

void
jobs_clear(struct jobs *j)
{
	for (size_t i = 0; i < j->count; i++)
		(void)close(j->job[i].fd); /* was only read */
	j->count = j->rcpts = 0;
	j->bytes = 0;
}

/* A message and its descriptor; the descriptor is the callee's. */
static enum chan_result
take_message(struct jobs *j, const struct msg_job_message *m, int fd)
{
	struct job *job = &j->job[j->count];

	if (fd == -1)
		return CHAN_BREACH;
	j->count++;
	job->msg = *m;
	job->fd = fd;
	job->first = j->rcpts;
	if (m->nrcpt == 0 || m->nrcpt > JOB_RCPT_MAX ||
	    m->size > INT64_MAX / 2 || m->offset > INT64_MAX / 2)
		return CHAN_BREACH;
	j->bytes += m->size;
	return CHAN_OK;
}

static enum chan_result
answer_measure(
    struct jobs *j, struct chan *c, const struct msg_job_measure *question)
{
	struct msg_job_measured m = { .serial = question->serial };

	if (j->measure != NULL)
		j->measure(j->measure_arg, question, &m);
	return chan_send(c, JOB_T_MEASURED, &m, -1, deadline_in(JOBS_ANSWER));
}

static enum chan_result
read_rcpts(struct jobs *j, struct chan *c)
{
	const struct job *job = &j->job[j->count - 1];
	deadline_t deadline = deadline_in(JOBS_WAIT);
	enum chan_result r;
	union msg_job m;
	unsigned int type;

	for (uint32_t i = 0; i < job->msg.nrcpt;) {
		r = chan_recv(c, &type, &m, NULL, deadline);
		if (r != CHAN_OK)
			return r;
		if (type != JOB_T_RCPT || m.rcpt.job != job->msg.job)
			return CHAN_BREACH;
		j->rcpt[j->rcpts++] = m.rcpt;
		i++;
	}
	return CHAN_OK;
}

static enum chan_result
read_job(struct jobs *j, struct chan *c)
{
	enum chan_result r;
	union msg_job m;
	unsigned int type;
	int fd;

	if ((r = chan_recv(c, &type, &m, &fd, 0)) != CHAN_OK)
		return r;
	if (type == JOB_T_MEASURE && fd == -1) {
		j->measured++;
		return answer_measure(j, c, &m.measure);
	}
	if (type != JOB_T_MESSAGE) {
		if (fd != -1)
			(void)close(fd); /* unasked for */
		return CHAN_BREACH;
	}
	if ((r = take_message(j, &m.message, fd)) != CHAN_OK)
		return r;
	return read_rcpts(j, c);
}

static bool
room(const struct jobs *j)
{
	return j->count < JOBS_MAX && j->rcpts < JOBS_RCPTS &&
	    j->bytes < JOBS_BYTES &&
	    (j->count == 0 || j->measured < JOBS_MEASURES);
}

enum chan_result
jobs_read(struct jobs *j, struct chan *c)
{
	enum chan_result r = CHAN_OK;

	jobs_clear(j);
	j->measured = 0;
	while (r == CHAN_OK && room(j))
		r = read_job(j, c);
	if (r == CHAN_AGAIN && j->count > 0)
		r = CHAN_OK;
	if (r != CHAN_OK)
		jobs_clear(j);
	return r;
}
