/*
 * command: the SMTP verbs, one row each.
 *
 * Part of smtpd(8), as postrider-net.  A new verb is a row here and a function
 * in a cmd_*.c file; what may be said when, how long a line may be, and how
 * much nonsense a client may send is nowhere else.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/log.h"
#include "smtpd/command.h"
#include "smtpd/secure.h"

enum {
	ARG_NONE = 1,  /* an argument is a syntax error */
	ARG_SOME = 2,  /* so is none */
	SYNC = 4,      /* its reply must not wait (RFC 2920 section 3.2) */
	JUNK = 8,      /* moves no mail */
	HIDDEN = 16,   /* not in HELP */
	SHOWN = 32,    /* its argument may be logged */
	NOT_HERE = 64, /* known, and not offered */
	HTTP = 128,    /* not even SMTP */
	PLAIN = 256,   /* where TLS must come first, too (RFC 3207 section 4) */
	OCTETS = 512   /* of a chunk follow, whatever is answered */
};

#define LINE_512 510     /* RFC 5321 4.5.3.1.4, without CRLF */
#define LINE_PARAMS 2046 /* with the parameters of our extensions */
#define LINE_SASL (SASL_LINE_MAX - 2)

struct verb {
	const char *name;
	enum next (*run)(struct session *, char *);
	unsigned int states, flags;
	size_t max; /* bytes of the line */
	const char *usage;
};

/* clang-format off */
static const struct verb verbs[] = {
{ "HELO",  cmd_helo, ST_ANY,		ARG_SOME | SYNC | SHOWN | JUNK | PLAIN, LINE_512, "Say HELO and the name of your host" },
{ "EHLO",  cmd_ehlo, ST_ANY,		ARG_SOME | SYNC | SHOWN | JUNK | PLAIN, LINE_512, "Say EHLO and the name of your host" },
{ "STARTTLS", cmd_starttls, ST_HELLO | ST_MAIL | ST_RCPT, ARG_NONE | SYNC | PLAIN, LINE_512, "" },
{ "AUTH",  cmd_auth, ST_HELLO,		ARG_SOME | SYNC,	LINE_SASL,	"Say AUTH and one of the mechanisms that EHLO lists" },
{ "MAIL",  cmd_mail, ST_HELLO,		ARG_SOME | SHOWN,	LINE_PARAMS,	"Say MAIL FROM:<address>" },
{ "RCPT",  cmd_rcpt, ST_MAIL | ST_RCPT,	ARG_SOME | SHOWN,	LINE_PARAMS,	"Say RCPT TO:<address>" },
{ "DATA",  cmd_data, ST_RCPT,		ARG_NONE | SYNC,	LINE_512,	"" },
{ "BDAT",  cmd_bdat, ST_RCPT | ST_CHUNKS, OCTETS,		LINE_512,	"" },
{ "RSET",  cmd_rset, ST_ANY,		ARG_NONE | JUNK,	LINE_512,	"" },
{ "NOOP",  cmd_noop, ST_ANY,		SYNC | JUNK | PLAIN,	LINE_512,	"" },
{ "VRFY",  cmd_vrfy, ST_ANY,		ARG_SOME | SYNC | SHOWN | JUNK, LINE_512, "Say VRFY and an address" },
{ "EXPN",  cmd_expn, ST_ANY,		ARG_SOME | SYNC | SHOWN | JUNK, LINE_512, "Say EXPN and the name of a list" },
{ "HELP",  cmd_help, ST_ANY,		JUNK,			LINE_512,	"" },
{ "QUIT",  cmd_quit, ST_ANY,		ARG_NONE | SYNC | PLAIN,LINE_512,	"" },
{ "SEND",  NULL,     ST_ANY,		NOT_HERE | HIDDEN,	LINE_512,	"" },
{ "SOML",  NULL,     ST_ANY,		NOT_HERE | HIDDEN,	LINE_512,	"" },
{ "SAML",  NULL,     ST_ANY,		NOT_HERE | HIDDEN,	LINE_512,	"" },
{ "TURN",  NULL,     ST_ANY,		NOT_HERE | HIDDEN,	LINE_512,	"" },
{ "ETRN",  NULL,     ST_ANY,		NOT_HERE | HIDDEN,	LINE_512,	"" },
{ "GET",   NULL,     ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "HEAD",  NULL,     ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "POST",  NULL,     ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "PUT",   NULL,     ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "DELETE", NULL,    ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "OPTIONS", NULL,   ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "PATCH", NULL,     ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "CONNECT", NULL,   ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
{ "PRI",   NULL,     ST_ANY,		HTTP | HIDDEN,		LINE_SASL,	"" },
};
/* clang-format on */

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* What stands for a word that is none of these. */
static const struct verb unknown = { "unknown", NULL, ST_ANY, JUNK, LINE_512,
	"" };

static const struct verb *
find(const char *name, size_t n)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strlen(verbs[i].name) == n &&
		    strncasecmp(verbs[i].name, name, n) == 0)
			return &verbs[i];
	return &unknown;
}

