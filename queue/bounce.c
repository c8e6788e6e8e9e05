/*
 * bounce: tells senders what became of their mail.
 *
 * Started by postriderd when queued asks, runs as postrider.  Reads
 * recipients and the message's file from queued on descriptor 3 (msg_job.h),
 * composes a report and hands it to the queue like any other message
 * (msg_intake.h), with the null reverse-path; answers when the report is
 * durable.  It must never have a network or write a file that queued did not
 * give it.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "common/users.h"
#include "queue/bounce_job.h"

#define JOB_FD 3

static const char *
parse_args(int argc, char **argv)
{
	const char *path = TABLES_PATH;
	int c;

	while ((c = getopt(argc, argv, "t:")) != -1) {
		if (c != 't')
			errx(EX_USAGE, "usage: bounce [-t tables]");
		path = optarg;
	}
	if (optind != argc)
		errx(EX_USAGE, "usage: bounce [-t tables]");
	return path;
}

int
main(int argc, char **argv)
{
	const char *path = parse_args(argc, argv);
	struct bouncer b = { .intake = { .file = -1, .chan.fd = -1 } };
	const struct option_bind binds[] = {
		{ "hostname", &b.hostname },
		{ "mail-name", &b.mail_name },
		{ "run-dir", &b.run_dir },
	};
	enum chan_result r;
	struct tables t;

	(void)umask(077);
	if (!startup_tables(&t, "bounce", path, true, STARTUP_LOG_INHERITED) ||
	    !startup_options(&t, NULL, binds, sizeof(binds) / sizeof(binds[0])))
		return EX_CONFIG;
	startup_become(&t, USER_QUEUE);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		err(EX_OSERR, "signal");
	chan_init(&b.jobs, JOB_FD, &job_channel, JOB_AGENT);
	sandbox(SANDBOX_BOUNCE);
	while ((r = bounce_job(&b)) == CHAN_OK)
		continue;
	if (r == CHAN_EOF)
		return EX_OK;
	log_error("-", "channel=job found=%s", chan_result_text(r));
	return EX_PROTOCOL;
}
