/*
 * incoming: a message's content on its way into the queue's file.
 *
 * Part of smtpd(8), as postrider-net; writes through intake.h into the one
 * descriptor that queued gave.  Whether a message is refused, and why, is
 * decided by its bytes alone and not by how they arrived: the automata run
 * on to the end, and verdict() asks them in one fixed order.
 */
#include <stdio.h>
#include <string.h>

#include "smtpd/incoming.h"
#include "smtpd/reply.h"

void
incoming_drop(struct incoming *in)
{
	if (!in->dropped)
		intake_abort(in->intake);
	in->dropped = true;
	in->len = 0;
	sbuf_free(&in->held);
}

static void
flush(struct incoming *in)
{
	if (!in->dropped && in->len > 0 &&
	    intake_write(in->intake, in->out, in->len, &in->diag) != OUT_OK)
		incoming_drop(in);
	in->len = 0;
}

static void
put(struct incoming *in, const char *s, size_t n)
{
	size_t room;

	for (; n > 0 && !in->dropped; s += room, n -= room) {
		if (in->len >= INCOMING_BLOCK)
			flush(in);
		room = INCOMING_BLOCK - in->len;
		if (room > n)
			room = n;
		memcpy(in->out + in->len, s, room);
		in->len += room;
	}
}

/* Text of ours, with LF ends; content of octets has CRLF. */
static void
put_lines(struct incoming *in, const char *s, size_t n)
{
	const char *lf;
	size_t len;

	if (in->form != INCOMING_BINARY) {
		put(in, s, n);
		return;
	}
	for (; (lf = memchr(s, '\n', n)) != NULL; s += len + 1) {
		len = (size_t)(lf - s);
		put(in, s, len);
		put(in, "\r\n", 2);
		n -= len + 1;
	}
}

void
incoming_begin(struct incoming *in, struct intake *intake,
    const struct config *cfg, const struct trace *trace,
    enum incoming_form form)
{
	char received[TRACE_MAX];

	/* Not all of it: the block's pages stay untouched until needed. */
	in->form = form;
	in->intake = intake;
	in->cfg = cfg;
	in->trace = *trace;
	in->diag = (struct diag)DIAG_INIT;
	in->dropped = false;
	in->len = 0;
	body_init(&in->body, form != INCOMING_DATA);
	head_init(&in->header);
	circle_init(&in->circle, NULL, NULL, NULL);
	in->holding = cfg->complete;
	in->rewrite.tables = NULL;
	in->grown = false;
	sbuf_init(&in->held, (size_t)cfg->header_size + INCOMING_BLOCK);
	put_lines(in, received, trace_received(trace, received));
}

void
incoming_for(struct incoming *in, struct tables *t, const struct envelope *env)
{
	circle_init(&in->circle, t, env, in->cfg->mail_name);
}

static void
put_rewritten(void *arg, const char *s, size_t n)
{
	put(arg, s, n);
}

void
incoming_rewrite(struct incoming *in, struct tables *t, const char *complete)
{
	in->rewrite = (struct rewrite_header){ .tables = t,
		.complete = complete,
		.put = put_rewritten,
		.arg = in };
	in->holding = true;
}

static void
fail(struct incoming *in, const char *dsn, const char *text)
{
	if (in->dropped)
		return;
	(void)diag_set(&in->diag, dsn, "%s", text); /* told at the end */
	incoming_drop(in);
}

/* held is the header and what came with it. */
static void
put_held(struct incoming *in, const struct sbuf *held)
{
	uint64_t size = (uint64_t)in->cfg->header_size;

	if (in->rewrite.tables == NULL) {
		put(in, sbuf_str(held), held->len);
		return;
	}
	in->rewrite.room = size > in->header.size ? size - in->header.size : 0;
	switch (rewrite_header(&in->rewrite, sbuf_str(held), held->len)) {
	case REWRITE_HEADER_OK:
		break;
	case REWRITE_HEADER_BIG:
		in->grown = true;
		incoming_drop(in);
		break;
	case REWRITE_HEADER_BROKEN:
		fail(in, "4.3.5",
		    "The configuration is damaged; please try again later");
		break;
	}
}

