/*
 * local: delivers mail into the Maildirs of one user.
 *
 * Started by postriderd, asked by queued, as the mailbox owner and never as
 * root; its directory is the one that Maildirs lie beneath.  Talks to queued on
 * descriptor 3 (common/msg_job.h) and to the file system below its directory.
 * Must never touch the network, start a program, or follow a symbolic link, but
 * for that of a ~/.forward, which is read and never written.
 */
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
#include "delivery/batch.h"
#include "delivery/forward_tell.h"
#include "delivery/place.h"

#define JOB_FD 3

static struct batch batch; /* too large for the stack */
static struct place place; /* of virtual users' mailboxes */

static void
usage(void)
{
	(void)fprintf(stderr,
	    "usage: local [-v] [-t tables]\n"
	    "       local -x address [-g tag] [-t tables]\n");
	exit(EX_USAGE);
}

/*
 * SIGTERM and its like end the process while it waits for work and at no
 * other time, so that they leave nothing in tmp/.
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
	if (sigprocmask(SIG_BLOCK, &busy, NULL) == -1 ||
	    sigprocmask(SIG_BLOCK, NULL, idle) == -1)
		err(EX_OSERR, "sigprocmask");
	(void)sigdelset(idle, SIGTERM);
	(void)sigdelset(idle, SIGINT);
	(void)sigdelset(idle, SIGHUP);
}

static void
wait_for_work(int fd, const sigset_t *idle)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (ppoll(&p, 1, NULL, idle) == -1 && errno != EINTR)
		err(EX_OSERR, "ppoll");
}

/*
 * Returns when queued has closed the channel, or when the mailboxes are
 * elsewhere: another process is started there, for what was not read, too.
 */
static enum chan_result
serve(struct chan *c, const sigset_t *idle, bool virtual)
{
	enum chan_result r;

	for (;;) {
		if (virtual && !place_current(&place)) {
			log_event(
			    "-", "ended", "path=%s reason=moved", place.dir);
			return CHAN_EOF;
		}
		r = jobs_read(&batch.jobs, c);
		if (r == CHAN_AGAIN) {
			wait_for_work(c->fd, idle);
			continue;
		}
		if (r != CHAN_OK)
			return r;
		batch_deliver(&batch);
		if ((r = batch_answer(&batch, c)) != CHAN_OK)
			return r;
	}
}

struct arguments {
	const char *tables;
	const char *explain, *tag; /* an address, or NULL; and its tag */
	bool virtual;
};

static void
parse_args(int argc, char *argv[], struct arguments *a)
{
	int ch;

	while ((ch = getopt(argc, argv, "t:vx:g:")) != -1)
		if (ch == 't')
			a->tables = optarg;
		else if (ch == 'v')
			a->virtual = true;
		else if (ch == 'x')
			a->explain = optarg;
		else if (ch == 'g')
			a->tag = optarg;
		else
			usage();
	if (optind != argc || (a->explain != NULL && a->virtual) ||
	    (a->explain == NULL && *a->tag != '\0'))
		usage();
}

int
main(int argc, char *argv[])
{
	struct arguments a = { TABLES_PATH, NULL, "", false };
	const char *hostname = "";
	int64_t members, warning;
	const struct option_bind binds[] = { { "hostname", &hostname },
		{ "forward-members", &members },
		{ "quota-warning", &warning } };
	struct tables tables;
	struct chan chan;
	enum chan_result r;
	sigset_t idle;
	int base;

	parse_args(argc, argv, &a);
	(void)umask(077);
	set_signals(&idle);
	if (!startup_tables(
		&tables, "local", a.tables, false, STARTUP_LOG_INHERITED) ||
	    !startup_options(&tables, NULL, binds, 3))
		return EX_CONFIG;
	if (geteuid() == 0 && !startup_user_mode(&tables))
		errx(EX_NOPERM, "user=root wanted=mailbox owner");
	if (a.virtual && !place_init(&place, a.tables))
		return EX_CONFIG;
	if ((base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		err(EX_OSERR, "path=. wanted=directory");
	if (a.explain != NULL) {
		sandbox(SANDBOX_LOCAL);
		return forward_tell(base, a.explain, a.tag, members, stdout);
	}
	if (fcntl(JOB_FD, F_SETFD, FD_CLOEXEC) == -1)
		err(EX_USAGE, "descriptor=3 wanted=job channel");
	batch_init(&batch, base, hostname);
	batch.forward_most = members;
	batch.quota.percent = (unsigned int)warning;
	batch.quota.forwards = !a.virtual;
	tables_close(&tables);
	chan_init(&chan, JOB_FD, &job_channel, JOB_AGENT);
	sandbox(SANDBOX_LOCAL);
	if ((r = serve(&chan, &idle, a.virtual)) == CHAN_EOF) {
		batch_clear(&batch);
		return 0;
	}
	log_error("-", "channel=job found=%s", chan_result_text(r));
	return r == CHAN_BREACH ? EX_PROTOCOL : EX_OSERR;
}
