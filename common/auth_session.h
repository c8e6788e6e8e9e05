/*
 * auth_session: authd's side of one auth channel (msg_auth.h).
 */
#ifndef COMMON_AUTH_SESSION_H
#define COMMON_AUTH_SESSION_H

#include "common/login_check.h"
#include "common/mac_key.h"
#include "common/server.h"

/* One for all sessions, and lives as long as they. */
struct auth_session_common {
	struct login_checker *checker;
	struct sasl_library *gsasl;
	const struct sasl_decoy *decoy;
	const struct mac_key *witness; /* with tlsd */
	const struct mac_key *hops;    /* with queued: hop_token.h */
	uid_t net, out; /* who logs clients in, and who logs in elsewhere */
};

/* For struct server; init comes before the first. */
void auth_session_init(const struct auth_session_common *);
void auth_session_opened(struct peer *);
extern const struct peer_ops auth_session_ops;

#endif
