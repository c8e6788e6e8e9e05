/*
 * cmd_auth: AUTH (RFC 4954).
 *
 * Part of smtpd(8), as postrider-net; carries tokens between the client and
 * authd (msg_auth.h), which alone knows what they mean.  Whatever held one is
 * wiped before the next command.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "smtpd/command.h"

#define ROUNDS 8     /* challenges that make sense */
#define AUTH_WAIT 60 /* seconds that authd has besides its delays */

/* Everything that came from the client lately. */
static void
wipe_input(struct session *s)
{
	explicit_bzero(s->line, sizeof(s->line));
	explicit_bzero(s->io.inbuf, s->io.pos);
}

static deadline_t
auth_deadline(const struct session *s)
{
	return deadline_in(AUTH_WAIT + s->cfg.auth_delay);
}

static enum next
lost(struct session *s, enum chan_result r)
{
	log_error("-", "channel=auth found=%s", chan_result_text(r));
	chan_close(&s->auth);
	return session_reply(s, REPLY_AUTH_DOWN);
}

static enum next
passed(struct session *s, const struct msg_auth_success *m, const char *mech)
{
	strlcpy(s->login, m->login, sizeof(s->login));
	s->client.authenticated = true;
	log_event("-", "login", "client=%s login=%s mech=%s", s->peer.ip,
	    s->login, mech);
	return session_reply(s, REPLY_LOGGED_IN);
}

static enum next
failed(struct session *s, const struct msg_auth_failure *m, const char *mech)
{
	struct diag d = DIAG_INIT;

	if (dsn_valid(m->dsn) && m->dsn[0] != '2')
		(void)diag_set(&d, m->dsn, "%s", m->text); /* goes out next */
	else
		reply_to_diag(REPLY_AUTH_WRONG, NULL, &d);
	log_event("-", "login-failed", "client=%s mech=%s reason=%s",
	    s->peer.ip, mech, d.dsn);
	return session_reply_diag(s, &d);
}

/* The client breaks off, or sends what cannot be passed on. */
static enum next
cancel(struct session *s, enum reply why)
{
	struct msg_auth_cancel m = { 0 };
	enum chan_result r;

	r = chan_send(&s->auth, AUTH_T_CANCEL, &m, -1, auth_deadline(s));
	if (r != CHAN_OK)
		return lost(s, r);
	return session_reply(s, why);
}

static enum chan_result
answer(struct session *s, struct msg_auth_response *m)
{
	enum chan_result r;

	r = chan_send(&s->auth, AUTH_T_RESPONSE, m, -1, auth_deadline(s));
	explicit_bzero(m, sizeof(*m));
	return r;
}

/*
 * Passes a challenge to the client and its answer to authd.  *more says that
 * authd has the word again; else what comes back is the end.
 */
static enum next
challenge(struct session *s, const struct msg_auth_challenge *m, bool *more)
{
	struct msg_auth_response back;
	char text[SASL_CHALLENGE_MAX];
	enum chan_result r;
	enum next next;
	enum line l;

	*more = false;
	(void)sasl_challenge(m, text); /* the length is not needed */
	if ((next = session_say(s, 334, text)) != NEXT_GO ||
	    (next = session_flush(s)) != NEXT_GO)
		return next;
	l = session_read(s, s->cfg.command_timeout);
	s->code = 0;
	if (l == LINE_LONG)
		return cancel(s, REPLY_LINE_LONG);
	if (l != LINE_OK)
		return session_bad_line(s, l);
	switch (sasl_response(s->line, &back)) {
	case SASL_OK:
		break;
	case SASL_CANCEL:
		return cancel(s, REPLY_AUTH_CANCEL);
	default:
		return cancel(s, REPLY_AUTH_BASE64);
	}
	if ((r = answer(s, &back)) != CHAN_OK)
		return lost(s, r);
	*more = true;
	return NEXT_GO;
}

/* From start to the end, whatever it is. */
static enum next
exchange(struct session *s, const char *mech)
{
	enum next next = NEXT_GO;
	enum chan_result r;
	unsigned int type;
	union msg_auth m;
	bool more = true;

	for (int i = 0; i < ROUNDS && more; i++) {
		r = chan_recv(&s->auth, &type, &m, NULL, auth_deadline(s));
		if (r != CHAN_OK)
			return lost(s, r);
		if (type == AUTH_T_SUCCESS)
			return passed(s, &m.success, mech);
		if (type == AUTH_T_FAILURE)
			return failed(s, &m.failure, mech);
		if (type != AUTH_T_CHALLENGE)
			return lost(s, CHAN_BREACH);
		next = challenge(s, &m.challenge, &more);
	}
	return more ? lost(s, CHAN_BREACH) : next;
}

static enum next
begin(struct session *s, struct msg_auth_start *m)
{
	enum chan_result r;

	strlcpy(m->service, "smtp", sizeof(m->service));
	strlcpy(m->client, s->peer.ip, sizeof(m->client));
	r = chan_send(&s->auth, AUTH_T_START, m, -1, auth_deadline(s));
	explicit_bzero(m->token, sizeof(m->token));
	return r == CHAN_OK ? exchange(s, m->mech) : lost(s, r);
}

enum next
cmd_auth(struct session *s, char *arg)
{
	struct msg_auth_start m = { 0 };
	enum next next;
	enum reply r;

	if ((r = policy_auth(&s->cfg, &s->client)) != REPLY_OK)
		next = session_reply(s, r);
	else if (s->auth.fd == -1)
		next = session_reply(s, REPLY_AUTH_DOWN);
	else
		switch (sasl_start(arg, &m)) {
		case SASL_OK:
			next = begin(s, &m);
			break;
		case SASL_UNKNOWN:
			next = session_reply(s, REPLY_MECHANISM);
			break;
		case SASL_BASE64:
			next = session_reply(s, REPLY_AUTH_BASE64);
			break;
		default:
			next = session_reply(s, REPLY_AUTH_SYNTAX);
			break;
		}
	explicit_bzero(&m, sizeof(m));
	wipe_input(s);
	return next;
}
