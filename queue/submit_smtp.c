/*
 * submit_smtp: the client's side of a local SMTP session.
 *
 * In sendmail(8), with the caller's rights.  Talks to smtpd(8), which
 * postriderd(8) starts for each connection to run-dir/submit and which knows
 * the caller's uid from the kernel.
 */
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/sock.h"
#include "queue/submit_smtp.h"

#define QUIT_WAIT 2      /* seconds */
#define CLOSING 421      /* RFC 5321 section 3.8 */
#define COMMAND_MAX 4096 /* bytes of a command line */

static int
lost(struct submit_smtp *s, const char *what)
{
	(void)snprintf(s->err, sizeof(s->err),
	    "the mail system went away (%s); try again later", what);
	s->away = !s->ended;
	return EX_TEMPFAIL;
}

static int
refused(struct submit_smtp *s, const char *what)
{
	(void)snprintf(s->err, sizeof(s->err), "%.120s: %u %s%s%.200s", what,
	    s->reply.code, s->reply.dsn, *s->reply.dsn != '\0' ? " " : "",
	    s->reply.text);
	s->away = !s->ended && s->reply.code == CLOSING;
	return reply_exit(&s->reply);
}

static const char *
line_text(enum line l)
{
	switch (l) {
	case LINE_EOF:
		return "connection closed";
	case LINE_TIMEOUT:
		return "no answer";
	case LINE_ERROR:
		return strerror(errno);
	default:
		return "wanted an SMTP reply, found something else";
	}
}

/* Notes an extension of the reply to EHLO (RFC 5321 section 4.1.1.1). */
static void
note_extension(struct submit_smtp *s, const char *line)
{
	static const char *const names[] = { "SIZE", "8BITMIME", "DSN",
		"SMTPUTF8" };
	bool *const has[] = { &s->has_size, &s->has_8bit, &s->has_dsn,
		&s->has_utf8 };
	size_t n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		n = strlen(names[i]);
		if (strncasecmp(line, names[i], n) == 0 &&
		    (line[n] == ' ' || line[n] == '\0'))
			*has[i] = true;
	}
}

/* All lines of one reply, which ends up in s->reply. */
static int
read_reply(struct submit_smtp *s, int64_t seconds, bool extensions)
{
	deadline_t deadline = deadline_in(seconds);
	enum reply_line kind = REPLY_MORE;
	unsigned int code = 0;
	char line[REPLY_LINE];
	enum line l;

	for (int n = 0; n < REPLY_LINES && kind == REPLY_MORE; n++) {
		l = lineio_get(s->io, line, sizeof(line), deadline);
		if (l != LINE_OK)
			return lost(s, line_text(l));
		if (s->verbose)
			(void)fprintf(stderr, "S: %s\n", line);
		kind = reply_parse_line(line, &s->reply);
		if (kind == REPLY_BAD || (n > 0 && s->reply.code != code))
			return lost(s, line_text(LINE_BAD));
		code = s->reply.code;
		if (extensions && n > 0 && strlen(line) > 4)
			note_extension(s, line + 4);
	}
	return kind == REPLY_LAST ? 0 : lost(s, line_text(LINE_BAD));
}

static int
send_line(struct submit_smtp *s, const char *line)
{
	deadline_t deadline = deadline_in(SMTP_WAIT);

	if (s->verbose)
		(void)fprintf(stderr, "C: %s\n", line);
	if (lineio_put(s->io, line, strlen(line), deadline) == -1 ||
	    lineio_put(s->io, "\r\n", 2, deadline) == -1 ||
	    lineio_flush(s->io, deadline) == -1)
		return lost(s, strerror(errno));
	return 0;
}

int
smtp_command(struct submit_smtp *s, const char *fmt, ...)
{
	char line[COMMAND_MAX];
	va_list ap;
	int n, status;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line)) {
		(void)snprintf(s->err, sizeof(s->err), "a command is too long");
		return EX_DATAERR;
	}
	if ((status = send_line(s, line)) != 0 ||
	    (status = read_reply(
		 s, SMTP_WAIT, strncmp(line, "EHLO ", 5) == 0)) != 0)
		return status;
	return s->reply.code >= 400 ? refused(s, line) : 0;
}

