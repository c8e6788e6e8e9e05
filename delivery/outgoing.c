/*
 * outgoing: one message to recipients of one destination, over a link.
 *
 * Part of remote, as postrider-out; talks to the other host.  What may go
 * together goes in one write (RFC 2920): the envelope with DATA, and the next
 * message's behind this one's end.  Content follows only when all that was said
 * before is answered, and nothing else was: whoever gives an answer too many
 * would otherwise have taken what it refuses.  Therefore BDAT (RFC 3030), which
 * has no go-ahead, is for what DATA cannot carry.  The end of data is never
 * sent behind content that is not whole.
 */
#include <errno.h>
#include <string.h>

#include "delivery/envelope_lines.h"
#include "delivery/outgoing_private.h"
#include "delivery/smtp_reply.h"

/* RFC 5321 section 4.5.3.2, seconds. */
#define PACE_COMMAND 300
#define PACE_BLOCK 180
/* Together with that of what is read: 4096 bytes a second, and 10 minutes. */
#define WHOLE_LEAST 600
#define WHOLE_RATE 4096

static bool
has(const struct outgoing_line *l, uint32_t bit)
{
	return (l->link->ext.has & bit) != 0;
}

/* The other side speaks while it does not read. */
static bool
heard(void *arg)
{
	struct outgoing_line *l = arg;
	struct outgoing *o = l->now;

	if (o->step == STEP_OVER && l->next != NULL)
		o = l->next;
	return outgoing_hear(l, o);
}

void
outgoing_line_init(struct outgoing_line *l, struct link *link,
    const struct remote_config *config)
{
	l->link = link;
	l->config = config;
	l->now = l->next = NULL;
	l->dirty = l->broken = l->again = false;
	flight_init(&l->flight, &link->io, heard, l);
}

void
outgoing_init(struct outgoing *o, const struct msg_job_message *msg,
    struct wire_content *content, const struct msg_job_rcpt *rcpt,
    struct verdict *verdict)
{
	memset(o, 0, sizeof(*o));
	o->msg = msg;
	o->content = content;
	o->rcpt = rcpt;
	o->n = msg->nrcpt;
	o->verdict = verdict;
	o->step = STEP_OVER;
}

void
outgoing_fail(struct outgoing *o, const struct verdict *v)
{
	for (size_t i = 0; i < o->n; i++) {
		if (o->state[i] == RCPT_SETTLED)
			continue;
		o->verdict[i] = *v;
		o->state[i] = RCPT_SETTLED;
	}
}

static size_t
left(const struct outgoing *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		n += o->state[i] == RCPT_TODO;
	return n;
}

/* OUT_OK with the content in a form that the other side takes. */
static enum outcome
choose_form(const struct extensions *e, struct outgoing *o, struct diag *d)
{
	const struct mail_facts facts = { o->msg->flags, o->msg->sender,
		o->content };

	if (mail_form_choose(&o->form, e, &facts, d) != OUT_OK)
		return d->outcome;
	switch (wire_content_use(o->content, o->form.content)) {
	case CONTENT_OK:
		return mail_form_check(&o->form, e, o->content, d);
	case CONTENT_DAMAGED:
		return diag_set(
		    d, JOB_DAMAGED, "the queued message is damaged");
	default:
		if (errno != EMSGSIZE)
			return diag_set(d, "4.3.0",
			    "the queued message cannot be read now");
		return diag_set(d, "5.6.3",
		    "the message cannot be put into a form that the next mail "
		    "server takes: a header in it is too long");
	}
}

/*
 * What is known beforehand to be refused is, and is not tried.  With TLS more
 * may be offered.
 */
static void
refuse_beforehand(struct outgoing_line *l, struct outgoing *o)
{
	const struct extensions *e = &l->link->ext;
	struct diag d = DIAG_INIT, one;

	(void)choose_form(e, o, &d); /* it is in d */
	for (size_t i = 0; i < o->n; i++) {
		if (o->state[i] != RCPT_TODO)
			continue;
		one = d;
		(void)mail_form_rcpt(e, o->rcpt[i].addr, &one);
		if (l->link->tls_lost)
			outgoing_soften(&one);
		if (one.outcome != OUT_OK)
			outgoing_own(l, o, i, &one);
		else
			o->form.utf8 |= mail_form_is_utf8(o->rcpt[i].addr);
	}
}

