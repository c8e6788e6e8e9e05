/*
 * login_check: whether a client gets in.  In authd, as postrider-auth.
 * Unknown users, users who may not log in and wrong passwords take the same
 * way with the same work (hasher.h), and end in the same answer after the same
 * time; only the log knows which it was.  Proofs go the way of passwords, but
 * that nothing is left to be hashed.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/hasher.h"
#include "common/log.h"
#include "common/login_check.h"
#include "common/net.h"
#include "common/num.h"
#include "common/options.h"
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
	deadline_t started, hashing; /* hashing: 0 before */
	char login[LOGIN_MAX + 1], authzid[LOGIN_MAX + 1];
	enum sasl_kind kind;
	char password[PASSWORD_MAX + 1];
	char proved[LOGIN_MAX + 1]; /* whose proof it is */
	struct login_account who;
	enum hash_kind hash;
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
	c->done(c->arg, c->result, c->result == LOGIN_OK ? c->who.account : "");
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
	    c->origin.service, c->origin.client, c->login, c->who.account,
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

/*
 * The client waits the longer of the two delays, counted from its request; and
 * the shortest one, counted from when a worker took its password: behind that
 * it cannot be seen what the hash has cost, however long the line was.
 */
static void
wrong(struct login_check *c, const char *reason)
{
	struct guess_policy limits = client_limits(c);
	int64_t now = deadline_now(), delay, user_delay;

	delay = guess_failed(c->in->clients, &limits, c->key, now);
	user_delay =
	    guess_failed(c->in->users, &user_policy, c->who.counted, now);
	if (user_delay > delay)
		delay = user_delay;
	delay -= now - c->started;
	if (c->hashing != 0 && delay < client_policy.first - (now - c->hashing))
		delay = client_policy.first - (now - c->hashing);
	fail(c, LOGIN_WRONG, reason, delay > 0 ? delay : 0);
}

static struct verified
credentials(const struct login_check *c)
{
	return (struct verified){ c->who.account, c->password, c->verifier };
}

