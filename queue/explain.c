/*
 * explain: an address, step by step.
 *
 * In postrider(8).  Uses the functions of queued on the tables that it uses,
 * and asks smtpd, local and remote themselves; knows no rule of its own.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/expand_owner.h"
#include "queue/explain.h"

#define LISTS 100 /* that are opened by themselves, one in another */

/* What smtpd has made of an address is another: it was completed or rewritten. */
static void
take(
    struct explain *e, const char *of, const char *addr, char old[ADDR_MAX + 1])
{
	if (strcmp(addr, old) == 0)
		return;
	(void)strlcpy(old, addr, ADDR_MAX + 1); /* as long */
	steps_add(e->steps, "rewrite", "address", addr, "of", of, NULL);
}

static void
note_refusal(
    void *to, const char *command, const struct reply *r, const char *addr)
{
	struct explain *e = to;

	if (addr == NULL)
		steps_add(e->steps, "refused", "command", command, "reason",
		    r->text, NULL);
}

static void
say(void *to, const char *command, const struct reply *r, const char *addr)
{
	struct explain *e = to;
	char text[REPLY_LINE + 20];

	(void)snprintf(text, sizeof(text), "%u %s%s%s", r->code, r->dsn,
	    *r->dsn != '\0' ? " " : "", r->text);
	steps_add(e->steps, "smtp", "command", command, "reply", text, NULL);
	if (addr == NULL)
		return;
	if (strncmp(command, "MAIL", 4) == 0)
		take(e, "sender", addr, e->from);
	else
		take(e, "recipient", addr, e->to);
}

/* smtpd is not asked of the recipient that the whole is about again. */
bool
explain_full(struct explain *e, const char *addr)
{
	const struct explain_smtp ask = { .smtpd = e->smtpd,
		.tables = e->path,
		.hostname = e->hostname,
		.from = "",
		.to = addr,
		.told = note_refusal,
		.arg = e };
	char err[EXPLAIN_ERR];

	return e->may_ask && strcmp(addr, e->to) != 0 &&
	    explain_smtp(&ask, err) == EXPLAIN_NO;
}

static void
explain_session(struct explain *e)
{
	const struct explain_smtp ask = { .smtpd = e->smtpd,
		.tables = e->path,
		.client = e->client,
		.hostname = e->hostname,
		.from = e->from,
		.to = e->to,
		.told = say,
		.arg = e };
	char err[EXPLAIN_ERR];

	if (!e->may_ask) {
		steps_add(e->steps, "smtp", "command", "not asked", "reason",
		    "queued and authd speak to root's smtpd only", NULL);
		return;
	}
	switch (explain_smtp(&ask, err)) {
	case EXPLAIN_YES:
		break;
	case EXPLAIN_NO:
		e->lost = e->refused = true;
		break;
	case EXPLAIN_UNKNOWN:
		steps_add(
		    e->steps, "smtp", "command", "none", "error", err, NULL);
		break;
	}
}

static void explain_list(
    struct explain *, const struct route_ask *, const struct expand_list *);

static void
explain_rcpt(struct explain *e, const struct route_ask *q)
{
	const struct expand_list tables = { NULL, false, false };
	struct sbuf members = SBUF_INIT(JOB_FORWARD_MOST * (MEMBER_MAX + 2));
	struct expand_list list = { NULL, false, true };
	struct diag d = DIAG_INIT;
	struct route r;

	steps_add(e->steps, "recipient", "address", q->addr,
	    strcmp(q->addr, e->always_bcc) == 0 ? "by" : NULL, "always-bcc",
	    NULL);
	if (route_find(&e->tables, e->mail_name, q, &r, &d) != OUT_OK)
		explain_nowhere(e, &d);
	else if (r.alias)
		explain_list(e, q, &tables);
	else if (explain_way(e, q, &r, &members, &list.user) &&
	    members.len > 0) {
		list.members = sbuf_str(&members);
		explain_list(e, q, &list);
	}
	sbuf_free(&members);
}

static void
explain_all(struct explain *e, const struct envelope *to)
{
	struct route_ask q;

	for (size_t i = 0; i < to->nrcpt; i++) {
		if (to->rcpts[i].status == RCPT_EXPANDED)
			continue;
		q = route_ask(to, i);
		explain_rcpt(e, &q);
	}
}

/* An alias with an owner, who gets what is reported of its members. */
static void
take_owner(struct explain *e, const struct expander *x, const char *addr,
    struct envelope *from)
{
	struct resolved r;
	struct address a;
	char owner[ADDR_MAX + 1];

	if (from->sender[0] == '\0' || address_parse(addr, &a) != ADDRESS_OK)
		return;
	resolve_address(x->tables, &a, x->mail_name, &r);
	if (r.kind != RESOLVE_ALIAS || expand_owner(x, &r, owner) != OWNER_IS)
		return;
	(void)strlcpy(from->sender, owner, sizeof(from->sender)); /* as long */
	steps_add(e->steps, "sender", "address", owner, "by", "owner", NULL);
}

static struct expander
expander(struct explain *e)
{
	return (struct expander){ &e->tables, e->mail_name, &e->srs_keys,
		time(NULL) };
}

/* A recipient who leads to others when it is his turn. */
static void
explain_list(struct explain *e, const struct route_ask *q,
    const struct expand_list *list)
{
	const struct expander x = expander(e);
	struct diag d = DIAG_INIT;
	struct envelope from, to;

	env_init(&from);
	env_init(&to);
	(void)strlcpy(from.sender, q->sender, sizeof(from.sender));
	if (list->members == NULL)
		take_owner(e, &x, q->addr, &from);
	(void)strlcpy(to.sender, from.sender, sizeof(to.sender));
	if (++e->lists > LISTS)
		(void)diag_set(&d, EXPAND_FAILED_DSN, EXPAND_FAILED_TEXT);
	else if (!env_add(&from, q->addr, "", 0))
		(void)diag_set(&d, "4.3.0", "Out of memory");
	else
		(void)expand_one(&x, list, &from, &to, &d); /* d says it */
	if (d.outcome != OUT_OK)
		explain_nowhere(e, &d);
	else
		explain_all(e, &to);
	env_free(&from);
	env_free(&to);
}

void
explain(struct explain *e)
{
	struct steps_looks looks = { e->steps, json_object_new_object() };
	const struct expander x = expander(e);
	struct diag d = DIAG_INIT;
	struct envelope from, to;

	explain_session(e);
	e->tables.trace = steps_trace;
	e->tables.trace_arg = &looks;
	env_init(&from);
	env_init(&to);
	(void)strlcpy(from.sender, e->from, sizeof(from.sender));
	from.flags = INTAKE_OWN; /* smtpd has said whether it may go there */
	(void)strlcpy(to.sender, e->from, sizeof(to.sender));
	if (!env_add(&from, e->to, "", 0) ||
	    (*e->always_bcc != '\0' && !e->refused &&
		!env_add(&from, e->always_bcc, "", 0)))
		(void)diag_set(&d, "4.3.0", "Out of memory");
	else
		(void)expand(&x, &from, &to, &d); /* d says it */
	if (d.outcome != OUT_OK)
		explain_nowhere(e, &d);
	else
		explain_all(e, &to);
	env_free(&from);
	env_free(&to);
	e->tables.trace = NULL;
	steps_add(e->steps, "verdict", "is",
	    e->refused    ? "refused"
		: e->lost ? "not all of it would arrive"
			  : "taken",
	    NULL);
	(void)json_object_put(looks.seen);
}