/* As many as the other side takes in one transaction (RFC 9422). */
static void
choose_rcpts(struct outgoing_line *l, struct outgoing *o)
{
	uint32_t most = l->link->ext.rcpt_max;

	o->count = 0;
	for (size_t i = 0; i < o->n; i++) {
		if (o->state[i] != RCPT_TODO)
			continue;
		if (most != 0 && o->count == most)
			break;
		o->state[i] = RCPT_ASKED;
		o->who[o->count++] = i;
	}
}

static void
put_mail(struct outgoing_line *l, struct outgoing *o)
{
	char line[ENVELOPE_LINE];
	size_t n = envelope_mail(
	    line, o->msg, &l->link->ext, &o->form, o->content->octets);

	/* A failure shows when it is flushed. */
	(void)flight_put(&l->flight, line, n);
}

static void
put_rcpt(struct outgoing_line *l, struct outgoing *o)
{
	char line[ENVELOPE_LINE];
	size_t n = envelope_rcpt(
	    line, &o->rcpt[o->who[o->asked++]], &l->link->ext, o->form.utf8);

	(void)flight_put(&l->flight, line, n); /* the same */
}

static void
put_command(struct outgoing_line *l, const char *line)
{
	(void)flight_put(&l->flight, line, strlen(line)); /* the same */
}

/* The option bounds it as it does what is read. */
static void
pace(struct outgoing_line *l, int64_t seconds, deadline_t whole)
{
	int64_t most = l->config->timeout;

	flight_pace(&l->flight, seconds < most ? seconds : most, whole);
}

/* False: nothing that ends the message was put, and the line is broken. */
static bool
put_content(struct outgoing_line *l, struct outgoing *o)
{
	enum content_result r;

	pace(l, PACE_BLOCK,
	    deadline_in(
		WHOLE_LEAST + (int64_t)(o->content->octets / WHOLE_RATE)));
	r = o->form.bdat ? wire_content_bdat(o->content, &l->flight)
			 : wire_content_data(o->content, &l->flight);
	if (r == CONTENT_OK) {
		o->ended = true;
		o->end_at = flight_end(&l->flight);
		return true;
	}
	if (l->flight.failed)
		outgoing_unsent(l);
	else if (r == CONTENT_DAMAGED)
		outgoing_break(
		    l, o, JOB_DAMAGED, "the queued message is damaged");
	else
		outgoing_break(
		    l, o, "4.3.0", "the queued message cannot be read now");
	return false;
}

/* The envelope, and what may follow before it is answered. */
static void
put_flight(struct outgoing_line *l, struct outgoing *o)
{
	pace(l, PACE_COMMAND, DEADLINE_NEVER);
	put_mail(l, o);
	while (o->asked < o->count)
		put_rcpt(l, o);
	if (o->form.bdat)
		return;
	put_command(l, "DATA\r\n");
	o->data = true;
}

/*
 * Begins a transaction with those that are left.  False when there is none that
 * can be tried.  reset: whether RSET goes before.
 */
static bool
begin(struct outgoing_line *l, struct outgoing *o, bool reset)
{
	refuse_beforehand(l, o);
	choose_rcpts(l, o);
	o->begun = o->data = o->heard = o->ended = o->go_ahead = false;
	o->asked = o->answered = o->accepted = o->told = 0;
	if (o->count == 0)
		return false;
	o->mail_accepted = false;
	o->begun = true;
	o->reused = l->link->messages > 0;
	o->step = reset ? STEP_RSET : STEP_MAIL;
	l->link->messages++;
	if (reset)
		put_command(l, "RSET\r\n");
	l->dirty = false;
	if (has(l, EXT_PIPELINING))
		put_flight(l, o);
	return true;
}

static bool
flush(struct outgoing_line *l)
{
	if (flight_flush(&l->flight))
		return true;
	outgoing_unsent(l);
	return false;
}

static bool
ask(struct outgoing_line *l, struct outgoing *o)
{
	return flush(l) && outgoing_hear(l, o);
}

/* One command, one reply; true when the content may follow. */
static bool
ask_one_by_one(struct outgoing_line *l, struct outgoing *o)
{
	pace(l, PACE_COMMAND, DEADLINE_NEVER);
	if (o->step == STEP_RSET && !ask(l, o))
		return false;
	put_mail(l, o);
	if (!ask(l, o))
		return false;
	while (o->mail_accepted && o->asked < o->count) {
		o->step = STEP_RCPT;
		put_rcpt(l, o);
		if (!ask(l, o))
			return false;
	}
	o->step = STEP_OVER;
	if (o->accepted == 0 || o->form.bdat)
		return o->accepted > 0;
	o->step = STEP_DATA;
	put_command(l, "DATA\r\n");
	return ask(l, o) && o->go_ahead;
}

