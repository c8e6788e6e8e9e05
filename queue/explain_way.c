/*
 * explain_way: where the mail of one recipient goes.
 *
 * In postrider(8).  What only an agent can know it asks the agent's program,
 * as the user that it runs as.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/limits.h"
#include "common/maildirsize.h"
#include "common/msg_spawn.h"
#include "common/users.h"
#include "queue/explain.h"
#include "queue/srs_sender.h"

void
explain_nowhere(struct explain *e, const struct diag *d)
{
	steps_add(e->steps, "nowhere", "dsn", d->dsn, "reason", d->text, NULL);
	e->lost = true;
}

static char *
arg(const char *s)
{
	return (char *)(uintptr_t)s; /* execve(2) does not change it */
}

/* --- mailboxes */

static void
tell_account(struct explain *e, const struct route *r, const char *addr)
{
	char bytes[24], messages[24];
	struct account_limits limits;
	struct maildir_use quota;

	(void)limits_get(&e->tables, r->account, &limits); /* or none */
	quota = limits_quota(&limits);
	(void)snprintf(
	    bytes, sizeof(bytes), "%llu", (unsigned long long)limits.bytes);
	(void)snprintf(messages, sizeof(messages), "%llu",
	    (unsigned long long)limits.messages);
	steps_add(e->steps, "account", "account", r->account, "mailbox",
	    r->mailbox, "folder",
	    limits.tags && r->tag[0] != '\0' ? r->tag : NULL, "quota",
	    limits.bytes != 0 ? bytes : NULL, "quota-messages",
	    limits.messages != 0 ? messages : NULL, NULL);
	if (maildirsize_limited(&quota) && explain_full(e, addr))
		e->lost = true;
}

/* What local says of a ~/.forward, see delivery/forward_tell.h. */
struct forward {
	struct explain *explain;
	struct sbuf *members;
	bool found; /* it leads elsewhere */
};

static void
note_forward(void *to, const char *line)
{
	struct forward *f = to;

	if (strncmp(line, "file ", 5) == 0) {
		f->found = true;
		steps_add(f->explain->steps, "forward", "file", line + 5, NULL);
	} else if (strncmp(line, "member ", 7) == 0) {
		if (f->members->len > 0)
			sbuf_putc(f->members, '\n');
		sbuf_puts(f->members, line + 7);
	} else if (strncmp(line, "later ", 6) == 0) {
		f->found = true;
		f->explain->lost = true;
		steps_add(f->explain->steps, "forward", "file", "deferred",
		    "reason", line + 6, NULL);
	}
}

static bool
ask_forward(struct explain *e, const struct route_ask *q, const struct route *r,
    const struct passwd *pw, struct sbuf *members)
{
	const struct explain_who who = { pw->pw_uid, pw->pw_gid, pw->pw_gid,
		pw->pw_dir };
	char *argv[] = { arg(e->local), arg("-t"), arg(e->path), arg("-x"),
		arg(q->addr), r->tag[0] != '\0' ? arg("-g") : NULL, arg(r->tag),
		NULL };
	struct forward f = { e, members, false };
	char err[EXPLAIN_ERR];

	if (!explain_run(&who, argv, note_forward, &f, err))
		steps_add(e->steps, "forward", "file", "not asked", "error",
		    err, NULL);
	return f.found;
}

/*
 * There is no such Unix user: whoever is not found may have a list of others, as
 * queued finds it when the agent could not be started.
 */
static bool
tell_unfound(struct explain *e, const struct route_ask *q,
    const struct route *r, struct sbuf *members)
{
	bool open = q->via[0] == '\0' || q->via[0] == VIA_FORWARDED;
	const char *list = NULL, *error;
	struct diag d = DIAG_INIT;
	struct resolved found;
	struct address a;

	if (open && address_parse(q->addr, &a) == ADDRESS_OK) {
		resolve_address(&e->tables, &a, e->mail_name, &found);
		list = resolve_unfound(&found);
	}
	if (list == NULL)
		(void)diag_set(&d, "5.1.1", "%s is no Unix user who gets mail",
		    r->account);
	else if ((error = members_refusal(list)) != NULL)
		(void)route_refused(error, &d);
	else {
		steps_add(e->steps, "unfound", "user", r->account, "instead",
		    found.name, NULL);
		sbuf_puts(members, list);
		return true;
	}
	explain_nowhere(e, &d);
	return false;
}

