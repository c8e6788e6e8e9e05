/*
 * outgoing_replies: what the replies to a message mean for its recipients.
 *
 * Part of remote, as postrider-out.  The replies are of strangers: they are
 * matched to what was said by their order alone, and none that comes too early,
 * or is no answer to its question, is ever taken for a success.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "delivery/outgoing_private.h"
#include "delivery/smtp_reply.h"

/* RFC 5321 section 4.5.3.2, seconds. */
#define WAIT_COMMAND 300
#define WAIT_DATA 120
#define WAIT_END 600
#define WAIT_EARLY 10 /* for the rest of what came unasked */

/* In words of ours that are not about what is wrong here. */
static bool
is_about_them(const struct diag *d)
{
	return d->outcome != OUT_OK && strcmp(d->dsn, "4.3.0") != 0 &&
	    strcmp(d->dsn, JOB_DAMAGED) != 0;
}

static void
name_them(const struct link *l, struct verdict *v)
{
	struct diag named = DIAG_INIT;

	(void)diag_set(&named, v->diag.dsn, "%s: %s", l->who, v->diag.text);
	v->diag = named;
}

static void
fill(struct outgoing_line *l, struct outgoing *o, size_t i,
    const struct diag *d, uint32_t code)
{
	struct verdict *v = &o->verdict[i];

	v->diag = *d;
	if (code == 0 && is_about_them(d))
		name_them(l->link, v);
	v->flags = 0;
	v->code = code;
	strlcpy(v->mta, l->link->name, sizeof(v->mta));
	if (d->outcome == OUT_OK && (l->link->ext.has & EXT_DSN) == 0)
		v->flags = OUTCOME_RELAYED;
}

void
outgoing_own(
    struct outgoing_line *l, struct outgoing *o, size_t i, const struct diag *d)
{
	fill(l, o, i, d, 0);
	o->state[i] = RCPT_SETTLED;
}

void
outgoing_soften(struct diag *d)
{
	if (d->outcome != OUT_PERM)
		return;
	d->outcome = OUT_TEMP;
	d->dsn[0] = '4';
}

/* What the reply would have answered, in words. */
static const char *
step_text(const struct outgoing *o)
{
	static const char *const text[] = {
		[STEP_RSET] = "RSET",
		[STEP_MAIL] = "MAIL FROM",
		[STEP_RCPT] = "RCPT TO",
		[STEP_DATA] = "DATA",
		[STEP_END] = "the end of the message",
		[STEP_OVER] = "nothing",
	};

	return text[o->step];
}

static bool
end_was_sent(const struct outgoing_line *l, const struct outgoing *o)
{
	return o->ended && l->flight.sent >= o->end_at;
}

/* The same behind their words, which need not be an answer to it. */
static void
put_where(const struct outgoing_line *l, const struct outgoing *o,
    char text[DIAG_TEXT + 1])
{
	char where[41];

	if (o->step == STEP_OVER)
		return;
	if (o->step == STEP_END && !end_was_sent(l, o)) {
		smtp_reply_where(text, "while the message was sent");
		return;
	}
	(void)snprintf(where, sizeof(where), "in reply to %s", step_text(o));
	smtp_reply_where(text, where);
}

/* What a reply says of recipient i, for good. */
static void
settle(struct outgoing_line *l, struct outgoing *o, size_t i,
    const struct smtp_reply *r, uint32_t flags)
{
	struct diag d = DIAG_INIT;

	if (smtp_reply_diag(r, &d) != OUT_OK)
		put_where(l, o, d.text);
	if (l->link->tls_lost && smtp_reply_wants_tls(r))
		outgoing_soften(&d);
	fill(l, o, i, &d, (uint32_t)r->code);
	if (d.outcome == OUT_TEMP)
		o->verdict[i].flags |= flags;
	o->state[i] = RCPT_SETTLED;
}

static void
settle_all(struct outgoing_line *l, struct outgoing *o,
    const struct smtp_reply *r, uint32_t flags)
{
	for (size_t k = 0; k < o->count; k++)
		if (o->state[o->who[k]] != RCPT_SETTLED &&
		    o->state[o->who[k]] != RCPT_TODO)
			settle(l, o, o->who[k], r, flags);
}

void
outgoing_break(struct outgoing_line *l, struct outgoing *o, const char *dsn,
    const char *fmt, ...)
{
	char text[2 * DIAG_TEXT];
	struct diag d = DIAG_INIT;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)diag_set(&d, dsn, "%s", text);
	for (size_t i = 0; i < o->n; i++)
		if (o->state[i] != RCPT_SETTLED)
			outgoing_own(l, o, i, &d);
	l->broken = true;
}

