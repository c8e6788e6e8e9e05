/*
 * cmd_hello: HELO and EHLO.
 *
 * Part of smtpd(8), as postrider-net.  What a client calls itself is believed
 * for nothing; it is noted in the Received field and the log.
 */
#include <stdio.h>

#include "smtpd/command.h"

static void
meet(struct session *s, const char *arg, bool esmtp)
{
	trace_helo(arg, s->helo);
	s->esmtp = esmtp;
	s->state = ST_HELLO;
	session_reset(s);
}

enum next
cmd_helo(struct session *s, char *arg)
{
	char text[REPLY_MAX + 1];

	meet(s, arg, false);
	(void)snprintf(text, sizeof(text), "250 %s\r\n", s->cfg.hostname);
	return session_say(s, 250, text);
}

enum next
cmd_ehlo(struct session *s, char *arg)
{
	char text[2 * REPLY_MAX], mechs[MECHS_MAX];

	meet(s, arg, true);
	cmd_auth_offered(s, mechs);
	(void)snprintf(text, sizeof(text),
	    "250-%s\r\n"
	    "250-PIPELINING\r\n"
	    "250-SIZE %lld\r\n"
	    "250-8BITMIME\r\n"
	    "250-SMTPUTF8\r\n"
	    "250-CHUNKING\r\n"
	    "250-BINARYMIME\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n"
	    "250-DSN\r\n"
	    "250-LIMITS RCPTMAX=%lld\r\n"
	    "%s%s%s%s"
	    "250 HELP\r\n",
	    s->cfg.hostname, (long long)s->cfg.message_size,
	    (long long)s->cfg.recipients,
	    s->client.starttls ? "250-STARTTLS\r\n" : "",
	    mechs[0] != '\0' ? "250-AUTH " : "", mechs,
	    mechs[0] != '\0' ? "\r\n" : "");
	return session_say(s, 250, text);
}
