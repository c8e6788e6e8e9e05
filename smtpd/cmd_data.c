/*
 * cmd_data: DATA and what comes behind it.
 *
 * Part of smtpd(8), as postrider-net.  What follows is the message up to a
 * line of one dot (body.h), whatever becomes of it.
 */
#include "smtpd/command.h"
#include "smtpd/receive.h"

/* Takes the message in up to its end. */
static enum next
receive(struct session *s)
{
	enum next next = NEXT_GO;
	const char *p;
	size_t n;

	receive_start(s);
	while (!s->incoming.body.ended && next == NEXT_GO)
		if ((next = receive_block(s, &p, &n)) == NEXT_GO)
			receive_taken(s, incoming_feed(&s->incoming, p, n));
	return next;
}

/* The message, from 354 to its place in the queue; d says what became of it. */
static enum next
take_message(struct session *s, struct diag *d)
{
	enum next next;

	if ((next = session_reply(s, REPLY_GO_AHEAD)) == NEXT_GO &&
	    (next = session_flush(s)) == NEXT_GO)
		next = receive(s);
	if (next == NEXT_GO)
		(void)incoming_end(&s->incoming, d); /* d says it all */
	else
		incoming_drop(&s->incoming);
	return next;
}

enum next
cmd_data(struct session *s, char *arg)
{
	struct diag d = DIAG_INIT;
	enum next next = NEXT_GO;

	(void)arg; /* there is none */
	/* RFC 3030 section 3: lines could not be told from the end. */
	if (s->env.mail.flags & INTAKE_BINARY)
		return session_reply(s, REPLY_BINARY_DATA);
	if (receive_open(s, INCOMING_DATA, &d) == OUT_OK) {
		receive_bound(s, true);
		next = take_message(s, &d);
		receive_bound(s, false);
	}
	if (next != NEXT_GO) {
		s->state = ST_HELLO;
		return next;
	}
	return receive_reply(s, &d);
}
