/*
 * auth_relay: authd's side of logins at other hosts.  In authd, as
 * postrider-auth; has the passwords that other hosts want of this one.  Talks to
 * remote, which repeats the words of strangers and may have been taken over: a
 * next hop's password goes only into exchanges for that next hop, as queued says
 * (hop_token.h), and only as the line allows, as tlsd says (witness.h).
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/auth_relay.h"
#include "common/base64.h"
#include "common/deadline.h"
#include "common/hasher.h"
#include "common/hop_token.h"
#include "common/log.h"
#include "common/net.h"
#include "common/sasl_client.h"
#include "common/witness.h"

#define PATIENCE 660     /* s: another host may need 600 for an answer */
#define UNBOUND 64       /* next hops that are remembered */
#define UNBOUND_FOR 3600 /* s */

struct auth_relay {
	const struct auth_session_common *common;
	struct peer *peer;
	struct sasl_out *sasl; /* NULL: refused, and over */
	struct job *job;       /* hashing; or NULL */
	struct event *timer;   /* for a peer that says no more */
	char hop[HOP_MAX + 1];
};

/* What "name password" of the tables stands for. */
struct words {
	char name[LOGIN_MAX + 1], password[PASSWORD_MAX + 1];
};

/*
 * Hosts that say they can bind to TLS and then refuse, as those do that know
 * other ways to than RFC 9266: they are asked without for a while.
 */
static struct unbound {
	char hop[HOP_MAX + 1];
	deadline_t until; /* 0: free */
} unbound[UNBOUND];

static struct unbound *
find_unbound(const char *hop)
{
	for (size_t i = 0; i < UNBOUND; i++)
		if (unbound[i].until > deadline_now() &&
		    strcmp(unbound[i].hop, hop) == 0)
			return &unbound[i];
	return NULL;
}

static void
remember_unbound(const char *hop)
{
	struct unbound *u = &unbound[0];

	if (find_unbound(hop) != NULL)
		return;
	for (size_t i = 1; i < UNBOUND; i++)
		if (unbound[i].until < u->until)
			u = &unbound[i];
	strlcpy(u->hop, hop, sizeof(u->hop));
	u->until = deadline_in(UNBOUND_FOR);
}

/* What is wrong is for the administrator to mend: mail waits for it. */
static void
refuse(struct peer *p, const char *hop, const char *mech, const char *why)
{
	struct msg_auth_refused m;

	log_event("-", "relay-login-failed", "hop=%s mech=%s reason=%s", hop,
	    mech, why);
	memset(&m, 0, sizeof(m));
	strlcpy(m.dsn, "4.7.0", sizeof(m.dsn));
	strlcpy(m.text, why, sizeof(m.text));
	(void)peer_send(p, AUTH_T_REFUSED, &m, -1); /* or it is gone */
}

static bool
decode(const char *text, size_t n, char *out, size_t size)
{
	char word[BASE64_LEN(PASSWORD_MAX) + 1];
	size_t len = 0;
	bool good;

	if (n >= sizeof(word))
		return false;
	memcpy(word, text, n);
	word[n] = '\0';
	good = base64_decode(word, (uint8_t *)out, size - 1, &len) && len > 0 &&
	    memchr(out, '\0', len) == NULL;
	explicit_bzero(word, sizeof(word));
	out[len] = '\0';
	return good;
}

/* NULL, or why there are none. */
static const char *
find_words(struct login_checker *c, const char *hop, struct words *w)
{
	struct tables *t = tables_fresh_get(&c->verifiers);
	const char *value = NULL;
	size_t n;

	if (t == NULL)
		return "the tables with passwords are not to be had now";
	switch (tables_get(t, TABLES_RELAY, hop, &value)) {
	case TABLES_FOUND:
		break;
	case TABLES_NONE:
		return "there is no password for it here";
	case TABLES_BROKEN:
		return "the tables with passwords are damaged";
	}
	n = strcspn(value, " ");
	if (value[n] == ' ' && decode(value, n, w->name, sizeof(w->name)) &&
	    decode(value + n + 1, strlen(value + n + 1), w->password,
		sizeof(w->password)))
		return NULL;
	return "the tables with passwords are damaged";
}

static void
end(struct auth_relay *r)
{
	(void)evtimer_del(r->timer); /* of a timer that is there */
	sasl_client_free(r->sasl);
	r->sasl = NULL;
}

