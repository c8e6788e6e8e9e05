/*
 * ask: what queued has against a recipient, before a message comes.  In queued,
 * as postrider; talks to sessions (msg_intake.h), and has local asked how full a
 * mailbox is (agent_measure.c).
 *
 * Strangers decide how often: so an answer holds for a second, and what cannot
 * be asked now is left to the delivery, which decides anyway.
 */
#include <bsd/sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/limits.h"
#include "common/maildirsize.h"
#include "common/msg_job.h"
#include "common/options.h"
#include "common/resolve.h"
#include "queue/agents.h"
#include "queue/ask.h"
#include "queue/dispatch.h"
#include "queue/keyed.h"
#include "queue/route.h"

/* What a mailbox held a moment ago, or that nobody could tell. */
struct memory {
	char account[LOGIN_MAX + 1]; /* "": none */
	int64_t until;               /* deadline_now() */
	struct maildir_use quota, use, asked;
	bool full, unknown;
};

/* One question on its way. */
struct ask {
	LIST_ENTRY(ask) link;
	struct asks *all;
	struct peer *peer;
	struct measure *measure;
	char account[LOGIN_MAX + 1];
	struct maildir_use quota, asked;
	bool declared; /* what was asked is the size, and not the least */
};

struct asks {
	struct queue *q;
	LIST_HEAD(, ask) list;
	struct memory memory[ASK_CACHE];
};

struct asks *
asks_new(struct queue *q)
{
	struct asks *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->q = q;
	LIST_INIT(&s->list);
	return s;
}

static void
remove_ask(struct ask *a)
{
	LIST_REMOVE(a, link);
	free(a);
}

static void
drop_ask(struct ask *a)
{
	agents_measure_forget(dispatch_agents(a->all->q->dispatch), a->measure);
	remove_ask(a);
}

void
asks_free(struct asks *s)
{
	struct ask *a;

	while ((a = LIST_FIRST(&s->list)) != NULL)
		drop_ask(a);
	free(s);
}

void
ask_forget(struct asks *s, const struct peer *p)
{
	struct ask *a;

	/* A session asks one thing at a time. */
	LIST_FOREACH(a, &s->list, link)
	if (a->peer == p) {
		drop_ask(a);
		return;
	}
}

static void
say(struct peer *p, const char *dsn, const char *text)
{
	struct msg_intake_answer m = { .dsn = "" };

	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	strlcpy(m.text, text, sizeof(m.text));
	(void)peer_send(p, INTAKE_T_ANSWER, &m, -1); /* or it is closed */
}

static void
say_nothing_against(struct peer *p)
{
	say(p, "2.0.0", "Nothing is known against it");
}

static void
say_full(const struct asks *s, struct peer *p)
{
	int full = 0;
	const struct option_bind bind = { "quota-full", &full };
	char err[TABLES_ERR];
	bool defer =
	    !options_load(s->q->settings.tables, NULL, &bind, 1, err) ||
	    full != 0;

	say(p, defer ? "4.2.2" : "5.2.2", "Mailbox is full");
}

static struct memory *
memory_of(struct asks *s, const char *account)
{
	struct keyed k = { .n = 0 };

	keyed_text(&k, account);
	return &s->memory[keyed_number(&k) % ASK_CACHE];
}

enum answer { ANSWER_FITS, ANSWER_FULL, ANSWER_UNKNOWN };

/* That message may come; of an unknown size it may be large. */
static void
expect(struct memory *m, const struct ask *a)
{
	m->use.bytes +=
	    a->declared ? a->asked.bytes : a->quota.bytes / ASK_UNDECLARED;
	m->use.messages++;
}

/* Full for one message is full for a larger one; or there is much room. */
static enum answer
remember(struct asks *s, const struct ask *a)
{
	struct memory *m = memory_of(s, a->account);
	struct maildir_use more;

	if (strcmp(m->account, a->account) != 0 || deadline_now() >= m->until)
		return ANSWER_UNKNOWN;
	if (m->unknown)
		return ANSWER_FITS; /* the delivery decides */
	if (m->quota.bytes != a->quota.bytes ||
	    m->quota.messages != a->quota.messages)
		return ANSWER_UNKNOWN;
	if (m->full && a->asked.bytes >= m->asked.bytes)
		return ANSWER_FULL;
	if (m->full)
		return ANSWER_UNKNOWN;
	more.bytes = a->asked.bytes + a->quota.bytes / ASK_MARGIN;
	more.messages = a->asked.messages + a->quota.messages / ASK_MARGIN;
	if (!maildirsize_fits(&a->quota, &m->use, &more))
		return ANSWER_UNKNOWN;
	expect(m, a);
	return ANSWER_FITS;
}