/* A link that was kept may have been closed in the meantime. */
static bool
is_stale(struct outgoing_line *l, const struct outgoing *o)
{
	if (!o->reused || o->heard)
		return false;
	l->broken = l->again = true;
	return true;
}

static bool
lost(struct outgoing_line *l, struct outgoing *o, enum reply_result result,
    const struct smtp_reply *r)
{
	const char *dsn = result == REPLY_NONSENSE ? "4.5.0" : "4.4.2";

	if (result == REPLY_GONE && is_stale(l, o))
		return false;
	if (end_was_sent(l, o))
		outgoing_break(l, o, dsn,
		    "the message was sent whole, but not answered, so that it "
		    "may arrive twice: %s",
		    r->text);
	else
		outgoing_break(l, o, dsn, "waiting for an answer to %s: %s",
		    step_text(o), r->text);
	return false;
}

/* 250, and 251 and 252 of recipients: no other 2xx says that it is done. */
static bool
is_yes(const struct smtp_reply *r)
{
	return r->code / 10 == 25;
}

static bool
is_no(const struct smtp_reply *r)
{
	return r->code / 100 == 4 || r->code / 100 == 5;
}

/* A reply that does not answer what was asked. */
static bool
breach(struct outgoing_line *l, struct outgoing *o, const char *when,
    const struct smtp_reply *r)
{
	outgoing_break(l, o, "4.5.0",
	    "the other side does not keep to SMTP: %s %s it says %d %s", when,
	    step_text(o), r->code, r->text);
	return false;
}

static bool
take_rset(
    struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	if (r->code / 100 != 2)
		return breach(l, o, "to", r);
	o->step = STEP_MAIL;
	return true;
}

static bool
take_mail(
    struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	if (!is_yes(r) && !is_no(r))
		return breach(l, o, "to", r);
	o->mail_accepted = is_yes(r);
	if (!o->mail_accepted)
		settle_all(l, o, r, smtp_reply_is_busy(r) ? OUTCOME_BUSY : 0);
	o->step = STEP_RCPT;
	return true;
}

/*
 * RFC 5321 section 4.5.3.1.10: too many for one transaction, and more may
 * follow in another.  One alone that is refused so is refused for itself.
 */
static bool
is_one_too_many(const struct outgoing *o, const struct smtp_reply *r)
{
	if (o->accepted == 0 || (r->code != 452 && r->code != 552))
		return false;
	return r->dsn[0] == '\0' || strcmp(r->dsn + 1, ".5.3") == 0;
}

/* The same when even the first one is: later it is not too many. */
static void
settle_rcpt(struct outgoing_line *l, struct outgoing *o, size_t i,
    const struct smtp_reply *r)
{
	struct diag *d = &o->verdict[i].diag;

	settle(l, o, i, r, 0);
	if (strcmp(d->dsn, "5.5.3") == 0)
		outgoing_soften(d);
}

/* After the last one. */
static void
after_rcpt(struct outgoing *o)
{
	if (o->answered < o->asked)
		return;
	o->step = o->data ? STEP_DATA : STEP_OVER;
}

static bool
take_rcpt(
    struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	size_t i = o->who[o->answered++];

	if (!is_yes(r) && !is_no(r))
		return breach(l, o, "to", r);
	if (o->state[i] == RCPT_ASKED && is_yes(r)) {
		o->state[i] = RCPT_ACCEPTED;
		o->accepted++;
	} else if (o->state[i] == RCPT_ASKED && is_one_too_many(o, r))
		o->state[i] = RCPT_TODO;
	else if (o->state[i] == RCPT_ASKED)
		settle_rcpt(l, o, i, r);
	after_rcpt(o);
	return true;
}

/*
 * Without recipients an empty message would be no message: it is not begun.
 * Behind a refusal there is nothing, else it was one of something else.
 */
static bool
take_data(
    struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	if (r->code != 354 && (!is_no(r) || smtp_reply_early(&l->link->io)))
		return breach(l, o, "to", r);
	o->go_ahead = r->code == 354;
	if (o->go_ahead && o->accepted == 0) {
		l->broken = true;
		return false;
	}
	if (!o->go_ahead) {
		settle_all(l, o, r, 0);
		l->dirty = true;
	}
	o->step = STEP_OVER; /* or the end, when the content is put */
	return true;
}

/* RFC 2033 section 4.2: one for each accepted recipient, in their order. */
static bool
take_end_lmtp(
    struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	size_t k = 0;

	while (o->state[o->who[k]] != RCPT_ACCEPTED)
		k++;
	settle(l, o, o->who[k], r, 0);
	if (++o->told == o->accepted)
		o->step = STEP_OVER;
	return true;
}

