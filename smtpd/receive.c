/*
 * receive: the message's way from the client.
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
#include "smtpd/receive.h"

#define RATE_GRACE 30 /* seconds before min-rate counts */

/* Bytes of a spool file beside the content: trace, envelope and trailer. */
#define FILE_SLACK (1 << 20)
#define FILE_SLACK_RCPT 1024

void
receive_bound(const struct session *s, bool on)
{
	static struct rlimit r; /* the hard limit stays what it was */

	if (r.rlim_max == 0 && getrlimit(RLIMIT_FSIZE, &r) == -1)
		return; /* cannot be, with these arguments */
	r.rlim_cur = r.rlim_max;
	if (on)
		r.rlim_cur = (rlim_t)(s->cfg.message_size + FILE_SLACK +
		    (s->env.count + 1) * FILE_SLACK_RCPT);
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_FSIZE, &r); /* below the hard limit */
}

/* Strangers' headers are theirs. */
static void
prepare_header(struct session *s)
{
	if (s->cfg.rewrite_headers && policy_relay(&s->client))
		incoming_rewrite(&s->incoming, &s->tables,
		    s->client.local ? s->cfg.mail_name : NULL);
}

enum outcome
receive_open(struct session *s, enum incoming_form form, struct diag *d)
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
		.utf8 = (s->env.mail.flags & INTAKE_UTF8) != 0,
		.authenticated = s->client.authenticated,
		.tls = s->client.tls,
		.local = s->client.local,
		.uid = s->uid,
		.now = time(NULL),
	};

	if (policy_relay(&s->client))
		open.flags = INTAKE_OWN;
	strlcpy(open.client, s->peer.ip, sizeof(open.client));
	strlcpy(open.login, s->login, sizeof(open.login));
	if (envelope_send(&s->env, &s->intake, &open, s->cfg.always_bcc, d) !=
	    OUT_OK)
		return d->outcome;
	t.id = s->id = s->intake.id;
	incoming_begin(&s->incoming, &s->intake, &s->cfg, &t, form);
	/* Our own clients' senders are theirs, and they get a report. */
	if (!policy_relay(&s->client))
		incoming_for(&s->incoming, &s->tables, &s->env);
	prepare_header(s);
	return OUT_OK;
}

void
receive_start(struct session *s)
{
	s->pace.start = deadline_in(0);
	s->pace.bytes = 0;
}

static deadline_t
slowest(const struct session *s)
{
	if (s->cfg.min_rate == 0)
		return DEADLINE_NEVER;
	return s->pace.start + RATE_GRACE * 1000 +
	    s->pace.bytes / s->cfg.min_rate * 1000;
}

static deadline_t
patience(const struct session *s)
{
	deadline_t a = session_deadline(s, s->cfg.data_timeout);
	deadline_t b = slowest(s);

	return a < b ? a : b;
}

static enum next
too_slow(struct session *s)
{
	if (deadline_left(s->end) == 0)
		return session_leave(s, REPLY_TOO_LONG_OPEN, "session-timeout");
	if (deadline_left(slowest(s)) == 0)
		return session_leave(s, REPLY_SLOW, "min-rate");
	return session_leave(s, REPLY_DATA_IDLE, "data-timeout");
}

enum next
receive_block(struct session *s, const char **p, size_t *n)
{
	enum line l;

	if (deadline_left(s->end) == 0)
		return too_slow(s);
	l = lineio_peek(&s->io, p, n, patience(s));
	if (l == LINE_TIMEOUT)
		return too_slow(s);
	return l == LINE_OK ? NEXT_GO : session_bad_line(s, l);
}

void
receive_taken(struct session *s, size_t n)
{
	lineio_consume(&s->io, n);
	s->pace.bytes += (int64_t)n;
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

enum next
receive_reply(struct session *s, const struct diag *d)
{
	s->state = ST_HELLO;
	s->queue_told = s->intake.chan.fd == -1;
	return d->outcome == OUT_OK ? accepted(s) : session_reply_diag(s, d);
}