/* The header is known: what it lacks goes in front of it. */
static void
release(struct incoming *in)
{
	struct sbuf held = in->held; /* a failure to write drops the other */
	char added[TRACE_MAX];

	in->holding = false;
	sbuf_init(&in->held, 0);
	if (in->cfg->complete)
		put_lines(in, added,
		    trace_missing(&in->trace, !in->header.date,
			!in->header.message_id, added));
	if (sbuf_ok(&held))
		put_held(in, &held);
	else
		fail(in, "4.3.0", "Out of memory; try again later");
	sbuf_free(&held);
}

/* What is wrong with the message so far, or REPLY_OK. */
static enum reply
verdict(const struct incoming *in, int64_t *limit)
{
	const struct config *cfg = in->cfg;

	*limit = cfg->message_size;
	if (in->body.octets > (uint64_t)cfg->message_size)
		return REPLY_TOO_BIG;
	*limit = cfg->hops;
	if (in->header.received > (uint64_t)cfg->hops)
		return REPLY_LOOP;
	if (in->circle.closed)
		return REPLY_DELIVERED;
	*limit = cfg->header_size;
	if (in->grown || in->header.size > (uint64_t)cfg->header_size)
		return REPLY_HEADER_BIG;
	if (in->body.bare && cfg->newline == NEWLINE_REJECT)
		return REPLY_BARE;
	return REPLY_OK;
}

/* n bytes of content that lie behind those in out. */
static void
content(struct incoming *in, size_t n)
{
	const char *s = in->out + in->len;
	int64_t limit;

	if (!in->header.ended)
		head_feed(&in->header, s, n);
	circle_feed(&in->circle, s, n);
	if (verdict(in, &limit) != REPLY_OK)
		incoming_drop(in);
	if (in->dropped)
		return;
	if (!in->holding) {
		in->len += n;
		return;
	}
	sbuf_put(&in->held, s, n);
	if (in->header.ended)
		release(in);
}

/* What n bytes of the wire become, behind those in out; all are taken. */
static size_t
convert(struct incoming *in, const char *p, size_t n, size_t *made)
{
	if (in->form != INCOMING_BINARY)
		return body_feed(&in->body, p, n, in->out + in->len, made);
	memcpy(in->out + in->len, p, n);
	in->body.octets += n;
	return *made = n;
}

size_t
incoming_feed(struct incoming *in, const char *p, size_t n)
{
	size_t used = 0, room, made;

	while (used < n && !in->body.ended) {
		if (in->len > INCOMING_BLOCK / 2)
			flush(in);
		room = INCOMING_BLOCK - in->len;
		if (room > n - used)
			room = n - used;
		used += convert(in, p + used, room, &made);
		content(in, made);
	}
	return used;
}

enum outcome
incoming_check(struct incoming *in, struct diag *d)
{
	char number[24];
	int64_t limit;
	enum reply r = verdict(in, &limit);

	if (r != REPLY_OK) {
		(void)snprintf(
		    number, sizeof(number), "%lld", (long long)limit);
		reply_to_diag(r, number, d);
	} else if (in->dropped)
		*d = in->diag;
	return d->outcome;
}

enum outcome
incoming_end(struct incoming *in, struct diag *d)
{
	if (in->form == INCOMING_CHUNKS) {
		if (in->len == INCOMING_BLOCK)
			flush(in);
		content(in, body_end(&in->body, in->out + in->len));
	}
	circle_end(&in->circle);
	if (in->circle.closed)
		incoming_drop(in);
	if (in->holding && !in->dropped)
		release(in);
	flush(in);
	if (incoming_check(in, d) == OUT_OK &&
	    intake_commit(in->intake, d) == OUT_OK)
		return OUT_OK;
	in->dropped = true; /* queued has forgotten it, or never had it */
	return d->outcome;
}
