/*
 * tls_penalty: clients whose handshakes fail again and again.
 *
 * One table in a process: that of tlsd's acceptor.  Clients are named as by
 * net_client_key(); times are deadline_now().
 */
#ifndef COMMON_TLS_PENALTY_H
#define COMMON_TLS_PENALTY_H

#include <stdbool.h>

#include "common/deadline.h"

#define PENALTY_FAILURES 60  /* in */
#define PENALTY_TIME 60000   /* ms; then a client begins anew */
#define PENALTY_CLIENTS 4096 /* that are remembered */

/*
 * Empty from here on; false with errno.  Children made by fork(2) have no part
 * of it and must call nothing here.
 */
bool tls_penalty_init(void);

/*
 * One more failure; true when it is the one from which on the client is
 * refused.  Where there is no place, one of fewer failures is forgotten.
 */
bool tls_penalty_failed(const char *client, deadline_t now);

/* Whether the client is refused until its time is over. */
bool tls_penalty_refused(const char *client, deadline_t now);

#endif