/* said is NULL: nobody could tell. */
static void
keep(struct asks *s, const struct ask *a, const struct msg_job_measured *said)
{
	struct memory *m = memory_of(s, a->account);

	strlcpy(m->account, a->account, sizeof(m->account));
	m->until = deadline_now() + (said != NULL ? ASK_CACHED : ASK_UNKNOWN);
	m->unknown = said == NULL;
	if (said == NULL)
		return;
	m->quota = a->quota;
	m->asked = a->asked;
	m->use = (struct maildir_use){ said->bytes, said->messages };
	m->full = said->full != 0;
	if (!m->full)
		expect(m, a);
}

static void
on_measured(void *arg, const struct msg_job_measured *said)
{
	struct ask *a = arg;

	keep(a->all, a, said);
	if (said != NULL && said->full != 0)
		say_full(a->all, a->peer);
	else
		say_nothing_against(a->peer);
	remove_ask(a);
}

/* False: nobody can be asked. */
static bool
measure(struct ask *a, const struct resolved *r)
{
	const struct measure_whom whom = {
		.pool = r->kind == RESOLVE_VIRTUAL ? ROUTE_VIRTUAL : r->account,
		.account = r->account
	};
	struct msg_job_measure m = { .size = a->asked.bytes,
		.quota = a->quota.bytes,
		.quota_messages = a->quota.messages };

	strlcpy(m.mailbox, r->maildir, sizeof(m.mailbox));
	a->measure = agents_measure(
	    dispatch_agents(a->all->q->dispatch), &whom, &m, on_measured, a);
	return a->measure != NULL;
}

/* Of an account with a quota. */
static void
ask_mailbox(struct asks *s, struct peer *p, const struct resolved *r,
    const struct ask *template)
{
	struct ask *a;

	switch (remember(s, template)) {
	case ANSWER_FITS:
		say_nothing_against(p);
		return;
	case ANSWER_FULL:
		say_full(s, p);
		return;
	case ANSWER_UNKNOWN:
		break;
	}
	if ((a = malloc(sizeof(*a))) != NULL) {
		*a = *template;
		LIST_INSERT_HEAD(&s->list, a, link);
		if (measure(a, r))
			return;
		remove_ask(a);
	}
	say_nothing_against(p);
}

/* Whose mail is all passed on gets none. */
static bool
gets_none(const struct settings *set, const struct resolved *r)
{
	const char *members = resolve_list(r);

	return members != NULL &&
	    !resolve_names(set->tables, members, r->account, set->mail_name);
}

static void
ask_account(
    struct asks *s, struct peer *p, const struct resolved *r, uint64_t size)
{
	/* No message is empty. */
	struct ask a = { .all = s,
		.peer = p,
		.declared = size > 0,
		.asked = { size > 0 ? size : 1, 1 } };
	struct account_limits l;

	if (gets_none(&s->q->settings, r) ||
	    !limits_get(s->q->settings.tables, r->account, &l)) {
		say_nothing_against(p);
		return;
	}
	a.quota = limits_quota(&l);
	if (!maildirsize_limited(&a.quota)) {
		say_nothing_against(p);
		return;
	}
	strlcpy(a.account, r->account, sizeof(a.account));
	ask_mailbox(s, p, r, &a);
}

/* A sender of ours that something comes back for. */
static void
ask_srs(const struct asks *s, struct peer *p, const char *addr)
{
	struct diag d = DIAG_INIT;
	char was[ADDR_MAX + 1];

	if (srs_reverse(&s->q->srs, addr, (int64_t)time(NULL), was, &d))
		say_nothing_against(p);
	else
		say(p, d.dsn, d.text);
}

void
ask_begin(struct asks *s, struct peer *p, const struct msg_intake_ask *m)
{
	struct settings *set = &s->q->settings;
	struct resolved r;
	struct address a;

	(void)settings_refresh(set); /* logs what is wrong */
	if (address_parse(m->addr, &a) != ADDRESS_OK) {
		say(p, "5.1.3", "The address has a wrong form");
		return;
	}
	resolve_address(set->tables, &a, set->mail_name, &r);
	if (r.kind == RESOLVE_SRS)
		ask_srs(s, p, m->addr);
	else if (r.kind == RESOLVE_VIRTUAL || r.kind == RESOLVE_UNIX)
		ask_account(s, p, &r, m->size);
	else
		say_nothing_against(p);
}
