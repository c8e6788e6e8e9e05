/*
 * auth_client: a session's end of the channel to authd (msg_auth.h), for
 * smtpd and pop3d.
 */
#ifndef COMMON_AUTH_CLIENT_H
#define COMMON_AUTH_CLIENT_H

#include <stdbool.h>

#include "common/chan.h"
#include "common/msg_auth.h"

/* The choices of the options auth and plaintext-auth, in their order. */
enum auth_policy { AUTH_NO, AUTH_OFFERED, AUTH_REQUIRED };
enum plaintext { PLAINTEXT_NEVER, PLAINTEXT_LOOPBACK, PLAINTEXT_ALWAYS };

/* Whether a password may cross the line; near: it does not leave the host. */
bool plaintext_allowed(int choice, bool near);

struct auth_client {
	struct chan chan; /* fd is -1 when authd is gone */
	int64_t wait;     /* seconds for an answer, its delays included */
	/*
	 * Set for a session whose socket is to belong to somebody else as soon
	 * as a login is good; until then it is untouched.
	 */
	bool hands_over;
	int socket; /* not owned; -1 until then */
};

/* Connects; false with the error logged, and every call will be lost. */
bool auth_client_open(
    struct auth_client *, const char *run_dir, int64_t auth_delay);

/* For a session that will not call: as if authd were lost. */
void auth_client_none(struct auth_client *);

/*
 * One message out, with a descriptor or -1, and the answer, whose type is
 * returned; AUTH_T_COUNT when authd is lost.
 */
unsigned int auth_client_call(struct auth_client *, unsigned int type,
    const void *msg, int fd, union msg_auth *answer);

/* Gives authd up: logs what was found instead of an answer, and closes. */
void auth_client_lose(struct auth_client *, const char *found);

enum auth_turn {
	AUTH_TURN_ANSWER, /* the response is there */
	AUTH_TURN_CANCEL, /* the client does not want to go on, or must not */
	AUTH_TURN_GONE    /* the session ends */
};

/* Takes a challenge to the client and brings its response. */
typedef enum auth_turn auth_ask(
    void *arg, const struct msg_auth_challenge *, struct msg_auth_response *);

enum auth_end {
	AUTH_END_YES,     /* end->success, unless the socket was handed over */
	AUTH_END_NO,      /* end->failure */
	AUTH_END_STOPPED, /* by ask(), which knows why; not told yet */
	AUTH_END_LOST     /* authd is gone */
};

struct auth_asker {
	auth_ask *ask;
	void *arg;
};

/* From start to the end, whatever it is.  Wipes the token and responses. */
enum auth_end auth_client_login(struct auth_client *, struct msg_auth_start *,
    const struct auth_asker *, union msg_auth *end);

#endif
