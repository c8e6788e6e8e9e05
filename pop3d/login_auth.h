/*
 * login_auth: a login through authd (RFC 5034), and the client's socket to
 * whoever opens the mailbox.
 */
#ifndef POP3D_LOGIN_AUTH_H
#define POP3D_LOGIN_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/auth_client.h"
#include "pop3d/client.h"
#include "pop3d/login_line.h"

/* Bytes of base64, as many as RFC 4954 section 4 lets there be. */
#define AUTH_LINE 12288

struct login_auth {
	struct client *client;
	struct auth_client *authd;
	const struct login_line *line;
	deadline_t deadline; /* of the client's responses */
	enum line got;       /* instead of one */
};

enum login_auth_result {
	AUTH_HANDED,    /* the socket is not ours any more */
	AUTH_FAILED,    /* authd said no; the client has been told */
	AUTH_CANCELLED, /* by the client or a bad response; it has been told */
	AUTH_NO_LINE,   /* the client left or was too slow: see got */
	AUTH_NO_AUTHD   /* the client has been told to come again */
};

/* mechanism, flags and token are the caller's; the token is wiped. */
enum login_auth_result login_auth(struct login_auth *, struct msg_auth_start *);

/* USER and PASS, as the mechanism PLAIN. */
enum login_auth_result login_auth_password(
    struct login_auth *, const char *user, const char *password);

#endif
