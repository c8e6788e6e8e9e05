/*
 * explain: an address, step by step.
 *
 * In postrider(8).  Uses the functions of queued on the tables that it uses,
 * and asks smtpd and remote themselves; knows no rule of its own.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/limits.h"
#include "common/msg_spawn.h"
#include "queue/expand.h"
#include "queue/explain.h"
#include "queue/route.h"

static void
say(void *arg, const char *command, const struct reply *r)
{
	struct explain *e = arg;
	char text[REPLY_LINE + 20];

	(void)snprintf(text, sizeof(text), "%u %s%s%s", r->code, r->dsn,
	    *r->dsn != '\0' ? " " : "", r->text);
	steps_add(e->steps, "smtp", "command", command, "reply", text, NULL);
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

	switch (explain_smtp(&ask, err)) {
	case EXPLAIN_YES:
		break;
	case EXPLAIN_NO:
		e->lost = true;
		break;
	case EXPLAIN_UNKNOWN:
		steps_add(
		    e->steps, "smtp", "command", "none", "error", err, NULL);
		break;
	}
}

static void
nowhere(struct explain *e, const struct diag *d)
{
	steps_add(e->steps, "nowhere", "dsn", d->dsn, "reason", d->text, NULL);
	e->lost = true;
}

static void
explain_account(struct explain *e, const struct route *r)
{
	struct account_limits limits;
	char bytes[24], messages[24];
	const struct passwd *pw;

	if (strcmp(r->pool, ROUTE_VIRTUAL) != 0 &&
	    ((pw = getpwnam(r->account)) == NULL ||
		(int64_t)pw->pw_uid < e->min_uid)) {
		struct diag d = DIAG_INIT;

		(void)diag_set(&d, "5.1.1", "%s is no Unix user who gets mail",
		    r->account);
		nowhere(e, &d);
		return;
	}
	(void)limits_get(&e->tables, r->account, &limits); /* or none */
	(void)snprintf(
	    bytes, sizeof(bytes), "%llu", (unsigned long long)limits.bytes);
	(void)snprintf(messages, sizeof(messages), "%llu",
	    (unsigned long long)limits.messages);
	steps_add(e->steps, "account", "account", r->account, "mailbox",
	    r->mailbox, "quota", limits.bytes != 0 ? bytes : "none",
	    "quota-messages", limits.messages != 0 ? messages : "none", NULL);
}

/* "target HOST ADDRESS PORT secure", "none DSN TEXT" of targets_tell.h. */
static void
note_target(void *arg, const char *line)
{
	struct explain *e = arg;
	char host[DOMAIN_MAX + 1], ip[IP_MAX + 1], port[8], proof[10];

	if (sscanf(line, "target %255s %45s %7s %9s", host, ip, port, proof) ==
	    4)
		steps_add(e->steps, "target", "host", host, "address", ip,
		    "port", port, "dnssec", proof, NULL);
	else {
		steps_add(e->steps, "target", "host", "none", "reason",
		    strncmp(line, "none ", 5) == 0 ? line + 5 : line, NULL);
		e->lost = true;
	}
}

static char *
arg(const char *s)
{
	return (char *)(uintptr_t)s; /* execve(2) does not change it */
}

static void
explain_hop(struct explain *e, const struct route *r)
{
	char *argv[] = { arg(e->remote), arg("-t"), arg(e->path), arg("-x"),
		arg(r->pool), r->away.routed ? arg("-r") : NULL, NULL };
	char err[EXPLAIN_ERR];

	steps_add(e->steps, "hop", "hop", r->pool, "by",
	    *r->by != '\0' ? r->by : "the domain itself", "tls",
	    hop_tls_text(r->away.tls), "tls-by",
	    *r->tls_by != '\0' ? r->tls_by : "the Unix socket", "login",
	    r->away.credentials ? "yes" : "no", NULL);
	if (!explain_run(&e->out, argv, note_target, e, err))
		steps_add(e->steps, "target", "host", "not asked", "error", err,
		    NULL);
}

static void
explain_rcpt(struct explain *e, const struct envelope *to, size_t i)
{
	const struct route_ask q = route_ask(to, i);
	struct diag d = DIAG_INIT;
	struct route r;

	steps_add(e->steps, "recipient", "address", env_addr(to, i), NULL);
	if (route_find(&e->tables, e->mail_name, &q, &r, &d) != OUT_OK)
		nowhere(e, &d);
	else if (r.program == SPAWN_LOCAL)
		explain_account(e, &r);
	else if (r.program == SPAWN_REMOTE)
		explain_hop(e, &r);
}

void
explain(struct explain *e)
{
	const struct expander x = { &e->tables, e->mail_name, NULL, 0 };
	struct diag d = DIAG_INIT;
	struct envelope from, to;

	explain_session(e);
	e->tables.trace = steps_trace;
	e->tables.trace_arg = e->steps;
	env_init(&from);
	env_init(&to);
	if (!env_add(&from, e->to, "", 0))
		(void)diag_set(&d, "4.3.0", "Out of memory");
	else
		(void)expand(&x, &from, &to, &d);
	if (d.outcome != OUT_OK)
		nowhere(e, &d);
	for (size_t i = 0; d.outcome == OUT_OK && i < to.nrcpt; i++)
		explain_rcpt(e, &to, i);
	env_free(&from);
	env_free(&to);
}