static void
give_up(struct auth_relay *r, const char *why)
{
	refuse(r->peer, r->hop, sasl_client_mech(r->sasl), why);
	end(r);
}

static void
reply(struct auth_relay *r, const char *mech, struct msg_auth_reply *m)
{
	strlcpy(m->mech, mech, sizeof(m->mech));
	m->last = sasl_client_said_all(r->sasl);
	(void)peer_send(r->peer, AUTH_T_REPLY, m, -1); /* or it is gone */
	explicit_bzero(m, sizeof(*m));
}

static void answer(struct auth_relay *, enum sasl_client_result,
    const char *mech, struct msg_auth_reply *);

static void
hashed(void *arg, const void *rep)
{
	const struct hash_reply *h = rep;
	struct auth_relay *r = arg;
	struct msg_auth_reply m;

	r->job = NULL;
	memset(&m, 0, sizeof(m));
	if (h == NULL)
		give_up(r, "the process that hashes has ended");
	else if (!h->match)
		give_up(r, "the password has no form for SCRAM (RFC 4013)");
	else
		answer(r,
		    sasl_client_salted(
			r->sasl, h->salted, m.token, &m.token_len),
		    "", &m);
}

/* In a worker, for how long it takes is the other host's choice. */
static void
hash(struct auth_relay *r)
{
	struct hash_request request;
	struct sasl_client_hash h;

	sasl_client_hash(r->sasl, &h);
	memset(&request, 0, sizeof(request));
	request.kind = HASH_SALTED;
	request.iterations = h.iterations;
	strlcpy(request.verifier, h.salt, sizeof(request.verifier));
	strlcpy(request.password, h.password, sizeof(request.password));
	r->job = workers_submit_apart(
	    r->common->checker->hashers, &request, hashed, r);
	explicit_bzero(&request, sizeof(request));
	if (r->job == NULL)
		give_up(r, "too many logins at once");
}

static void
answer(struct auth_relay *r, enum sasl_client_result result, const char *mech,
    struct msg_auth_reply *m)
{
	switch (result) {
	case SASL_CLIENT_REPLY:
		reply(r, mech, m);
		break;
	case SASL_CLIENT_HASH:
		hash(r);
		break;
	case SASL_CLIENT_REFUSED:
		give_up(r, sasl_client_why(r->sasl));
		break;
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct auth_relay *r = arg;

	(void)fd;
	(void)what;
	log_error(
	    "-", "channel=auth hop=%s wanted=verdict found=silence", r->hop);
	peer_close(r->peer);
}

static bool
wait_for_peer(struct auth_relay *r)
{
	static const struct timeval tv = { .tv_sec = PATIENCE };

	if (r->timer == NULL)
		r->timer = evtimer_new(r->common->checker->base, on_timer, r);
	return r->timer != NULL && evtimer_add(r->timer, &tv) == 0;
}

/*
 * The host of a domain is DNS's to name, and remote's to ask; in brackets it is
 * the administrator's.
 */
static bool
is_name_of(const char *name, const char *hop)
{
	const char *wanted;
	struct hop h;

	if (!hop_parse(hop, &h, &wanted))
		return false;
	if (h.kind == HOP_ADDRESS)
		return net_in_list(name, h.name);
	return h.kind == HOP_DOMAIN || strcmp(name, h.name) == 0;
}

static bool
is_testified(const struct mac_key *key, const struct msg_auth_relay *m)
{
	const struct witness_peer peer = {
		.is_server = true,
		.verify = m->verified != 0 ? TLS_VERIFY_NAME : TLS_VERIFY_NONE,
		.name = m->name,
	};
	const struct witness_of of = {
		.verified = m->verified != 0,
		.exporter = m->exporter,
		.exporter_len = m->exporter_len,
		.email = "",
	};

	return witness_good(key, &peer, &of, m->witness, m->witness_len);
}

/* What is known of the line, and what the policy allows on it. */
static uint32_t
line_of(const struct msg_auth_relay *m)
{
	uint32_t flags = 0;

	if (m->witness_len != 0)
		flags |= RELAY_TLS;
	if (flags != 0 && m->verified != 0 && is_name_of(m->name, m->hop))
		flags |= RELAY_VERIFIED;
	if (m->tls < HOP_TLS_ENCRYPT ||
	    (m->tls == HOP_TLS_ENCRYPT && flags != 0))
		flags |= RELAY_EXPOSED;
	return flags;
}

static struct auth_relay *
begin(const struct auth_session_common *common, struct peer *p,
    const struct msg_auth_relay *m, const struct words *w)
{
	struct sasl_client_start start = { .mechs = m->mechs,
		.flags = line_of(m),
		.exporter = m->exporter_len == TLS_DIGEST ? m->exporter : NULL,
		.unbound = find_unbound(m->hop) != NULL,
		.name = w->name,
		.password = w->password };
	const char *why = "no memory to log in";
	struct auth_relay *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->common = common;
		r->peer = p;
		strlcpy(r->hop, m->hop, sizeof(r->hop));
		r->sasl = sasl_client_new(common->gsasl, &start, &why);
		if (r->sasl != NULL && wait_for_peer(r))
			return r;
		auth_relay_free(r);
	}
	refuse(p, m->hop, "-", why);
	return NULL;
}

