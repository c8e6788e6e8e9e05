/*
 * attempt: one try to make a link to one address: what its steps share.
 *
 * In remote, as postrider-out.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/msg_job.h"
#include "delivery/attempt.h"

#define PORT_SMTPS 465

static void
start_verdict(struct attempt *a)
{
	struct verdict *v = &a->verdict;

	memset(v, 0, sizeof(*v));
	v->diag = (struct diag)DIAG_INIT;
	(void)strlcpy(v->mta, a->link->name, sizeof(v->mta)); /* as long */
}

enum try
attempt_fail(struct attempt *a, const char *dsn, const char *fmt, ...)
{
	char text[DIAG_TEXT + 1];
	enum outcome r;
	va_list ap;

	start_verdict(a);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r = diag_set(&a->verdict.diag, dsn, "%s: %s", a->link->who, text);
	if (r == OUT_TEMP)
		a->verdict.flags = OUTCOME_DOWN;
	return r == OUT_TEMP ? TRY_TEMP : TRY_PERM;
}

/* What is waited for, in words. */
static const char *
awaited(const struct attempt *a, char words[40])
{
	(void)snprintf(words, 40, "%s%s",
	    a->asked != NULL ? "an answer to " : "its greeting",
	    a->asked != NULL ? a->asked : "");
	return words;
}

enum try
attempt_ours(struct attempt *a)
{
	a->verdict.flags = OUTCOME_OURS;
	return TRY_STOP;
}

enum try
attempt_refused(struct attempt *a, const struct smtp_reply *r)
{
	struct verdict *v = &a->verdict;
	char words[40];
	enum outcome outcome;

	if (r->code < 400)
		return attempt_fail(a, "4.5.0",
		    "waiting for %s: it answered another question: %d %s",
		    awaited(a, words), r->code, r->text);
	start_verdict(a);
	v->code = (uint32_t)r->code;
	outcome = smtp_reply_diag(r, &v->diag);
	(void)snprintf(words, sizeof(words), "%s%s",
	    a->asked != NULL ? "in reply to " : "as its greeting",
	    a->asked != NULL ? a->asked : "");
	smtp_reply_where(v->diag.text, words);
	if (outcome == OUT_PERM)
		return TRY_PERM;
	v->flags = OUTCOME_DOWN;
	if (r->code == 421)
		v->flags |= OUTCOME_BUSY;
	return TRY_TEMP;
}

enum try
attempt_say(struct attempt *a, const char *fmt, ...)
{
	deadline_t deadline = link_deadline(a->wish->config, WAIT_COMMAND);
	va_list ap;
	bool ok;

	if (smtp_reply_early(&a->link->io))
		return attempt_fail(
		    a, "4.5.0", "it answers what it was not asked");
	va_start(ap, fmt);
	ok = link_vput(a->link, deadline, fmt, ap);
	va_end(ap);
	if (ok && link_flush(a->link, deadline))
		return TRY_READY;
	return attempt_fail(
	    a, "4.4.2", "the connection was lost: %s", strerror(errno));
}

/* Both sides wait for the other to begin, most likely. */
static bool
may_want_tls(const struct attempt *a, enum reply_result result)
{
	return result == REPLY_LATE && a->asked == NULL &&
	    a->link->peer.port == PORT_SMTPS && !a->wish->hop->implicit_tls;
}

enum try
attempt_hear(struct attempt *a, struct smtp_reply *r, int64_t seconds,
    reply_line_fn fn, void *arg)
{
	enum reply_result result = smtp_reply_read(
	    &a->link->io, r, link_deadline(a->wish->config, seconds), fn, arg);
	char words[40];

	if (result == REPLY_READ)
		return TRY_READY;
	return attempt_fail(a, result == REPLY_NONSENSE ? "4.5.0" : "4.4.2",
	    "waiting for %s: %s%s", awaited(a, words), r->text,
	    may_want_tls(a, result)
		? " (on port 465 TLS begins at once: write smtps:)"
		: "");
}
