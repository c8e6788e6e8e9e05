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
	const struct target *t = &a->link->peer;
	char text[DIAG_TEXT + 1];
	enum outcome r;
	va_list ap;

	start_verdict(a);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Whoever shows it puts the host's name before it. */
	if (t->ip[0] == '\0' || strcmp(t->host, t->ip) == 0)
		r = diag_set(&a->verdict.diag, dsn, "%s", text);
	else
		r = diag_set(&a->verdict.diag, dsn, "[%s]: %s", t->ip, text);
	if (r == OUT_TEMP)
		a->verdict.flags = OUTCOME_DOWN;
	return r == OUT_TEMP ? TRY_TEMP : TRY_PERM;
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

	if (r->code < 400)
		return attempt_fail(a, "4.5.0",
		    "it answered another question: %d %s", r->code, r->text);
	start_verdict(a);
	v->code = (uint32_t)r->code;
	if (smtp_reply_diag(r, &v->diag) == OUT_PERM)
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

enum try
attempt_hear(struct attempt *a, struct smtp_reply *r, int64_t seconds,
    reply_line_fn fn, void *arg)
{
	switch (smtp_reply_read(&a->link->io, r,
	    link_deadline(a->wish->config, seconds), fn, arg)) {
	case REPLY_READ:
		return TRY_READY;
	case REPLY_NONSENSE:
		return attempt_fail(a, "4.5.0", "%s", r->text);
	default:
		return attempt_fail(a, "4.4.2", "%s", r->text);
	}
}