/* NULL, or why remote is not believed. */
static const char *
judge(const struct auth_session_common *common, const struct msg_auth_relay *m)
{
	const struct hop_leave l = { .hop = m->hop, .tls = m->tls };

	if (!hop_token_good(common->hops, &l, m->leave, m->leave_len)) {
		log_error("-", "channel=auth found=bad-leave hop=%s", m->hop);
		return "the queue has not said that it may log in there";
	}
	if (m->witness_len != 0 && !is_testified(common->witness, m)) {
		log_error("-", "channel=auth found=bad-witness hop=%s", m->hop);
		return "tlsd has not said that this is its line";
	}
	return NULL;
}

static struct auth_relay *
start(const struct auth_session_common *common, struct peer *p,
    const struct msg_auth_relay *m)
{
	struct auth_relay *r = NULL;
	struct msg_auth_reply first;
	struct words w;
	const char *why;

	memset(&first, 0, sizeof(first));
	if ((why = judge(common, m)) != NULL ||
	    (why = find_words(common->checker, m->hop, &w)) != NULL)
		refuse(p, m->hop, "-", why);
	else
		r = begin(common, p, m, &w);
	explicit_bzero(&w, sizeof(w));
	if (r != NULL)
		answer(r,
		    sasl_client_step(
			r->sasl, NULL, 0, first.token, &first.token_len),
		    sasl_client_mech(r->sasl), &first);
	return r;
}

static void
prompt(struct auth_relay *r, const struct msg_auth_prompt *m)
{
	struct msg_auth_reply next;

	memset(&next, 0, sizeof(next));
	if (wait_for_peer(r))
		answer(r,
		    sasl_client_step(r->sasl, m->token, m->token_len,
			next.token, &next.token_len),
		    "", &next);
	else
		give_up(r, "no memory to log in");
}

static void
verdict(struct auth_relay *r, const struct msg_auth_verdict *m)
{
	struct msg_auth_done done = { 0 };
	const char *mech = sasl_client_mech(r->sasl);

	if (m->good == 0) {
		if (strcmp(mech, "SCRAM-SHA-256-PLUS") == 0)
			remember_unbound(r->hop);
		refuse(r->peer, r->hop, mech, "it refuses the login");
	} else if (!sasl_client_proved(r->sasl, m->token, m->token_len))
		refuse(r->peer, r->hop, mech, sasl_client_why(r->sasl));
	else {
		log_event("-", "relay-login", "hop=%s mech=%s", r->hop, mech);
		(void)peer_send(r->peer, AUTH_T_DONE, &done, -1); /* as above */
	}
	end(r);
}

bool
auth_relay_type(unsigned int type)
{
	return type == AUTH_T_RELAY || type == AUTH_T_PROMPT ||
	    type == AUTH_T_VERDICT;
}

/* The channel's table lets a prompt or verdict through in an exchange only. */
void
auth_relay_message(const struct auth_session_common *common, struct peer *p,
    struct auth_relay **r, unsigned int type, const union msg_auth *m)
{
	if (type == AUTH_T_PROMPT)
		prompt(*r, &m->prompt);
	else if (type == AUTH_T_VERDICT)
		verdict(*r, &m->verdict);
	else {
		auth_relay_free(*r); /* one that ended by itself */
		*r = start(common, p, &m->relay);
	}
	if (*r == NULL || (*r)->sasl != NULL)
		return;
	auth_relay_free(*r);
	*r = NULL;
}

void
auth_relay_free(struct auth_relay *r)
{
	if (r == NULL)
		return;
	if (r->timer != NULL)
		event_free(r->timer);
	if (r->job != NULL)
		workers_cancel(r->job);
	sasl_client_free(r->sasl);
	free(r);
}
