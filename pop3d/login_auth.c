/*
 * login_auth: a login through authd.  In pop3d, as postrider-net: carries tokens
 * between the client and authd (msg_auth.h) without understanding them, and
 * passes the client's socket on.  Wipes what may hold a password.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/base64.h"
#include "common/log.h"
#include "pop3d/login_auth.h"

#define AUTHD_WAIT 330 /* seconds; authd answers late on purpose */

static enum login_auth_result
lost_authd(const struct login_auth *s, const char *why)
{
	log_error("-", "channel=auth client=%s found=%s", s->ip, why);
	client_reply(s->client, "-ERR [SYS/TEMP] Login is not possible now");
	return AUTH_NO_AUTHD;
}

static enum login_auth_result
cancel(const struct login_auth *s, const char *text)
{
	const struct msg_auth_cancel msg = { 0 };
	enum chan_result r;

	r = chan_send(
	    s->authd, AUTH_T_CANCEL, &msg, -1, deadline_in(AUTHD_WAIT));
	if (r != CHAN_OK)
		return lost_authd(s, chan_result_text(r));
	client_reply(s->client, "-ERR %s", text);
	return AUTH_CANCELLED;
}

/* RFC 3206: what the client can do about it. */
static enum login_auth_result
refuse(const struct login_auth *s, const struct msg_auth_failure *f,
    const char *perm)
{
	client_reply(s->client, "-ERR [%s] %s",
	    f->dsn[0] == '5' ? perm : "SYS/TEMP",
	    f->text[0] != '\0' ? f->text : "Login failed");
	return AUTH_FAILED;
}

static enum login_auth_result
hand_over(const struct login_auth *s)
{
	struct msg_auth_handover msg = { 0 };
	union msg_auth in;
	unsigned int type;
	enum chan_result r;

	strlcpy(msg.client, s->ip, sizeof(msg.client));
	strlcpy(msg.profile, s->profile, sizeof(msg.profile));
	r = chan_send(s->authd, AUTH_T_HANDOVER, &msg, s->client->io.in,
	    deadline_in(AUTHD_WAIT));
	if (r == CHAN_OK)
		r = chan_recv(
		    s->authd, &type, &in, NULL, deadline_in(AUTHD_WAIT));
	if (r != CHAN_OK)
		return lost_authd(s, chan_result_text(r));
	if (type == AUTH_T_HANDED)
		return AUTH_HANDED;
	if (type == AUTH_T_FAILURE)
		return refuse(s, &in.failure, "SYS/PERM");
	return lost_authd(s, "an answer to another question");
}

/* One response to a challenge, into msg; AUTH_HANDED when it is there. */
static enum login_auth_result
read_response(const struct login_auth *s, struct msg_auth_response *msg)
{
	char line[AUTH_LINE + 1];
	enum login_auth_result r = AUTH_HANDED;
	enum line got;
	size_t n;

	got = client_get(s->client, line, sizeof(line), s->deadline);
	if (got >= LINE_EOF)
		r = AUTH_NO_LINE;
	else if (got != LINE_OK)
		r = cancel(s, "Response too long or not plain text");
	else if (strcmp(line, "*") == 0)
		r = cancel(s, "Login cancelled");
	else if (!base64_decode(line, msg->token, sizeof(msg->token), &n))
		r = cancel(s, "Response is not base64");
	else
		msg->token_len = (uint32_t)n;
	explicit_bzero(line, sizeof(line));
	return r;
}

static enum login_auth_result
respond(const struct login_auth *s, const struct msg_auth_challenge *c)
{
	char text[BASE64_LEN(TOKEN_MAX) + 1];
	struct msg_auth_response msg = { 0 };
	enum login_auth_result r;
	enum chan_result sent;

	base64_encode(c->token, c->token_len, text);
	client_put(s->client, "+ ", 2);
	client_put(s->client, text, strlen(text));
	client_put(s->client, "\r\n", 2);
	if ((r = read_response(s, &msg)) == AUTH_HANDED) {
		sent = chan_send(s->authd, AUTH_T_RESPONSE, &msg, -1,
		    deadline_in(AUTHD_WAIT));
		if (sent != CHAN_OK)
			r = lost_authd(s, chan_result_text(sent));
	}
	explicit_bzero(&msg, sizeof(msg));
	return r;
}

static enum login_auth_result
converse(const struct login_auth *s, const struct msg_auth_start *start)
{
	union msg_auth in;
	unsigned int type;
	enum login_auth_result said;
	enum chan_result r;

	r = chan_send(
	    s->authd, AUTH_T_START, start, -1, deadline_in(AUTHD_WAIT));
	while (r == CHAN_OK) {
		r = chan_recv(
		    s->authd, &type, &in, NULL, deadline_in(AUTHD_WAIT));
		if (r != CHAN_OK)
			break;
		if (type == AUTH_T_SUCCESS)
			return hand_over(s);
		if (type == AUTH_T_FAILURE)
			return refuse(s, &in.failure, "AUTH");
		if (type != AUTH_T_CHALLENGE)
			return lost_authd(s, "an answer to another question");
		if ((said = respond(s, &in.challenge)) != AUTH_HANDED)
			return said;
	}
	return lost_authd(s, chan_result_text(r));
}

static void
start_init(
    struct msg_auth_start *start, const struct login_auth *s, const char *mech)
{
	memset(start, 0, sizeof(*start));
	strlcpy(start->service, "pop3", sizeof(start->service));
	strlcpy(start->mech, mech, sizeof(start->mech));
	strlcpy(start->client, s->ip, sizeof(start->client));
}

enum login_auth_result
login_auth_mech(
    const struct login_auth *s, const char *mech, const char *initial)
{
	struct msg_auth_start start;
	enum login_auth_result r;
	size_t n = 0;

	start_init(&start, s, mech);
	if (initial != NULL) {
		start.flags = AUTH_INITIAL;
		if (strcmp(initial, "=") != 0 &&
		    !base64_decode(
			initial, start.token, sizeof(start.token), &n)) {
			client_reply(
			    s->client, "-ERR Initial response is not base64");
			return AUTH_CANCELLED;
		}
		start.token_len = (uint32_t)n;
	}
	r = converse(s, &start);
	explicit_bzero(&start, sizeof(start));
	return r;
}

/* RFC 4616: no authorization identity, NUL, user, NUL, password. */
enum login_auth_result
login_auth_password(
    const struct login_auth *s, const char *user, const char *password)
{
	size_t nu = strlen(user), np = strlen(password);
	struct msg_auth_start start;
	enum login_auth_result r;

	start_init(&start, s, "PLAIN");
	if (nu + np + 2 > sizeof(start.token)) {
		client_reply(s->client, "-ERR [AUTH] Too long");
		return AUTH_FAILED;
	}
	start.flags = AUTH_INITIAL;
	memcpy(start.token + 1, user, nu);
	memcpy(start.token + 2 + nu, password, np);
	start.token_len = (uint32_t)(2 + nu + np);
	r = converse(s, &start);
	explicit_bzero(&start, sizeof(start));
	return r;
}
