/*
 * dns_trust: the resolvers of dnsd, and whether they can be checked.
 */
#ifndef COMMON_DNS_TRUST_H
#define COMMON_DNS_TRUST_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/dns_context.h"
#include "common/msg_dns.h"

struct dns_trust;

struct dns_trust_start {
	struct event_base *base;
	const char *tables;
	const char *resolv_conf, *hosts; /* NULL: the system's */
	/* A look at the anchor's zone is over; why is of one that failed. */
	void (*looked)(void *arg, bool good);
	void *arg;
};

/* NULL without memory; what cannot be used is logged, and used when it can. */
struct dns_trust *dns_trust_new(const struct dns_trust_start *);
void dns_trust_free(struct dns_trust *);

/* Takes what is new in the configuration; looks once a second at most. */
void dns_trust_refresh(struct dns_trust *);

/*
 * Where questions go now; NULL when there is nobody to ask.  *checks tells
 * whether its answers are validated.
 */
struct dns_context *dns_trust_context(struct dns_trust *, bool *checks);
struct dns_context *dns_trust_hosts(struct dns_trust *);
struct dns_context *dns_trust_plain(struct dns_trust *);
/* The one by which the last look was good. */
struct dns_context *dns_trust_fresh(struct dns_trust *);

enum dns_doubt {
	DNS_DOUBT_NONE, /* the anchor's zone was validated just now */
	DNS_DOUBT_OPEN, /* it is looked at: looked() will be called */
	DNS_DOUBT_PLAIN /* answers are not validated now */
};

/* An answer was bogus, or there was none. */
enum dns_doubt dns_trust_doubt(struct dns_trust *);

/*
 * After a look that was not good, of a question that was asked without checks:
 * there was an answer, so that DNSSEC is what fails; or there was none either.
 */
void dns_trust_unchecked(struct dns_trust *, bool answered);

/* An answer of this context was not what the fresh one gave. */
void dns_trust_renew(struct dns_trust *, const struct dns_context *fresh);

/* The anchor's zone, to ask for when nobody asks for anything. */
const char *dns_trust_zone(const struct dns_trust *);

/* Fills validates and trouble. */
void dns_trust_state(const struct dns_trust *, struct msg_dns_state *);

#endif
