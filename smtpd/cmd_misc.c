/*
 * cmd_misc: the commands that move no mail: RSET, NOOP, VRFY, EXPN, QUIT.
 *
 * Part of smtpd(8), as postrider-net.  VRFY must never tell who exists
 * (RFC 5321 section 7.3); EXPN tells only where the option expn says so.
 */
#include <stdio.h>
#include <string.h>

#include "common/resolve.h"
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

/* One line for each member of "addr,addr". */
static enum next
tell_members(struct session *s, const char *members)
{
	char text[REPLY_MAX + 1];
	enum next next = NEXT_GO;
	size_t n;

	for (; *members != '\0' && next == NEXT_GO; members += n) {
		n = strcspn(members, ",");
		(void)snprintf(text, sizeof(text), "250%c2.1.5 <%.*s>\r\n",
		    members[n] == '\0' ? ' ' : '-', (int)n, members);
		next = session_say(s, 250, text);
		n += members[n] == ',';
	}
	return next;
}

enum next
cmd_expn(struct session *s, char *arg)
{
	const char *path = arg;
	struct address a;
	struct resolved r;
	enum address_result found;

	if (!s->cfg.expn)
		return session_reply_arg(s, REPLY_NOT_HERE, "EXPN");
	if (*arg == '<')
		found = address_parse_path(&path, &a);
	else
		found = address_parse(arg, &a);
	if (found != ADDRESS_OK)
		return session_reply(s, REPLY_RCPT_BAD);
	resolve_address(&s->tables, &a, s->cfg.mail_name, &r);
	if (r.kind == RESOLVE_BROKEN)
		return session_reply(s, REPLY_LOOKUP_DOWN);
	if (r.kind != RESOLVE_ALIAS)
		return session_reply(s, REPLY_NO_LIST);
	if (*r.members == '\0')
		return session_reply(s, REPLY_EMPTY_LIST);
	return tell_members(s, r.members);
}

enum next
cmd_quit(struct session *s, char *arg)
{
	(void)arg; /* there is none */
	return session_leave(s, REPLY_BYE, "quit");
}
