/*
 * tls_line: what smtpd and pop3d say of a client's line: to tlsd before the
 * handshake, to the log and to authd after it.
 */
#ifndef COMMON_TLS_LINE_H
#define COMMON_TLS_LINE_H

#include <stdbool.h>

#include "common/msg_auth.h"
#include "common/msg_tls.h"

/* A client, as sessions know it. */
struct tls_line {
	const char *service; /* "smtp" or "pop3" */
	const char *profile; /* whose options hold */
	const char *ip;
};

/*
 * Whether a client that begins with this byte begins TLS, which has no end of a
 * line to wait for: a record of a handshake, or SSL's oldest hello.
 */
bool tls_line_is_hello(char first);

/* What tlsd is to know of it; it is to be the server. */
void tls_line_start(const struct tls_line *, struct msg_tls_start *);

/* The handshake, or why there was none, as a line of the log. */
void tls_line_log(const struct tls_line *, const struct msg_tls_ready *);
void tls_line_log_failed(const struct tls_line *, const char *reason);

/*
 * Adds the client and, if its line is encrypted, the word of tlsd to a login.
 * tls is all zero where it is not; offered: the mechanisms, see mechs.h.
 */
void tls_line_login(const struct tls_line *, const struct msg_tls_ready *tls,
    const char *offered, struct msg_auth_start *);

#endif
