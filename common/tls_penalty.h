/*
 * tls_penalty: clients whose handshakes fail again and again.
 *
 * One table in a process: that of tlsd's acceptor.  Clients are named as by
 * net_client_key(); times are deadline_now().  What fails in one profile counts
 * there alone: behind one address are many people, and not all of them use the
 * port that somebody knocks at.
 */
#ifndef COMMON_TLS_PENALTY_H
#define COMMON_TLS_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"

#define PENALTY_FAILURES 60  /* in */
#define PENALTY_TIME 60000   /* ms; then a client begins anew */
#define PENALTY_CLIENTS 4096 /* that are remembered, each in a profile */
#define PENALTY_PROFILES 64  /* all that come later count as one */

/*
 * Empty from here on; false with errno.  Children made by fork(2) have no part
 * of it and must call nothing here.
 */
bool tls_penalty_init(void);

/*
 * One more failure; true when it is the one from which on the client is
 * refused.  Where there is no place, one of fewer failures is forgotten.
 */
bool tls_penalty_failed(
    const char *client, const char *profile, deadline_t now);

/* Whether the client is refused until its time is over. */
bool tls_penalty_refused(
    const char *client, const char *profile, deadline_t now);

/*
 * A number for a profile's name, and the name of such a number; both as long as
 * the process lives.
 */
uint32_t tls_penalty_mark(const char *profile);
const char *tls_penalty_profile(uint32_t mark);

#endif
