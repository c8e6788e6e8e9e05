/*
 * relay_auth: who we are, told to another host.
 *
 * In remote, as postrider-out; carries tokens between authd (common/msg_auth.h)
 * and the other host without understanding them, and wipes them: the secret is
 * authd's, and its proof passes here.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/auth_client.h"
#include "common/base64.h"
#include "common/log.h"
#include "common/msg_job.h"
#include "delivery/relay_auth.h"

#define ROUNDS 8      /* replies that make sense */
#define AUTH_LINE 510 /* bytes of the command: RFC 5321 section 4.5.3.1.4 */
#define NO_REPLY 0    /* a code: it was not heard */

struct exchange {
	struct attempt *a;
	struct auth_client authd;
	union msg_auth m;        /* authd's last word */
	unsigned int type;       /* its type; AUTH_T_COUNT: it is lost */
	struct smtp_reply reply; /* the other host's last word */
	/* Its challenge. */
	struct msg_auth_prompt prompt;
	bool garbled; /* it is not base64, or too long */
};

/* A line of a 334, or of the end, which has no challenge. */
static void
take_challenge(void *arg, size_t number, const char *line)
{
	struct exchange *x = arg;
	size_t n = 0;

	x->garbled =
	    number != 0 || !base64_decode(line, x->prompt.token, TOKEN_MAX, &n);
	x->prompt.token_len = x->garbled ? 0 : (uint32_t)n;
}

static enum try
hear(struct exchange *x)
{
	memset(&x->prompt, 0, sizeof(x->prompt));
	return attempt_hear(x->a, &x->reply, WAIT_COMMAND, take_challenge, x);
}

/* Says one line that holds a token, and leaves nothing of it. */
static enum try
say_secret(struct exchange *x, const char *command, const char *token)
{
	struct lineio *io = &x->a->link->io;
	enum try t = attempt_say(x->a, "%s%s%s", command,
	    *command != '\0' && *token != '\0' ? " " : "", token);

	explicit_bzero(io->outbuf, sizeof(io->outbuf));
	return t;
}

/* "AUTH MECH response", or the response by itself where it is too long. */
static enum try
begin(struct exchange *x, const char *token)
{
	char command[sizeof("AUTH ") + MECH_MAX] = "AUTH ";
	enum try t;

	x->a->asked = "AUTH";
	strlcat(command, x->m.reply.mech, sizeof(command)); /* fits */
	/* With no more to come it is empty, and not missing (RFC 4954 4). */
	if (*token == '\0' && x->m.reply.last != 0)
		token = "=";
	if (strlen(command) + 1 + strlen(token) <= AUTH_LINE) {
		t = say_secret(x, command, token);
		return t == TRY_READY ? hear(x) : t;
	}
	if ((t = attempt_say(x->a, "%s", command)) != TRY_READY ||
	    (t = hear(x)) != TRY_READY || x->reply.code != 334)
		return t;
	t = say_secret(x, "", token);
	return t == TRY_READY ? hear(x) : t;
}

/* Takes authd's word to the other host and hears what that says. */
static enum try
tell(struct exchange *x, bool first)
{
	char token[BASE64_LEN(TOKEN_MAX) + 1];
	enum try t;

	base64_encode(x->m.reply.token, x->m.reply.token_len, token);
	if (first)
		t = begin(x, token);
	else if ((t = say_secret(x, "", token)) == TRY_READY)
		t = hear(x);
	explicit_bzero(token, sizeof(token));
	return t;
}

static void
ask_authd(struct exchange *x, unsigned int type, const void *msg)
{
	explicit_bzero(&x->m, sizeof(x->m));
	x->type = auth_client_call(&x->authd, type, msg, -1, &x->m);
}

/* What authd, or nobody, has said instead of a reply. */
static enum try
without_authd(struct exchange *x)
{
	char dsn[DSN_MAX + 1];

	if (x->type != AUTH_T_REFUSED) {
		(void)attempt_fail(x->a, "4.3.0", "authd is not there");
		return attempt_ours(x->a);
	}
	strlcpy(dsn, x->m.refused.dsn, sizeof(dsn)); /* as long */
	dsn[0] = '4';
	return attempt_fail(
	    x->a, dsn_valid(dsn) ? dsn : "4.7.0", "%s", x->m.refused.text);
}

