/*
 * dns_context: one resolver of libunbound, with a cache of its own.
 *
 * In dnsd, as postrider-dns; what DNS servers send is parsed here, by
 * libunbound, in dnsd's event loop.  It is not to write to the log nor to grow
 * without bound, and is never freed while one of its callbacks runs.
 */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound-event.h>
#include <unbound.h>

#include <bsd/string.h>

#include "common/dns_context.h"

#define CLASS_IN 1
#define SERVFAIL 2
#define SEC_BOGUS 1
#define SEC_SECURE 2

struct ask {
	LIST_ENTRY(ask) next;
	struct dns_context *context;
	dns_context_answer *answer;
	void *arg;
	bool *here; /* not NULL while dns_context_ask() runs: answered */
};

struct dns_context {
	struct ub_ctx *ub;
	struct event *end; /* frees it, from the event loop */
	LIST_HEAD(, ask) asks;
	bool released;
};

struct setting {
	const char *name, *value;
};

/* clang-format off */
static const struct setting settings[] = {
	{ "verbosity:",			"0" },
	/* Memory; a message needs less than its records. */
	{ "msg-cache-size:",		"8m" },
	{ "rrset-cache-size:",		"16m" },
	{ "key-cache-size:",		"4m" },
	{ "neg-cache-size:",		"1m" },
	{ "infra-cache-numhosts:",	"5000" },
	{ "num-queries-per-thread:",	"1024" },
	/* Descriptors. */
	{ "outgoing-range:",		"256" },
	{ "outgoing-num-tcp:",		"20" },
	/* A resolver on this host is one as any other. */
	{ "do-not-query-localhost:",	"no" },
	/* A server that was down is tried again soon: mail waits for it. */
	{ "infra-host-ttl:",		"60" },
	{ "infra-keep-probing:",	"yes" },
	/* What was wrong once is looked at again before mail is retried. */
	{ "val-bogus-ttl:",		"10" },
	{ "cache-max-ttl:",		"86400" },
	{ "cache-max-negative-ttl:",	"900" },
};

/* Resolvers that were named may know names that the Internet does not. */
static const struct setting for_named[] = {
	{ "unblock-lan-zones:",		"yes" },
	{ "insecure-lan-zones:",	"yes" },
};
/* clang-format on */

/* That libunbound would answer itself, and resolvers here may know. */
static const char *const own_zones[] = { "test.", "home.arpa.", "invalid." };

static bool
fail(char why[TEXT_MAX + 1], const char *what, const char *found)
{
	(void)snprintf(why, TEXT_MAX + 1, "%.120s: %s", what, found);
	return false;
}

static bool
set(struct ub_ctx *ub, const struct setting *s, size_t n,
    char why[TEXT_MAX + 1])
{
	int r;

	for (size_t i = 0; i < n; i++)
		if ((r = ub_ctx_set_option(ub, s[i].name, s[i].value)) != 0)
			return fail(why, s[i].name, ub_strerror(r));
	return true;
}

static bool
set_servers(struct ub_ctx *ub, const char *words, char why[TEXT_MAX + 1])
{
	char copy[OPTION_VALUE_MAX + 1], *rest = copy, *word;
	int n = 0, r;

	(void)strlcpy(copy, words, sizeof(copy)); /* the option's bound */
	while ((word = strsep(&rest, " \t,")) != NULL) {
		if (*word == '\0')
			continue;
		if ((r = ub_ctx_set_fwd(ub, word)) != 0)
			return fail(why, word, ub_strerror(r));
		n++;
	}
	return n > 0 || fail(why, "dns-server", "no address");
}

/* False with why when there is nobody to ask. */
static bool
set_source(
    struct ub_ctx *ub, const struct dns_config *c, char why[TEXT_MAX + 1])
{
	int r;

	if (strcmp(c->servers, DNS_RECURSIVE) == 0)
		return true;
	if (!set(ub, for_named, sizeof(for_named) / sizeof(for_named[0]), why))
		return false;
	if (strcmp(c->servers, DNS_SYSTEM) != 0)
		return set_servers(ub, c->servers, why);
	r = ub_ctx_resolvconf(ub, c->resolv_conf);
	return r == 0 || fail(why, c->resolv_conf, ub_strerror(r));
}

static bool
set_hosts(struct ub_ctx *ub, const struct dns_config *c, char why[TEXT_MAX + 1])
{
	int r = ub_ctx_hosts(ub, c->hosts);

	/* Without the file, or with nonsense in it, nobody is in it. */
	if (r != 0 && r != UB_READFILE && r != UB_SYNTAX)
		return fail(why, c->hosts, ub_strerror(r));
	r = ub_ctx_zone_add(ub, ".", "static");
	return r == 0 || fail(why, "local data", ub_strerror(r));
}

