/*
 * session: everything smtpd knows about its one client.
 */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/auth_client.h"
#include "common/intake.h"
#include "common/lineio.h"
#include "common/net.h"
#include "common/sasl_line.h"
#include "common/tables.h"
#include "common/tls_client.h"
#include "smtpd/config.h"
#include "smtpd/envelope.h"
#include "smtpd/incoming.h"
#include "smtpd/policy.h"
#include "smtpd/reply.h"
#include "smtpd/trace.h"

/* Bits, because a command may be allowed in several. */
enum smtp_state {
	ST_GREETED = 1, /* banner sent */
	ST_HELLO = 2,   /* HELO or EHLO accepted */
	ST_MAIL = 4,    /* a sender */
	ST_RCPT = 8,    /* at least one recipient */
	ST_CHUNKS = 16, /* and a chunk of the message */
	ST_ANY = 31
};

enum next {
	NEXT_GO,    /* replied; go on with the next command */
	NEXT_CLOSE, /* replied; end the session */
	NEXT_DEAD   /* the client is gone: just leave */
};

/* How a message comes: since when, and how many bytes of it. */
struct pace {
	deadline_t start;
	int64_t bytes;
};

struct session {
	struct config cfg;
	struct tables tables;
	const char *profile;
	struct net_peer peer;
	struct policy_client client;
	uint32_t uid;              /* of a local submitter, or MSG_NO_UID */
	const char *name;          /* of a local submitter, or "" */
	char login[LOGIN_MAX + 1]; /* authenticated as, or "" */
	char helo[HELO_MAX + 1];   /* as trace_helo() left it, or "" */
	unsigned int state;        /* one enum smtp_state */
	bool esmtp;                /* EHLO and not HELO */
	bool explain;    /* the client hears what becomes of addresses */
	bool queue_told; /* the client knows that queued is gone */
	struct auth_client auth;
	struct tls_client tls;
	struct msg_tls_ready tls_facts; /* version is "" before TLS */
	struct intake intake; /* msg_intake.h; fd -1 when queued is gone */
	struct envelope env;
	deadline_t end;       /* of the session */
	int64_t errors, junk; /* since the last accepted message */
	int64_t commands, accepted, refused; /* for the log */
	const char *id;  /* of the message under way, or "-" */
	const char *how; /* the session ended, for the log */
	/* the last reply; code is 0 before one */
	unsigned int code;
	char last[REPLY_MAX + 1];
	char line[SASL_LINE_MAX + 1];
	struct lineio io;
	bool receiving; /* chunks: incoming is begun, and goes on */
	struct pace pace;
	struct incoming incoming;
};

/*
 * Serves the client on in and out to the end.  cfg, tables, profile, peer,
 * client, uid, name, auth, tls and intake are the caller's to fill; the rest is
 * zero.
 */
void session_run(struct session *, int in, int out);

/* Each sends one reply and returns NEXT_GO, or NEXT_DEAD. */
enum next session_reply(struct session *, enum reply);
enum next session_reply_arg(struct session *, enum reply, const char *arg);
enum next session_reply_diag(struct session *, const struct diag *);
/* Text that is a whole reply, with CRLFs; code is what it begins with. */
enum next session_say(struct session *, unsigned int code, const char *text);
/* A reply, and NEXT_CLOSE. */
enum next session_leave(struct session *, enum reply, const char *how);

/* Sends what is gathered; NEXT_GO or NEXT_DEAD. */
enum next session_flush(struct session *);
/*
 * The next line into s->line, within so many seconds; sends what is gathered
 * before it waits.
 */
enum line session_read(struct session *, int64_t seconds);
/* The answer to a line that is none. */
enum next session_bad_line(struct session *, enum line);
/* Whichever comes first: so many seconds, or the session's end. */
deadline_t session_deadline(const struct session *, int64_t seconds);

/* Who the client is, a local submitter or one that has logged in; or "". */
const char *session_user(const struct session *);

/* Forgets sender, recipients and message (RFC 5321 section 4.1.1.5). */
void session_reset(struct session *);

#endif
