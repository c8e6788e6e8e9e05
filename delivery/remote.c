/*
 * remote: gives mail to other hosts, by SMTP or LMTP.
 *
 * Started by postriderd, asked by queued, as postrider-out; one process for one
 * destination, and one connection at a time.  Talks to queued on descriptor 3
 * (common/msg_job.h), to dnsd, tlsd and authd through run-dir, and to the hosts
 * of the destination, whom it does not trust.  Must never open a file, start a
 * program, or have a credential: one of its own next hop passes through it.
 */
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "delivery/orphan.h"
#include "delivery/remote_jobs.h"
#include "delivery/targets_tell.h"

#define JOB_FD 3

static struct remote_jobs jobs; /* too large for the stack */
static struct remote_config config;

static void
usage(void)
{
	(void)fprintf(stderr, "usage: remote [-t tables] [-x hop [-r]]\n");
	exit(EX_USAGE);
}

/* SIGTERM and its like come in while there is nothing to do. */
static void
set_signals(sigset_t *idle)
{
	sigset_t busy;

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
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

struct arguments {
	const char *tables;
	const char *explain; /* a next hop, or NULL */
	bool routed;
};

static void
parse_args(int argc, char *argv[], struct arguments *a)
{
	int ch;

	while ((ch = getopt(argc, argv, "t:x:r")) != -1)
		if (ch == 't')
			a->tables = optarg;
		else if (ch == 'x')
			a->explain = optarg;
		else if (ch == 'r')
			a->routed = true;
		else
			usage();
	if (optind != argc || (a->routed && a->explain == NULL))
		usage();
}

/* For postrider explain: no mail, and so no channel to queued. */
static int
explain(const struct arguments *a, struct dns_client *dns)
{
	struct targets_wish wish = { NULL, a->routed, &config, dns };

	sandbox(SANDBOX_REMOTE);
	return targets_tell(a->explain, &wish, stdout);
}

int
main(int argc, char *argv[])
{
	struct arguments a = { TABLES_PATH, NULL, false };
	struct dns_client dns;
	struct tables tables;
	struct chan chan;
	enum chan_result r;
	sigset_t idle;

	parse_args(argc, argv, &a);
	(void)umask(077);
	set_signals(&idle);
	if (!startup_tables(
		&tables, "remote", a.tables, false, STARTUP_LOG_INHERITED) ||
	    !remote_config_load(&config, &tables))
		return EX_CONFIG;
	if (geteuid() == 0 && !startup_user_mode(&tables))
		errx(EX_NOPERM, "user=root wanted=postrider-out");
	tables_close(&tables);
	dns_client_init(&dns, config.run_dir);
	if (a.explain != NULL)
		return explain(&a, &dns);
	if (fcntl(JOB_FD, F_SETFD, FD_CLOEXEC) == -1 ||
	    orphan_watch(JOB_FD) == -1)
		err(EX_USAGE, "descriptor=3 wanted=job channel");
	chan_init(&chan, JOB_FD, &job_channel, JOB_AGENT);
	remote_jobs_init(&jobs, &chan, &config, &dns, &idle);
	sandbox(SANDBOX_REMOTE);
	if ((r = remote_jobs_run(&jobs)) == CHAN_EOF)
		return 0;
	log_error("-", "channel=job found=%s", chan_result_text(r));
	return r == CHAN_BREACH ? EX_PROTOCOL : EX_OSERR;
}