int
smtp_begin(struct submit_smtp *s, int fd, const char *hostname)
{
	int status;

	s->fd = fd;
	if ((s->io = malloc(sizeof(*s->io))) == NULL)
		return lost(s, strerror(errno));
	lineio_init(s->io, s->fd, s->fd);
	if ((status = read_reply(s, SMTP_GREETING, false)) != 0)
		return status;
	if (s->reply.code >= 400)
		return refused(s, "greeting");
	return smtp_command(s, "EHLO %s", hostname);
}

int
smtp_open(struct submit_smtp *s, const char *run_dir, const char *hostname)
{
	int fd = sock_connect(run_dir, "submit", SOCK_STREAM);

	if (fd == -1) {
		s->fd = -1;
		(void)snprintf(s->err, sizeof(s->err),
		    "path=%s/submit wanted=mail-system found=\"%s\" (is "
		    "postriderd running?)",
		    run_dir, strerror(errno));
		s->away = true;
		return EX_TEMPFAIL;
	}
	return smtp_begin(s, fd, hostname);
}

struct stuffer {
	struct submit_smtp *smtp;
	deadline_t deadline;
	bool at_start; /* of a line */
};

/* RFC 5321 section 4.5.2; the input has LF ends and no CR. */
static int
put_stuffed(struct stuffer *t, const char *p, size_t n)
{
	struct lineio *io = t->smtp->io;
	const char *lf;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		lf = memchr(p, '\n', n);
		len = lf != NULL ? (size_t)(lf - p) : n;
		if (len > 0 && t->at_start && *p == '.' &&
		    lineio_put(io, ".", 1, t->deadline) == -1)
			return -1;
		if (lineio_put(io, p, len, t->deadline) == -1)
			return -1;
		t->at_start = lf != NULL;
		if (lf == NULL)
			continue;
		if (lineio_put(io, "\r\n", 2, t->deadline) == -1)
			return -1;
		len++;
	}
	return 0;
}

static int
put_spool(struct stuffer *t, const struct submit_spool *spool)
{
	char buf[65536];
	uint64_t at = 0;
	ssize_t n;

	while ((n = submit_spool_get(spool, at, buf, sizeof(buf))) > 0) {
		t->deadline = deadline_in(SMTP_WAIT);
		if (put_stuffed(t, buf, (size_t)n) == -1)
			return -1;
		at += (uint64_t)n;
	}
	return (int)n;
}

void
smtp_block_signals(void)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM,
		SIGUSR1, SIGUSR2, SIGXCPU, SIGVTALRM, SIGPROF, SIGTSTP };
	sigset_t set;

	(void)sigemptyset(&set); /* cannot fail on its own set */
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		(void)sigaddset(&set, ending[i]); /* all are valid */
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* valid arguments */
}

int
smtp_data(struct submit_smtp *s, const struct sbuf *header,
    const struct submit_spool *spool)
{
	struct stuffer t = { s, deadline_in(SMTP_WAIT), true };
	int status;

	if ((status = smtp_command(s, "DATA")) != 0)
		return status;
	if (s->reply.code != 354)
		return lost(s, "wanted 354 to DATA");
	if (put_stuffed(&t, sbuf_str(header), header->len) == -1 ||
	    put_stuffed(&t, "\n", 1) == -1 || put_spool(&t, spool) == -1 ||
	    lineio_flush(s->io, deadline_in(SMTP_WAIT)) == -1)
		return lost(s, strerror(errno));
	smtp_block_signals();
	s->ended = true;
	if ((status = send_line(s, ".")) != 0 ||
	    (status = read_reply(s, SMTP_FINAL, false)) != 0)
		return status;
	if (s->reply.code / 100 != 2)
		return refused(s, "message");
	return 0;
}

void
smtp_close(struct submit_smtp *s)
{
	/* Politeness: whatever comes of it changes nothing any more. */
	if (s->io != NULL && s->reply.code != 0 && send_line(s, "QUIT") == 0)
		(void)read_reply(s, QUIT_WAIT, false);
	if (s->fd != -1)
		(void)close(s->fd);
	free(s->io);
	s->io = NULL;
	s->fd = -1;
}
