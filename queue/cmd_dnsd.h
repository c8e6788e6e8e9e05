/*
 * cmd_dnsd: what dnsd says of itself.
 */
#ifndef QUEUE_CMD_DNSD_H
#define QUEUE_CMD_DNSD_H

#include <stdbool.h>

#include "common/msg_dns.h"
#include "common/tables.h"

/*
 * Asks for the state, within 5 seconds; root, postrider-net and postrider-out
 * are answered.  False with why.
 */
bool dnsd_state(
    const char *run_dir, struct msg_dns_state *state, char why[TABLES_ERR]);

/* The state as one line; true when an administrator should look at it. */
bool dnsd_state_text(const struct msg_dns_state *, char *text, size_t size);

#endif
