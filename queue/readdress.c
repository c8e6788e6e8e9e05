/*
 * readdress: a recipient that is others, as was found out when it was his turn:
 * an alias with an owner, or that was none when the message was accepted; a user
 * with a ~/.forward; a list in a file.  In queued, as postrider.
 *
 * The envelope of a message cannot grow: what the recipient leads to gets a
 * message of its own, which is durable before the recipient is marked as
 * delivered.  A crash between the two leaves both, and somebody gets the message
 * twice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_intake.h"
#include "queue/copies.h"
#include "queue/dispatch.h"
#include "queue/expand_owner.h"
#include "queue/readdress.h"

struct work_item {
	struct message *message;
	size_t index;
	bool owned;              /* it has another sender */
	char tag[LOCAL_MAX + 1]; /* of the recipient's address */
	struct envelope env;     /* of the new message */
	char head[sizeof("Delivered-To: \r\n") + ADDR_MAX];
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
		(void)diag_set(&d, "4.3.0", "The message that is passed on: %s",
		    strerror(error));
	else if (!dispatch_accept(m->q->dispatch, &w->env)) {
		spool_abort(m->q->spool, w->env.id);
		(void)diag_set(&d, "4.3.0", "Out of memory");
	} else
		log_event(w->env.id, "queued", "from=%s rcpts=%zu copy-of=%s",
		    w->env.sender, w->env.nrcpt, m->env.id);
	if (d.outcome == OUT_OK)
		message_passed_on(m, w->index, w->owned);
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

/*
 * Who hears of what goes wrong: the owner of the alias, if it has one.  A message
 * that nobody is to hear of stays so.
 */
static bool
find_owner(struct work_item *w, const struct expander *x, const char *addr,
    struct diag *d)
{
	char owner[ADDR_MAX + 1];
	struct resolved r;
	struct address a;

	if (address_parse(addr, &a) != ADDRESS_OK)
		return true;
	resolve_address(x->tables, &a, x->mail_name, &r);
	(void)strlcpy(w->tag, r.tag, sizeof(w->tag)); /* as long */
	if (r.kind == RESOLVE_ALIAS)
		switch (expand_owner(x, &r, owner)) {
		case OWNER_NONE:
			return true;
		case OWNER_BROKEN:
			r.kind = RESOLVE_BROKEN;
			break;
		case OWNER_IS:
			w->owned = true;
			break;
		}
	if (r.kind == RESOLVE_BROKEN) {
		(void)diag_set(d, "4.3.5", "The configuration is damaged");
		return false;
	}
	if (!w->owned)
		return true;
	if (w->env.sender[0] != '\0')
		strlcpy(w->env.sender, owner, sizeof(w->env.sender));
	w->env.envid[0] = '\0';
	w->env.ret = DSN_RET_NONE;
	return true;
}

/* What the recipient leads to; false when that is no more than before. */
static bool
look_up(struct work_item *w, const struct expander *x,
    const struct expand_list *list, struct diag *d)
{
	const struct envelope *e = &w->message->env;
	struct expand_list l = { .members = NULL };
	struct envelope one;
	size_t i = w->index;
	bool good;

	if (list != NULL)
		l = *list;
	l.owned = w->owned;
	env_init(&one);
	strlcpy(one.sender, w->env.sender, sizeof(one.sender));
	one.flags = w->env.flags;
	good = env_add_via(&one, env_addr(e, i), env_orcpt(e, i),
	    w->owned ? 0 : e->rcpts[i].notify, env_via(e, i));
	if (!good)
		(void)diag_set(d, "4.3.0", "Out of memory");
	else
		good = expand_one(x, &l, &one, &w->env, d);
	env_free(&one);
	return good;
}

/* Whether recipient i of the new message may be made anew in its turn. */
static bool
may_go_on(const struct settings *s, const struct envelope *e, size_t i)
{
	struct resolved r;
	struct address a;

	if (env_via(e, i)[0] != '\0')
		return env_via(e, i)[0] == VIA_ALIAS_INCLUDE;
	if (address_parse(env_addr(e, i), &a) != ADDRESS_OK)
		return false;
	resolve_address(s->tables, &a, s->mail_name, &r);
	return r.members != NULL ||
	    (r.kind == RESOLVE_UNIX && s->forward_files);
}

static bool
count_copy(struct work_item *w, const struct expand_list *list, struct diag *d)
{
	const struct settings *s = &w->message->q->settings;
	size_t n = 0;

	for (size_t i = 0; i < w->env.nrcpt; i++)
		n += may_go_on(s, &w->env, i);
	return copies_count(&w->env.flags, list != NULL && list->user, n, d);
}

/*
 * Whoever gets it sees where it has been: a loop ends there, too.  Of a user who
 * passes mail on it is the account, so that no tag makes him another (loop.h).  An
 * address that is not ASCII is only for those who can read it (RFC 6532).
 */
static const char *
write_head(struct work_item *w, bool by_user)
{
	const struct envelope *e = &w->message->env;
	const char *addr = env_addr(e, w->index);
	char own[ADDR_MAX + 1];
	struct address a;

	if (by_user && address_parse(addr, &a) == ADDRESS_OK) {
		address_drop_tag(&a, w->tag);
		if (address_format(&a, own, sizeof(own)))
			addr = own;
	}
	for (const char *p = addr; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80 && !(e->flags & INTAKE_UTF8))
			return NULL;
	(void)snprintf(w->head, sizeof(w->head), "Delivered-To: %s%s\n", addr,
	    e->flags & INTAKE_BINARY ? "\r" : "");
	return w->head;
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
readdress(
    struct message *m, size_t i, const struct expand_list *list, struct diag *d)
{
	struct spool_source from = { m->env.id, m->content, NULL };
	struct work_item *w = calloc(1, sizeof(*w));
	struct expander x;

	if (w == NULL) {
		(void)diag_set(d, "4.3.0", "Out of memory");
		return false;
	}
	w->message = m;
	w->index = i;
	env_init(&w->env);
	copy_fields(&w->env, &m->env);
	queue_expander(m->q, &x);
	if (has_room(m, d) && find_owner(w, &x, env_addr(&m->env, i), d) &&
	    look_up(w, &x, list, d) && count_copy(w, list, d)) {
		from.head = write_head(w, list != NULL && list->user);
		if (spool_copy(m->q->spool, &from, &w->env, on_durable, w))
			return true;
		(void)diag_set(d, errno == EFBIG ? EXPAND_FAILED_DSN : "4.3.0",
		    "The message that is passed on: %s", strerror(errno));
	}
	item_free(w);
	return false;
}
