/*
 * conf_routes: the lines of postrider.conf on mail to other hosts.
 */
#ifndef QUEUE_CONF_ROUTES_H
#define QUEUE_CONF_ROUTES_H

#include "common/hop.h"
#include "queue/conf.h"

/* "DOMAIN NEXTHOP" behind "route"; mistakes go into the report. */
void conf_route(struct conf *, const struct conf_lines *, char *rest);

/* The same behind "sender-route": whose mail it is, and the next hop. */
void conf_sender_route(struct conf *, const struct conf_lines *, char *rest);

/* "DOMAIN WORD" or "NEXTHOP WORD" behind "tls-policy". */
void conf_tls_policy(struct conf *, const struct conf_lines *, char *rest);

/*
 * Whose mail a line is about, as queued looks it up: a domain, ".domain",
 * "[address]" or "*".  False: it is none of these.
 */
bool conf_route_key(const char *, char key[HOP_MAX + 1]);
/* The same of a sender: an address, a domain or ".domain". */
bool conf_sender_key(const char *, char key[HOP_MAX + 1]);

/* A next hop in its canonical form; false with what was wanted. */
bool conf_hop(const char *, char out[HOP_MAX + 1], const char **wanted);

/*
 * What the list of options cannot say of a value: canon, which option_canon()
 * made, is checked on and made canonical; false with what was wanted.
 */
bool conf_away_value(
    const char *name, char *canon, size_t size, const char **wanted);

#endif
