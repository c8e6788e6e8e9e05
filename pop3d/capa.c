/*
 * capa: what the server can do.  In pop3d and pop3-mailbox, which must tell
 * the same; talks to the client.
 */
#include "common/mechs.h"
#include "pop3d/capa.h"

void
capa_reply(struct client *c, const struct capa *k)
{
	client_reply(c, "+OK Capability list follows");
	client_reply(c, "TOP");
	if (mechs_has(k->offered, "PLAIN"))
		client_reply(c, "USER");
	if (k->offered[0] != '\0')
		client_reply(c, "SASL %s", k->offered);
	if (k->stls)
		client_reply(c, "STLS");
	client_reply(c, "RESP-CODES");
	client_reply(c, "AUTH-RESP-CODE");
	client_reply(c, "PIPELINING");
	client_reply(c, "UIDL");
	client_reply(c, "EXPIRE NEVER");
	client_reply(c, "IMPLEMENTATION Postrider");
	client_reply(c, ".");
}
