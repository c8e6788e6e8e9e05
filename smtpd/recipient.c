/*
 * recipient: what becomes of a recipient.
 *
 * Part of smtpd(8), as postrider-net; reads the compiled tables, asks authd
 * (msg_auth.h) whether a Unix user exists and queued (msg_intake.h) whether a
 * mailbox is full and who a rewritten sender was.  Must never let a stranger's
 * mail go to a domain that is not ours.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/limits.h"
#include "common/maildirsize.h"
#include "common/resolve.h"
#include "common/rewrite.h"
#include "common/utf8.h"
#include "smtpd/recipient.h"

enum reply
recipient_narrow(const struct session *s, struct address *a, enum reply wide,
    enum reply no_domain)
{
	if (address_is_ascii(a))
		return REPLY_OK;
	if ((s->env.mail.flags & INTAKE_UTF8) == 0)
		return wide;
	return utf8_needed(a->domain) && !idn_to_ascii(a->domain, a->domain)
	    ? no_domain
	    : REPLY_OK;
}

/* Whether authd knows the Unix user. */
static enum reply
ask_account(struct session *s, const char *name)
{
	struct msg_auth_account ask;
	union msg_auth m;

	(void)snprintf(ask.name, sizeof(ask.name), "%s", name);
	if (auth_client_call(&s->auth, AUTH_T_ACCOUNT, &ask, -1, &m) !=
	    AUTH_T_EXISTS)
		return REPLY_LOOKUP_DOWN;
	if (m.exists.kind == ACCOUNT_LATER)
		return REPLY_LOOKUP_DOWN;
	return m.exists.kind == ACCOUNT_YES ? REPLY_RCPT_OK : REPLY_NO_USER;
}

/* Whether the tables are what they were: one truncated in place is empty. */
static bool
tables_whole(struct tables *t)
{
	const char *v;

	return tables_get(t, TABLES_META, "version", &v) == TABLES_FOUND &&
	    strcmp(v, TABLES_VERSION) == 0;
}

/* What queued says, or silent if it does not. */
static void
ask_queued(
    struct session *s, const char *addr, enum reply silent, struct verdict *v)
{
	struct diag d = DIAG_INIT;

	if (!intake_ask(&s->intake, addr, s->env.mail.size, &d))
		v->reply = silent;
	else if (d.outcome != OUT_OK)
		(void)reply_diag(&d, v->text); /* the length is not needed */
}

static void
judge_return(struct session *s, const struct address *a, struct verdict *v)
{
	char addr[ADDR_MAX + 1];

	v->back = true;
	v->reply = policy_return(&s->client, s->env.sender, s->env.back);
	if (v->reply != REPLY_RCPT_OK)
		return;
	if (address_format(a, addr, sizeof(addr)))
		ask_queued(s, addr, REPLY_ASK_DOWN, v);
	else
		v->reply = REPLY_RCPT_LONG;
}

/*
 * A mailbox with a quota may be full; one whose owner has all mail passed on
 * gets none.  If nobody knows the mail comes in: it may be full later, too.
 */
static void
ask_room(struct session *s, const struct resolved *to, struct verdict *v)
{
	const char *members = resolve_list(to);
	struct account_limits limits;
	bool damaged = !limits_get(&s->tables, to->account, &limits);
	const struct maildir_use quota = limits_quota(&limits);

	if (damaged)
		v->reply = REPLY_LOOKUP_DOWN;
	else if (maildirsize_limited(&quota) &&
	    (members == NULL ||
		resolve_names(
		    &s->tables, members, to->account, s->cfg.mail_name)))
		ask_queued(s, to->address, REPLY_RCPT_OK, v);
}

/* Without such a user it is what the alias for whoever is not found says. */
static void
judge_unix(struct session *s, const struct resolved *to, struct verdict *v)
{
	const char *unfound = resolve_unfound(to), *error;

	v->reply = ask_account(s, to->account);
	if (v->reply == REPLY_RCPT_OK)
		ask_room(s, to, v);
	if (v->reply != REPLY_NO_USER || unfound == NULL)
		return;
	v->reply = REPLY_RCPT_OK;
	if ((error = members_refusal(unfound)) != NULL)
		(void)reply_refusal(error, v->text); /* the same */
}

/*
 * What the address means, once it is replaced by another.  Rules of the
 * administrator may lead mail for a domain of ours elsewhere; that for others
 * stays what it is.
 */
static enum reply
look_up(struct session *s, struct address *a, struct resolved *to,
    struct verdict *v)
{
	struct address was = *a;
	enum rewrite new;
	enum reply r;

	new = rewrite_address(&s->tables, REWRITE_RECIPIENT, a);
	if (new == REWRITE_BROKEN)
		return REPLY_LOOKUP_DOWN;
	if (new == REWRITE_DONE &&
	    !address_format(&was, v->was, sizeof(v->was)))
		return REPLY_RCPT_LONG;
	resolve_address(&s->tables, a, s->cfg.mail_name, to);
	r = policy_rcpt(to->kind, policy_relay(&s->client));
	if (r == REPLY_NO_RELAY && new == REWRITE_DONE) {
		resolve_address(&s->tables, &was, s->cfg.mail_name, to);
		if (to->kind == RESOLVE_FOREIGN || to->kind == RESOLVE_BROKEN)
			return policy_rcpt(to->kind, false);
		to->kind = RESOLVE_FOREIGN;
		r = REPLY_RCPT_OK;
	}
	return r;
}

void
recipient_judge(struct session *s, struct address *a, struct verdict *v)
{
	struct resolved to = { .kind = RESOLVE_BROKEN };

	v->text[0] = v->was[0] = '\0';
	v->back = false;
	v->reply = recipient_narrow(s, a, REPLY_RCPT_WIDE, REPLY_RCPT_IDN);
	if (v->reply != REPLY_OK ||
	    (v->reply = policy_rcpt_form(&s->cfg, &s->client, a)) != REPLY_OK)
		return;
	v->reply = look_up(s, a, &to, v);
	/* Not finding an address is final only if it could have been found. */
	if (v->reply != REPLY_RCPT_OK && !tables_whole(&s->tables))
		v->reply = REPLY_LOOKUP_DOWN;
	else if (to.kind == RESOLVE_ERROR)
		(void)reply_refusal(to.error, v->text); /* no length needed */
	if (v->reply != REPLY_RCPT_OK)
		return;
	if (to.kind == RESOLVE_UNIX)
		judge_unix(s, &to, v);
	else if (to.kind == RESOLVE_VIRTUAL)
		ask_room(s, &to, v);
	else if (to.kind == RESOLVE_SRS)
		judge_return(s, a, v);
}
