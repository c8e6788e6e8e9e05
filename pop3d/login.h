/*
 * login: the AUTHORIZATION state of a session (RFC 1939 section 4).
 */
#ifndef POP3D_LOGIN_H
#define POP3D_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "pop3d/login_apop.h"
#include "pop3d/login_auth.h"
#include "pop3d/login_line.h"

#define LOGIN_USER_MAX 500 /* bytes of a name, as much as a line holds */
#define LOGIN_FAILURES 5   /* wrong passwords in one session */

struct login {
	struct client *client;
	struct auth_client authd;
	struct login_line line; /* initialized */
	const char *banner, *hostname;
	int64_t timeout;      /* seconds for all of it */
	int64_t errors, junk; /* refused commands, and commands that do nothing,
				 after which the client is sent away */
	/* private */
	deadline_t deadline;
	int64_t refused, useless;
	unsigned int failures;
	char stamp[APOP_STAMP_MAX + 1]; /* of the greeting, or "" */
	char user[LOGIN_USER_MAX + 1];  /* of USER; "" when none is waiting */
};

/*
 * From the greeting to the end: "handed" when the socket belongs to
 * pop3-mailbox now and must not be touched; "quit", "timeout", ... otherwise.
 */
const char *login_run(struct login *);

#endif
