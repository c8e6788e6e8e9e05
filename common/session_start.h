/*
 * session_start: the way of smtpd and pop3d from main() to one connection,
 * with the rights of postrider-net and the configuration that holds for it.
 */
#ifndef COMMON_SESSION_START_H
#define COMMON_SESSION_START_H

#include "common/net.h"
#include "common/tables_fresh.h"

struct session_start {
	/* The program's, and not changed: */
	const char *program; /* its name, for the log */
	const char *path;    /* of the tables */
	/* The profile, or NULL: the one for the local port. */
	const char *profile;
	const char *(*profile_for)(unsigned int port); /* NULL: none */
	/*
	 * To clients, with CRLF: over a limit, and without configuration; not
	 * a byte of it where TLS comes first.
	 */
	const char *full, *fault;
	/*
	 * Takes the options that hold for sessions out of tables, which stay
	 * open; false with the reason logged.  In an accepting parent, once
	 * for all sessions until the tables change.
	 */
	bool (*load)(struct tables *, const char *profile);
	/* Filled in: */
	struct tables tables;
	struct net_peer peer;
	int in, out; /* the client; not the same if it is no socket */
	/*
	 * The profile says "tls implicit", or may do so: before the handshake
	 * nothing is written, and fault_client() is the program's to call after
	 * it.
	 */
	bool silent;
	/* Not for the program: */
	bool open, logging, usable;
	struct tables_mark seen;
};

/*
 * Returns for one connection: descriptor 0, or accepted in the parent that this
 * process becomes when it was given a listening socket (service.h).  The log
 * and the tables are open, the options loaded, profile is set and declared,
 * root is given up; an accepting parent is in SANDBOX_LISTENER, the session's
 * own sandbox is the program's to enter.  When the tables cannot be used, the
 * client hears fault, unless silent, and the process ends (EX_CONFIG); an
 * accepting parent goes on, because a super-server takes one that ends for
 * broken, and with tables that are repaired or replaced its next child serves.
 * Nothing is accepted as root.
 */
void session_start(struct session_start *);

/* Says fault to the client, unless silent, and ends with this status. */
_Noreturn void session_refuse(const struct session_start *, int status);

#endif
