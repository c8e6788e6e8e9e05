/*
 * transaction: the TRANSACTION and UPDATE states of a session (RFC 1939
 * sections 5 and 6).
 */
#ifndef POP3D_TRANSACTION_H
#define POP3D_TRANSACTION_H

#include <stdint.h>

#include "pop3d/client.h"
#include "pop3d/maildrop.h"

struct transaction {
	struct client *client;
	struct maildrop *md; /* open and locked */
	const char *offered; /* mechanisms, as before the login */
	int64_t timeout;     /* seconds that a command may take to come */
	int64_t junk;        /* bad commands in a row after which it ends */
	/* what has happened, for the log */
	uint64_t octets;   /* of text sent */
	size_t retrieved;  /* messages sent by RETR or a whole TOP */
	size_t deleted;    /* messages removed by QUIT */
	const char *ended; /* "quit", "timeout", "closed", ... */
};

/* From the first command to the end.  Only QUIT removes messages. */
void transaction_run(struct transaction *);

#endif
