/*
 * cmd_data: DATA and what comes behind it.
 *
 * Part of smtpd(8), as postrider-net; talks to queued (msg_intake.h) and
 * writes into the one file it is given.  250 is said only after queued has
 * said "queued": then the message survives everything.
 */
#include <sys/resource.h>

#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/log.h"
#include "smtpd/command.h"

#define RATE_GRACE 30 /* seconds before min-rate counts */

/* Bytes of a spool file beside the content: trace, envelope and trailer. */
#define FILE_SLACK (1 << 20)
#define FILE_SLACK_RCPT 1024

/*
 * No file may outgrow message and envelope, whatever this process does.  Only
 * while a message is written: the log is a file, too, and may be bigger.
 */
static void
bound_files(const struct session *s, bool on)
{
	static struct rlimit r; /* the hard limit stays what it was */

	if (r.rlim_max == 0 && getrlimit(RLIMIT_FSIZE, &r) == -1)
		return; /* cannot be, with these arguments */
	r.rlim_cur = r.rlim_max;
	if (on)
		r.rlim_cur = (rlim_t)(s->cfg.message_size + FILE_SLACK +
		    s->env.count * FILE_SLACK_RCPT);
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_FSIZE, &r); /* below the hard limit */
}

/* Asks queued for a file; OUT_OK makes s->id the message's. */
static enum outcome
open_message(struct session *s, struct diag *d)
{
	struct msg_intake_open open = { .uid = s->uid };
	struct trace t = {
		.hostname = s->cfg.hostname,
		.helo = s->helo,
		.client = s->peer.ip,
		.rcpt = envelope_only(&s->env),
		.tls_version = s->tls_facts.version,
		.tls_cipher = s->tls_facts.cipher,
		.esmtp = s->esmtp,
		.authenticated = s->client.authenticated,
		.tls = s->client.tls,
		.local = s->client.local,
		.uid = s->uid,
		.now = time(NULL),
	};

	strlcpy(open.client, s->peer.ip, sizeof(open.client));
	strlcpy(open.login, s->login, sizeof(open.login));
	if (envelope_send(&s->env, &s->intake, &open, d) != OUT_OK)
		return d->outcome;
	t.id = s->id = s->intake.id;
	incoming_begin(&s->incoming, &s->intake, &s->cfg, &t);
	return OUT_OK;
}

/* How long the client may take to send more, having sent so many bytes. */
struct pace {
	deadline_t start;
	int64_t bytes;
};

static deadline_t
slowest(const struct session *s, const struct pace *p)
{
	if (s->cfg.min_rate == 0)
		return DEADLINE_NEVER;
	return p->start + RATE_GRACE * 1000 + p->bytes / s->cfg.min_rate * 1000;
}

static deadline_t
patience(const struct session *s, const struct pace *p)
{
	deadline_t a = session_deadline(s, s->cfg.data_timeout);
	deadline_t b = slowest(s, p);

	return a < b ? a : b;
}

static enum next
too_slow(struct session *s, const struct pace *p)
{
	if (deadline_left(s->end) == 0)
		return session_leave(s, REPLY_TOO_LONG_OPEN, "session-timeout");
	if (deadline_left(slowest(s, p)) == 0)
		return session_leave(s, REPLY_SLOW, "min-rate");
	return session_leave(s, REPLY_DATA_IDLE, "data-timeout");
}

/* Takes the message in up to its end. */
static enum next
receive(struct session *s)
{
	struct pace pace = { deadline_in(0), 0 };
	const char *p;
	enum line l;
	size_t n;

	while (!s->incoming.body.ended) {
		if (deadline_left(s->end) == 0)
			return too_slow(s, &pace);
		l = lineio_peek(&s->io, &p, &n, patience(s, &pace));
		if (l == LINE_TIMEOUT)
			return too_slow(s, &pace);
		if (l != LINE_OK)
			return session_bad_line(s, l);
		n = incoming_feed(&s->incoming, p, n);
		lineio_consume(&s->io, n);
		pace.bytes += (int64_t)n;
	}
	return NEXT_GO;
}

static enum next
accepted(struct session *s)
{
	log_event(s->id, "accepted",
	    "client=%s helo=%s user=%s from=%s rcpts=%lld size=%llu",
	    s->peer.ip, s->helo, session_user(s), s->env.sender,
	    (long long)s->env.count,
	    (unsigned long long)s->incoming.body.octets);
	s->accepted++;
	s->errors = s->junk = 0;
	return session_reply_arg(s, REPLY_ACCEPTED, s->id);
}

/* The message, from 354 to its place in the queue; d says what became of it. */
static enum next
take_message(struct session *s, struct diag *d)
{
	enum next next;

	if ((next = session_reply(s, REPLY_GO_AHEAD)) == NEXT_GO &&
	    (next = session_flush(s)) == NEXT_GO)
		next = receive(s);
	if (next == NEXT_GO)
		(void)incoming_end(&s->incoming, d); /* d says it all */
	else
		incoming_drop(&s->incoming);
	return next;
}

enum next
cmd_data(struct session *s, char *arg)
{
	struct diag d = DIAG_INIT;
	enum next next = NEXT_GO;

	(void)arg; /* there is none */
	if (open_message(s, &d) == OUT_OK) {
		bound_files(s, true);
		next = take_message(s, &d);
		bound_files(s, false);
	}
	/* Accepted or not, the next message starts with MAIL. */
	s->state = ST_HELLO;
	s->queue_told = s->intake.chan.fd == -1;
	if (next != NEXT_GO)
		return next;
	return d.outcome == OUT_OK ? accepted(s) : session_reply_diag(s, &d);
}