static void
hashed(void *arg, const void *rep)
{
	struct login_check *c = arg;
	const struct hash_reply *reply = rep;
	struct verified v = credentials(c);

	c->job = NULL;
	if (reply != NULL)
		c->hashing = reply->began;
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

/* Of the site's longest SCRAM word that passwords are compared with. */
static uint32_t
most_iterations(const struct login_check *c)
{
	struct tables *t = tables_fresh_get(&c->in->verifiers);
	const char *text;
	uint64_t n;

	/* Verifiers of before there was such a word do not say. */
	if (t == NULL ||
	    tables_get(t, TABLES_META, "iterations", &text) != TABLES_FOUND ||
	    !num_parse(text, CREDENTIAL_ITERATIONS_MAX, &n))
		return 0;
	return (uint32_t)n;
}

static void
hash(struct login_check *c)
{
	struct hash_request request;

	memset(&request, 0, sizeof(request));
	request.kind = c->hash;
	request.iterations = most_iterations(c);
	strlcpy(request.verifier, c->verifier, sizeof(request.verifier));
	strlcpy(request.password, c->password, sizeof(request.password));
	c->job = workers_submit(c->in->hashers, &request, hashed, c);
	explicit_bzero(&request, sizeof(request));
	if (c->job == NULL)
		later(c, "too-many-logins");
}

/* Of a proof: what was found is told. */
static void
conclude(struct login_check *c)
{
	if (c->fault != NULL)
		wrong(c, c->fault);
	else
		succeed(
		    c, c->kind == SASL_CERTIFICATE ? "certificate" : "proof");
}

/* In its turn among the tries of this client. */
static void
in_turn(struct login_check *c, void (*next)(struct login_check *))
{
	struct guess_policy limits = client_limits(c);
	int64_t wait =
	    guess_admit(c->in->clients, &limits, c->key, deadline_now());

	if (wait == GUESS_REFUSE)
		often(c);
	else if (wait > 0)
		go_on(c, wait, next);
	else
		next(c);
}

/* The fault is found, and told after the time that hashing takes. */
static void
pretend(struct login_check *c, const char *fault)
{
	if (c->fault == NULL)
		c->fault = fault;
	if (c->kind != SASL_PASSWORD) {
		in_turn(c, conclude);
		return;
	}
	c->hash = HASH_CRYPT;
	hasher_dummy(c->verifier);
	in_turn(c, hash);
}

/*
 * What is remembered need not take its turn: the owner gets in while somebody
 * at the same address guesses, and who guesses takes a turn for each miss.
 */
static void
compare(struct login_check *c, enum hash_kind kind, const char *verifier)
{
	struct verified v = credentials(c);

	c->hash = kind;
	strlcpy(c->verifier, verifier, sizeof(c->verifier)); /* all fit */
	if (c->fault == NULL &&
	    verified_known(c->in->verified, &v, deadline_now()))
		succeed(c, "memory");
	else
		in_turn(c, hash);
}

/* A password is compared with the first that there is. */
static void
compare_words(struct login_check *c, const struct credential *words)
{
	if (words->crypt[0] != '\0')
		compare(c, HASH_CRYPT, words->crypt);
	else if (words->scram[0] != '\0')
		compare(c, HASH_SCRAM, words->scram);
	else if (words->plain[0] != '\0')
		compare(c, HASH_PLAIN, words->plain);
	else
		pretend(c, "no-password");
}

static void
check_virtual(struct login_check *c)
{
	struct tables *t = tables_fresh_get(&c->in->verifiers);
	struct credential words;

	switch (t == NULL ? TABLES_BROKEN
			  : login_words(t, c->who.account, &words)) {
	case TABLES_FOUND:
		compare_words(c, &words);
		credential_clear(&words);
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
		if (c->kind == SASL_PASSWORD)
			compare(c, HASH_CRYPT, reply->verifier);
		else
			conclude(c);
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

/* A certificate needs no password, but where there are some, a good one. */
static void
check_unix(struct login_check *c, struct tables *t)
{
	struct unix_request request = { 0 };
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
	if (!allowed && c->kind == SASL_PASSWORD) {
		pretend(c, "unix-passwords-off");
		return;
	}
	request.verifier = allowed;
	strlcpy(request.name, c->who.account, sizeof(request.name));
	c->job = workers_submit(c->in->lookups, &request, looked_up, c);
	if (c->job == NULL)
		later(c, "too-many-logins");
}

/* A client may ask to be who it is (RFC 4422), and nobody else. */
static bool
is_same(const struct login_check *c, struct tables *t)
{
	return c->authzid[0] == '\0' || strcmp(c->authzid, c->login) == 0 ||
	    login_means(t, c->authzid, c->who.account);
}

/*
 * A good proof waits for its turn, as a wrong one does: otherwise the right
 * one would be known by its speed.  Nobody guesses at certificates.
 */
static void
check_proof(struct login_check *c, struct tables *t)
{
	if (c->who.account[0] == '\0')
		pretend(c, "unknown-user");
	else if (c->kind == SASL_PROOF &&
	    strcmp(c->who.account, c->proved) != 0)
		pretend(c, "account-changed");
	else if (c->fault != NULL || c->kind == SASL_PROOF)
		in_turn(c, conclude);
	else if (c->who.kind == RESOLVE_UNIX)
		check_unix(c, t);
	else
		conclude(c);
}

static void
find_account(struct login_check *c, struct tables *t)
{
	login_account(t, c->login, &c->who);
	if (!is_same(c, t) && c->fault == NULL)
		c->fault = "authorization-identity";
	if (c->who.kind == RESOLVE_BROKEN)
		later(c, "tables-damaged");
	else if (c->kind != SASL_PASSWORD)
		check_proof(c, t);
	else if (c->who.kind == RESOLVE_VIRTUAL)
		check_virtual(c);
	else if (c->who.kind == RESOLVE_UNIX)
		check_unix(c, t);
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
	c->kind = cred->kind;
	c->fault = cred->fault;
	/* A name that is too long is cut, and then nobody's. */
	if (strlcpy(c->login, cred->login, sizeof(c->login)) >=
		sizeof(c->login) ||
	    strlcpy(c->authzid, cred->authzid, sizeof(c->authzid)) >=
		sizeof(c->authzid))
		c->fault = "name-too-long";
	if (cred->password != NULL)
		strlcpy(c->password, cred->password, sizeof(c->password));
	if (cred->account != NULL)
		strlcpy(c->proved, cred->account, sizeof(c->proved));
	go_on(c, 0, begin);
	return c;
}
