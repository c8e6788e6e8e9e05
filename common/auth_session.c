/*
 * auth_session: authd's side of one auth channel.  In authd, as
 * postrider-auth; talks to smtpd and pop3d, whose bytes are half a stranger's,
 * and must never tell one that a login is good when it is not; and to remote
 * (auth_relay.h).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/auth_relay.h"
#include "common/auth_session.h"
#include "common/handover.h"
#include "common/log.h"
#include "common/mechs.h"
#include "common/options.h"
#include "common/resolve.h"
#include "common/unix_lookup.h"
#include "common/witness.h"

struct session {
	struct peer *peer;
	struct login_origin origin;
	char profile[PROFILE_MAX + 1];
	char offered[OFFERED_MAX + 1];
	int socket; /* the client's, while we have the word; else -1 */
	/* What is under way; at most one of these. */
	struct sasl *sasl;
	struct login_check *check;
	struct job *lookup;
	struct handover *handover;
	struct auth_relay *relay;
	/* Who is in as soon as the client has answered the last challenge. */
	char passed[LOGIN_MAX + 1];
};

static struct auth_session_common common;

void
auth_session_init(const struct auth_session_common *c)
{
	common = *c;
}

/* Before an answer that leaves it to the peer. */
static void
let_go(struct session *s)
{
	if (s->socket != -1)
		(void)close(s->socket); /* the peer has its own */
	s->socket = -1;
}

static void
fail(struct session *s, const char *dsn, const char *text)
{
	struct msg_auth_failure m;

	let_go(s);
	memset(&m, 0, sizeof(m));
	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	strlcpy(m.text, text, sizeof(m.text));
	/* A peer that is gone or too slow is closed by peer_send(). */
	(void)peer_send(s->peer, AUTH_T_FAILURE, &m, -1);
}

static void
breach(struct session *s, const char *what)
{
	log_error("-", "channel=auth uid=%u found=%s",
	    (unsigned int)s->peer->uid, what);
	peer_close(s->peer);
}

static void
end_sasl(struct session *s)
{
	sasl_free(s->sasl);
	s->sasl = NULL;
	s->passed[0] = '\0';
}

static const struct answer {
	const char *dsn, *text;
} answers[] = {
	[LOGIN_WRONG] = { "5.7.8", "wrong user name or password" },
	[LOGIN_OFTEN] = { "4.7.0",
	    "too many wrong passwords from your address, try later" },
	[LOGIN_LATER] = { "4.7.0", "logins are not possible now, try later" },
};

static void
handed(void *arg, const char *dsn, const char *text)
{
	struct msg_auth_handed m = { 0 };
	struct session *s = arg;

	s->handover = NULL;
	if (dsn != NULL)
		fail(s, dsn, text);
	else
		(void)peer_send(s->peer, AUTH_T_HANDED, &m, -1); /* as above */
}

static void
hand_over(struct session *s, const char *account)
{
	struct handover_client c = { account, s->origin.client, s->profile,
		s->offered };
	int fd = s->socket;

	s->socket = -1;
	s->handover = handover_start(&c, fd, handed, s);
}

static void
pass(struct session *s, const char *account)
{
	struct msg_auth_success m;

	if (s->socket != -1) {
		hand_over(s, account);
		return;
	}
	memset(&m, 0, sizeof(m));
	strlcpy(m.login, account, sizeof(m.login));
	(void)peer_send(s->peer, AUTH_T_SUCCESS, &m, -1); /* as in fail() */
}

static void
checked(void *arg, enum login_result result, const char *account)
{
	struct session *s = arg;
	struct msg_auth_challenge m;

	s->check = NULL;
	if (result != LOGIN_OK) {
		end_sasl(s);
		fail(s, answers[result].dsn, answers[result].text);
	} else if (s->sasl != NULL &&
	    sasl_final(s->sasl, m.token, &m.token_len)) {
		strlcpy(s->passed, account, sizeof(s->passed));
		let_go(s);
		(void)peer_send(s->peer, AUTH_T_CHALLENGE, &m, -1);
	} else
		pass(s, account);
}

/* The client has heard that we know its secret, too. */
static void
finish(struct session *s, bool empty)
{
	char account[LOGIN_MAX + 1];

	strlcpy(account, s->passed, sizeof(account));
	end_sasl(s);
	if (empty)
		pass(s, account);
	else
		fail(s, "5.7.8", "wanted an empty response");
}

static void
verify(struct session *s)
{
	struct sasl_credentials c;

	sasl_get(s->sasl, &c);
	s->check =
	    login_check_start(common.checker, &s->origin, &c, checked, s);
	if (s->check != NULL && c.final)
		return;
	end_sasl(s);
	if (s->check == NULL)
		fail(s, "4.7.0", "no memory to log in, try later");
}

