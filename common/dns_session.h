/*
 * dns_session: askers and their questions (msg_dns.h).
 */
#ifndef COMMON_DNS_SESSION_H
#define COMMON_DNS_SESSION_H

#include <sys/queue.h>
#include <sys/types.h>

#include "common/dns_resolver.h"
#include "common/server.h"

/* What all sessions have in common; server.data points to one. */
struct dns_sessions {
	struct event_base *base;
	struct dns_resolver *resolver;
	uid_t out, net, map; /* who may ask; root may ask for the state only */
	/* private */
	uint64_t questions;
	uint32_t open;
	TAILQ_HEAD(, question) oldest; /* those open, in the order they came */
};

/* Sets what is private, of sessions without any yet. */
void dns_sessions_init(struct dns_sessions *);

#define DNS_OPEN 1000 /* questions at once, of all */

/* For struct server. */
bool dns_session_allowed(const struct server *, uid_t);
void dns_session_opened(struct peer *);
extern const struct peer_ops dns_session_ops;

#endif
