/*
 * login_check: whether a name and a password belong together.  In authd, as
 * postrider-auth.  Unknown users, users who may not log in and wrong passwords
 * take the same way and the same time, and end in the same answer; only the
 * log knows which it was.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/deadline.h"
#include "common/hasher.h"
#include "common/log.h"
#include "common/login_check.h"
#include "common/net.h"
#include "common/options.h"
#include "common/resolve.h"
#include "common/unix_lookup.h"

struct login_check {
	struct login_checker *in;
	login_done *done;
	void *arg;
	struct login_origin origin;
	char key[IP_MAX + 1]; /* what the client is counted by */
	struct event *timer;
	void (*next)(struct login_check *); /* when the timer fires */
	struct job *job;
	deadline_t started;
	char login[LOGIN_MAX + 1], authzid[LOGIN_MAX + 1];
	char password[PASSWORD_MAX + 1];
	char account[LOGIN_MAX + 1];
	char guessed[LOGIN_MAX + 1]; /* whom a wrong password counts for */
	char verifier[VERIFIER_MAX + 1];
	const char *fault; /* why it must fail, for the log; NULL: none yet */
	char why[40];
	enum login_result result;
	int64_t remember, most; /* seconds */
};

/* One client's wrong passwords; most comes from the option auth-delay. */
static const struct guess_policy client_policy = { 250, 0, 0, 60000 };
/* All clients' for one user: a stranger must not keep the owner out. */
static const struct guess_policy user_policy = { 100, 1000, 5, 60000 };

static struct guess_policy
client_limits(const struct login_check *c)
{
	struct guess_policy p = client_policy;

	p.most = c->most * 1000;
	return p;
}

static void
destroy(struct login_check *c)
{
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->job != NULL)
		workers_cancel(c->job);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

void
login_check_cancel(struct login_check *c)
{
	destroy(c);
}

