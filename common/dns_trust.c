/*
 * dns_trust: the resolvers of dnsd, and whether they can be checked.
 *
 * In dnsd, as postrider-dns.  A look at the trust anchor's own zone is made by
 * a context that remembers nothing, when dnsd starts, when an answer is in
 * doubt, and again and again while it fails.  Whoever can make all looks fail
 * can forge what DNS says, too; so a failure is said, once, in the log and as
 * long as it lasts in the state.  Must never turn a zone that alone is bogus
 * into one that is believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/dns_packet.h"
#include "common/dns_trust.h"
#include "common/log.h"

#define REFRESH 1000      /* ms between looks at files */
#define LOOK_WAIT 10000   /* ms for an answer */
#define LOOK_GOOD 5000    /* ms that a good look is believed */
#define AGAIN_FIRST 5000  /* ms until the next look after a bad one */
#define AGAIN_MOST 300000 /* ms */

enum mode {
	NO_ANCHOR, /* there is nothing to check with */
	UNKNOWN,   /* no look was good yet */
	CHECKED,   /* answers are validated */
	UNCHECKED  /* they cannot be: DNSSEC does not come through */
};

struct dns_trust {
	struct dns_trust_start start;
	struct tables_fresh tables;
	struct dns_config config;
	char zone[DOMAIN_MAX + 1];
	struct dns_context *checking, *plain, *hosts; /* NULL: cannot be */
	struct dns_context *looking, *fresh;          /* NULL: none */
	enum mode mode;
	bool silent;                     /* nobody answers at all */
	char trouble[TEXT_MAX + 1];      /* of no context, or no anchor */
	char bad[TEXT_MAX + 1];          /* of the last look */
	bool over, good;                 /* there is an answer to a look */
	deadline_t refreshed, validated; /* when */
	int64_t wait;                    /* ms before the next look */
	struct event *timer;             /* end of a look, or time for one */
};

static void look(struct dns_trust *);

static void
set_timer(struct dns_trust *t, int64_t ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(t->timer, &tv); /* fails without memory: no look */
}

/* Why is a foreign text of any length. */
static void
keep_printable(char out[TEXT_MAX + 1], const char *why)
{
	size_t n = 0;

	for (; why[n] != '\0' && n < TEXT_MAX; n++)
		out[n] = why[n] >= ' ' && why[n] <= '~' ? why[n] : '?';
	out[n] = '\0';
}

static void
validated(struct dns_trust *t)
{
	if (t->mode == UNCHECKED)
		log_event("-", "dnssec", "dns-server=%s zone=%s",
		    t->config.servers, t->zone);
	if (t->silent)
		log_event("-", "dns", "dns-server=%s", t->config.servers);
	if (t->mode == UNCHECKED) {
		dns_context_release(t->checking);
		t->checking = t->fresh; /* the other remembers what failed */
		t->fresh = NULL;
	}
	t->mode = CHECKED;
	t->silent = false;
	t->validated = deadline_now();
}

static void
look_again(struct dns_trust *t)
{
	/* A look that was good for so long begins anew. */
	if (t->validated != 0 && deadline_now() - t->validated > AGAIN_MOST) {
		t->wait = 0;
		t->validated = 0;
	}
	t->wait = t->wait == 0 ? AGAIN_FIRST : t->wait * 2;
	if (t->wait > AGAIN_MOST)
		t->wait = AGAIN_MOST;
	set_timer(t, t->wait);
}

static void
end_look(struct dns_trust *t)
{
	if (t->good) {
		dns_context_release(t->fresh);
		t->fresh = t->looking;
		validated(t);
	} else {
		/* Nobody else asks it: an answer to come is not wanted. */
		dns_context_free(t->looking);
		look_again(t);
	}
	t->looking = NULL;
	t->start.looked(t->start.arg, t->good);
}

/* What a look found.  It ends from the event loop, whoever calls this now. */
static void
found(struct dns_trust *t, bool good, const char *why)
{
	keep_printable(t->bad, why);
	t->over = true;
	t->good = good;
	set_timer(t, 0);
}

static void
on_look(void *arg, const struct dns_outcome *o)
{
	const char *why = "its zone is not signed";

	if (o->bogus)
		why = o->why != NULL ? o->why : "bogus";
	else if (o->rcode != 0)
		why = "no answer";
	found(arg, o->rcode == 0 && o->secure, why);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dns_trust *t = arg;

	(void)fd;
	(void)what;
	if (t->looking == NULL && !t->over) {
		look(t);
		return;
	}
	if (!t->over) {
		t->good = false;
		(void)strlcpy(t->bad, "no answer in time", sizeof(t->bad));
	}
	end_look(t);
	t->over = false;
}

static void
look(struct dns_trust *t)
{
	char why[TEXT_MAX + 1];

	if (t->looking != NULL || t->over || t->mode == NO_ANCHOR)
		return;
	t->looking =
	    dns_context_new(t->start.base, &t->config, DNS_CHECKS, why);
	if (t->looking == NULL) {
		found(t, false, why);
		return;
	}
	set_timer(t, LOOK_WAIT);
	(void)dns_context_ask(
	    t->looking, t->zone, DNS_RR_SOA, on_look, t); /* now or later */
}

static void
release_all(struct dns_trust *t)
{
	dns_context_release(t->checking);
	dns_context_release(t->plain);
	dns_context_release(t->hosts);
	dns_context_release(t->fresh);
	/* Nobody but this waits for its answer. */
	dns_context_free(t->looking);
	t->checking = t->plain = t->hosts = t->fresh = t->looking = NULL;
	t->over = false;
	(void)evtimer_del(t->timer); /* not pending is fine */
}

