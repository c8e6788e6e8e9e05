/*
 * cmd_tlsd: what tlsd says of itself.
 */
#ifndef QUEUE_CMD_TLSD_H
#define QUEUE_CMD_TLSD_H

#include <stdbool.h>

#include "common/msg_tls.h"
#include "queue/cmd.h"

/*
 * Asks for the state, within 5 seconds; only root and postrider-net
 * are answered.  False with why.
 */
bool tlsd_state(
    const char *run_dir, struct msg_tls_state *, char why[TABLES_ERR]);

/*
 * Waits, for 5 seconds at most, until a tlsd that runs and looks into this
 * tls-dir serves a certificate.  A tlsd that serves none by then is told on
 * stderr, with the file that it should.
 */
void tlsd_wait(const struct cmd *, const char *tls_dir, const char *file);

#endif
