/*
 * login_line: how the client's line is protected, and what may therefore be
 * said on it.
 */
#ifndef POP3D_LOGIN_LINE_H
#define POP3D_LOGIN_LINE_H

#include <stdbool.h>

#include "common/mechs.h"
#include "common/tls_client.h"
#include "common/tls_line.h"
#include "pop3d/client.h"

struct login_line {
	struct tls_client tlsd;
	struct tables *tables;
	const char *ip;      /* the client's address */
	const char *profile; /* whose options hold */
	/* TLS_NO, too, where there is no certificate and nobody insists. */
	enum tls_policy policy;
	bool plaintext;    /* passwords may be sent without TLS */
	bool nearby;       /* they might be, if the client were on this host */
	bool certificates; /* are there: without one nobody has TLS */
	bool binding;      /* logins may be bound to TLS */
	/* private, but for reading: */
	bool encrypted;
	bool secrets; /* may cross it now */
	char offered[MECHS_MAX];
	struct msg_tls_ready tls; /* when encrypted; else zero */
};

/* Finds out what holds at first; everything but the rest is filled in. */
void login_line_init(struct login_line *);

/* Whether STLS can be used now. */
bool login_line_can_stls(struct login_line *);

/* Of the client, for tlsd and authd. */
struct tls_line login_line_of(const struct login_line *);

enum login_stls {
	STLS_DONE,   /* as at the start of a connection, and encrypted */
	STLS_LATER,  /* tlsd cannot; nothing has changed and nothing was said */
	STLS_FLOOD,  /* so much was sent behind STLS that it must end */
	STLS_BROKEN, /* there is nothing left to do but close */
};

/*
 * STLS (RFC 2595 section 4), the answer included when it is good.  All that the
 * client has sent before it is thrown away.
 */
enum login_stls login_line_stls(struct login_line *, struct client *);

/* TLS from the first byte; false: there is nothing to do but close. */
bool login_line_now(struct login_line *, struct client *);

#endif
