/*
 * trace: the fields that smtpd adds to a message.
 *
 * Part of smtpd(8), as postrider-net; text in, text out.  What a client said
 * of itself gets here only through trace_helo(), so it can neither end a line
 * nor look like another part of the field.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/utc.h"
#include "smtpd/trace.h"

void
trace_date(time_t t, char out[DATE_MAX])
{
	utc_date(t, 0, out);
}

void
trace_helo(const char *s, char out[HELO_MAX + 1])
{
	static const char meaning[] = "()<>\"\\;,";
	size_t n;

	for (n = 0; n < HELO_MAX && s[n] != '\0'; n++) {
		out[n] = s[n];
		if (s[n] <= ' ' || s[n] > '~' || strchr(meaning, s[n]) != NULL)
			out[n] = '?';
	}
	out[n] = '\0';
}

static const char *
utf8_protocol(const struct trace *t)
{
	if (t->authenticated)
		return t->tls ? "UTF8SMTPSA" : "UTF8SMTPA";
	return t->tls ? "UTF8SMTPS" : "UTF8SMTP";
}

/* RFC 3848; local submission has no registered name. */
static const char *
protocol(const struct trace *t)
{
	if (t->utf8) /* RFC 6531 section 4.3 */
		return utf8_protocol(t);
	if (t->authenticated)
		return t->tls ? "ESMTPSA" : "ESMTPA";
	if (t->tls)
		return "ESMTPS";
	return t->esmtp ? "ESMTP" : "SMTP";
}

static int
from(const struct trace *t, char *out, size_t size)
{
	const char *open = "", *close = "";

	if (t->local)
		return snprintf(out, size,
		    "Received: by %s (Postrider, from uid %u)\n\tid %s",
		    t->hostname, t->uid, t->id);
	if (t->client[0] != '\0') {
		open = strchr(t->client, ':') != NULL ? "[IPv6:" : "[";
		close = "]";
	}
	return snprintf(out, size,
	    "Received: from %s (%s%s%s)\n\tby %s (Postrider) with %s id %s",
	    t->helo, open, *open != '\0' ? t->client : "unknown", close,
	    t->hostname, protocol(t), t->id);
}

/*
 * Whether a word can stand in a header that goes anywhere: one letter beyond
 * ASCII, and the message wants SMTPUTF8 of every host, for our sake alone.
 */
static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 127)
			return false;
	return true;
}

size_t
trace_received(const struct trace *t, char out[TRACE_MAX])
{
	char date[DATE_MAX];
	bool rcpt = t->rcpt != NULL && is_ascii(t->rcpt);
	int n;

	/* The bounds of all parts together stay below TRACE_MAX. */
	n = from(t, out, TRACE_MAX);
	if (rcpt)
		n += snprintf(
		    out + n, (size_t)(TRACE_MAX - n), "\n\tfor <%s>", t->rcpt);
	/* RFC 8314 section 4.3: a clause behind those of RFC 5321. */
	if (t->tls)
		n += snprintf(out + n, (size_t)(TRACE_MAX - n),
		    "\n\ttls %s (%s)", t->tls_cipher, t->tls_version);
	trace_date(t->now, date);
	n += snprintf(out + n, (size_t)(TRACE_MAX - n), ";%s%s\n",
	    rcpt && !t->tls ? " " : "\n\t", date);
	return (size_t)n;
}

size_t
trace_missing(
    const struct trace *t, bool date, bool message_id, char out[TRACE_MAX])
{
	char when[DATE_MAX];
	int n = 0;

	if (date) {
		trace_date(t->now, when);
		n += snprintf(out, TRACE_MAX, "Date: %s\n", when);
	}
	if (message_id)
		n += snprintf(out + n, (size_t)(TRACE_MAX - n),
		    "Message-ID: <%s.%08x@%s>\n", t->id, arc4random(),
		    t->hostname);
	return (size_t)n;
}