static bool
tell_local(struct explain *e, const struct route_ask *q, const struct route *r,
    struct sbuf *members, bool *user)
{
	struct passwd *pw;

	if (!r->user) {
		tell_account(e, r, q->addr);
		return false;
	}
	pw = getpwnam(r->account);
	if (pw == NULL || (int64_t)pw->pw_uid < e->min_uid)
		return tell_unfound(e, q, r, members);
	if (e->forward_files && q->via[0] != VIA_MAILBOX &&
	    ask_forward(e, q, r, pw, members)) {
		*user = true;
		return true;
	}
	tell_account(e, r, q->addr);
	return false;
}

/* --- other hosts */

/* "target HOST ADDRESS PORT secure", "none DSN TEXT" of targets_tell.h. */
static void
note_target(void *to, const char *line)
{
	struct explain *e = to;
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

/* Only who may read the keys can say it. */
static void
tell_sender(struct explain *e, const struct route_ask *q)
{
	const struct srs_place place = { &e->tables, e->mail_name, &e->srs_keys,
		e->srs_domain, time(NULL) };
	char sender[ADDR_MAX + 1];

	if (e->srs && q->via[0] == VIA_FORWARDED && e->srs_keys.keys > 0 &&
	    srs_sender(&place, q->sender, sender) == SRS_MADE)
		steps_add(
		    e->steps, "sender", "address", sender, "by", "srs", NULL);
}

static void
tell_hop(struct explain *e, const struct route_ask *q, const struct route *r)
{
	char *argv[] = { arg(e->remote), arg("-t"), arg(e->path), arg("-x"),
		arg(r->pool), r->away.routed ? arg("-r") : NULL, NULL };
	char err[EXPLAIN_ERR];

	tell_sender(e, q);
	steps_add(e->steps, "hop", "hop", r->pool, "by",
	    *r->by != '\0' ? r->by : "the domain itself", "tls",
	    hop_tls_text(r->away.tls), "tls-by",
	    *r->tls_by != '\0' ? r->tls_by : "the Unix socket", "login",
	    r->away.credentials ? "yes" : "no", NULL);
	if (!explain_run(&e->out, argv, note_target, e, err))
		steps_add(e->steps, "target", "host", "not asked", "error", err,
		    NULL);
}

/* --- commands, files and lists */

/* What pipe says of one, see delivery/pipe_tell.h. */
static void
note_pipe(void *to, const char *line)
{
	struct forward *f = to;

	if (strncmp(line, "later ", 6) != 0) {
		note_forward(to, line);
		return;
	}
	f->explain->lost = true;
	steps_add(f->explain->steps, "deferred", "reason", line + 6, NULL);
}

static void
ask_pipe(struct explain *e, const struct route_ask *q, const struct route *r,
    struct sbuf *members)
{
	struct forward f = { e, members, false };
	struct explain_who who = e->commands;
	char *argv[] = { arg(e->pipe), arg("-t"), arg(e->path), arg("-x"),
		arg(q->via), NULL };
	const struct passwd *pw;
	char err[EXPLAIN_ERR];

	if (r->account[0] != '\0' && (pw = getpwnam(r->account)) != NULL)
		who = (struct explain_who){ pw->pw_uid, pw->pw_gid, pw->pw_gid,
			pw->pw_dir };
	if (!explain_run(&who, argv, note_pipe, &f, err))
		steps_add(e->steps, "deferred", "reason", "not asked", "error",
		    err, NULL);
}

static bool
tell_pipe(struct explain *e, const struct route_ask *q, const struct route *r,
    struct sbuf *members)
{
	const char *what = "command";

	if (q->via[0] == VIA_FILE || q->via[0] == VIA_ALIAS_FILE)
		what = "file";
	else if (q->via[0] == VIA_ALIAS_INCLUDE)
		what = "list";
	steps_add(e->steps, what, "what", q->via + 1, "user",
	    r->account[0] != '\0' ? r->account : USER_PIPE, NULL);
	ask_pipe(e, q, r, members);
	return members->len > 0;
}

bool
explain_way(struct explain *e, const struct route_ask *q, const struct route *r,
    struct sbuf *members, bool *user)
{
	switch (r->program) {
	case SPAWN_LOCAL:
		return tell_local(e, q, r, members, user);
	case SPAWN_REMOTE:
		tell_hop(e, q, r);
		break;
	case SPAWN_PIPE:
		return tell_pipe(e, q, r, members);
	}
	return false;
}
