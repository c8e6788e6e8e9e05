/*
 * cmd_mail: MAIL and RCPT.
 *
 * Part of smtpd(8), as postrider-net; reads the compiled tables.  The only way
 * into the envelope.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/rewrite.h"
#include "smtpd/command.h"
#include "smtpd/orcpt.h"
#include "smtpd/recipient.h"

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

/* Whether the sender may be used; takes it into the envelope. */
static enum reply
take_sender(struct session *s, struct address *a)
{
	enum reply r =
	    recipient_narrow(s, a, REPLY_SENDER_WIDE, REPLY_SENDER_IDN);

	if (r != REPLY_OK)
		return r;
	r = policy_sender(&s->tables, &s->cfg, &s->client, session_user(s), a);
	if (r == REPLY_SENDER_OK && policy_relay(&s->client) &&
	    rewrite_address(&s->tables, REWRITE_SENDER, a) == REWRITE_BROKEN)
		return REPLY_LOOKUP_DOWN;
	if (!address_format(a, s->env.sender, sizeof(s->env.sender)))
		return REPLY_SENDER_LONG;
	return r;
}

/* The address is in the envelope, as it may have been completed and rewritten. */
static enum next
taken(struct session *s, enum reply r, const char *addr)
{
	char text[REPLY_MAX + 1];

	if (!s->explain)
		return session_reply(s, r);
	(void)reply_format(r, NULL, text); /* short, and so is an address */
	text[strcspn(text, "\r")] = '\0';
	(void)strlcat(text, " <", sizeof(text));
	(void)strlcat(text, addr, sizeof(text));
	(void)strlcat(text, ">\r\n", sizeof(text));
	return session_say(s, replies[r].code, text);
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
	return taken(s, REPLY_SENDER_OK, s->env.sender);
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

/* Whether the recipient is taken; *a is where mail for it goes. */
static enum next
take_rcpt(struct session *s, struct address *a, struct rcpt_params *rp)
{
	char addr[ADDR_MAX + 1];
	struct verdict v;

	recipient_judge(s, a, &v);
	if (v.text[0] != '\0')
		return session_say(
		    s, (unsigned int)(v.text[0] - '0') * 100, v.text);
	if (v.reply != REPLY_RCPT_OK)
		return session_reply(s, v.reply);
	if (!address_format(a, addr, sizeof(addr)))
		return session_reply(s, REPLY_RCPT_LONG);
	if (v.was[0] != '\0' && rp->orcpt[0] == '\0')
		orcpt_make(v.was, rp->orcpt);
	if (!envelope_add(&s->env, addr, rp))
		return session_leave(s, REPLY_NO_MEMORY, "memory");
	s->env.back |= v.back;
	s->state = ST_RCPT;
	return taken(s, REPLY_RCPT_OK, addr);
}

enum next
cmd_rcpt(struct session *s, char *arg)
{
	char bad[PARAM_NAME_MAX + 1];
	const char *p = path_of(arg, "TO:");
	struct rcpt_params rp;
	enum address_result parsed;
	enum params params;
	struct address a;

	if (p == NULL)
		return session_reply(s, REPLY_RCPT_SYNTAX);
	if (s->env.count >= s->cfg.recipients)
		return many_rcpts(s);
	if ((parsed = address_parse_path_wide(&p, &a)) != ADDRESS_OK)
		return session_reply(s, bad_address[parsed].rcpt);
	params =
	    params_rcpt(p, (s->env.mail.flags & INTAKE_UTF8) != 0, &rp, bad);
	if (params != PARAMS_OK)
		return bad_param(s, params, bad, REPLY_RCPT_SYNTAX);
	return take_rcpt(s, &a, &rp);
}
