/*
 * cmd_mail: MAIL and RCPT.
 *
 * Part of smtpd(8), as postrider-net; reads the compiled tables and asks authd
 * (msg_auth.h) whether a Unix user exists.  The only way into the envelope.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/idn.h"
#include "common/log.h"
#include "common/resolve.h"
#include "common/utf8.h"
#include "smtpd/command.h"

/* clang-format off */
static const struct {
	enum reply	mail, rcpt;
} bad_address[] = {
	[ADDRESS_OK]		= { REPLY_OK,			REPLY_OK },
	[ADDRESS_SYNTAX]	= { REPLY_SENDER_SYNTAX,	REPLY_RCPT_BAD },
	[ADDRESS_LONG]		= { REPLY_SENDER_LONG,		REPLY_RCPT_LONG },
	[ADDRESS_UTF8]		= { REPLY_SENDER_UTF8,		REPLY_RCPT_UTF8 },
};
/* clang-format on */

/*
 * The path behind "FROM:" or "TO:"; NULL if it is not there.  A space before
 * it is a common mistake that nobody is hurt by.
 */
static const char *
path_of(const char *arg, const char *word)
{
	size_t n = strlen(word);

	if (strncasecmp(arg, word, n) != 0)
		return NULL;
	arg += n;
	arg += strspn(arg, " \t");
	return *arg == '<' ? arg : NULL;
}

static enum next
bad_param(struct session *s, enum params r, const char *bad, enum reply without)
{
	if (r == PARAMS_UNKNOWN)
		return session_reply_arg(s, REPLY_PARAM_UNKNOWN, bad);
	/* What follows the address at once is no parameter. */
	return session_reply_arg(
	    s, *bad == '\0' ? without : REPLY_PARAM_BAD, bad);
}

/* The session cannot connect again: a second try needs another one. */
static enum next
no_queue(struct session *s)
{
	if (s->queue_told)
		return session_leave(s, REPLY_NO_QUEUE, "no-queue");
	s->queue_told = true;
	return session_reply(s, REPLY_QUEUE_DOWN);
}

static enum next
too_big(struct session *s)
{
	char limit[24];

	(void)snprintf(
	    limit, sizeof(limit), "%lld", (long long)s->cfg.message_size);
	return session_reply_arg(s, REPLY_TOO_BIG, limit);
}

static bool
is_utf8(const struct session *s)
{
	return (s->env.mail.flags & INTAKE_UTF8) != 0;
}

/*
 * U-labels become A-labels, so that all behind has one spelling of a domain.
 * REPLY_OK, or the one of the replies that fits.
 */
static enum reply
narrow(const struct session *s, struct address *a, enum reply wide,
    enum reply no_domain)
{
	if (address_is_ascii(a))
		return REPLY_OK;
	if (!is_utf8(s))
		return wide;
	return utf8_needed(a->domain) && !idn_to_ascii(a->domain, a->domain)
	    ? no_domain
	    : REPLY_OK;
}

/* Whether the sender may be used; takes it into the envelope. */
static enum reply
take_sender(struct session *s, struct address *a)
{
	enum reply r = narrow(s, a, REPLY_SENDER_WIDE, REPLY_SENDER_IDN);

	if (r != REPLY_OK)
		return r;
	r = policy_sender(&s->tables, &s->cfg, &s->client, session_user(s), a);
	if (!address_format(a, s->env.sender, sizeof(s->env.sender)))
		return REPLY_SENDER_LONG;
	return r;
}

enum next
cmd_mail(struct session *s, char *arg)
{
	char bad[PARAM_NAME_MAX + 1];
	const char *p = path_of(arg, "FROM:");
	enum address_result parsed;
	enum params params;
	struct address a;
	enum reply r;

	if ((r = policy_mail(&s->cfg, &s->client)) != REPLY_OK)
		return session_reply(s, r);
	if (s->intake.chan.fd == -1)
		return no_queue(s);
	if (p == NULL)
		return session_reply(s, REPLY_MAIL_SYNTAX);
	if ((parsed = address_parse_path_wide(&p, &a)) != ADDRESS_OK)
		return session_reply(s, bad_address[parsed].mail);
	params = params_mail(p, &s->env.mail, bad);
	if (params != PARAMS_OK)
		return bad_param(s, params, bad, REPLY_MAIL_SYNTAX);
	if (s->env.mail.size > (uint64_t)s->cfg.message_size)
		return too_big(s);
	if ((r = take_sender(s, &a)) != REPLY_SENDER_OK)
		return session_reply_arg(s, r, s->env.sender);
	s->state = ST_MAIL;
	return session_reply(s, REPLY_SENDER_OK);
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

static enum reply
judge(struct session *s, struct address *a)
{
	struct resolved to;
	enum reply r = narrow(s, a, REPLY_RCPT_WIDE, REPLY_RCPT_IDN);

	if (r != REPLY_OK ||
	    (r = policy_rcpt_form(&s->cfg, &s->client, a)) != REPLY_OK)
		return r;
	resolve_address(&s->tables, a, s->cfg.mail_name, &to);
	r = policy_rcpt(to.kind, policy_relay(&s->client));
	if (r == REPLY_RCPT_OK && to.kind == RESOLVE_UNIX)
		return ask_account(s, to.account);
	/* Not finding an address is final only if it could have been found. */
	if (r != REPLY_RCPT_OK && !tables_whole(&s->tables))
		return REPLY_LOOKUP_DOWN;
	return r;
}

static enum next
many_rcpts(struct session *s)
{
	if (!s->env.full)
		log_event("-", "recipients-full", "client=%s from=%s",
		    s->peer.ip, s->env.sender);
	s->env.full = true;
	return session_reply(s, REPLY_MANY_RCPTS);
}

enum next
cmd_rcpt(struct session *s, char *arg)
{
	char bad[PARAM_NAME_MAX + 1], addr[ADDR_MAX + 1];
	const char *p = path_of(arg, "TO:");
	struct rcpt_params rp;
	enum address_result parsed;
	enum params params;
	struct address a;
	enum reply r;

	if (p == NULL)
		return session_reply(s, REPLY_RCPT_SYNTAX);
	if (s->env.count >= s->cfg.recipients)
		return many_rcpts(s);
	if ((parsed = address_parse_path_wide(&p, &a)) != ADDRESS_OK)
		return session_reply(s, bad_address[parsed].rcpt);
	if ((params = params_rcpt(p, is_utf8(s), &rp, bad)) != PARAMS_OK)
		return bad_param(s, params, bad, REPLY_RCPT_SYNTAX);
	if ((r = judge(s, &a)) != REPLY_RCPT_OK)
		return session_reply(s, r);
	if (!address_format(&a, addr, sizeof(addr)))
		return session_reply(s, REPLY_RCPT_LONG);
	if (!envelope_add(&s->env, addr, &rp))
		return session_leave(s, REPLY_NO_MEMORY, "memory");
	s->state = ST_RCPT;
	return session_reply(s, REPLY_RCPT_OK);
}
