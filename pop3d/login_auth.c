/*
 * login_auth: a login through authd.  In pop3d, as postrider-net: carries
 * tokens between the client and authd (msg_auth.h) without understanding them,
 * the client's socket along with them.  Wipes what may hold a password.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/sasl_line.h"
#include "pop3d/login_auth.h"

static enum login_auth_result
no_authd(const struct login_auth *s)
{
	client_reply(s->client, "-ERR [SYS/TEMP] Login is not possible now");
	return AUTH_NO_AUTHD;
}

/* RFC 3206: what the client can do about it. */
static const char *
code(const char *dsn)
{
	if (dsn[0] != '5')
		return "SYS/TEMP";
	/* RFC 3463: security, or the mechanism; else the mailbox. */
	return dsn[2] == '7' || dsn[2] == '5' ? "AUTH" : "SYS/PERM";
}

static enum login_auth_result
refuse(const struct login_auth *s, const struct msg_auth_failure *f)
{
	client_reply(s->client, "-ERR [%s] %s", code(f->dsn),
	    f->text[0] != '\0' ? f->text : "Login failed");
	return AUTH_FAILED;
}

struct dialogue {
	struct login_auth *s;
	const char *wrong; /* with the response; NULL: none came */
};

/* One response to a challenge. */
static enum auth_turn
read_response(struct dialogue *d, struct msg_auth_response *back)
{
	char line[AUTH_LINE + 1];

	d->wrong = NULL;
	d->s->got =
	    client_get(d->s->client, line, sizeof(line), d->s->deadline);
	if (d->s->got >= LINE_EOF)
		return AUTH_TURN_GONE;
	if (d->s->got != LINE_OK)
		d->wrong = "Response too long or not plain text";
	else
		switch (sasl_response(line, back)) {
		case SASL_OK:
			break;
		case SASL_CANCEL:
			d->wrong = "Login cancelled";
			break;
		default:
			d->wrong = "Response is not base64";
			break;
		}
	explicit_bzero(line, sizeof(line));
	return d->wrong == NULL ? AUTH_TURN_ANSWER : AUTH_TURN_CANCEL;
}

static enum auth_turn
ask(void *arg, const struct msg_auth_challenge *m,
    struct msg_auth_response *back)
{
	char text[SASL_CHALLENGE_MAX];
	struct dialogue *d = arg;

	sasl_challenge("+ ", m, text);
	client_put(d->s->client, text, strlen(text));
	return read_response(d, back);
}

enum login_auth_result
login_auth(struct login_auth *s, struct msg_auth_start *start)
{
	const struct tls_line line = login_line_of(s->line);
	struct dialogue d = { s, NULL };
	const struct auth_asker asker = { ask, &d };
	union msg_auth end;

	tls_line_login(&line, &s->line->tls, s->line->offered, start);
	s->authd->hands_over = true;
	s->authd->socket = s->client->io.in;
	switch (auth_client_login(s->authd, start, &asker, &end)) {
	case AUTH_END_YES:
		return AUTH_HANDED;
	case AUTH_END_NO:
		return refuse(s, &end.failure);
	case AUTH_END_STOPPED:
		if (d.wrong == NULL)
			return AUTH_NO_LINE;
		client_reply(s->client, "-ERR %s", d.wrong);
		return AUTH_CANCELLED;
	case AUTH_END_LOST:
		break;
	}
	return no_authd(s);
}

/* RFC 4616: no authorization identity, NUL, user, NUL, password. */
enum login_auth_result
login_auth_password(
    struct login_auth *s, const char *user, const char *password)
{
	size_t nu = strlen(user), np = strlen(password);
	struct msg_auth_start start = { .flags = AUTH_INITIAL };

	if (nu + np + 2 > sizeof(start.token)) {
		client_reply(s->client, "-ERR [AUTH] Too long");
		return AUTH_FAILED;
	}
	strlcpy(start.mech, "PLAIN", sizeof(start.mech));
	memcpy(start.token + 1, user, nu);
	memcpy(start.token + 2 + nu, password, np);
	start.token_len = (uint32_t)(2 + nu + np);
	return login_auth(s, &start);
}
