/*
 * login: the verbs before login, one row each.
 *
 * In pop3d, as postrider-net: the code that strangers talk to.  Talks to the
 * client, to authd and, for STLS, to tlsd.  Reads never further than the end of
 * a line, so that what is pipelined behind a login reaches the process that
 * opens the mailbox, and what is behind STLS nobody.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/sasl_line.h"
#include "common/tls_line.h"
#include "pop3d/login_apop.h"
#include "pop3d/capa.h"
#include "pop3d/login.h"

#define AUTH_PREFIX 32  /* "AUTH mechanism " before an initial response */
#define COMMAND_MAX 510 /* of all other commands, CRLF not counted */

#define PENALTY                                                                \
	"[SYS/TEMP] Too many failed handshakes from your address, try again "  \
	"in a minute"
#define NO_CERTIFICATE                                                         \
	"[SYS/PERM] This needs an encrypted line, and there is no "            \
	"certificate for one: ask the administrator (postrider tls make-cert)"

enum {
	ARG_NONE = 1,     /* an argument is an error */
	ARG_SOME = 2,     /* so is none */
	ARG_EXACT = 4,    /* spaces at its end belong to it */
	NEEDS_SECRET = 8, /* only where passwords may be sent */
	IDLE = 16         /* brings no login nearer */
};

struct verb {
	const char *name;
	/* arg is "" without one; NULL to go on, or the reason to end. */
	const char *(*run)(struct login *, char *arg);
	unsigned int flags;
};

static const char *
refuse(struct login *l, const char *text)
{
	client_reply(l->client, "-ERR %s", text);
	l->refused++;
	return NULL;
}

static const char *
verb_capa(struct login *l, char *arg)
{
	const struct capa k = { l->line.offered,
		login_line_can_stls(&l->line) };

	(void)arg; /* none allowed */
	capa_reply(l->client, &k);
	return NULL;
}

static const char *
verb_quit(struct login *l, char *arg)
{
	(void)arg; /* none allowed */
	client_reply(l->client, "+OK Bye");
	return "quit";
}

static const char *
verb_user(struct login *l, char *arg)
{
	/* The same answer for every name: which exist is not told. */
	if (strlcpy(l->user, arg, sizeof(l->user)) >= sizeof(l->user)) {
		l->user[0] = '\0';
		return refuse(l, "Name too long");
	}
	client_reply(l->client, "+OK Now the password, with PASS");
	return NULL;
}

/* There is no next line: the reason, which a slow client hears. */
static const char *
no_line(struct login *l, enum line got)
{
	if (got == LINE_TIMEOUT)
		client_reply(l->client, "-ERR Login took too long");
	return client_line_text(got);
}

static const char *
judge(struct login *l, const struct login_auth *s, enum login_auth_result r)
{
	switch (r) {
	case AUTH_HANDED:
		return "handed";
	case AUTH_FAILED:
		if (++l->failures < LOGIN_FAILURES)
			return NULL;
		return "login-failures";
	case AUTH_CANCELLED:
		l->refused++;
		return NULL;
	case AUTH_NO_LINE:
		return no_line(l, s->got);
	case AUTH_NO_AUTHD:
		break;
	}
	return "authd";
}

static struct login_auth
auth_of(struct login *l)
{
	return (struct login_auth){ l->client, &l->authd, &l->line, l->deadline,
		LINE_OK };
}

static const char *
verb_pass(struct login *l, char *arg)
{
	struct login_auth s = auth_of(l);
	enum login_auth_result r;

	if (l->user[0] == '\0')
		return refuse(l, "First the name, with USER");
	r = login_auth_password(&s, l->user, arg);
	l->user[0] = '\0';
	return judge(l, &s, r);
}

/* RFC 1734 clients ask for the list this way. */
static const char *
list_mechanisms(struct login *l)
{
	char names[MECHS_MAX], *next = names, *name;

	strlcpy(names, l->line.offered, sizeof(names));
	client_reply(l->client, "+OK Mechanisms follow");
	while ((name = strsep(&next, " ")) != NULL && *name != '\0')
		client_reply(l->client, "%s", name);
	client_reply(l->client, ".");
	return NULL;
}

