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

/* One line for each member. */
static enum next
tell_members(struct session *s, const char *members)
{
	char text[REPLY_MAX + 1];
	enum next next = NEXT_GO;
	struct member m;

	while (next == NEXT_GO && members_next(&members, &m)) {
		(void)snprintf(text, sizeof(text), "250%c2.1.5 <%.400s>\r\n",
		    *members == '\0' ? ' ' : '-', m.text);
		next = session_say(s, 250, text);
	}
	return next;
}

enum next
cmd_expn(struct session *s, char *arg)
{
	bool utf8 = take_utf8(arg);
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
	if (r.kind != RESOLVE_ALIAS)
		return session_reply(s, REPLY_NO_LIST);
	if (*r.members == '\0')
		return session_reply(s, REPLY_EMPTY_LIST);
	if (!utf8 && utf8_needed(r.members))
		return session_reply(s, REPLY_LIST_WIDE);
	return tell_members(s, r.members);
}

enum next
cmd_quit(struct session *s, char *arg)
{
	(void)arg; /* there is none */
	return session_leave(s, REPLY_BYE, "quit");
}
