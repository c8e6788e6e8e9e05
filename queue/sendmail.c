/*
 * sendmail: how local programs send mail; also mailq and newaliases.
 *
 * Started by any local user, with that user's rights and no others: not
 * set-id.  Talks SMTP to smtpd over run-dir/submit, where the kernel tells who
 * the caller is, and for mailq to queued (common/msg_control.h).  While nobody
 * is there it leaves messages in spool-dir/drop, and postriderd starts it to
 * hand them over one day, with their owner's rights.  Must never exit with 0 for
 * a message that was not acknowledged, and is not there either.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/drop_submit.h"
#include "queue/submit.h"
#include "queue/submit_queue.h"

/* A message must never end up in a descriptor that was meant for it. */
static bool
fill_descriptors(void)
{
	bool stdin_open = fcntl(STDIN_FILENO, F_GETFD) != -1;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd != -1)
		(void)close(fd); /* one more than needed */
	return stdin_open;
}

static int
help(void)
{
	static const char text[] =
	    "usage: sendmail [-itv] [-f SENDER] [-F NAME] [-B TYPE] [-N WHEN]\n"
	    "                [-R WHAT] [-V ENVID] [-C TABLES] [--] "
	    "[RECIPIENT ...]\n"
	    "       sendmail -bs                    SMTP on standard input\n"
	    "       sendmail -bv RECIPIENT ...      tell who would get mail\n"
	    "       sendmail -bp, or mailq          show the queue\n"
	    "       sendmail -bi, or newaliases     put aliases in force\n"
	    "       sendmail -q[IID|RPART|SPART]    attempt delivery now\n"
	    "\nA message is read from standard input.  See sendmail(8).\n";

	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EX_IOERR : 0;
}

static int
run(const struct submit_options *o, bool stdin_open)
{
	struct submit_settings s;
	char e[TABLES_ERR];

	if (o->mode == SUBMIT_HELP)
		return help();
	if (!submit_settings_load(&s, o->tables, e)) {
		(void)fprintf(stderr, "sendmail: %s\n", e);
		return EX_TEMPFAIL;
	}
	switch (o->mode) {
	case SUBMIT_HELP: /* did not come this far */
		break;
	case SUBMIT_MESSAGE:
		return submit_message(o, &s, stdin_open);
	case SUBMIT_SMTP:
		return submit_relay(&s);
	case SUBMIT_VERIFY:
		return submit_verify(o, &s);
	case SUBMIT_MAILQ:
		return submit_mailq(&s);
	case SUBMIT_ALIASES:
		return submit_newaliases(&s);
	case SUBMIT_RUN_QUEUE:
		return submit_run_queue(o, &s);
	case SUBMIT_DROPPED:
		return drop_submit(o, &s);
	}
	return EX_SOFTWARE;
}

int
main(int argc, char **argv)
{
	bool stdin_open = fill_descriptors();
	struct submit_options o;
	char e[TABLES_ERR];
	int status;

	(void)argc; /* argv ends in NULL */
	/* A reader that left and a full disk are errors, not deaths. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		err(EX_OSERR, "signal");
	status = submit_options_parse(&o, argv, e, sizeof(e));
	if (status != 0) {
		(void)fprintf(stderr, "sendmail: %s\n", e);
		return status;
	}
	return run(&o, stdin_open);
}