/* How else to log in; there may be nobody who can. */
static const char *
refuse_way(struct login *l, const char *what)
{
	const char *list = l->line.offered;

	client_reply(l->client, "-ERR %s%s%s", what,
	    *list != '\0' ? ", use " : "", list);
	l->refused++;
	return NULL;
}

static const char *
verb_auth(struct login *l, char *arg)
{
	struct login_auth s = auth_of(l);
	struct msg_auth_start start = { 0 };
	const char *end;

	if (*arg == '\0')
		return list_mechanisms(l);
	switch (sasl_start(arg, l->line.offered, &start)) {
	case SASL_OK:
		end = judge(l, &s, login_auth(&s, &start));
		break;
	case SASL_UNKNOWN:
		end = refuse_way(l, "Unknown mechanism");
		break;
	case SASL_SYNTAX:
		end = refuse(l,
		    "Wanted: AUTH mechanism, with one initial response "
		    "or none");
		break;
	default:
		end = refuse(l, "Initial response is not base64");
		break;
	}
	explicit_bzero(&start, sizeof(start));
	return end;
}

/* As long as the greeting has asked for it. */
static const char *
verb_apop(struct login *l, char *arg)
{
	struct login_auth s = auth_of(l);
	struct msg_auth_start start = { 0 };

	if (l->stamp[0] == '\0')
		return refuse_way(l, "APOP is not offered");
	if (!login_apop_start(l->stamp, arg, &start))
		return refuse(l,
		    "Wanted: APOP name digest, the digest as 32 "
		    "lower-case hexadecimal digits");
	return judge(l, &s, login_auth(&s, &start));
}

static const char *
verb_stls(struct login *l, char *arg)
{
	(void)arg; /* none allowed */
	if (l->line.encrypted)
		return refuse(l, "This line is encrypted already");
	if (l->line.policy == TLS_NO)
		return refuse(l, "STLS is not offered here");
	if (!l->line.certificates)
		return refuse(l, NO_CERTIFICATE);
	switch (login_line_stls(&l->line, l->client)) {
	case STLS_DONE:
		l->user[0] = '\0';
		return NULL;
	case STLS_LATER:
		return refuse(l,
		    l->line.tlsd.penalty
			? PENALTY
			: "[SYS/TEMP] STLS is not possible now");
	case STLS_FLOOD:
		client_reply(l->client,
		    "-ERR Nothing may be sent behind STLS before its answer");
		return "flood";
	case STLS_BROKEN:
		break;
	}
	return "tls-failed";
}

static const char *
verb_later(struct login *l, char *arg)
{
	(void)arg; /* does not matter */
	return refuse(l, "Log in first");
}

/* clang-format off */
static const struct verb verbs[] = {
	{ "CAPA",	verb_capa,	ARG_NONE | IDLE },
	{ "USER",	verb_user,	ARG_SOME | NEEDS_SECRET | IDLE },
	{ "PASS",	verb_pass,	ARG_EXACT | NEEDS_SECRET },
	{ "AUTH",	verb_auth,	NEEDS_SECRET | IDLE },
	{ "QUIT",	verb_quit,	ARG_NONE },
	{ "APOP",	verb_apop,	ARG_SOME | IDLE },
	{ "STLS",	verb_stls,	ARG_NONE | IDLE },
	{ "STAT",	verb_later,	0 },
	{ "LIST",	verb_later,	0 },
	{ "UIDL",	verb_later,	0 },
	{ "RETR",	verb_later,	0 },
	{ "TOP",	verb_later,	0 },
	{ "DELE",	verb_later,	0 },
	{ "RSET",	verb_later,	0 },
	{ "NOOP",	verb_later,	0 },
	{ "LAST",	verb_later,	0 },
};
/* clang-format on */

static const struct verb *
find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcasecmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void
trim(char *s)
{
	size_t n = strlen(s);

	while (n > 0 && s[n - 1] == ' ')
		s[--n] = '\0';
}

/* What to do instead, as far as it can work. */
static const char *
no_secrets(struct login *l)
{
	const struct login_line *line = &l->line;

	if (login_line_can_stls(&l->line))
		return "[AUTH] No passwords on an unencrypted line: use STLS "
		       "first, or POP3S (port 995)";
	if (!line->certificates)
		return line->nearby && line->policy == TLS_NO
		    ? "[AUTH] No passwords on an unencrypted line from your "
		      "address, and there is no certificate for another: "
		      "connect from the mail host itself, or ask its "
		      "administrator (postrider tls make-cert)"
		    : NO_CERTIFICATE;
	if (line->tlsd.penalty)
		return PENALTY;
	if (line->policy != TLS_NO)
		return "[SYS/TEMP] Passwords need an encrypted line, which is "
		       "not possible now, try again later";
	return "[AUTH] No passwords on an unencrypted line: use POP3S "
	       "(port 995)";
}

