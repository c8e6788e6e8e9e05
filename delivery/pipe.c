/*
 * pipe: gives mail to commands and mbox files, and reads lists of addresses.
 *
 * Started by postriderd, asked by queued: as a Unix user in his home directory,
 * for what his ~/.forward says, or as postrider-pipe, for what aliases say; never
 * as root.  Talks to queued on descriptor 3 (common/msg_job.h), runs what its
 * user may run, and writes where its user may write.  Must never hand anything
 * of a message to a shell, or a descriptor of its own to a command.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "delivery/pipe_tell.h"
#include "delivery/pipe_work.h"

#define JOB_FD 3
#define PROCESSES 4096 /* of a Unix user, wherever they were started */

static struct pipe_work work; /* too large for the stack */

static void
usage(void)
{
	(void)fprintf(stderr, "usage: pipe [-t tables] [-u user] [-x way]\n");
	exit(EX_USAGE);
}

/*
 * SIGTERM and its like end the process while it waits for work and at no
 * other time, so that they leave no part of a message, and no outcome unsaid.
 */
static void
set_signals(sigset_t *idle)
{
	sigset_t busy;

	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		err(EX_OSERR, "signal");
	(void)sigemptyset(&busy); /* these fail for bad numbers only */
	(void)sigaddset(&busy, SIGTERM);
	(void)sigaddset(&busy, SIGINT);
	(void)sigaddset(&busy, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &busy, NULL) == -1 || !pipe_run_init() ||
	    sigprocmask(SIG_BLOCK, NULL, idle) == -1)
		err(EX_OSERR, "sigprocmask");
	(void)sigdelset(idle, SIGTERM);
	(void)sigdelset(idle, SIGINT);
	(void)sigdelset(idle, SIGHUP);
}

/* Nobody fills the table of processes by mail to himself. */
static void
limit_processes(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NPROC, &r) == -1)
		err(EX_OSERR, "getrlimit");
	if (r.rlim_max > PROCESSES)
		r.rlim_max = PROCESSES;
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NPROC, &r) == -1)
		err(EX_OSERR, "setrlimit");
}

static void
wait_for_work(int fd, const sigset_t *idle)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (ppoll(&p, 1, NULL, idle) == -1 && errno != EINTR)
		err(EX_OSERR, "ppoll");
}

/* Returns when queued has closed the channel. */
static enum chan_result
serve(struct chan *c, const sigset_t *idle)
{
	enum chan_result r;

	for (;;) {
		r = jobs_read(&work.jobs, c);
		if (r == CHAN_AGAIN) {
			wait_for_work(c->fd, idle);
			continue;
		}
		if (r != CHAN_OK)
			return r;
		if ((r = pipe_work(&work)) != CHAN_OK)
			return r;
	}
}

int
main(int argc, char *argv[])
{
	const char *path = TABLES_PATH, *user = NULL, *explain = NULL;
	const struct option_bind bind = { "pipe-timeout", &work.timeout };
	struct tables tables;
	struct chan chan;
	enum chan_result r;
	sigset_t idle;
	int ch;

	while ((ch = getopt(argc, argv, "t:u:x:")) != -1) {
		if (ch == 't')
			path = optarg;
		else if (ch == 'u')
			user = optarg;
		else if (ch == 'x')
			explain = optarg;
		else
			usage();
	}
	if (optind != argc)
		usage();
	(void)umask(077);
	set_signals(&idle);
	if (!startup_tables(
		&tables, "pipe", path, false, STARTUP_LOG_INHERITED) ||
	    !startup_options(&tables, NULL, &bind, 1))
		return EX_CONFIG;
	if (geteuid() == 0 && !startup_user_mode(&tables))
		errx(EX_NOPERM, "user=root wanted=Unix user or postrider-pipe");
	if (explain != NULL) {
		sandbox(SANDBOX_PIPE);
		return pipe_tell(explain, stdout);
	}
	if (fcntl(JOB_FD, F_SETFD, FD_CLOEXEC) == -1)
		err(EX_USAGE, "descriptor=3 wanted=job channel");
	tables_close(&tables);
	if (user != NULL)
		limit_processes();
	work.as_user = user != NULL;
	pipe_user_init(&work.user, user);
	chan_init(&chan, JOB_FD, &job_channel, JOB_AGENT);
	work.chan = &chan;
	sandbox(SANDBOX_PIPE);
	r = serve(&chan, &idle);
	pipe_environment_free(&work.environment);
	if (r == CHAN_EOF)
		return 0;
	log_error("-", "channel=job found=%s", chan_result_text(r));
	return r == CHAN_BREACH ? EX_PROTOCOL : EX_OSERR;
}
