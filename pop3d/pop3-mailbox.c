/*
 * pop3-mailbox: POP3 sessions after login, for the mailboxes of one uid.
 *
 * Started by postriderd, on authd's word, as the owner of the mailboxes, in the
 * directory that they lie below.  Takes logged-in clients from authd on
 * descriptor 3 (msg_mailbox.h), reads the compiled tables, and serves each
 * client in a child that talks to it and to the files of one Maildir.  Never
 * sees a password, never runs as root, connects to nothing but mapd, where
 * accounts may be in a source that needs it.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "pop3d/mailbox_pool.h"

static struct mailbox_place place;

static void
usage(void)
{
	errx(EX_USAGE, "usage: pop3-mailbox [-t tables] [-u user]");
}

static bool
may_run(const char *path)
{
	struct tables t;
	bool may;

	if (!startup_tables(
		&t, "pop3-mailbox", path, false, STARTUP_LOG_INHERITED))
		return false;
	may = geteuid() != 0 || startup_user_mode(&t);
	tables_close(&t);
	if (!may)
		log_error("-", "user=root wanted=mailbox-owner");
	return may;
}

int
main(int argc, char *argv[])
{
	const char *path = TABLES_PATH, *user = NULL;
	struct chan chan;
	int ch;

	while ((ch = getopt(argc, argv, "t:u:")) != -1) {
		if (ch == 't')
			path = optarg;
		else if (ch == 'u')
			user = optarg;
		else
			usage();
	}
	if (optind != argc)
		usage();
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	if (!may_run(path) || !mailbox_place_init(&place, path, user))
		return EX_CONFIG;
	if (fcntl(MAILBOX_FD, F_SETFD, FD_CLOEXEC) == -1) {
		log_error("-", "descriptor=3 wanted=channel found=%s",
		    strerror(errno));
		return EX_USAGE;
	}
	chan_init(&chan, MAILBOX_FD, &mailbox_channel, MAILBOX_AGENT);
	sandbox(SANDBOX_MAILBOX); /* the children's bounds, too */
	return mailbox_pool_run(&chan, &place);
}
