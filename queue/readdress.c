/*
 * readdress: a recipient that became an alias after its message was accepted.
 * In queued, as postrider.  The envelope of a message cannot grow: what the
 * alias leads to gets a message of its own, which is durable before the
 * recipient is marked as delivered.
 */
#include <errno.h>
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "queue/dispatch.h"
#include "queue/expand.h"
#include "queue/readdress.h"

struct work_item {
	struct message *message;
	size_t index;
	struct envelope env; /* of the new message */
};

static void
item_free(struct work_item *w)
{
	env_free(&w->env);
	free(w);
}

static void
on_durable(void *arg, int error)
{
	struct work_item *w = arg;
	struct message *m = w->message;
	struct diag d = DIAG_INIT;

	if (error != 0)
		(void)diag_set(
		    &d, "4.3.0", "The alias's message: %s", strerror(error));
	else if (!dispatch_accept(m->q->dispatch, &w->env)) {
		spool_abort(m->q->spool, w->env.id);
		(void)diag_set(&d, "4.3.0", "Out of memory");
	} else
		log_event(w->env.id, "queued", "from=%s rcpts=%zu copy-of=%s",
		    w->env.sender, w->env.nrcpt, m->env.id);
	if (d.outcome == OUT_OK)
		message_passed_on(m, w->index);
	else
		message_outcome(m, w->index, &d);
	item_free(w);
}

/* The new message has everything of the old but recipients and state. */
static void
copy_fields(struct envelope *to, const struct envelope *from)
{
	to->arrival = from->arrival;
	to->uid = from->uid;
	to->flags = from->flags;
	to->ret = from->ret;
	strlcpy(to->client, from->client, sizeof(to->client));
	strlcpy(to->login, from->login, sizeof(to->login));
	strlcpy(to->sender, from->sender, sizeof(to->sender));
	strlcpy(to->envid, from->envid, sizeof(to->envid));
}

/* What recipient i is now; false when that is no more than before. */
static bool
look_up(const struct message *m, size_t i, struct envelope *to, struct diag *d)
{
	struct settings *s = &m->q->settings;
	const char *addr = env_addr(&m->env, i);
	struct envelope one;
	enum outcome r;

	env_init(&one);
	strlcpy(one.sender, m->env.sender, sizeof(one.sender));
	if (!env_add(&one, addr, env_orcpt(&m->env, i), m->env.rcpts[i].notify))
		r = diag_set(d, "4.3.0", "Out of memory");
	else
		r = expand(s->tables, s->mail_name, &one, to, d);
	env_free(&one);
	if (r == OUT_OK && to->nrcpt == 1 && strcmp(env_addr(to, 0), addr) == 0)
		r = diag_set(d, EXPAND_FAILED_DSN, EXPAND_FAILED_TEXT);
	return r == OUT_OK;
}

/* As for a message that a session brings. */
static bool
has_room(const struct message *m, struct diag *d)
{
	struct queue *q = m->q;

	q->room.reserve = (uint64_t)q->settings.free_space;
	return room_check(&q->room, q->spool, m->content.size, deadline_now(),
		   d) == OUT_OK;
}

bool
readdress(struct message *m, size_t i, struct diag *d)
{
	struct spool_source from = { m->env.id, m->content, NULL };
	struct work_item *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		(void)diag_set(d, "4.3.0", "Out of memory");
		return false;
	}
	w->message = m;
	w->index = i;
	env_init(&w->env);
	copy_fields(&w->env, &m->env);
	if (has_room(m, d) && look_up(m, i, &w->env, d)) {
		if (spool_copy(m->q->spool, &from, &w->env, on_durable, w))
			return true;
		(void)diag_set(
		    d, "4.3.0", "The alias's message: %s", strerror(errno));
	}
	item_free(w);
	return false;
}
