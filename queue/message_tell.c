/*
 * message_tell: what agents are told of a message and its recipients.  In
 * queued, as postrider.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/limits.h"
#include "common/log.h"
#include "common/msg_intake.h"
#include "common/msg_spawn.h"
#include "queue/message.h"
#include "queue/pool.h"
#include "queue/route.h"
#include "queue/srs_sender.h"

bool
message_is_forwarded(const struct message *m, size_t i)
{
	return m->q->settings.srs && env_via(&m->env, i)[0] == VIA_FORWARDED;
}

/* The sender for recipient i; mail goes with its first one rather than not. */
static void
tell_sender(const struct message *m, size_t i, char out[ADDR_MAX + 1])
{
	struct settings *s = &m->q->settings;
	const struct srs_place place = { s->tables, s->mail_name, &m->q->srs,
		s->srs_domain, time(NULL) };
	enum srs_sender made = SRS_OURS;

	if (m->round == ROUND_DELIVER && message_is_forwarded(m, i))
		made = srs_sender(&place, m->env.sender, out);
	if (made == SRS_KEPT)
		log_event(m->env.id, "unrewritten", "from=%s to=%s reason=%s",
		    m->env.sender, env_addr(&m->env, i),
		    m->q->srs.keys == 0 ? "no-key" : "too-long");
	if (made != SRS_MADE)
		(void)strlcpy(out, m->env.sender, ADDR_MAX + 1); /* as long */
}

void
message_tell(const struct message *m, struct msg_job_message *out,
    uint32_t nrcpt, size_t i)
{
	memset(out, 0, sizeof(*out));
	out->nrcpt = nrcpt;
	out->crc = m->content.crc;
	out->ret = m->env.ret;
	out->flags = m->env.flags & ~(INTAKE_COPIES | INTAKE_SHARE);
	out->offset = m->content.offset;
	out->size = m->content.size;
	out->arrival = (uint64_t)(m->env.arrival / 1000000);
	strlcpy(out->id, m->env.id, sizeof(out->id));
	tell_sender(m, i, out->sender);
	strlcpy(out->envid, m->env.envid, sizeof(out->envid));
	/* Who has logged in is no MTA, and where he was is his affair. */
	if (m->env.login[0] == '\0')
		strlcpy(out->client, m->env.client, sizeof(out->client));
}

static struct target *
new_target(const struct route *r, struct diag *d)
{
	size_t n = strlen(r->mailbox) + 1;
	struct target *t = calloc(1, sizeof(*t) + n);

	if (t == NULL) {
		(void)diag_set(d, "4.3.0", "Out of memory");
		return NULL;
	}
	memcpy(t->mailbox, r->mailbox, n);
	(void)strlcpy(t->tag, r->tag, sizeof(t->tag)); /* as long */
	return t;
}

/* What the account may have, and wants. */
static bool
set_limits(
    struct settings *s, const struct route *r, struct target *t, struct diag *d)
{
	struct account_limits l;

	if (!limits_get(s->tables, r->account, &l)) {
		(void)diag_set(d, "4.3.5", "The quota cannot be looked up now");
		return false;
	}
	t->quota = l.bytes;
	t->quota_messages = l.messages;
	if (l.tags)
		t->flags |= JOB_TAG_FOLDER;
	if (s->full_defer)
		t->flags |= JOB_FULL_DEFER;
	if (r->user && s->forward_files)
		t->flags |= JOB_READ_FORWARD;
	return true;
}

struct target *
message_target(
    const struct message *m, size_t i, const struct pool *p, struct diag *d)
{
	const struct route_ask q = route_ask(&m->env, i);
	struct settings *s = &m->q->settings;
	struct pool_key key;
	struct route route;
	struct target *t;

	if (route_find(s->tables, s->mail_name, &q, &route, d) != OUT_OK)
		return NULL;
	key = pool_key_of(&route);
	if (route.alias || !pool_is(p, &key) ||
	    (t = new_target(&route, d)) == NULL)
		return NULL;
	if (route.program != SPAWN_LOCAL || set_limits(s, &route, t, d))
		return t;
	free(t);
	return NULL;
}

/* What is to be reported about recipient i. */
static uint32_t
action(const struct message *m, size_t i)
{
	if (m->round == ROUND_FAILED)
		return REPORT_FAILED;
	if (m->round == ROUND_DELAYED)
		return REPORT_DELAYED;
	switch (m->env.rcpts[i].status) {
	case RCPT_RELAYED:
		return REPORT_RELAYED;
	case RCPT_EXPANDED:
		return REPORT_EXPANDED;
	default:
		return REPORT_DELIVERED;
	}
}

static void
tell_report(const struct message *m, size_t i, struct msg_job_rcpt *out)
{
	const struct verdict *v = m->words[i];

	out->report = action(m, i);
	if (out->report == REPORT_DELAYED)
		out->until = (uint64_t)(m->env.arrival / 1000000 +
		    m->q->settings.retry.lifetime);
	if (v == NULL)
		return;
	out->code = v->code;
	strlcpy(out->mta, v->mta, sizeof(out->mta));
	strlcpy(out->dsn, v->diag.dsn, sizeof(out->dsn));
	strlcpy(out->text, v->diag.text, sizeof(out->text));
}

static void
tell_target(const struct message *m, size_t i, const struct target *t,
    struct msg_job_rcpt *out)
{
	const char *via = env_via(&m->env, i);

	out->flags = t->flags;
	out->quota = t->quota;
	out->quota_messages = t->quota_messages;
	strlcpy(out->tag, t->tag, sizeof(out->tag));
	strlcpy(out->mailbox, t->mailbox, sizeof(out->mailbox));
	/* That it was passed on concerns nobody here. */
	if (via[0] != VIA_FORWARDED)
		strlcpy(out->via, via, sizeof(out->via));
}

void
message_tell_rcpt(const struct message *m, size_t i, const struct target *t,
    struct msg_job_rcpt *out)
{
	memset(out, 0, sizeof(*out));
	out->index = (uint32_t)i;
	out->notify = m->env.rcpts[i].notify;
	strlcpy(out->addr, env_addr(&m->env, i), sizeof(out->addr));
	strlcpy(out->orcpt, env_orcpt(&m->env, i), sizeof(out->orcpt));
	if (t != NULL)
		tell_target(m, i, t, out);
	if (m->round != ROUND_DELIVER)
		tell_report(m, i, out);
}