/* The command that must come before this one can. */
static enum reply
wrong_state(const struct verb *v, unsigned int state)
{
	if (state == ST_GREETED)
		return REPLY_HELLO_FIRST;
	if (state == ST_HELLO)
		return REPLY_MAIL_FIRST;
	if (state == ST_CHUNKS)
		return REPLY_CHUNKS;
	if (v->run == cmd_data || v->run == cmd_bdat)
		return REPLY_RCPT_FIRST;
	return REPLY_NESTED;
}

static enum next
dispatch_chunk(struct session *s, const struct verb *v, size_t len, char *arg)
{
	/* Then nobody knows how many octets follow. */
	if (len > v->max)
		return session_leave(s, REPLY_LINE_LONG, "bad-chunk");
	if (secure_first(s))
		return cmd_bdat_refuse(s, arg, secure_refusal(s));
	if ((v->states & s->state) == 0)
		return cmd_bdat_refuse(s, arg, wrong_state(v, s->state));
	return v->run(s, arg);
}

static enum next
dispatch(struct session *s, const struct verb *v, size_t len, char *arg)
{
	if (v->flags & HTTP)
		return session_leave(s, REPLY_NOT_SMTP, "not-smtp");
	if (v->flags & OCTETS)
		return dispatch_chunk(s, v, len, arg);
	if (len > v->max)
		return session_reply(
		    s, v->run == cmd_auth ? REPLY_AUTH_LONG : REPLY_LINE_LONG);
	if (v == &unknown)
		return session_reply(s, REPLY_UNKNOWN);
	if (v->flags & NOT_HERE)
		return session_reply_arg(s, REPLY_NOT_HERE, v->name);
	if (secure_first(s) && (v->flags & PLAIN) == 0)
		return session_reply(s, secure_refusal(s));
	if ((v->states & s->state) == 0)
		return session_reply(s, wrong_state(v, s->state));
	if ((v->flags & ARG_NONE) && *arg != '\0')
		return session_reply_arg(s, REPLY_NO_ARGUMENT, v->name);
	if ((v->flags & ARG_SOME) && *arg == '\0')
		return session_reply_arg(s, REPLY_ARGUMENT, v->usage);
	return v->run(s, arg);
}

/* What follows the verb, without the blanks around it. */
static char *
argument(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n > 0 && strchr(" \t", s[n - 1]) != NULL; n--)
		s[n - 1] = '\0';
	return s;
}

static void
log_refusal(const struct session *s, const char *verb, const char *arg)
{
	log_event(s->id, "refused",
	    "client=%s helo=%s user=%s from=%s verb=%s arg=%s reply=%s",
	    s->peer.ip, s->helo, session_user(s), s->env.sender, verb, arg,
	    s->last);
}

/* Too many recipients is no fault: the client goes on with another message. */
static void
account(struct session *s, const struct verb *v, const char *arg)
{
	if (v->flags & JUNK)
		s->junk++;
	if (s->code < 400 ||
	    (v->run == cmd_rcpt && s->env.full &&
		s->code == replies[REPLY_MANY_RCPTS].code))
		return;
	s->errors++;
	s->refused++;
	log_refusal(s, v->name, v->flags & SHOWN ? arg : "");
}

enum next
command_run(struct session *s, char *line)
{
	size_t len = strlen(line), n = strcspn(line, " \t");
	const struct verb *v = find(line, n);
	char *arg = argument(line + n), shown[120];
	enum next next;

	s->commands++;
	if (v->run != cmd_quit && s->errors >= s->cfg.errors)
		return session_leave(s, REPLY_MANY_ERRORS, "errors");
	if (v->run != cmd_quit && s->junk >= s->cfg.junk)
		return session_leave(s, REPLY_MUCH_JUNK, "junk");
	strlcpy(shown, v->flags & SHOWN ? arg : "", sizeof(shown));
	next = dispatch(s, v, len, arg);
	account(s, v, shown);
	/* Whatever a transaction left behind, however it ended. */
	if (s->state <= ST_HELLO)
		session_reset(s);
	if (next == NEXT_GO && (v->flags & SYNC))
		return session_flush(s);
	return next;
}

enum next
command_refuse(struct session *s, enum next next)
{
	s->commands++;
	if (s->code >= 400)
		account(s, &unknown, "");
	return next;
}

enum next
cmd_help(struct session *s, char *arg)
{
	char text[REPLY_MAX + 1] = "214-2.0.0 Commands:";

	(void)arg; /* all the help there is comes with every reply */
	for (size_t i = 0; i < VERBS; i++)
		if ((verbs[i].flags & HIDDEN) == 0 &&
		    (verbs[i].run != cmd_starttls || s->client.starttls)) {
			strlcat(text, " ", sizeof(text));
			strlcat(text, verbs[i].name, sizeof(text));
		}
	strlcat(text,
	    "\r\n214 2.0.0 A message: EHLO, MAIL, RCPT, DATA, the text, a "
	    "dot\r\n",
	    sizeof(text));
	return session_say(s, 214, text);
}
