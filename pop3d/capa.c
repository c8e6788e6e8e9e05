/*
 * capa: what the server can do.  In pop3d and pop3-mailbox, which must tell
 * the same; talks to the client.
 */
#include "common/msg_auth.h"
#include "pop3d/capa.h"

void
capa_reply(struct client *c, bool passwords)
{
	client_reply(c, "+OK Capability list follows");
	client_reply(c, "TOP");
	if (passwords) {
		client_reply(c, "USER");
		client_reply(c, "SASL " AUTH_MECHS);
	}
	client_reply(c, "RESP-CODES");
	client_reply(c, "AUTH-RESP-CODE");
	client_reply(c, "PIPELINING");
	client_reply(c, "UIDL");
	client_reply(c, "EXPIRE NEVER");
	client_reply(c, "IMPLEMENTATION Postrider");
	client_reply(c, ".");
}
