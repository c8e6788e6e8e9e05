/*
 * secure: STARTTLS, and TLS from the first byte.
 *
 * Part of smtpd(8), as postrider-net; gives tlsd the client's socket and goes
 * on with a plain one.  Must never carry over what came in plaintext (RFC 3207
 * section 4.2), nor write a byte of plaintext once tlsd was told to go.
 */
#include <sys/socket.h>

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/fault.h"
#include "smtpd/command.h"
#include "smtpd/secure.h"

#define DRAINS 16 /* buffers that are thrown away; TLS breaks on more */

bool
secure_first(const struct session *s)
{
	return s->cfg.tls == TLS_REQUIRED && !s->client.tls && !s->client.local;
}

enum reply
secure_refusal(const struct session *s)
{
	if (s->client.starttls)
		return REPLY_TLS_FIRST;
	return s->cfg.certificates ? REPLY_TLS_LATER : REPLY_TLS_MISSING;
}

const char *
secure_way(const struct session *s)
{
	if (s->client.starttls)
		return "say STARTTLS on it, or use port 465";
	return s->cfg.certificates ? "use port 465" : "there is none here";
}

struct tls_line
secure_line(const struct session *s)
{
	return (struct tls_line){ "smtp", s->profile, s->peer.ip };
}

/* Names go into the message: nothing in them may end a line or a word. */
static void
clean(char *s)
{
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr("._-", *s) == NULL)
			*s = '?';
}

/* The session begins anew; what is counted goes on. */
static void
enter(struct session *s, int plain)
{
	const struct tls_line line = secure_line(s);

	(void)close(s->io.in); /* tlsd has it */
	lineio_init(&s->io, plain, plain);
	fault_client(plain);
	clean(s->tls_facts.version);
	clean(s->tls_facts.cipher);
	s->client.tls = true;
	s->client.starttls = false;
	s->client.authenticated = false;
	s->login[0] = s->helo[0] = '\0';
	s->esmtp = false;
	s->state = ST_GREETED;
	session_reset(s);
	tls_line_log(&line, &s->tls_facts);
}

static void
note_failure(struct session *s, const char *reason)
{
	const struct tls_line line = secure_line(s);

	tls_line_log_failed(&line, reason);
	s->client.starttls = false;
	s->client.tls_failed = true;
}

/* The end of the connection, also for a tlsd that is stopped and has it. */
static enum next
leave(struct session *s, const char *reason)
{
	note_failure(s, reason);
	s->how = "tls-failed";
	(void)shutdown(s->io.in, SHUT_RDWR); /* or the client has done it */
	return NEXT_DEAD;
}

enum next
secure_now(struct session *s)
{
	const struct tls_line line = secure_line(s);
	char reason[TEXT_MAX + 1] = "not a socket";
	struct msg_tls_start m;
	int plain = -1;

	tls_line_start(&line, &m);
	if (s->io.in == s->io.out)
		plain = tls_client_now(
		    &s->tls, &m, s->io.in, &s->tls_facts, reason);
	if (plain == -1)
		return leave(s, reason);
	enter(s, plain);
	return NEXT_GO;
}

/* What was sent behind STARTTLS, and not in TLS, was never said. */
static void
drop_plaintext(struct session *s)
{
	struct lineio *io = &s->io;

	lineio_discard(io);
	for (int i = 0; i < DRAINS; i++)
		if (recv(io->in, io->inbuf, sizeof(io->inbuf), MSG_DONTWAIT) <=
		    0)
			return; /* nothing more, or found out when writing */
}

static enum reply
not_offered(const struct session *s)
{
	if (s->client.tls)
		return REPLY_TLS_TWICE;
	if (s->tls.penalty)
		return REPLY_TLS_PENALTY;
	if (s->client.tls_failed)
		return secure_first(s) ? REPLY_TLS_DOWN : REPLY_TLS_WITHOUT;
	if (secure_first(s) && !s->cfg.certificates)
		return REPLY_TLS_NO_CERT;
	return REPLY_TLS_NONE;
}

static enum next
handshake(struct session *s)
{
	char reason[TEXT_MAX + 1];
	int plain;

	drop_plaintext(s);
	if (session_reply(s, REPLY_TLS_GO) == NEXT_DEAD ||
	    session_flush(s) == NEXT_DEAD)
		return NEXT_DEAD;
	fault_client(-1);
	plain = tls_client_go(&s->tls, &s->tls_facts, reason);
	if (plain == -1)
		return leave(s, reason);
	enter(s, plain);
	return NEXT_GO;
}

enum next
cmd_starttls(struct session *s, char *arg)
{
	const struct tls_line line = secure_line(s);
	char reason[TEXT_MAX + 1];
	struct msg_tls_start m;

	(void)arg; /* there is none */
	if (s->cfg.tls == TLS_NO || s->client.local)
		return session_reply_arg(s, REPLY_NOT_HERE, "STARTTLS");
	if (!s->client.starttls)
		return session_reply(s, not_offered(s));
	/* Replies to what was said before do not wait for tlsd. */
	if (session_flush(s) == NEXT_DEAD)
		return NEXT_DEAD;
	tls_line_start(&line, &m);
	if (tls_client_offer(&s->tls, &m, s->io.in, reason))
		return handshake(s);
	note_failure(s, reason);
	return session_reply(s, not_offered(s));
}
