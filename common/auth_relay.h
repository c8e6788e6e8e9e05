/*
 * auth_relay: authd's side of logins at other hosts (msg_auth.h, relay).
 */
#ifndef COMMON_AUTH_RELAY_H
#define COMMON_AUTH_RELAY_H

#include "common/auth_session.h"
#include "common/msg_auth.h"

struct auth_relay;

/* Whether it is a message that only remote may send: relay, prompt, verdict. */
bool auth_relay_type(unsigned int type);

/*
 * Takes one from the peer and answers it, now or from the event loop.  *r is
 * the peer's exchange, NULL before the first and whenever none is under way.
 */
void auth_relay_message(const struct auth_session_common *, struct peer *,
    struct auth_relay **r, unsigned int type, const union msg_auth *);

/* The peer is gone, or NULL. */
void auth_relay_free(struct auth_relay *);

#endif
