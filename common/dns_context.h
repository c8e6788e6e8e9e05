/*
 * dns_context: one resolver of libunbound, with a cache of its own.
 */
#ifndef COMMON_DNS_CONTEXT_H
#define COMMON_DNS_CONTEXT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns_config.h"

enum dns_context_kind {
	DNS_CHECKS, /* validates with the trust anchors */
	DNS_PLAIN,  /* believes all */
	DNS_HOSTS   /* knows /etc/hosts and nothing else, and asks nobody */
};

struct dns_context;

/* What libunbound says, valid only during the call. */
struct dns_outcome {
	int rcode; /* not 0: there is no message */
	const uint8_t *message;
	size_t len;
	bool secure, bogus;
	const char *why; /* bogus; may be NULL */
};

typedef void dns_context_answer(void *arg, const struct dns_outcome *);

/* NULL with why: at most TEXT_MAX bytes, printable ASCII. */
struct dns_context *dns_context_new(struct event_base *,
    const struct dns_config *, enum dns_context_kind, char why[TEXT_MAX + 1]);

/*
 * The answer comes once: before this returns, which is true then, or later, in
 * a minute or two when servers are silent.
 */
bool dns_context_ask(struct dns_context *, const char *name, unsigned int type,
    dns_context_answer *, void *arg);

/* Lives on until its last answer has come.  NULL is fine. */
void dns_context_release(struct dns_context *);

/* At once; answers that are under way never come.  NULL is fine. */
void dns_context_free(struct dns_context *);

#endif
