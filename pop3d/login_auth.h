/*
 * login_auth: a login through authd (RFC 5034), and the client's socket to whoever
 * opens the mailbox.
 */
#ifndef POP3D_LOGIN_AUTH_H
#define POP3D_LOGIN_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/chan.h"
#include "common/msg_auth.h"
#include "pop3d/client.h"

/* A line of base64 as long as RFC 4954 section 4 lets it be; CRLF not counted.
 */
#define AUTH_LINE 12288

struct login_auth {
	struct client *client;
	struct chan *authd;
	const char *ip;      /* the client's address */
	const char *profile; /* whose options hold after the login, too */
	deadline_t deadline; /* of the client's responses */
};

enum login_auth_result {
	AUTH_HANDED,    /* the socket is not ours any more */
	AUTH_FAILED,    /* authd said no; the client has been told */
	AUTH_CANCELLED, /* by the client or a bad response; it has been told */
	AUTH_NO_LINE,   /* the client left or was too slow */
	AUTH_NO_AUTHD   /* the client has been told to come again */
};

/*
 * initial: the initial response as written, "=" for an empty one, or NULL.
 * The mechanism's name is authd's to judge, its length at most MECH_MAX.
 */
enum login_auth_result login_auth_mech(
    const struct login_auth *, const char *mech, const char *initial);

/* USER and PASS, as the mechanism PLAIN. */
enum login_auth_result login_auth_password(
    const struct login_auth *, const char *user, const char *password);

#endif
