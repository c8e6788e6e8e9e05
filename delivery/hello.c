/*
 * hello: from a fresh connection to one that is introduced.
 *
 * In remote, as postrider-out; talks to another host, and to tlsd
 * (common/msg_tls.h).  What was said before TLS counts for nothing afterwards,
 * and a connection on which TLS has failed is never used again.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/tls_client.h"
#include "delivery/hello.h"

/* --- the greeting and the introduction */

/*
 * What it calls itself: the first word, if that has the form of a name that is
 * one for everybody, and not of an address or a status code.
 */
static void
take_name(void *arg, size_t number, const char *line)
{
	char *name = arg;
	size_t n = strcspn(line, " ");

	if (number != 0 || n > DOMAIN_MAX)
		return;
	memcpy(name, line, n);
	name[n] = '\0';
	if (!address_domain_valid(name) || strchr(name, '.') == NULL ||
	    strspn(name, "0123456789.") == n)
		name[0] = '\0';
}

static enum try
greeting(struct attempt *a)
{
	struct link *l = a->link;
	char name[DOMAIN_MAX + 1] = "";
	struct smtp_reply r;
	enum try t;

	a->asked = NULL;
	t = attempt_hear(a, &r, WAIT_GREETING, take_name, name);
	if (t != TRY_READY)
		return t;
	if (r.code != 220)
		return attempt_refused(a, &r);
	/* A name that was asked for says more than one that is claimed. */
	if (name[0] != '\0' && strcmp(l->peer.host, l->peer.ip) == 0)
		strlcpy(l->name, name, sizeof(l->name));
	return TRY_READY;
}

/* Whether the old command may do: without TLS and AUTH. */
static bool
may_say_helo(const struct attempt *a, const struct smtp_reply *r)
{
	return (r->code == 500 || r->code == 502) && !a->link->lmtp &&
	    (a->tls == HOP_TLS_NONE || a->tls == HOP_TLS_MAY) &&
	    !a->wish->credentials;
}

static enum try
introduce(struct attempt *a)
{
	struct extensions *e = &a->link->ext;
	const char *us = a->wish->config->hostname;
	struct smtp_reply r;
	enum try t;

	extensions_clear(e);
	a->asked = a->link->lmtp ? "LHLO" : "EHLO";
	if ((t = attempt_say(a, "%s %s", a->asked, us)) != TRY_READY ||
	    (t = attempt_hear(a, &r, WAIT_COMMAND, extensions_line, e)) !=
		TRY_READY)
		return t;
	if (r.code == 250)
		return TRY_READY;
	extensions_clear(e); /* that was no list of them */
	if (!may_say_helo(a, &r))
		return attempt_refused(a, &r);
	a->asked = "HELO";
	if ((t = attempt_say(a, "HELO %s", us)) != TRY_READY ||
	    (t = attempt_hear(a, &r, WAIT_COMMAND, NULL, NULL)) != TRY_READY)
		return t;
	return r.code == 250 ? TRY_READY : attempt_refused(a, &r);
}

/* --- TLS */

/* Who wants it. */
static const char *
policy(const struct attempt *a)
{
	if (a->tls == HOP_TLS_VERIFY)
		return a->wish->credentials
		    ? "tls-policy verify, which relay-passwords implies"
		    : "tls-policy verify";
	return a->tls == HOP_TLS_ENCRYPT ? "tls-policy encrypt" : "smtps:";
}

static enum try
tls_failed(
    struct attempt *a, const char *dsn, const char *what, const char *why)
{
	const struct target *t = &a->link->peer;
	const char *colon = *why != '\0' ? ": " : "";

	log_event("-", "tls-failed", "host=%s ip=%s policy=%s reason=%s why=%s",
	    t->host, t->ip, hop_tls_text(a->tls), what, why);
	if (a->tls == HOP_TLS_MAY && !a->wish->hop->implicit_tls)
		return TRY_PLAIN;
	return attempt_fail(a, dsn, "%s (%s)%s%s", what, policy(a), colon, why);
}