static bool
configure(struct ub_ctx *ub, const struct dns_config *c,
    enum dns_context_kind kind, char why[TEXT_MAX + 1])
{
	static const struct setting checks = { "module-config:",
		"validator iterator" };
	static const struct setting plain = { "module-config:", "iterator" };
	int r;

	if (!set(ub, settings, sizeof(settings) / sizeof(settings[0]), why) ||
	    !set(ub, kind == DNS_CHECKS ? &checks : &plain, 1, why))
		return false;
	if (kind == DNS_HOSTS)
		return set_hosts(ub, c, why);
	if (!set_source(ub, c, why))
		return false;
	if (kind == DNS_CHECKS && (r = ub_ctx_add_ta_file(ub, c->anchor)) != 0)
		return fail(why, c->anchor, ub_strerror(r));
	/* The first of these calls reads all that was configured. */
	for (size_t i = 0; i < sizeof(own_zones) / sizeof(own_zones[0]); i++)
		if ((r = ub_ctx_zone_remove(ub, own_zones[i])) != 0)
			return fail(why,
			    kind == DNS_CHECKS ? c->anchor : c->servers,
			    ub_strerror(r));
	return true;
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	dns_context_free(arg);
}

struct dns_context *
dns_context_new(struct event_base *base, const struct dns_config *config,
    enum dns_context_kind kind, char why[TEXT_MAX + 1])
{
	struct dns_context *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->end = evtimer_new(base, on_end, c)) == NULL ||
	    (c->ub = ub_ctx_create_event(base)) == NULL) {
		(void)fail(why, "resolver", "no memory");
		dns_context_free(c);
		return NULL;
	}
	LIST_INIT(&c->asks);
	(void)ub_ctx_debugout(c->ub, NULL); /* cannot fail */
	if (!configure(c->ub, config, kind, why)) {
		dns_context_free(c);
		return NULL;
	}
	return c;
}

static void
forget(struct ask *a)
{
	struct dns_context *c = a->context;

	LIST_REMOVE(a, next);
	free(a);
	if (c->released && LIST_EMPTY(&c->asks))
		event_active(c->end, EV_TIMEOUT, 0);
}

/* Of ub_event_callback_type. */
static void
on_answer(void *arg, int rcode, void *packet, int len, int sec, char *why,
    int was_ratelimited)
{
	struct ask *a = arg;
	struct dns_outcome o = {
		.rcode = rcode,
		.message = packet,
		.len = packet != NULL && len > 0 ? (size_t)len : 0,
		.secure = sec == SEC_SECURE,
		.bogus = sec == SEC_BOGUS,
		.why = why,
	};

	(void)was_ratelimited;
	if (o.rcode == 0 && o.len == 0)
		o.rcode = SERVFAIL;
	if (a->here != NULL)
		*a->here = true;
	a->answer(a->arg, &o);
	forget(a);
}

bool
dns_context_ask(struct dns_context *c, const char *name, unsigned int type,
    dns_context_answer *answer, void *arg)
{
	const struct dns_outcome failed = { .rcode = SERVFAIL };
	struct ask *a = calloc(1, sizeof(*a));
	bool here = false;

	if (a == NULL) {
		answer(arg, &failed);
		return true;
	}
	a->context = c;
	a->answer = answer;
	a->arg = arg;
	a->here = &here;
	LIST_INSERT_HEAD(&c->asks, a, next);
	if (ub_resolve_event(
		c->ub, name, (int)type, CLASS_IN, a, on_answer, NULL) != 0) {
		answer(arg, &failed);
		forget(a);
		return true;
	}
	if (!here)
		a->here = NULL;
	return here;
}

void
dns_context_release(struct dns_context *c)
{
	if (c == NULL)
		return;
	c->released = true;
	if (LIST_EMPTY(&c->asks))
		event_active(c->end, EV_TIMEOUT, 0);
}

void
dns_context_free(struct dns_context *c)
{
	struct ask *a;

	if (c == NULL)
		return;
	if (c->ub != NULL)
		ub_ctx_delete(c->ub); /* forgets what it was asked */
	while ((a = LIST_FIRST(&c->asks)) != NULL) {
		LIST_REMOVE(a, next);
		free(a);
	}
	if (c->end != NULL)
		event_free(c->end);
	free(c);
}