/* There are no checks then, and one line says so. */
static void
no_anchor(const struct dns_trust *t)
{
	log_event("-", "no-dnssec", "dns-trust-anchor=%s found=%s",
	    t->config.anchor, t->trouble);
}

static void
use_anchor(struct dns_trust *t)
{
	t->mode = NO_ANCHOR;
	if (!dns_config_zone(&t->config, t->zone, t->trouble)) {
		no_anchor(t);
		return;
	}
	t->checking =
	    dns_context_new(t->start.base, &t->config, DNS_CHECKS, t->trouble);
	if (t->checking == NULL) {
		no_anchor(t);
		return;
	}
	t->mode = UNKNOWN;
}

static void
rebuild(struct dns_trust *t)
{
	struct event_base *base = t->start.base;
	char why[TEXT_MAX + 1];

	release_all(t);
	t->trouble[0] = t->bad[0] = t->zone[0] = '\0';
	t->silent = false;
	t->validated = t->wait = 0;
	t->mode = NO_ANCHOR;
	t->hosts = dns_context_new(base, &t->config, DNS_HOSTS, why);
	if (t->hosts == NULL)
		log_error("-", "path=%s found=%s", t->config.hosts, why);
	t->plain = dns_context_new(base, &t->config, DNS_PLAIN, t->trouble);
	if (t->plain == NULL) {
		log_error("-", "dns-server=%s found=%s answers=none",
		    t->config.servers, t->trouble);
		return;
	}
	use_anchor(t);
	log_event("-", "resolves", "dns-server=%s zone=%s", t->config.servers,
	    t->zone);
	look(t);
}

void
dns_trust_refresh(struct dns_trust *t)
{
	deadline_t now = deadline_now();

	if (now - t->refreshed < REFRESH)
		return;
	t->refreshed = now;
	if (!dns_config_changed(&t->config, tables_fresh_get(&t->tables)))
		return;
	rebuild(t);
	if (t->mode == NO_ANCHOR) /* none will end */
		t->start.looked(t->start.arg, false);
}

struct dns_trust *
dns_trust_new(const struct dns_trust_start *how)
{
	struct dns_trust *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->start = *how;
	dns_config_init(&t->config);
	if (how->resolv_conf != NULL)
		t->config.resolv_conf = how->resolv_conf;
	if (how->hosts != NULL)
		t->config.hosts = how->hosts;
	if (!tables_fresh_init(&t->tables, how->tables) ||
	    (t->timer = evtimer_new(how->base, on_timer, t)) == NULL) {
		free(t);
		return NULL;
	}
	t->refreshed = -REFRESH;
	dns_trust_refresh(t);
	return t;
}

void
dns_trust_free(struct dns_trust *t)
{
	if (t == NULL)
		return;
	dns_context_free(t->checking);
	dns_context_free(t->plain);
	dns_context_free(t->hosts);
	dns_context_free(t->fresh);
	dns_context_free(t->looking);
	event_free(t->timer);
	tables_fresh_close(&t->tables);
	free(t);
}

struct dns_context *
dns_trust_context(struct dns_trust *t, bool *checks)
{
	*checks = t->mode == UNKNOWN || t->mode == CHECKED;
	return *checks ? t->checking : t->plain;
}

struct dns_context *
dns_trust_hosts(struct dns_trust *t)
{
	return t->hosts;
}

struct dns_context *
dns_trust_plain(struct dns_trust *t)
{
	return t->plain;
}

struct dns_context *
dns_trust_fresh(struct dns_trust *t)
{
	return t->fresh != NULL ? t->fresh : t->checking;
}

enum dns_doubt
dns_trust_doubt(struct dns_trust *t)
{
	if (t->mode == NO_ANCHOR || t->mode == UNCHECKED)
		return DNS_DOUBT_PLAIN;
	if (t->looking == NULL && !t->over && t->validated != 0 &&
	    deadline_now() - t->validated < LOOK_GOOD)
		return DNS_DOUBT_NONE;
	look(t);
	return DNS_DOUBT_OPEN;
}

void
dns_trust_unchecked(struct dns_trust *t, bool answered)
{
	if (t->mode == NO_ANCHOR || t->mode == UNCHECKED)
		return;
	if (answered) {
		t->mode = UNCHECKED;
		t->silent = false;
		log_event("-", "no-dnssec", "dns-server=%s zone=%s found=%s",
		    t->config.servers, t->zone, t->bad);
	} else if (!t->silent) {
		t->silent = true;
		log_event("-", "no-dns", "dns-server=%s found=%s",
		    t->config.servers, t->bad);
	}
}

void
dns_trust_renew(struct dns_trust *t, const struct dns_context *fresh)
{
	if (t->mode != CHECKED || t->fresh != fresh)
		return;
	dns_context_release(t->checking);
	t->checking = t->fresh;
	t->fresh = NULL;
}

const char *
dns_trust_zone(const struct dns_trust *t)
{
	return t->zone;
}

void
dns_trust_state(const struct dns_trust *t, struct msg_dns_state *m)
{
	m->validates = t->mode == CHECKED;
	if (t->silent)
		(void)snprintf(m->trouble, sizeof(m->trouble),
		    "no answers from dns-server %.120s", t->config.servers);
	else if (t->mode == UNCHECKED)
		(void)snprintf(m->trouble, sizeof(m->trouble),
		    "DNSSEC does not work with dns-server %.60s: %.80s",
		    t->config.servers, t->bad);
	else
		(void)strlcpy(m->trouble, t->trouble, sizeof(m->trouble));
}
