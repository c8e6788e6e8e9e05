/*
 * pop3-mailbox: one POP3 session after login, on descriptors 0 and 1.
 *
 * Started by postriderd, on authd's word, as the owner of the mailbox, in the
 * directory that the mailbox lies below.  Reads the compiled tables, then
 * talks to the client and to the files of one Maildir.  Never sees a password,
 * never runs as root, connects to nothing.
 */
#include <sys/stat.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "pop3d/client.h"
#include "pop3d/maildrop.h"
#include "pop3d/transaction.h"

static struct client client;

struct arguments {
	const char *tables, *profile, *account, *maildir, *ip;
};

struct settings {
	int64_t timeout, rate, junk;
};

static void
usage(void)
{
	errx(EX_USAGE,
	    "usage: pop3-mailbox [-t tables] [-p profile] -a account -m "
	    "maildir "
	    "[-c client]");
}

static struct arguments
arguments(int argc, char *argv[])
{
	struct arguments a = { TABLES_PATH, "pop3", NULL, NULL, "" };
	int ch;

	while ((ch = getopt(argc, argv, "t:p:a:m:c:")) != -1) {
		if (ch == 't')
			a.tables = optarg;
		else if (ch == 'p')
			a.profile = optarg;
		else if (ch == 'a')
			a.account = optarg;
		else if (ch == 'm')
			a.maildir = optarg;
		else if (ch == 'c')
			a.ip = optarg;
		else
			usage();
	}
	if (optind != argc || a.account == NULL || a.maildir == NULL)
		usage();
	return a;
}

static void
refuse(const char *text)
{
	client_reply(&client, "-ERR %s", text);
	client_end(&client);
}

static bool
may_run(const struct arguments *a, struct tables *t)
{
	if (geteuid() != 0 || startup_user_mode(t))
		return true;
	log_error("-", "account=%s wanted=owner found=root", a->account);
	return false;
}

/* False when the client has been told why there is no session. */
static bool
configure(const struct arguments *a, struct settings *s)
{
	const struct option_bind binds[] = {
		{ "pop3-timeout", &s->timeout },
		{ "min-rate", &s->rate },
		{ "session-junk", &s->junk },
	};
	struct tables t;

	if (startup_tables(
		&t, "pop3-mailbox", a->tables, false, STARTUP_LOG_INHERITED) &&
	    startup_profile(&t, a->profile) &&
	    startup_options(&t, a->profile, binds, 3) && may_run(a, &t)) {
		tables_close(&t);
		return true;
	}
	refuse("[SYS/TEMP] Configuration cannot be read");
	return false;
}

static const char *
refusal(enum maildrop_result r)
{
	switch (r) {
	case MAILDROP_IN_USE:
		return "[IN-USE] Another session has this mailbox open";
	case MAILDROP_TEMP:
		return "[SYS/TEMP] Mailbox cannot be opened now";
	case MAILDROP_PERM:
	case MAILDROP_OPEN:
		break;
	}
	return "[SYS/PERM] Mailbox cannot be opened, ask the postmaster";
}

static void
session(const struct arguments *a, const struct settings *s)
{
	struct maildrop md;
	struct transaction t = {
		.client = &client,
		.md = &md,
		.timeout = s->timeout,
		.junk = s->junk,
	};
	enum maildrop_result r;

	if ((r = maildrop_open(&md, a->account, a->maildir)) != MAILDROP_OPEN) {
		maildrop_unlock(&md);
		refuse(refusal(r));
		log_event("-", "refused", "account=%s client=%s reason=%s",
		    a->account, a->ip, refusal(r));
		return;
	}
	client_reply(&client, "+OK %zu messages", md.count);
	transaction_run(&t);
	maildrop_unlock(&md);
	client_end(&client);
	log_event("-", "closed",
	    "account=%s client=%s reason=%s messages=%zu retrieved=%zu "
	    "bytes=%ju deleted=%zu",
	    a->account, a->ip, t.ended, md.count, t.retrieved,
	    (uintmax_t)t.octets, t.deleted);
	maildrop_close(&md);
}

int
main(int argc, char *argv[])
{
	struct arguments a = arguments(argc, argv);
	struct settings s;
	int on = 1;

	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	/* Replies are gathered here; not so on sockets that are not TCP. */
	(void)setsockopt(
	    STDOUT_FILENO, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	client_init(&client, STDIN_FILENO, STDOUT_FILENO, 0, 60);
	if (!configure(&a, &s))
		return EX_CONFIG;
	client_init(&client, STDIN_FILENO, STDOUT_FILENO, s.rate, s.timeout);
	sandbox(SANDBOX_MAILBOX);
	session(&a, &s);
	return EX_OK;
}