static bool
take_end(
    struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	if (!end_was_sent(l, o) || (!is_yes(r) && !is_no(r)))
		return breach(l, o, end_was_sent(l, o) ? "to" : "before", r);
	/* RFC 3030 section 2: after a BDAT that fails the state is unknown. */
	if (o->form.bdat && !is_yes(r))
		l->dirty = true;
	if (l->link->lmtp)
		return take_end_lmtp(l, o, r);
	settle_all(l, o, r, 0);
	o->step = STEP_OVER;
	return true;
}

static bool
take_nothing(
    struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	return breach(l, o, "to", r);
}

/* It leaves (RFC 5321 section 3.8); 221 is for those who have said QUIT. */
static bool
leaves(struct outgoing_line *l, struct outgoing *o, const struct smtp_reply *r)
{
	if (is_stale(l, o))
		return false;
	if (r->code == 221)
		return breach(l, o, "to", r);
	for (size_t i = 0; i < o->n; i++)
		if (o->state[i] != RCPT_SETTLED)
			settle(l, o, i, r, OUTCOME_BUSY);
	l->broken = true;
	return false;
}

static const struct {
	int64_t seconds;
	bool (*take)(struct outgoing_line *, struct outgoing *,
	    const struct smtp_reply *);
} steps[] = {
	[STEP_RSET] = { WAIT_COMMAND, take_rset },
	[STEP_MAIL] = { WAIT_COMMAND, take_mail },
	[STEP_RCPT] = { WAIT_COMMAND, take_rcpt },
	[STEP_DATA] = { WAIT_DATA, take_data },
	[STEP_END] = { WAIT_END, take_end },
	[STEP_OVER] = { WAIT_EARLY, take_nothing },
};

bool
outgoing_hear(struct outgoing_line *l, struct outgoing *o)
{
	struct smtp_reply r;
	enum reply_result result;

	if (o->step == STEP_END && !end_was_sent(l, o))
		return outgoing_early(l, o);
	result = smtp_reply_read(&l->link->io, &r,
	    link_deadline(l->config, steps[o->step].seconds), NULL, NULL);
	if (result != REPLY_READ)
		return lost(l, o, result, &r);
	if (r.code == 421 || r.code == 221)
		return leaves(l, o, &r);
	o->heard = o->heard || o->step != STEP_RSET;
	return steps[o->step].take(l, o, &r);
}

/*
 * A refusal of what was sent so far counts, since no more of it is sent; that it
 * was taken cannot be, before its end.
 */
bool
outgoing_early(struct outgoing_line *l, struct outgoing *o)
{
	struct smtp_reply r;
	enum reply_result result = smtp_reply_read(
	    &l->link->io, &r, link_deadline(l->config, WAIT_EARLY), NULL, NULL);

	if (result != REPLY_READ)
		return lost(l, o, result, &r);
	if (r.code == 421)
		return leaves(l, o, &r);
	if (r.code / 100 != 4 && r.code / 100 != 5) {
		o->step = STEP_END;
		return breach(l, o, "before", &r);
	}
	settle_all(l, o, &r, 0);
	l->broken = true;
	return false;
}

void
outgoing_doubt(struct outgoing_line *l, struct outgoing *o)
{
	struct smtp_reply r;
	enum reply_result result = smtp_reply_read(
	    &l->link->io, &r, link_deadline(l->config, WAIT_EARLY), NULL, NULL);
	struct diag d = DIAG_INIT;

	l->broken = true;
	if (result == REPLY_READ && r.code == 421)
		return;
	(void)diag_set(&d, "4.5.0",
	    "the message was sent whole, but answered more than once, so that "
	    "it may arrive twice: %d %s",
	    r.code, r.text);
	for (size_t k = 0; k < o->count; k++)
		if (o->state[o->who[k]] == RCPT_SETTLED &&
		    o->verdict[o->who[k]].diag.outcome == OUT_OK)
			outgoing_own(l, o, o->who[k], &d);
}

/*
 * Who closes a connection may have said why: what was said is read first.  It
 * comes at once, or not at all.
 */
void
outgoing_unsent(struct outgoing_line *l)
{
	struct outgoing *o = l->now;
	int error = l->flight.error;

	if (l->broken)
		return; /* what was heard has settled it */
	if (error != ETIMEDOUT)
		while (o->step != STEP_OVER && outgoing_hear(l, o))
			continue;
	if (l->broken)
		return;
	outgoing_break(l, o, "4.4.2", "sending the message: %s",
	    error == ETIMEDOUT ? "the other side does not read it in time"
			       : strerror(error));
}