/* All was put; true when the content may follow. */
static bool
hear_flight(struct outgoing_line *l, struct outgoing *o)
{
	while (o->step < STEP_END)
		if (!outgoing_hear(l, o))
			return false;
	return o->form.bdat ? o->accepted > 0 : o->go_ahead;
}

/* The rest of a transaction whose recipients were accepted. */
static bool
send_content(struct outgoing_line *l, struct outgoing *o)
{
	uint64_t before = l->flight.sent;

	o->step = STEP_END;
	if (smtp_reply_early(&l->link->io))
		return outgoing_early(l, o);
	if (!put_content(l, o))
		return false;
	/* What takes long leaves time for an answer to come too early. */
	if (l->flight.sent != before && smtp_reply_early(&l->link->io))
		return outgoing_early(l, o);
	return true;
}

/*
 * Whether the next message's envelope may go with the end of this one: only
 * when nothing of this can be left for another transaction.
 */
static bool
may_follow(const struct outgoing_line *l, const struct outgoing *o,
    const struct outgoing *next)
{
	uint32_t most = l->link->ext.mail_max;

	return next != NULL && has(l, EXT_PIPELINING) && o->ended &&
	    left(o) == 0 && (most == 0 || l->link->messages < most);
}

/*
 * After BDAT's reply, which is not known yet, the other side may want RSET (RFC
 * 3030 section 2).  Where next cannot go, that is told when it is its turn.
 */
static bool
put_next(struct outgoing_line *l, struct outgoing *o, struct outgoing *next)
{
	if (!may_follow(l, o, next))
		return true;
	l->next = next;
	(void)begin(l, next, o->form.bdat || l->dirty);
	if (l->flight.failed)
		outgoing_unsent(l);
	return !l->broken;
}

/* True when the content may follow. */
static bool
send_envelope(struct outgoing_line *l, struct outgoing *o)
{
	if (!has(l, EXT_PIPELINING))
		return ask_one_by_one(l, o);
	return flush(l) && hear_flight(l, o);
}

/* One transaction; the line may be broken afterwards. */
static void
transact(struct outgoing_line *l, struct outgoing *o, struct outgoing *next)
{
	if (send_envelope(l, o))
		if (send_content(l, o) && put_next(l, o, next))
			(void)flush(l); /* what failed is known */
	while (!l->broken && o->step == STEP_END)
		(void)outgoing_hear(l, o); /* the same */
	/* An answer to the end that is not the last may be one to another. */
	if (!l->broken && o->ended && l->next == NULL &&
	    smtp_reply_early(&l->link->io))
		outgoing_doubt(l, o);
	if (!o->ended && o->mail_accepted)
		l->dirty = true;
}

/* Unasked bytes would shift all replies by one; those of the last are read. */
static bool
is_quiet(struct outgoing_line *l, struct outgoing *o)
{
	if (!smtp_reply_early(&l->link->io))
		return true;
	l->broken = true;
	if (l->link->messages == 0)
		outgoing_break(l, o, "4.5.0",
		    "the other side does not keep to SMTP: it speaks unasked");
	return false;
}

/* Those of a transaction that never was are tried again. */
static enum outgoing_result
conclude(struct outgoing_line *l, struct outgoing *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->state[i] == RCPT_ASKED)
			o->state[i] = RCPT_TODO;
	l->now = l->next = NULL;
	if (left(o) > 0) {
		o->begun = false;
		return OUTGOING_AGAIN;
	}
	return l->broken ? OUTGOING_CLOSE : OUTGOING_DONE;
}

static bool
may_begin(const struct outgoing_line *l)
{
	uint32_t most = l->link->ext.mail_max;

	return most == 0 || l->link->messages < most;
}

enum outgoing_result
outgoing_run(struct outgoing_line *l, struct outgoing *o, struct outgoing *next)
{
	l->now = o;
	l->next = NULL;
	while (!l->broken && (o->begun || left(o) > 0)) {
		if (!o->begun && (!may_begin(l) || !is_quiet(l, o)))
			break;
		if (!o->begun && !begin(l, o, l->dirty))
			break;
		transact(l, o, next);
		o->begun = false;
	}
	return conclude(l, o);
}
