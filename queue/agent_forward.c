/*
 * agent_forward: what local has read in a ~/.forward, and pipe in an :include:
 * list.  In queued, as postrider; talks to agents that run as the user whose
 * file that is (msg_job.h): whatever he wrote there is for him to say, and no
 * more than has room here.
 */
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "queue/agents_private.h"

#define FORWARD_MORE 16           /* that local may count in another way */
#define FORWARD_BYTES (8 << 20)   /* of one recipient */
#define FORWARD_ALL (64ULL << 20) /* and of all that are not answered, */
/* of which those of one pool, which is one user's, have no more than this. */
#define FORWARD_POOL (FORWARD_ALL / 4)

/* Members that a recipient of the pool may lead to. */
static size_t
members_most(const struct agent *a)
{
	const struct settings *s = &a->all->q->settings;

	if (a->pool->program == SPAWN_PIPE)
		return JOB_FORWARD_MOST;
	return (size_t)s->forward_members + FORWARD_MORE;
}

/* A list of addresses holds no commands; a ~/.forward no other lists. */
static bool
may_say(const struct agent *a, const struct job *j, uint32_t k, uint32_t kind)
{
	const struct target *t = j->rcpts[k].target;
	char way = env_via(&j->message->env, j->rcpts[k].index)[0];
	bool address = kind == MEMBER_ADDRESS || kind == MEMBER_FINAL;

	if (a->pool->program == SPAWN_PIPE)
		return address && way == VIA_ALIAS_INCLUDE;
	return a->pool->program == SPAWN_LOCAL && t != NULL &&
	    (t->flags & JOB_READ_FORWARD) != 0 &&
	    (address || kind == MEMBER_COMMAND || kind == MEMBER_FILE);
}

static struct forward *
get_forward(struct job *j, uint32_t k)
{
	struct forward *f = j->rcpts[k].forward;

	if (f != NULL || (f = calloc(1, sizeof(*f))) == NULL)
		return f;
	f->members = (struct sbuf)SBUF_INIT(FORWARD_BYTES);
	j->rcpts[k].forward = f;
	return f;
}

bool
forward_take(
    struct agent *a, struct job *j, uint32_t k, const struct msg_job_forward *m)
{
	struct agents *as = a->all;
	struct pool *p = a->pool;
	struct forward *f;
	size_t before;

	/* Nothing that would end a line in an envelope. */
	if (!may_say(a, j, k, m->kind) || m->text[0] == '\0' ||
	    text_has_control_but_tab(m->text))
		return false;
	if ((f = get_forward(j, k)) == NULL)
		return false; /* without memory the agent's work goes back */
	before = f->members.len;
	f->many = f->many || ++f->n > members_most(a);
	f->busy = f->busy || as->forward_bytes > FORWARD_ALL ||
	    p->forward_bytes > FORWARD_POOL;
	if (f->many || f->busy)
		return true;
	members_put(&f->members, (enum member_kind)m->kind, m->text);
	f->many = !sbuf_ok(&f->members);
	as->forward_bytes += f->members.len - before;
	p->forward_bytes += f->members.len - before;
	return true;
}

struct forward *
forward_leave(struct agent *a, struct job *j, uint32_t k)
{
	struct forward *f = j->rcpts[k].forward;

	if (f != NULL) {
		a->all->forward_bytes -= f->members.len;
		a->pool->forward_bytes -= f->members.len;
	}
	j->rcpts[k].forward = NULL;
	return f;
}

void
forward_free(struct forward *f)
{
	if (f == NULL)
		return;
	sbuf_free(&f->members);
	free(f);
}

void
forward_go(struct agent *a, struct message *m, size_t i, struct forward *f)
{
	struct expand_list list = { .user = a->pool->program == SPAWN_LOCAL };
	struct diag d = DIAG_INIT;

	if (f == NULL)
		(void)diag_set(&d, "5.2.4", "The list has no members");
	else if (f->many)
		(void)diag_set(&d, "5.4.6",
		    "The list has more than %zu members, or than %d megabytes",
		    members_most(a), FORWARD_BYTES >> 20);
	else if (f->busy)
		(void)diag_set(&d, "4.3.2", "Too much mail is passed on now");
	if (d.outcome == OUT_OK) {
		list.members = sbuf_str(&f->members);
		message_forward(m, i, &list);
	} else
		message_outcome(m, i, &d);
	forward_free(f);
}