static const char *
run_verb(struct login *l, char *line)
{
	char none[] = "", *arg = line;
	const struct verb *v = find_verb(strsep(&arg, " "));

	if (v == NULL)
		return refuse(l, "Unknown command");
	if (arg == NULL)
		arg = none;
	if ((v->flags & ARG_EXACT) == 0)
		trim(arg);
	if ((v->flags & ARG_NONE) && *arg != '\0')
		return refuse(l, "This command takes no argument");
	if ((v->flags & ARG_SOME) && *arg == '\0')
		return refuse(l, "An argument is missing");
	if ((v->flags & NEEDS_SECRET) && !l->line.secrets)
		return refuse(l, no_secrets(l));
	l->useless += (v->flags & IDLE) != 0;
	return v->run(l, arg);
}

static bool
is_auth(const char *line)
{
	return strncasecmp(line, "AUTH ", 5) == 0;
}

static const char *
run_line(struct login *l, enum line got, char *line)
{
	if (got == LINE_LONG ||
	    (got == LINE_OK && strlen(line) > COMMAND_MAX && !is_auth(line)))
		return refuse(l, "Line too long");
	if (got == LINE_BAD)
		return refuse(l, "A command is plain text and ends in CRLF");
	return run_verb(l, line);
}

/* Whether the client has had its chances; then it hears so. */
static const char *
patience(struct login *l)
{
	if (l->refused < l->errors && l->useless < l->junk)
		return NULL;
	client_reply(l->client, "-ERR Too many commands without a login, bye");
	return "errors";
}

/* APOP is a way to log in where its timestamp is. */
static void
greet(struct login *l)
{
	l->stamp[0] = '\0';
	if (l->line.secrets && mechs_apop(l->line.tables))
		login_apop_stamp(l->stamp, l->hostname);
	if (l->stamp[0] != '\0')
		client_reply(l->client, "+OK %.*s %s",
		    REPLY_MAX - APOP_STAMP_MAX - 7, l->banner, l->stamp);
	else
		client_reply(l->client, "+OK %s", l->banner);
}

/* A handshake that nobody has asked for: the way to it, and an end. */
static const char *
refuse_hello(struct login *l)
{
	client_reply(l->client, "-ERR This port begins without TLS: %s",
	    login_line_can_stls(&l->line) ? "use STLS, or POP3S (port 995)"
		: l->line.certificates    ? "use POP3S (port 995)"
					  : "there is none here");
	return "tls-hello";
}

/* The first byte tells more than a line, which TLS may never end. */
static const char *
look_at_first(struct login *l)
{
	const char *p;
	enum line got;
	size_t n;

	client_flush(l->client);
	if (l->client->broken)
		return client_line_text(LINE_ERROR);
	got = lineio_peek(&l->client->io, &p, &n, l->deadline);
	if (got != LINE_OK)
		return no_line(l, got);
	return tls_line_is_hello(*p) ? refuse_hello(l) : NULL;
}

const char *
login_run(struct login *l)
{
	char line[AUTH_LINE + AUTH_PREFIX];
	const char *end = NULL;
	enum line got;

	l->deadline = deadline_in(l->timeout);
	l->refused = l->useless = 0;
	l->failures = 0;
	l->user[0] = '\0';
	l->client->io.exact = true;
	if (l->line.policy == TLS_IMPLICIT &&
	    !login_line_now(&l->line, l->client))
		return "tls-failed";
	greet(l);
	if (!l->line.encrypted)
		end = look_at_first(l);
	while (end == NULL) {
		got = client_get(l->client, line, sizeof(line), l->deadline);
		if (got >= LINE_EOF)
			return no_line(l, got);
		end = run_line(l, got, line);
		explicit_bzero(line, sizeof(line));
		explicit_bzero(l->client->io.inbuf, l->client->io.end);
		if (end == NULL)
			end = patience(l);
	}
	return end;
}