/* The other host waits for a response that it does not get. */
static enum try
cancel(struct exchange *x, enum try t)
{
	const struct verdict v = x->a->verdict;

	if (attempt_say(x->a, "*") == TRY_READY)
		(void)hear(x); /* 501: whatever it is, this is the end */
	x->a->verdict = v;
	return t;
}

/* 235, or what else ends it. */
static enum try
conclude(struct exchange *x)
{
	struct msg_auth_verdict v = { .good = x->reply.code == 235 };
	struct smtp_reply *r = &x->reply;
	struct diag *d = &x->a->verdict.diag;
	enum try t;

	ask_authd(x, AUTH_T_VERDICT, &v);
	if (v.good != 0 && x->type == AUTH_T_DONE)
		return TRY_READY;
	if (v.good != 0)
		return without_authd(x);
	t = attempt_refused(x->a, r);
	if (r->code < 500)
		return t;
	log_error("-", "hop=%s wanted=login found=%d text=%s",
	    x->a->wish->hop_text, r->code, r->text);
	/* Its words; but the fault is the administrator's, or passes. */
	d->outcome = OUT_TEMP;
	strlcpy(d->dsn, "4.7.8", sizeof(d->dsn));
	x->a->verdict.flags = OUTCOME_DOWN;
	return TRY_STOP;
}

static enum try
log_in(struct exchange *x)
{
	enum try t;

	for (int i = 0; x->type == AUTH_T_REPLY && i < ROUNDS; i++) {
		bool last = x->m.reply.last != 0;

		if ((t = tell(x, i == 0)) != TRY_READY)
			return t;
		if (x->reply.code != 334)
			return conclude(x);
		if (x->garbled || last)
			return cancel(x,
			    attempt_fail(x->a, "4.7.0",
				"its challenge makes no sense: %s",
				x->reply.text));
		ask_authd(x, AUTH_T_PROMPT, &x->prompt);
	}
	if (x->type == AUTH_T_REPLY)
		return cancel(x,
		    attempt_fail(x->a, "4.7.0", "its challenges do not end"));
	t = without_authd(x);
	return x->reply.code == 334 ? cancel(x, t) : t;
}

static void
describe(const struct attempt *a, struct msg_auth_relay *m)
{
	const struct link *l = a->link;

	memset(m, 0, sizeof(*m));
	strlcpy(m->hop, a->wish->hop_text, sizeof(m->hop));
	m->tls = a->wish->tls;
	m->leave_len = a->wish->leave_len;
	memcpy(m->leave, a->wish->leave, m->leave_len);
	strlcpy(m->mechs, l->ext.mechs, sizeof(m->mechs));
	if (!l->encrypted)
		return;
	strlcpy(m->name, l->peer.host, sizeof(m->name));
	m->verified = l->verified;
	m->exporter_len = l->exporter_len;
	memcpy(m->exporter, l->exporter, l->exporter_len);
	m->witness_len = l->witness_len;
	memcpy(m->witness, l->witness, l->witness_len);
}

enum try
relay_auth(struct attempt *a)
{
	static struct exchange x; /* too large for the stack */
	struct msg_auth_relay relay;
	enum try t;

	if (!a->wish->credentials)
		return TRY_READY;
	if ((a->link->ext.has & EXT_AUTH) == 0)
		return attempt_fail(a, "4.7.0",
		    "there is a password for it, but it does not offer AUTH");
	memset(&x, 0, sizeof(x));
	x.a = a;
	x.type = AUTH_T_COUNT;
	if (auth_client_open(&x.authd, a->wish->config->run_dir, 0)) {
		describe(a, &relay);
		ask_authd(&x, AUTH_T_RELAY, &relay);
	}
	t = log_in(&x);
	chan_close(&x.authd.chan);
	explicit_bzero(&x, sizeof(x));
	return t;
}