static void
step(struct session *s, const uint8_t *in, size_t n)
{
	struct msg_auth_challenge m;

	m.token_len = 0;
	switch (sasl_step(s->sasl, in, n, m.token, &m.token_len)) {
	case SASL_CHALLENGE:
		let_go(s);
		(void)peer_send(s->peer, AUTH_T_CHALLENGE, &m, -1);
		break;
	case SASL_CREDENTIALS:
		verify(s);
		break;
	case SASL_REFUSED:
		end_sasl(s);
		log_event("-", "login-failed",
		    "service=%s client=%s mech=%s reason=malformed",
		    s->origin.service, s->origin.client, s->origin.mech);
		fail(s, "5.7.8", "not what the mechanism wants");
		break;
	case SASL_LATER:
		end_sasl(s);
		log_event("-", "login-failed",
		    "service=%s client=%s mech=%s reason=tables-damaged",
		    s->origin.service, s->origin.client, s->origin.mech);
		fail(s, answers[LOGIN_LATER].dsn, answers[LOGIN_LATER].text);
		break;
	}
}

/* A token that may be the last one; false when it is none of ours. */
static bool
take_socket(struct session *s, int fd)
{
	s->socket = fd;
	if (fd == -1 || strcmp(s->origin.service, "pop3") == 0)
		return true;
	breach(s, "descriptor-without-pop3");
	return false;
}

/* Asked by a mechanism that must know before the client has proved. */
static bool
find_account(void *arg, const char *login, struct sasl_account *a)
{
	struct login_checker *c = arg;
	struct tables *t = tables_fresh_get(&c->tables);
	struct tables *verifiers = tables_fresh_get(&c->verifiers);

	if (t == NULL || verifiers == NULL)
		return false;
	login_account(t, login, &a->who);
	credential_clear(&a->words);
	if (a->who.kind == RESOLVE_BROKEN)
		return false;
	return a->who.kind != RESOLVE_VIRTUAL ||
	    login_words(verifiers, a->who.account, &a->words) != TABLES_BROKEN;
}

/*
 * What tlsd says of the client; without its witness nothing was said.  False
 * when the tables cannot tell whose certificate it is.
 */
static bool
learn(const struct msg_auth_start *m, struct sasl_client *c)
{
	const struct witness_of of = { .certificate = m->certificate,
		.exporter = m->exporter,
		.certificate_len = m->certificate_len,
		.exporter_len = m->exporter_len,
		.email = m->email };
	struct login_certificate certificate;
	struct tables *verifiers;

	memset(c, 0, sizeof(*c));
	c->find = find_account;
	c->arg = common.checker;
	c->decoy = common.decoy;
	if (m->witness_len == 0)
		return true;
	if (!witness_good(common.witness, &witness_client, &of, m->witness,
		m->witness_len)) {
		log_error(
		    "-", "channel=auth found=bad-witness client=%s", m->client);
		return true;
	}
	/* Who was not offered what is bound may say so, though it could be. */
	c->has_exporter = m->exporter_len == TLS_DIGEST &&
	    mechs_has(m->offered, "SCRAM-SHA-256-PLUS");
	memcpy(c->exporter, m->exporter, m->exporter_len);
	if (m->certificate_len != TLS_DIGEST)
		return true;
	memcpy(certificate.digest, m->certificate, TLS_DIGEST);
	strlcpy(certificate.email, m->email, sizeof(certificate.email));
	verifiers = tables_fresh_get(&common.checker->verifiers);
	return verifiers != NULL &&
	    login_by_certificate(verifiers, &certificate, c->certificate) ==
	    TABLES_FOUND;
}

/* Whether the mechanism can succeed for somebody on such a line. */
static bool
usable(const struct msg_auth_start *m, const struct sasl_client *c,
    struct tables *t)
{
	if (!sasl_offers(m->mech) || !mechs_possible(t, m->mech))
		return false;
	if (strcasecmp(m->mech, "APOP") == 0)
		return strcmp(m->service, "pop3") == 0;
	if (strcasecmp(m->mech, "EXTERNAL") == 0)
		return c->certificate[0] != '\0';
	return strcasecmp(m->mech, "SCRAM-SHA-256-PLUS") != 0 ||
	    c->has_exporter;
}

static void
begin(struct session *s, const struct msg_auth_start *m)
{
	struct tables *t = tables_fresh_get(&common.checker->tables);
	struct sasl_client client;

	if (t == NULL || !learn(m, &client))
		fail(s, answers[LOGIN_LATER].dsn, answers[LOGIN_LATER].text);
	else if (!usable(m, &client, t))
		fail(s, "5.5.4", "mechanism not supported");
	else if ((s->sasl = sasl_new(common.gsasl, m->mech, &client)) == NULL)
		fail(s, "4.7.0", "no memory to log in, try later");
	else
		step(s, (m->flags & AUTH_INITIAL) != 0 ? m->token : NULL,
		    m->token_len);
}

