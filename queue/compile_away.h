/*
 * compile_away: what is allowed and hardly meant about mail to other hosts.
 */
#ifndef QUEUE_COMPILE_AWAY_H
#define QUEUE_COMPILE_AWAY_H

#include "queue/compile_host.h"
#include "queue/conf.h"

/* Warnings go into the report of conf. */
void compile_check_away(struct conf *, const struct host *);

/* Whether the smart host or some route is this next hop, a canonical one. */
bool compile_leads_to(struct conf *, const char *hop);

#endif
