/*
 * targets_private: what the files of targets share.
 */
#ifndef DELIVERY_TARGETS_PRIVATE_H
#define DELIVERY_TARGETS_PRIVATE_H

#include "delivery/targets.h"

/* A host to look at, and what became of it. */
struct host {
	uint32_t preference;
	char name[DOMAIN_MAX + 1];
	struct dns_answer answer; /* its addresses */
	size_t refused;           /* of them, gone from the answer */
	bool ours;
};

/* One search. */
struct search {
	struct targets *to;
	const struct hop *hop;
	const struct remote_config *config;
	struct dns_client *dns;
	struct diag *diag;
	bool named;  /* the host is the administrator's choice, nobody else's */
	bool secure; /* the way to the hosts' names */
	size_t hosts, asked; /* asked of the first; they hold answers */
	struct host host[DNS_RECORDS];
};

/* Those of the hosts that are left of which is known what DNS says. */
size_t targets_known(const struct search *);

/* What there is to say; text is "" or more about it.  Returns the outcome. */
enum outcome targets_fail(
    struct search *, const char *dsn, const char *what, const char *text);

/*
 * What an answer without records, or that is not to be believed, is worth;
 * absent: the code of a name that is not there.
 */
enum outcome targets_unknown(
    struct search *, const struct dns_answer *, const char *absent);

/* Why none of the hosts has an address to go to. */
enum outcome targets_none(struct search *);

#endif