static void
answer(struct login_check *c)
{
	c->done(c->arg, c->result, c->result == LOGIN_OK ? c->account : "");
	destroy(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct login_check *c = arg;

	(void)fd;
	(void)what;
	c->next(c);
}

/*
 * Goes on from the event loop after so many milliseconds, never sooner: the
 * loop's clock may be a tick behind (CLOCK_MONOTONIC_COARSE, up to 10 ms), and
 * what was counted in whole milliseconds one more.
 */
#define EARLY 11
static void
go_on(struct login_check *c, int64_t ms, void (*next)(struct login_check *))
{
	struct timeval tv;

	c->next = next;
	if (ms <= 0) {
		/* In this turn of the loop; a timer would cost another. */
		event_active(c->timer, EV_TIMEOUT, 0);
		return;
	}
	ms += EARLY;
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	/* Its clock stands still while it works, and ours has not. */
	(void)event_base_update_cache_time(c->in->base);
	/* Without memory for a timer the peer's own deadline ends it. */
	(void)evtimer_add(c->timer, &tv);
}

static void
succeed(struct login_check *c, const char *by)
{
	log_event("-", "login",
	    "service=%s client=%s login=%s account=%s mech=%s by=%s",
	    c->origin.service, c->origin.client, c->login, c->account,
	    c->origin.mech, by);
	c->result = LOGIN_OK;
	go_on(c, 0, answer);
}

static void
fail(struct login_check *c, enum login_result result, const char *reason,
    int64_t ms)
{
	log_event("-", "login-failed",
	    "service=%s client=%s login=%s mech=%s reason=%s delay-ms=%lld",
	    c->origin.service, c->origin.client, c->login, c->origin.mech,
	    reason, (long long)ms);
	c->result = result;
	go_on(c, ms, answer);
}

static void
later(struct login_check *c, const char *reason)
{
	fail(c, LOGIN_LATER, reason, 0);
}

static void
often(struct login_check *c)
{
	fail(c, LOGIN_OFTEN, "too-many-failures", 0);
}

/* The client waits the longer of the two delays, counted from its request. */
static void
wrong(struct login_check *c, const char *reason)
{
	struct guess_policy limits = client_limits(c);
	int64_t now = deadline_now(), delay, user_delay;

	delay = guess_failed(c->in->clients, &limits, c->key, now);
	user_delay = guess_failed(c->in->users, &user_policy, c->guessed, now);
	if (user_delay > delay)
		delay = user_delay;
	delay -= now - c->started;
	fail(c, LOGIN_WRONG, reason, delay > 0 ? delay : 0);
}

static struct verified
credentials(const struct login_check *c)
{
	return (struct verified){ c->account, c->password, c->verifier };
}

static void
hashed(void *arg, const void *rep)
{
	struct login_check *c = arg;
	const struct hash_reply *reply = rep;
	struct verified v = credentials(c);

	c->job = NULL;
	if (reply == NULL)
		later(c, "hasher-died");
	else if (c->fault != NULL)
		wrong(c, c->fault);
	else if (!reply->match)
		wrong(c, "password");
	else {
		if (c->remember > 0)
			verified_add(
			    c->in->verified, &v, deadline_in(c->remember));
		succeed(c, "hash");
	}
}

static void
hash(struct login_check *c)
{
	struct hash_request request;

	memset(&request, 0, sizeof(request));
	strlcpy(request.verifier, c->verifier, sizeof(request.verifier));
	strlcpy(request.password, c->password, sizeof(request.password));
	c->job = workers_submit(c->in->hashers, &request, hashed, c);
	explicit_bzero(&request, sizeof(request));
	if (c->job == NULL)
		later(c, "too-many-logins");
}

/* In its turn among the tries of this client. */
static void
hash_in_turn(struct login_check *c)
{
	struct guess_policy limits = client_limits(c);
	int64_t wait =
	    guess_admit(c->in->clients, &limits, c->key, deadline_now());

	if (wait == GUESS_REFUSE)
		often(c);
	else if (wait > 0)
		go_on(c, wait, hash);
	else
		hash(c);
}

/* The fault is found, and told after the time that hashing takes. */
static void
pretend(struct login_check *c, const char *fault)
{
	c->fault = fault;
	hasher_dummy(c->verifier);
	hash_in_turn(c);
}

/*
 * What is remembered need not take its turn: the owner gets in while somebody
 * at the same address guesses, and who guesses takes a turn for each miss.
 */
static void
compare(struct login_check *c, const char *verifier)
{
	struct verified v = credentials(c);

	if (strlcpy(c->verifier, verifier, sizeof(c->verifier)) >=
	    sizeof(c->verifier))
		pretend(c, "verifier-too-long");
	else if (c->fault == NULL &&
	    verified_known(c->in->verified, &v, deadline_now()))
		succeed(c, "memory");
	else
		hash_in_turn(c);
}

static void
check_virtual(struct login_check *c)
{
	struct tables *t = tables_fresh_get(&c->in->verifiers);
	const char *verifier;

	switch (t == NULL
		? TABLES_BROKEN
		: tables_get(t, TABLES_VERIFIER, c->account, &verifier)) {
	case TABLES_FOUND:
		compare(c, verifier);
		break;
	case TABLES_NONE:
		pretend(c, "no-password");
		break;
	case TABLES_BROKEN:
		later(c, "verifiers-damaged");
		break;
	}
}

static void
looked_up(void *arg, const void *rep)
{
	struct login_check *c = arg;
	const struct unix_reply *reply = rep;

	c->job = NULL;
	switch (reply == NULL ? UNIX_LATER : (enum unix_result)reply->result) {
	case UNIX_FOUND:
		compare(c, reply->verifier);
		break;
	case UNIX_NONE:
		pretend(c, "unknown-user");
		break;
	case UNIX_BARRED:
		strlcpy(c->why, reply->why, sizeof(c->why));
		pretend(c, c->why);
		break;
	case UNIX_LATER:
		log_error("-", "login=%s wanted=user-database found=%s",
		    c->login, reply != NULL ? reply->why : "worker ended");
		later(c, "user-database");
		break;
	}
}

static void
check_unix(struct login_check *c, struct tables *t)
{
	struct unix_request request = { .verifier = true };
	bool allowed = false;
	const struct option_bind binds[] = {
		{ "unix-passwords", &allowed },
		{ "min-uid", &request.min_uid },
		{ "user-mode", &request.user_mode },
	};
	char e[TABLES_ERR];

	if (!options_load(t, NULL, binds, 3, e)) {
		later(c, "tables-damaged");
		return;
	}
	if (!allowed) {
		pretend(c, "unix-passwords-off");
		return;
	}
	strlcpy(request.name, c->account, sizeof(request.name));
	c->job = workers_submit(c->in->lookups, &request, looked_up, c);
	if (c->job == NULL)
		later(c, "too-many-logins");
}

/* A client may ask to be who it is (RFC 4422), and nobody else. */
static bool
is_same(const struct login_check *c, struct tables *t, const char *mail_name)
{
	struct resolved r;

	if (c->authzid[0] == '\0' || strcmp(c->authzid, c->login) == 0)
		return true;
	resolve_login(t, c->authzid, mail_name, &r);
	return c->account[0] != '\0' && strcmp(r.account, c->account) == 0;
}

/*
 * All spellings of a name are one, of unknown names too: the delay must not
 * tell which names are known.
 */
static void
name_guessed(struct login_check *c, const char *mail_name)
{
	struct address a;

	strlcpy(c->guessed, c->login, sizeof(c->guessed));
	if (c->account[0] != '\0')
		strlcpy(c->guessed, c->account, sizeof(c->guessed));
	else if (address_parse(c->login, &a) == ADDRESS_OK) {
		if (a.domain[0] == '\0')
			strlcpy(a.domain, mail_name, sizeof(a.domain));
		/* What does not fit is counted as it was written. */
		if (!address_key(&a, c->guessed, sizeof(c->guessed)))
			strlcpy(c->guessed, c->login, sizeof(c->guessed));
	}
}

static void
find_account(struct login_check *c, struct tables *t)
{
	const char *mail_name = "";
	const struct option_bind bind = { "mail-name", &mail_name };
	char e[TABLES_ERR];
	struct resolved r;

	if (!options_load(t, NULL, &bind, 1, e)) {
		later(c, "tables-damaged");
		return;
	}
	resolve_login(t, c->login, mail_name, &r);
	strlcpy(c->account, r.account, sizeof(c->account));
	name_guessed(c, mail_name);
	if (!is_same(c, t, mail_name))
		c->fault = "authorization-identity";
	if (r.kind == RESOLVE_VIRTUAL)
		check_virtual(c);
	else if (r.kind == RESOLVE_UNIX)
		check_unix(c, t);
	else if (r.kind == RESOLVE_BROKEN)
		later(c, "tables-damaged");
	else
		pretend(c, "unknown-user");
}

static void
begin(struct login_check *c)
{
	struct tables *t = tables_fresh_get(&c->in->tables);
	const struct option_bind binds[] = {
		{ "auth-delay", &c->most },
		{ "auth-remember", &c->remember },
	};
	struct guess_policy limits;
	char e[TABLES_ERR];

	if (t == NULL || !options_load(t, NULL, binds, 2, e)) {
		later(c, "tables-damaged");
		return;
	}
	limits = client_limits(c);
	if (guess_refuses(c->in->clients, &limits, c->key, deadline_now()))
		often(c);
	else
		find_account(c, t);
}

struct login_check *
login_check_start(struct login_checker *in, const struct login_origin *origin,
    const struct sasl_credentials *cred, login_done *done, void *arg)
{
	struct login_check *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->in = in;
	c->done = done;
	c->arg = arg;
	c->origin = *origin;
	net_client_key(origin->client, c->key);
	c->started = deadline_now();
	if ((c->timer = evtimer_new(in->base, on_timer, c)) == NULL) {
		destroy(c);
		return NULL;
	}
	/* A name that is too long is cut, and then nobody's. */
	if (strlcpy(c->login, cred->login, sizeof(c->login)) >=
		sizeof(c->login) ||
	    strlcpy(c->authzid, cred->authzid, sizeof(c->authzid)) >=
		sizeof(c->authzid))
		c->fault = "name-too-long";
	strlcpy(c->password, cred->password, sizeof(c->password));
	go_on(c, 0, begin);
	return c;
}
