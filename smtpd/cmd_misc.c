/*
 * cmd_misc: the commands that move no mail: RSET, NOOP, VRFY, EXPN, QUIT.
 *
 * Part of smtpd(8), as postrider-net.  VRFY must never tell who exists
 * (RFC 5321 section 7.3); EXPN tells only where the option expn says so.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/idn.h"
#include "common/resolve.h"
#include "common/utf8.h"
#include "smtpd/command.h"

enum next
cmd_rset(struct session *s, char *arg)
{
	(void)arg; /* there is none */
	session_reset(s);
	return session_reply(s, REPLY_OK);
}

enum next
cmd_noop(struct session *s, char *arg)
{
	(void)arg; /* RFC 5321 section 4.1.1.9 */
	return session_reply(s, REPLY_OK);
}

enum next
cmd_vrfy(struct session *s, char *arg)
{
	(void)arg; /* the same answer to all */
	return session_reply(s, REPLY_VRFY);
}

/* Takes "SMTPUTF8" from the end (RFC 6531 section 3.7.4.2). */
static bool
take_utf8(char *arg)
{
	static const char word[] = "SMTPUTF8";
	size_t n = strlen(arg), len = sizeof(word) - 1;

	if (n <= len || strcasecmp(arg + n - len, word) != 0 ||
	    strchr(" \t", arg[n - len - 1]) == NULL)
		return false;
	for (n -= len; n > 0 && strchr(" \t", arg[n - 1]) != NULL; n--)
		arg[n - 1] = '\0';
	return true;
}

static bool
is_told(const struct member *m)
{
	return m->kind == MEMBER_ADDRESS || m->kind == MEMBER_FINAL;
}

struct counts {
	size_t told, others;
};

static struct counts
count(const char *members)
{
	struct counts c = { 0, 0 };
	struct member m;

	while (members_next(&members, &m))
		if (is_told(&m))
			c.told++;
		else
			c.others++;
	return c;
}

/* A line for each that has an address; of the others only how many there are. */
static enum next
tell_members(struct session *s, const char *members)
{
	struct counts left = count(members);
	char text[REPLY_MAX + 1];
	enum next next = NEXT_GO;
	struct member m;

	if (left.told + left.others == 0)
		return session_reply(s, REPLY_EMPTY_LIST);
	while (next == NEXT_GO && left.told > 0 && members_next(&members, &m)) {
		if (!is_told(&m))
			continue;
		left.told--;
		(void)snprintf(text, sizeof(text), "250%c2.1.5 <%.400s>\r\n",
		    left.told + left.others == 0 ? ' ' : '-', m.text);
		next = session_say(s, 250, text);
	}
	if (next != NEXT_GO || left.others == 0)
		return next;
	(void)snprintf(text, sizeof(text),
	    "250 2.1.5 %zu that %s no address to tell\r\n", left.others,
	    left.others == 1 ? "has" : "have");
	return session_say(s, 250, text);
}

/* Whether what is told of them is more than ASCII. */
static bool
is_wide(const char *members)
{
	struct member m;

	while (members_next(&members, &m))
		if (is_told(&m) && utf8_needed(m.text))
			return true;
	return false;
}

enum next
cmd_expn(struct session *s, char *arg)
{
	bool utf8 = take_utf8(arg);
	char text[REPLY_MAX + 1];
	const char *path = arg;
	struct address a;
	struct resolved r;
	enum address_result found;

	if (!s->cfg.expn)
		return session_reply_arg(s, REPLY_NOT_HERE, "EXPN");
	if (*arg == '<')
		found = address_parse_path_wide(&path, &a);
	else
		found = address_parse_wide(arg, &a);
	if (found != ADDRESS_OK || *(*arg == '<' ? path : "") != '\0')
		return session_reply(s, REPLY_RCPT_BAD);
	if (utf8_needed(a.domain) && !idn_to_ascii(a.domain, a.domain))
		return session_reply(s, REPLY_RCPT_IDN);
	resolve_address(&s->tables, &a, s->cfg.mail_name, &r);
	if (r.kind == RESOLVE_BROKEN)
		return session_reply(s, REPLY_LOOKUP_DOWN);
	if (r.kind == RESOLVE_ERROR) {
		(void)reply_refusal(r.error, text); /* no length needed */
		return session_say(
		    s, (unsigned int)(text[0] - '0') * 100, text);
	}
	if (r.kind != RESOLVE_ALIAS)
		return session_reply(s, REPLY_NO_LIST);
	if (!utf8 && is_wide(r.members))
		return session_reply(s, REPLY_LIST_WIDE);
	return tell_members(s, r.members);
}

enum next
cmd_quit(struct session *s, char *arg)
{
	(void)arg; /* there is none */
	return session_leave(s, REPLY_BYE, "quit");
}
