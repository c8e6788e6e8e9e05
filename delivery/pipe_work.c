/*
 * pipe_work: recipients that are commands, mbox files and lists.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe.  What is to be
 * done stands in the way of a recipient (common/via.h), which only queued
 * writes; it is checked here that it is one for whom we run as.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "delivery/mbox.h"
#include "delivery/pipe_include.h"
#include "delivery/pipe_status.h"
#include "delivery/pipe_work.h"

/* One recipient. */
struct task {
	struct pipe_work *w;
	const struct msg_job_message *msg;
	const struct msg_job_rcpt *rcpt;
	const char *what;  /* of its way, without the letter */
	const char *event; /* for the log */
	struct failure failure;
	uint32_t flags;           /* OUTCOME_* */
	char said[DIAG_TEXT + 1]; /* by a command that took the message */
	size_t members;           /* of a list */
	uint64_t size;            /* of what was written */
	enum chan_result channel;
};

static void
misconfigured(
    struct task *t, const char *text, const char *wanted, const char *found)
{
	failure_found(&t->failure, text, t->what, wanted, found);
}

/* What came of a command that was to be run. */
static void
judge(struct task *t)
{
	const struct run *r = &t->w->run;
	struct failure *f = &t->failure;

	pipe_status_line(r->output, r->len, t->said, sizeof(t->said));
	switch (r->how) {
	case RUN_ENDED:
		(void)pipe_status(r->status, t->said, &f->diag);
		break;
	case RUN_LATE:
		(void)diag_set(&f->diag, "4.3.0",
		    "the command took longer than %jd seconds",
		    (intmax_t)t->w->timeout);
		break;
	case RUN_HUNG_UP:
		(void)diag_set(
		    &f->diag, "4.3.2", "the mail system is going down");
		break;
	case RUN_NOT_FOUND:
		misconfigured(t, "the command cannot be run (see the log)",
		    r->error == ENOENT ? "program, absolute or in " COMMAND_PATH
				       : "executable program",
		    strerror(r->error));
		break;
	case RUN_FAILED:
		failure_errno(f, t->what, "process", r->error);
		break;
	}
}

static void
run_command(struct task *t)
{
	struct pipe_work *w = t->w;
	enum command_read read = command_line_read(t->what, &w->line);
	int fd;

	if (read != COMMAND_OK) {
		misconfigured(t, "the command has a mistake (see the log)",
		    command_line_wanted(read), t->what);
		return;
	}
	if (!pipe_environment_make(
		&w->environment, &w->user, t->msg, t->rcpt)) {
		misconfigured(t, "an address is not fit for the environment",
		    "printable", "controls");
		return;
	}
	fd = pipe_letter_make(
	    &w->letter, t->msg, t->rcpt, &t->size, &t->failure);
	if (fd == -1)
		return;
	w->run.argv = w->line.argv;
	w->run.envp = w->environment.envp;
	w->run.in = fd;
	w->run.hangup = w->chan->fd;
	w->run.timeout = w->timeout;
	pipe_run(&w->run);
	t->event = "ran";
	(void)close(fd); /* the command's, and nobody's now */
	judge(t);
}

static void
append(struct task *t)
{
	int fd = pipe_letter_make(
	    &t->w->letter, t->msg, t->rcpt, &t->size, &t->failure);

	if (fd == -1)
		return;
	if (mbox_append(t->what, fd, MBOX_WAIT, &t->failure) == OUT_OK)
		t->event = "written";
	(void)close(fd); /* was only read */
}

static void
include(struct task *t)
{
	t->channel = pipe_include(
	    t->w->chan, t->rcpt, t->what, &t->members, &t->failure);
	if (t->failure.diag.outcome == OUT_OK) {
		t->flags = OUTCOME_FORWARDED;
		t->event = "included";
	}
}

/* clang-format off */
static const struct way {
	char letter;	/* VIA_* */
	bool as_user;
	bool loops;	/* it gets the message itself */
	void (*act)(struct task *);
} ways[] = {
	{ VIA_COMMAND,		true,	true,	run_command },
	{ VIA_FILE,		true,	true,	append },
	{ VIA_ALIAS_COMMAND,	false,	true,	run_command },
	{ VIA_ALIAS_FILE,	false,	true,	append },
	{ VIA_ALIAS_INCLUDE,	false,	false,	include },
};
/* clang-format on */

static const struct way *
find_way(const struct pipe_work *w, char letter)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].letter == letter && ways[i].as_user == w->as_user)
			return &ways[i];
	return NULL;
}

static void
act(struct task *t)
{
	const struct way *way = find_way(t->w, t->rcpt->via[0]);

	if (way == NULL) {
		misconfigured(t, "not a way that is pipe's to go",
		    t->w->as_user ? "a user's" : "an alias's", t->rcpt->via);
		return;
	}
	t->what = t->rcpt->via + 1;
	if (way->loops && pipe_letter_loops(&t->w->letter, t->rcpt->addr)) {
		(void)diag_set(&t->failure.diag, "5.4.6",
		    "mail loop: already delivered to %s", t->rcpt->addr);
		return;
	}
	way->act(t);
}

/* What became of the recipient is queued's to log; this is what was done. */
static void
log_task(const struct task *t, int64_t ms)
{
	const struct failure *f = &t->failure;
	const struct msg_job_rcpt *r = t->rcpt;
	const char *id = t->msg->id;

	if (f->wanted[0] != '\0')
		log_error(id, "to=%s via=%s dsn=%s path=%s wanted=%s found=%s",
		    r->addr, r->via, f->diag.dsn, f->path, f->wanted, f->found);
	else if (t->flags == OUTCOME_FORWARDED)
		log_event(id, t->event, "to=%s via=%s members=%zu ms=%jd",
		    r->addr, r->via, t->members, (intmax_t)ms);
	else
		log_event(id, t->event,
		    "to=%s via=%s dsn=%s size=%ju ms=%jd output=%s", r->addr,
		    r->via, f->diag.dsn, (uintmax_t)t->size, (intmax_t)ms,
		    t->said);
}

static enum chan_result
answer(const struct task *t)
{
	struct msg_job_outcome m = { .job = t->rcpt->job,
		.index = t->rcpt->index,
		.outcome = t->failure.diag.outcome,
		.flags = t->flags };

	if (t->channel != CHAN_OK)
		return t->channel;
	(void)strlcpy(m.dsn, t->failure.diag.dsn, sizeof(m.dsn));
	(void)strlcpy(m.text, t->failure.diag.text, sizeof(m.text));
	return chan_send(
	    t->w->chan, JOB_T_OUTCOME, &m, -1, deadline_in(PIPE_ANSWER));
}

static enum chan_result
do_job(struct pipe_work *w, const struct job *job)
{
	enum chan_result r = CHAN_OK;

	pipe_letter_look(&w->letter, &job->msg, job->fd);
	for (size_t i = 0; i < job->msg.nrcpt && r == CHAN_OK; i++) {
		struct task t = { .w = w,
			.msg = &job->msg,
			.rcpt = &w->jobs.rcpt[job->first + i],
			.what = "",
			.event = "refused",
			.failure = FAILURE_NONE };
		deadline_t begun = deadline_now();

		act(&t);
		log_task(&t, deadline_now() - begun);
		r = answer(&t);
	}
	return r;
}

enum chan_result
pipe_work(struct pipe_work *w)
{
	enum chan_result r = CHAN_OK;

	for (size_t i = 0; i < w->jobs.count && r == CHAN_OK; i++)
		r = do_job(w, &w->jobs.job[i]);
	jobs_clear(&w->jobs);
	return r;
}