static void
on_start(struct session *s, const union msg_auth *m, int fd)
{
	strlcpy(s->origin.service, m->start.service, sizeof(s->origin.service));
	strlcpy(s->origin.mech, m->start.mech, sizeof(s->origin.mech));
	strlcpy(s->origin.client, m->start.client, sizeof(s->origin.client));
	strlcpy(s->profile, m->start.profile, sizeof(s->profile));
	strlcpy(s->offered, m->start.offered, sizeof(s->offered));
	if (take_socket(s, fd))
		begin(s, &m->start);
}

static void
on_response(struct session *s, const union msg_auth *m, int fd)
{
	if (!take_socket(s, fd))
		return;
	if (s->passed[0] != '\0')
		finish(s, m->response.token_len == 0);
	else
		step(s, m->response.token, m->response.token_len);
}

static void
on_cancel(struct session *s, const union msg_auth *m, int fd)
{
	(void)m;
	(void)fd;
	end_sasl(s);
}

static void
exists(struct session *s, uint32_t kind)
{
	struct msg_auth_exists m = { kind };

	(void)peer_send(s->peer, AUTH_T_EXISTS, &m, -1); /* as in fail() */
}

static void
looked_up(void *arg, const void *rep)
{
	const struct unix_reply *reply = rep;
	struct session *s = arg;

	s->lookup = NULL;
	if (reply == NULL || reply->result == UNIX_LATER)
		exists(s, ACCOUNT_LATER);
	else
		exists(s,
		    reply->result == UNIX_FOUND ? ACCOUNT_YES : ACCOUNT_NONE);
}

static void
on_account(struct session *s, const union msg_auth *m, int fd)
{
	struct tables *t = tables_fresh_get(&common.checker->tables);
	struct unix_request request = { .verifier = false };
	const struct option_bind binds[] = {
		{ "min-uid", &request.min_uid },
		{ "user-mode", &request.user_mode },
	};
	char e[TABLES_ERR];

	(void)fd;
	if (!resolve_unix_name_valid(m->account.name)) {
		exists(s, ACCOUNT_NONE);
		return;
	}
	strlcpy(request.name, m->account.name, sizeof(request.name));
	if (t != NULL && options_load(t, NULL, binds, 2, e))
		s->lookup = workers_submit(
		    common.checker->lookups, &request, looked_up, s);
	if (s->lookup == NULL)
		exists(s, ACCOUNT_LATER);
}

typedef void handler(struct session *, const union msg_auth *, int fd);

static handler *const handlers[AUTH_T_COUNT] = {
	[AUTH_T_START] = on_start,
	[AUTH_T_RESPONSE] = on_response,
	[AUTH_T_CANCEL] = on_cancel,
	[AUTH_T_ACCOUNT] = on_account,
};

static bool
takes_socket(unsigned int type)
{
	return type == AUTH_T_START || type == AUTH_T_RESPONSE;
}

/*
 * What serves clients and was taken over must not get at the passwords of other
 * hosts, nor what talks to these at logins.
 */
static bool
may_send(const struct peer *p, unsigned int type)
{
	return p->uid == (auth_relay_type(type) ? common.out : common.net);
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct session *s = p->data;

	if (s != NULL && !may_send(p, type)) {
		breach(s, "not-allowed");
		s = NULL;
	}

	/* Whoever came with a socket is not logged in without it. */
	if (s != NULL && p->lost_fd && takes_socket(type)) {
		end_sasl(s);
		fail(s, "4.3.2", "too many at once, try again later");
		return;
	}
	if (s != NULL && auth_relay_type(type) && fd == -1) {
		auth_relay_message(&common, p, &s->relay, type, msg);
		return;
	}
	if (s != NULL && handlers[type] != NULL &&
	    (fd == -1 || takes_socket(type))) {
		handlers[type](s, msg, fd);
		return;
	}
	peer_close(p);
	if (fd != -1)
		(void)close(fd); /* nobody wants it */
}

static void
on_closed(struct peer *p)
{
	struct session *s = p->data;

	if (s == NULL)
		return;
	end_sasl(s);
	auth_relay_free(s->relay);
	let_go(s);
	if (s->check != NULL)
		login_check_cancel(s->check);
	if (s->lookup != NULL)
		workers_cancel(s->lookup);
	if (s->handover != NULL)
		handover_cancel(s->handover);
	free(s);
}

void
auth_session_opened(struct peer *p)
{
	struct session *s = calloc(1, sizeof(*s));

	p->data = s;
	if (s == NULL) {
		peer_close(p);
		return;
	}
	s->peer = p;
	s->socket = -1;
}

const struct peer_ops auth_session_ops = { on_message, on_closed };
