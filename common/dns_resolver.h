/*
 * dns_resolver: questions, and what is to be believed of the answers.
 *
 * With a trust anchor every answer is validated (RFC 4033).  Resolvers that
 * give no DNSSEC would make all of it bogus: when an answer is, or none comes,
 * the anchor's own zone is asked by fresh eyes.  If that cannot be validated
 * and the question can be answered without, answers are believed as they come
 * (insecure) until the anchor's zone validates again.
 */
#ifndef COMMON_DNS_RESOLVER_H
#define COMMON_DNS_RESOLVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/dns_packet.h"
#include "common/msg_dns.h"
#include "common/tables_fresh.h"

#define DNS_QUERIES 4000 /* at once, those that nobody waits for included */

struct dns_resolver;

/* text is for BOGUS and TEMPFAIL; the packet of SECURE and INSECURE only. */
struct dns_reply {
	enum dns_status status;
	bool proved;
	uint32_t ttl;
	char text[TEXT_MAX + 1];
	struct dns_packet packet;
};

typedef void dns_replied(void *arg, const struct dns_reply *);

/* One question on its way. */
struct dns_query;

/*
 * Reads the options of tables; logs what cannot be used, and answers TEMPFAIL
 * as long as nothing can.  NULL without memory.
 */
struct dns_resolver *dns_resolver_new(
    struct event_base *, const char *tables, const char *resolv_conf);
void dns_resolver_free(struct dns_resolver *);

/*
 * Asks for records of one type; name is valid.  The reply may come before this
 * returns, and then it returns NULL.
 */
struct dns_query *dns_resolver_ask(struct dns_resolver *, const char *name,
    unsigned int type, dns_replied *, void *arg);
/* The reply is not wanted any more, and never comes. */
void dns_query_forget(struct dns_query *);

/* Fills what the resolver knows. */
void dns_resolver_state(const struct dns_resolver *, struct msg_dns_state *);

#endif
