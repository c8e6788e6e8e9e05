/*
 * cmd_auth: AUTH (RFC 4954).
 *
 * Part of smtpd(8), as postrider-net; carries tokens between the client and
 * authd (msg_auth.h), which alone knows what they mean.  Whatever held one is
 * wiped before the next command.
 */
#include <string.h>

#include <bsd/string.h>

#include "smtpd/command.h"
#include "smtpd/secure.h"

/* Everything that came from the client lately. */
static void
wipe_input(struct session *s)
{
	explicit_bzero(s->line, sizeof(s->line));
	explicit_bzero(s->io.inbuf, s->io.pos);
}

/* Why the client was not brought to an end by authd. */
struct dialogue {
	struct session *s;
	enum next next;   /* not NEXT_GO: the session's end */
	enum reply reply; /* else this was wrong */
};

/* A response is in s->line, or it is known what is wrong. */
static enum auth_turn
read_response(struct dialogue *d, struct msg_auth_response *back)
{
	struct session *s = d->s;
	enum line l = session_read(s, s->cfg.command_timeout);

	s->code = 0;
	if (l == LINE_LONG) {
		d->reply = REPLY_AUTH_LONG;
		return AUTH_TURN_CANCEL;
	}
	if (l != LINE_OK) {
		d->next = session_bad_line(s, l);
		return AUTH_TURN_GONE;
	}
	switch (sasl_response(s->line, back)) {
	case SASL_OK:
		return AUTH_TURN_ANSWER;
	case SASL_CANCEL:
		d->reply = REPLY_AUTH_CANCEL;
		return AUTH_TURN_CANCEL;
	default:
		d->reply = REPLY_AUTH_BASE64;
		return AUTH_TURN_CANCEL;
	}
}

static enum auth_turn
ask(void *arg, const struct msg_auth_challenge *m,
    struct msg_auth_response *back)
{
	char text[SASL_CHALLENGE_MAX];
	struct dialogue *d = arg;

	sasl_challenge("334 ", m, text);
	d->next = session_say(d->s, 334, text);
	if (d->next == NEXT_GO)
		d->next = session_flush(d->s);
	if (d->next != NEXT_GO)
		return AUTH_TURN_GONE;
	return read_response(d, back);
}

static enum next
passed(struct session *s, const struct msg_auth_success *m)
{
	strlcpy(s->login, m->login, sizeof(s->login));
	s->client.authenticated = true;
	return session_reply(s, REPLY_LOGGED_IN);
}

static enum next
failed(struct session *s, const struct msg_auth_failure *m)
{
	struct diag d = DIAG_INIT;

	if (dsn_valid(m->dsn) && m->dsn[0] != '2')
		(void)diag_set(&d, m->dsn, "%s", m->text); /* goes out next */
	else
		reply_to_diag(REPLY_AUTH_WRONG, NULL, &d);
	return session_reply_diag(s, &d);
}

static enum next
begin(struct session *s, const char *offered, struct msg_auth_start *m)
{
	const struct tls_line line = secure_line(s);
	struct dialogue d = { s, NEXT_GO, REPLY_OK };
	const struct auth_asker asker = { ask, &d };
	union msg_auth end;

	tls_line_login(&line, &s->tls_facts, offered, m);
	switch (auth_client_login(&s->auth, m, &asker, &end)) {
	case AUTH_END_YES:
		return passed(s, &end.success);
	case AUTH_END_NO:
		return failed(s, &end.failure);
	case AUTH_END_STOPPED:
		return d.next != NEXT_GO ? d.next : session_reply(s, d.reply);
	case AUTH_END_LOST:
		break;
	}
	return session_reply(s, REPLY_AUTH_DOWN);
}

void
cmd_auth_offered(struct session *s, char out[MECHS_MAX])
{
	const struct mechs_line line = { .secrets = true, /* as is asked next */
		.binding = s->cfg.binding,
		.exporter = s->tls_facts.exporter_len > 0,
		.certificate = s->tls_facts.certificate_len > 0 };

	out[0] = '\0';
	/* Where TLS must come first AUTH is refused, whoever the client is. */
	if (s->auth.chan.fd != -1 && !secure_first(s) &&
	    policy_auth(&s->cfg, &s->client) == REPLY_OK)
		mechs_offered(&s->tables, &line, out);
}

static enum next
no_such_mechanism(struct session *s, const char *offered)
{
	if (offered[0] == '\0')
		return session_reply(s, REPLY_NO_MECHANISM);
	return session_reply_arg(s, REPLY_MECHANISM, offered);
}

enum next
cmd_auth(struct session *s, char *arg)
{
	struct msg_auth_start m = { 0 };
	char offered[MECHS_MAX];
	enum next next;
	enum reply r;

	if ((r = policy_auth(&s->cfg, &s->client)) != REPLY_OK)
		next = session_reply(s, r);
	else if (s->auth.chan.fd == -1)
		next = session_reply(s, REPLY_AUTH_DOWN);
	else {
		cmd_auth_offered(s, offered);
		switch (sasl_start(arg, offered, &m)) {
		case SASL_OK:
			next = begin(s, offered, &m);
			break;
		case SASL_UNKNOWN:
			next = no_such_mechanism(s, offered);
			break;
		case SASL_BASE64:
			next = session_reply(s, REPLY_AUTH_BASE64);
			break;
		default:
			next = session_reply(s, REPLY_AUTH_SYNTAX);
			break;
		}
	}
	explicit_bzero(&m, sizeof(m));
	wipe_input(s);
	return next;
}
