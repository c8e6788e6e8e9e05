/*
 * explain_smtp: a session with smtpd over a socket pair.
 *
 * In postrider(8), with the caller's rights; root's smtpd becomes
 * postrider-net, as one that inetd starts.  Only then can it ask queued and
 * authd, whose answers are part of what it says.  Must never send DATA.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/utf8.h"
#include "queue/explain_smtp.h"
#include "queue/submit_smtp.h"

static char *
arg(const char *s)
{
	return (char *)(uintptr_t)s; /* execve(2) does not change it */
}

/* Its log would be in the way, and has nothing that replies do not say. */
static _Noreturn void
run(const struct explain_smtp *e, int fd)
{
	char uid[20];
	char *argv[] = { arg("smtpd"), arg("-t"), arg(e->tables), arg("-p"),
		arg(e->client != NULL ? "mx" : "local"),
		arg(e->client != NULL ? "-c" : "-u"),
		e->client != NULL ? arg(e->client) : uid, arg("-e"), NULL };
	int null = open("/dev/null", O_WRONLY);

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned int)getuid());
	if (null == -1 || dup2(fd, 0) == -1 || dup2(fd, 1) == -1 ||
	    dup2(null, 2) == -1)
		_exit(1);
	closefrom(3);
	(void)execv(e->smtpd, argv); /* the end of file tells of it */
	_exit(1);
}

static pid_t
start(const struct explain_smtp *e, int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	if ((pid = fork()) == 0)
		run(e, pair[1]);
	(void)close(pair[1]); /* smtpd's */
	if (pid == -1)
		(void)close(pair[0]); /* nobody is there */
	*fd = pair[0];
	return pid;
}

/* "Recipient ok <alice@example.org>" without the address, which is returned. */
static const char *
split_address(struct reply *r)
{
	size_t n = strlen(r->text);
	char *open = strrchr(r->text, '<');

	if (r->code != 250 || open == NULL || n == 0 || r->text[n - 1] != '>' ||
	    open == r->text)
		return NULL;
	r->text[n - 1] = open[-1] = '\0';
	return open + 1;
}

static enum explain_said
say(struct submit_smtp *s, const struct explain_smtp *e, const char *verb,
    const char *addr)
{
	bool wide = utf8_needed(e->from) || utf8_needed(e->to);
	char command[1100];
	const char *taken;
	int status;

	if ((size_t)snprintf(command, sizeof(command), "%s:<%s>%s", verb, addr,
		wide && verb[0] == 'M' ? " SMTPUTF8" : "") >= sizeof(command))
		return EXPLAIN_UNKNOWN;
	s->reply.code = 0;
	status = smtp_command(s, "%s", command);
	if (s->reply.code == 0)
		return EXPLAIN_UNKNOWN;
	taken = split_address(&s->reply);
	e->told(e->arg, command, &s->reply, taken);
	return status == 0 ? EXPLAIN_YES : EXPLAIN_NO;
}

enum explain_said
explain_smtp(const struct explain_smtp *e, char err[EXPLAIN_ERR])
{
	struct submit_smtp s = { .fd = -1 };
	enum explain_said said = EXPLAIN_UNKNOWN;
	pid_t pid;
	int fd;

	if ((pid = start(e, &fd)) == -1) {
		(void)snprintf(err, EXPLAIN_ERR,
		    "path=%s wanted=started found=%s", e->smtpd,
		    strerror(errno));
		return EXPLAIN_UNKNOWN;
	}
	if (smtp_begin(&s, fd, e->hostname) == 0 &&
	    (said = say(&s, e, "MAIL FROM", e->from)) == EXPLAIN_YES)
		said = say(&s, e, "RCPT TO", e->to);
	(void)strlcpy(err, s.err, EXPLAIN_ERR); /* as long as that */
	smtp_close(&s);
	(void)waitpid(pid, NULL, 0); /* it ends with the connection */
	return said;
}
