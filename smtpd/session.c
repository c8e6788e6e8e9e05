/*
 * session: one SMTP session, from greeting to farewell.
 *
 * Part of smtpd(8), as postrider-net and behind the sandbox.  Talks to the
 * client; to queued (msg_intake.h), authd (msg_auth.h) and tlsd (msg_tls.h)
 * over channels that were connected before its first byte.  Must never wait
 * without a deadline, nor let replies wait while it waits.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "smtpd/command.h"
#include "smtpd/secure.h"
#include "smtpd/session.h"

#define LINGER_MS 1000         /* for a client that is told to go */
#define LINGER_BYTES (1 << 20) /* the same */

static enum next
send_text(struct session *s, const char *text, size_t n)
{
	deadline_t d = session_deadline(s, s->cfg.command_timeout);

	if (lineio_put(&s->io, text, n, d) == 0)
		return NEXT_GO;
	s->how = "write-failed";
	return NEXT_DEAD;
}

enum next
session_say(struct session *s, unsigned int code, const char *text)
{
	s->code = code;
	strlcpy(s->last, text, sizeof(s->last));
	s->last[strcspn(s->last, "\r")] = '\0';
	return send_text(s, text, strlen(text));
}

enum next
session_reply_arg(struct session *s, enum reply r, const char *arg)
{
	char text[REPLY_MAX + 1];

	(void)reply_format(r, arg, text); /* the length is not needed */
	return session_say(s, replies[r].code, text);
}

enum next
session_reply(struct session *s, enum reply r)
{
	return session_reply_arg(s, r, NULL);
}

enum next
session_reply_diag(struct session *s, const struct diag *d)
{
	char text[REPLY_MAX + 1];

	(void)reply_diag(d, text); /* the length is not needed */
	return session_say(s, (unsigned int)(text[0] - '0') * 100, text);
}

enum next
session_leave(struct session *s, enum reply r, const char *how)
{
	s->how = how;
	if (session_reply(s, r) == NEXT_DEAD)
		return NEXT_DEAD;
	return NEXT_CLOSE;
}

enum next
session_flush(struct session *s)
{
	deadline_t d = session_deadline(s, s->cfg.command_timeout);

	if (lineio_flush(&s->io, d) == 0)
		return NEXT_GO;
	s->how = "write-failed";
	return NEXT_DEAD;
}

deadline_t
session_deadline(const struct session *s, int64_t seconds)
{
	deadline_t d = deadline_in(seconds);

	return d < s->end ? d : s->end;
}

enum line
session_read(struct session *s, int64_t seconds)
{
	/* One who never lets the buffer run dry must end, too. */
	if (deadline_left(s->end) == 0)
		return LINE_TIMEOUT;
	if (!lineio_has_line(&s->io) && session_flush(s) == NEXT_DEAD)
		return LINE_ERROR;
	return lineio_get(
	    &s->io, s->line, sizeof(s->line), session_deadline(s, seconds));
}

enum next
session_bad_line(struct session *s, enum line l)
{
	switch (l) {
	case LINE_LONG:
		/* Nobody knows how many octets of a chunk follow. */
		if (strncasecmp(s->line, "BDAT", 4) == 0)
			return session_leave(s, REPLY_LINE_LONG, "bad-chunk");
		return session_reply(s,
		    strncasecmp(s->line, "AUTH ", 5) == 0 ? REPLY_AUTH_LONG
							  : REPLY_LINE_LONG);
	case LINE_BAD:
		return session_leave(s, REPLY_LINE_BAD, "bad-line");
	case LINE_TIMEOUT:
		if (deadline_left(s->end) == 0)
			return session_leave(
			    s, REPLY_TOO_LONG_OPEN, "session-timeout");
		return session_leave(s, REPLY_IDLE, "command-timeout");
	case LINE_EOF:
		s->how = "eof";
		return NEXT_DEAD;
	default:
		break;
	}
	if (s->how == NULL && errno == EMSGSIZE)
		return session_leave(s, REPLY_LINE_ENDLESS, "endless-line");
	if (s->how == NULL)
		s->how = "read-failed";
	return NEXT_DEAD;
}

