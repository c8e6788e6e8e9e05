/*
 * capa: what the server can do (RFC 2449).
 */
#ifndef POP3D_CAPA_H
#define POP3D_CAPA_H

#include "pop3d/client.h"

/*
 * The whole reply.  passwords: whether this client may log in with one here;
 * the same is told before and after login (RFC 2449 sections 6.2 and 6.3).
 */
void capa_reply(struct client *, bool passwords);

#endif
