/*
 * control_item: what the control channel shows of a message.  In queued; reads
 * envelopes.
 */
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "queue/control_item.h"
#include "queue/destination.h"
#include "queue/dispatch.h"
#include "queue/recovery.h"
#include "queue/spool_id.h"

/* What waits for its destination is deferred as well. */
static uint32_t
item_state(const struct queue *q, const struct entry *e)
{
	if (e->state == ENTRY_HELD)
		return ITEM_HELD;
	if (e->state == ENTRY_READY &&
	    schedule_next(q->schedule, e) > deadline_now())
		return ITEM_DEFERRED;
	return e->state == ENTRY_WAITING ? ITEM_DEFERRED : ITEM_ACTIVE;
}

static uint32_t
item_marks(const struct queue *q, const struct entry *e)
{
	return (spool_in_memory(q->spool, entry_id(e).s) ? ITEM_MEMORY : 0) |
	    (e->hold ? ITEM_TO_HOLD : 0) | (e->drop ? ITEM_TO_DROP : 0);
}

/* Seconds since 1970 of the next attempt; 0 when there will be none. */
static uint64_t
next_attempt(const struct queue *q, const struct entry *e)
{
	int64_t left = schedule_next(q->schedule, e) - deadline_now();

	if (e->state == ENTRY_HELD)
		return 0;
	return (uint64_t)(time(NULL) + (left > 0 ? left / 1000 : 0));
}

void
control_item(const struct queue *q, const struct entry *entry,
    const struct envelope *e, const struct spool_content *c,
    struct msg_control_item *m)
{
	memset(m, 0, sizeof(*m));
	m->arrival = (uint64_t)(e->arrival / 1000000);
	m->next = next_attempt(q, entry);
	m->size = c->size;
	m->offset = c->offset;
	m->state = item_state(q, entry);
	m->marks = item_marks(q, entry);
	m->attempts = e->state.attempts;
	m->nrcpt = (uint32_t)e->nrcpt;
	m->uid = e->uid;
	m->ret = e->ret;
	strlcpy(m->id, entry_id(entry).s, sizeof(m->id));
	strlcpy(m->sender, e->sender, sizeof(m->sender));
	strlcpy(m->envid, e->envid, sizeof(m->envid));
	strlcpy(m->login, e->login, sizeof(m->login));
	strlcpy(m->client, e->client, sizeof(m->client));
	strlcpy(m->reason, e->state.reason, sizeof(m->reason));
}

void
control_rcpt(
    const struct envelope *e, size_t i, bool all, struct msg_control_rcpt *m)
{
	m->status = (unsigned char)e->rcpts[i].status;
	m->notify = e->rcpts[i].notify;
	strlcpy(m->addr, env_addr(e, i), sizeof(m->addr));
	strlcpy(m->orcpt, env_orcpt(e, i), sizeof(m->orcpt));
	/* A command is another's: the sender is not shown it. */
	strlcpy(m->via, env_via(e, i), all ? sizeof(m->via) : 2);
}

int
control_damaged(struct queue *q, const char *id, struct msg_control_item *m)
{
	memset(m, 0, sizeof(*m));
	m->arrival = (uint64_t)(spool_id_time(id) / 1000000);
	m->state = ITEM_DAMAGED;
	m->uid = MSG_NO_UID;
	strlcpy(m->id, id, sizeof(m->id));
	strlcpy(m->reason, "set aside as damaged, see spool(5) and the log",
	    sizeof(m->reason));
	return spool_damaged_reader(q->spool, id, &m->size);
}

struct stat_row {
	const char *name;
	uint64_t value;
};

/* Every row is computed: few, and asked for seldom. */
bool
control_stat(struct queue *q, size_t i, struct msg_control_stat *m)
{
	const struct schedule *s = q->schedule;
	const struct counters *c = &q->counters;
	struct agents *agents = dispatch_agents(q->dispatch);
	const struct destinations *dests = agents_destinations(agents);
	const struct stat_row rows[] = {
		{ "messages", schedule_total(s) },
		{ "active",
		    schedule_count(s, ENTRY_ACTIVE) +
			schedule_count(s, ENTRY_READY) - schedule_asleep(s) },
		{ "deferred",
		    schedule_count(s, ENTRY_WAITING) + schedule_asleep(s) },
		{ "held", schedule_count(s, ENTRY_HELD) },
		{ "damaged", spool_damaged_count(q->spool) },
		{ "agents", agents_count(agents) },
		{ "agent-crashes", c->crashes },
		{ "destinations", destinations_count(dests) },
		{ "destinations-down", destinations_down(dests, false) },
		{ "routes-down", destinations_down(dests, true) },
		{ "memory-bytes", spool_memory_used(q->spool) },
		{ "accepted", c->accepted },
		{ "early", c->early },
		{ "filed", c->filed },
		{ "forgotten", c->forgotten },
		{ "refused", c->refused },
		{ "delivered", c->delivered },
		{ "deferrals", c->deferred },
		{ "bounced", c->bounced },
		{ "dropped", c->dropped },
		{ "recovering", !recovery_done(q->recovery) },
		{ "uptime", (uint64_t)((deadline_now() - q->started) / 1000) },
	};

	if (i >= sizeof(rows) / sizeof(rows[0]))
		return false;
	strlcpy(m->name, rows[i].name, sizeof(m->name));
	m->value = rows[i].value;
	return true;
}