/* From here on the line is what tlsd gave for it. */
static void
take_line(struct attempt *a, int fd, const struct msg_tls_ready *ready)
{
	struct link *l = a->link;

	(void)close(l->fd); /* tlsd has it; nothing is left to be sent */
	l->fd = fd;
	lineio_init(&l->io, fd, fd); /* and forgets what was read */
	extensions_clear(&l->ext);
	l->encrypted = true;
	l->verified = (ready->flags & TLS_VERIFIED) != 0;
	strlcpy(l->version, ready->version, sizeof(l->version)); /* as long */
	strlcpy(l->cipher, ready->cipher, sizeof(l->cipher));    /* the same */
	l->exporter_len = ready->exporter_len;
	memcpy(l->exporter, ready->exporter, ready->exporter_len);
	l->witness_len = ready->witness_len;
	memcpy(l->witness, ready->witness, ready->witness_len);
	log_event("-", "tls", "host=%s ip=%s version=%s cipher=%s verified=%s",
	    l->peer.host, l->peer.ip, ready->version, ready->cipher,
	    l->verified ? "yes" : "no");
}

static enum try
handshake(struct attempt *a, struct tls_client *c)
{
	const struct target *t = &a->link->peer;
	struct msg_tls_start start = {
		.flags = TLS_CONNECT,
		.service = "smtp",
		.verify = a->tls == HOP_TLS_VERIFY ? TLS_VERIFY_NAME
						   : TLS_VERIFY_NONE,
	};
	struct msg_tls_ready ready;
	char reason[TEXT_MAX + 1];
	enum try failed;
	int fd;

	strlcpy(start.name, t->host, sizeof(start.name)); /* as long */
	strlcpy(start.peer, t->ip, sizeof(start.peer));
	fd = tls_client_now(c, &start, a->link->fd, &ready, reason);
	if (fd == -1) {
		failed = tls_failed(a, "4.7.5", "TLS failed", reason);
		return failed != TRY_PLAIN && !c->refused ? attempt_ours(a)
							  : failed;
	}
	take_line(a, fd, &ready);
	if (a->tls == HOP_TLS_VERIFY && !a->link->verified)
		return tls_failed(
		    a, "4.7.5", "TLS failed", "the certificate is not good");
	return TRY_READY;
}

/* With tlsd's ear: TLS begins with the next byte. */
static enum try
ask_for_tls(struct attempt *a, struct tls_client *c)
{
	struct smtp_reply r;
	enum try t;

	a->asked = "STARTTLS";
	if ((t = attempt_say(a, "STARTTLS")) != TRY_READY ||
	    (t = attempt_hear(a, &r, WAIT_COMMAND, NULL, NULL)) != TRY_READY)
		return a->tls == HOP_TLS_MAY ? TRY_PLAIN : t;
	if (r.code != 220)
		return tls_failed(a, "4.7.4", "STARTTLS was refused", r.text);
	/* Whoever wrote this cannot know what we shall say under TLS. */
	if (smtp_reply_early(&a->link->io))
		return tls_failed(
		    a, "4.7.5", "TLS failed", "there was text behind the 220");
	return handshake(a, c);
}

static enum try
without_tlsd(struct attempt *a)
{
	(void)attempt_fail(a, "4.3.0", "tlsd is not there");
	return attempt_ours(a);
}

static enum try
implicit_tls(struct attempt *a)
{
	struct tls_client c;
	enum try t;

	if (!a->wish->hop->implicit_tls)
		return TRY_READY;
	if (!tls_client_open(&c, a->wish->config->run_dir))
		return without_tlsd(a);
	t = handshake(a, &c);
	chan_close(&c.chan);
	return t;
}

static enum try
start_tls(struct attempt *a)
{
	struct tls_client c;
	enum try t;

	a->link->tls_lost = a->plain;
	if (a->plain || a->tls == HOP_TLS_NONE || a->link->encrypted)
		return TRY_READY;
	if ((a->link->ext.has & EXT_STARTTLS) == 0)
		return a->tls == HOP_TLS_MAY
		    ? TRY_READY
		    : tls_failed(a, "4.7.4", "TLS is not offered", "");
	if (!tls_client_open(&c, a->wish->config->run_dir)) {
		/* Nothing was said of it: this line is as good as before. */
		a->link->tls_lost = true;
		return a->tls == HOP_TLS_MAY ? TRY_READY : without_tlsd(a);
	}
	t = ask_for_tls(a, &c);
	chan_close(&c.chan);
	if (t != TRY_READY || (t = introduce(a)) == TRY_READY)
		return t;
	/* A server that is not content with us under TLS ends here. */
	return a->tls == HOP_TLS_MAY && a->verdict.code == 0 ? TRY_PLAIN : t;
}

enum try
hello(struct attempt *a)
{
	static enum try (*const steps[])(struct attempt *) = { implicit_tls,
		greeting, introduce, start_tls };
	enum try t = TRY_READY;

	for (size_t i = 0; t == TRY_READY && i < 4; i++)
		t = steps[i](a);
	return t;
}