const char *
session_user(const struct session *s)
{
	return s->client.local ? s->name : s->login;
}

void
session_reset(struct session *s)
{
	if (s->receiving)
		incoming_drop(&s->incoming);
	s->receiving = false;
	envelope_reset(&s->env);
	s->id = "-";
	if (s->state != ST_GREETED)
		s->state = ST_HELLO;
}

static enum next
greet(struct session *s)
{
	char text[REPLY_MAX + 1];
	const char *p;
	enum line l;
	size_t n;

	(void)snprintf(text, sizeof(text), "220 %s %.200s\r\n", s->cfg.hostname,
	    s->cfg.banner);
	if (session_say(s, 220, text) == NEXT_DEAD ||
	    session_flush(s) == NEXT_DEAD)
		return NEXT_DEAD;
	s->state = ST_GREETED;
	if (s->client.tls)
		return NEXT_GO;
	l = lineio_peek(
	    &s->io, &p, &n, session_deadline(s, s->cfg.command_timeout));
	if (l != LINE_OK)
		return session_bad_line(s, l);
	if (!tls_line_is_hello(*p))
		return NEXT_GO;
	s->how = "tls-hello";
	if (session_reply_arg(s, REPLY_TLS_HELLO, secure_way(s)) == NEXT_DEAD)
		return NEXT_DEAD;
	return NEXT_CLOSE;
}

/*
 * Closing with unread input would reset the connection and could take the
 * last reply away from the client: it gets a moment to read it.
 */
static void
linger(struct session *s)
{
	deadline_t d = deadline_in_ms(LINGER_MS);
	size_t seen = 0, n;
	const char *p;

	if (shutdown(s->io.out, SHUT_WR) == -1)
		return;
	lineio_discard(&s->io);
	while (seen < LINGER_BYTES && deadline_left(d) > 0 &&
	    lineio_peek(&s->io, &p, &n, d) == LINE_OK) {
		lineio_consume(&s->io, n);
		seen += n;
	}
}

static void
start(struct session *s, int in, int out)
{
	lineio_init(&s->io, in, out);
	s->io.lf_ends = s->client.local;
	s->end = deadline_in(s->cfg.session_timeout);
	s->id = "-";
	envelope_init(&s->env, s->cfg.recipients);
	log_event("-", "connected", "client=%s port=%u user=%s", s->peer.ip,
	    s->peer.local_port, session_user(s));
}

static enum next
open_line(struct session *s)
{
	if (s->cfg.tls == TLS_IMPLICIT && !s->client.local &&
	    secure_now(s) == NEXT_DEAD)
		return NEXT_DEAD;
	return greet(s);
}

static void
finish(struct session *s)
{
	/* tlsd, while it is stopped, has the socket that it was offered. */
	if (s->client.tls_failed)
		(void)shutdown(s->io.out, SHUT_RDWR); /* or the client has */
	session_reset(s);
	log_event("-", "disconnected",
	    "client=%s helo=%s user=%s how=%s commands=%lld accepted=%lld "
	    "refused=%lld tls=%s cipher=%s",
	    s->peer.ip, s->helo, session_user(s), s->how,
	    (long long)s->commands, (long long)s->accepted,
	    (long long)s->refused, s->client.tls ? s->tls_facts.version : "no",
	    s->tls_facts.cipher);
}

void
session_run(struct session *s, int in, int out)
{
	enum next next;
	enum line l;

	start(s, in, out);
	next = open_line(s);
	while (next == NEXT_GO) {
		l = session_read(s, s->cfg.command_timeout);
		s->code = 0;
		if (l == LINE_OK)
			next = command_run(s, s->line);
		else
			next = command_refuse(s, session_bad_line(s, l));
	}
	if (next == NEXT_CLOSE && session_flush(s) == NEXT_GO &&
	    (strcmp(s->how, "quit") != 0 || lineio_pending(&s->io) > 0))
		linger(s);
	finish(s);
}
