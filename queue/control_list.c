/*
 * control_list: answers to "list", one message or all of them.  In queued, as
 * postrider.
 *
 * A list of all is a stream: of a million messages no more than a few are in
 * memory, and a slow reader slows down only his own answer.  While the spool is
 * still being read at a start, it waits a moment, and then tells what is known
 * and that this may not be all.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/control_item.h"
#include "queue/control_pack.h"
#include "queue/control_tool.h"
#include "queue/recovery.h"

#define PACK_ONE 2000      /* more than any item or recipient takes */
#define RECOVERY_MOST 2000 /* ms that a list of all waits for it */

bool
control_list_may(const struct tool *t)
{
	return t->one || recovery_done(t->q->recovery) ||
	    deadline_now() - t->since >= RECOVERY_MOST;
}

static enum step
send_rcpt(struct tool *t)
{
	struct msg_control_rcpt m;
	enum step r;

	control_rcpt(&t->env, t->piece, tool_is_root(t), &m);
	if ((r = tool_send(t, CONTROL_T_RCPT, &m, -1)) == STEP_SENT &&
	    ++t->piece == t->env.nrcpt)
		env_free(&t->env);
	return r;
}

/* The envelope stays while its recipients are to be sent. */
static enum step
send_item(struct tool *t, const struct entry *e)
{
	const struct entry_id id = entry_id(e);
	struct msg_control_item m;
	struct spool_content c;
	struct spool_fault f;
	enum step r;
	int fd = -1;

	if (spool_load(t->q->spool, id.s, &t->env, &c, &f) != SPOOL_VALID)
		return tool_error(t, NO_SUCH);
	control_item(t->q, e, &t->env, &c, &m);
	if ((t->flags & LIST_CONTENT) != 0)
		fd = spool_reader(t->q->spool, id.s);
	r = tool_send(t, CONTROL_T_ITEM, &m, fd);
	if (fd != -1)
		(void)close(fd); /* was only read */
	t->piece = 0;
	t->count += r == STEP_SENT;
	if (r != STEP_SENT || (t->flags & LIST_RCPTS) == 0)
		env_free(&t->env);
	return r;
}

static enum step
send_damaged(struct tool *t)
{
	struct msg_control_item m;
	int fd = control_damaged(t->q, t->cursor, &m);
	bool pass = fd != -1 && (t->flags & LIST_CONTENT) != 0;
	enum step r;

	r = tool_send(t, CONTROL_T_ITEM, &m, pass ? fd : -1);
	if (fd != -1)
		(void)close(fd); /* was only read */
	t->count += r == STEP_SENT;
	return r;
}

/* The one message that was asked for, or the end behind it. */
static enum step
list_one(struct tool *t)
{
	struct entry *e;

	if (t->env.nrcpt > 0)
		return send_rcpt(t);
	if (t->count > 0)
		return tool_end(t);
	e = tool_find(t, t->cursor);
	if (e != NULL && tool_may_see(t, e))
		return send_item(t, e);
	if (tool_sees_damaged(t, t->cursor))
		return send_damaged(t);
	return tool_error(t, NO_SUCH);
}

/* What was packed, if anything. */
static enum step
send_pack(struct tool *t)
{
	enum step r;

	if (t->pack->bytes_len == 0)
		return STEP_SENT;
	if ((r = tool_send(t, CONTROL_T_PACK, t->pack, -1)) == STEP_SENT)
		t->pack->bytes_len = 0;
	return r;
}

/* STEP_SENT: there is room for any item and any recipient. */
static enum step
make_room(struct tool *t)
{
	if (t->pack == NULL)
		t->pack = calloc(1, sizeof(*t->pack));
	if (t->pack == NULL)
		return tool_error(t, "out of memory");
	if (t->pack->bytes_len + PACK_ONE > PACK_MAX)
		return send_pack(t);
	return STEP_SENT;
}

static void
put(struct tool *t, unsigned int type, const void *msg)
{
	if (!control_pack(t->pack, type, msg))
		peer_close(t->peer); /* cannot be: room was made */
}

/* The recipients of the message that was last, as far as there is room. */
static enum step
put_rcpts(struct tool *t)
{
	const struct envelope *e = &t->read->file.env;
	struct msg_control_rcpt m;
	enum step r;

	for (; t->piece < e->nrcpt; t->piece++) {
		if ((r = make_room(t)) != STEP_SENT)
			return r;
		control_rcpt(e, t->piece, tool_is_root(t), &m);
		put(t, CONTROL_T_RCPT, &m);
	}
	t->read = NULL;
	return STEP_SENT;
}

static enum step
put_item(struct tool *t, const struct entry *e, struct spool_read *read)
{
	struct msg_control_item m;

	control_item(t->q, e, &read->file.env, &read->file.content, &m);
	put(t, CONTROL_T_ITEM, &m);
	t->count++;
	if ((t->flags & LIST_RCPTS) == 0)
		return STEP_SENT;
	t->piece = 0;
	t->read = read;
	return put_rcpts(t);
}

/* Behind the messages: those set aside, and the end. */
static enum step
put_damaged(struct tool *t)
{
	struct msg_control_item m;
	char id[ID_MAX + 1];
	enum step r;
	int fd;

	if (!tool_is_root(t) ||
	    !spool_damaged_after(t->q->spool, t->cursor, id)) {
		t->pending = !recovery_done(t->q->recovery);
		return (r = send_pack(t)) == STEP_SENT ? tool_end(t) : r;
	}
	fd = control_damaged(t->q, id, &m);
	if (fd != -1)
		(void)close(fd); /* was only looked at */
	put(t, CONTROL_T_ITEM, &m);
	strlcpy(t->cursor, id, sizeof(t->cursor));
	t->count++;
	return STEP_SENT;
}

/* The next of all, or the end behind them. */
static enum step
list_next(struct tool *t)
{
	struct spool_read *read;
	struct entry *e;
	enum step r;

	if ((r = make_room(t)) != STEP_SENT)
		return r;
	if (t->read != NULL)
		return put_rcpts(t);
	if (!t->behind && (r = tool_review(t, &e, &read)) != STEP_END) {
		if (r != STEP_SENT || read->state != SPOOL_VALID ||
		    !tool_wants(t, &read->file.env))
			return r;
		return put_item(t, e, read);
	}
	t->behind = true;
	return put_damaged(t);
}

enum step
control_list_step(struct tool *t)
{
	return t->one ? list_one(t) : list_next(t);
}
