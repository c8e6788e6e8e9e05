/*
 * auth_session: authd's side of one auth channel (msg_auth.h).
 */
#ifndef COMMON_AUTH_SESSION_H
#define COMMON_AUTH_SESSION_H

#include "common/login_check.h"
#include "common/server.h"

/* For struct server: one for all sessions, set before the first. */
void auth_session_init(struct login_checker *, struct sasl_library *);
void auth_session_opened(struct peer *);
extern const struct peer_ops auth_session_ops;

#endif
