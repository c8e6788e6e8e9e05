/*
 * capa: what the server can do (RFC 2449).
 */
#ifndef POP3D_CAPA_H
#define POP3D_CAPA_H

#include "pop3d/client.h"

/* What is not the same for every client and at all times. */
struct capa {
	const char *offered; /* SASL mechanisms, spaces between; "" for none */
	bool stls;           /* can be used now; never after login */
};

/*
 * The whole reply.  Who may send PLAIN may use USER, which is that mechanism.
 * Mechanisms are the same before and after login (RFC 2449 sections 6.2 and
 * 6.3).
 */
void capa_reply(struct client *, const struct capa *);

#endif
