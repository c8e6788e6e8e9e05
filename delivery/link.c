/*
 * link: a connection to a server of the destination, made and introduced.
 *
 * In remote, as postrider-out.  Talks to dnsd, tlsd and authd through their
 * clients, and to one other host at a time.  Every wait has a deadline, and
 * there are so many targets and no more.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/msg_job.h"
#include "delivery/attempt.h"
#include "delivery/dial.h"
#include "delivery/hello.h"
#include "delivery/link.h"
#include "delivery/relay_auth.h"

#define WAIT_QUIT 3 /* seconds for all of a polite end */

deadline_t
link_deadline(const struct remote_config *config, int64_t seconds)
{
	return deadline_in(
	    seconds < config->timeout ? seconds : config->timeout);
}

/* --- lines out */

bool
link_vput(struct link *l, deadline_t deadline, const char *fmt, va_list ap)
{
	char line[LINK_LINE + 3];
	int n = vsnprintf(line, LINK_LINE + 1, fmt, ap);
	bool ok = n >= 0 && n <= LINK_LINE;

	/* Whoever could put an end into a line could put in a command. */
	if (!ok || strlen(line) != (size_t)n || strpbrk(line, "\r\n") != NULL) {
		errno = EINVAL;
		return false;
	}
	memcpy(line + n, "\r\n", 2);
	ok = lineio_put(&l->io, line, (size_t)n + 2, deadline) == 0;
	explicit_bzero(line, (size_t)n); /* it may be a password */
	return ok;
}

bool
link_put(struct link *l, deadline_t deadline, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = link_vput(l, deadline, fmt, ap);
	va_end(ap);
	return ok;
}

bool
link_flush(struct link *l, deadline_t deadline)
{
	return lineio_flush(&l->io, deadline) == 0;
}

/* --- the end */

static void
say_quit(struct link *l)
{
	deadline_t deadline = deadline_in(WAIT_QUIT);
	struct smtp_reply r;

	if (link_put(l, deadline, "QUIT") && link_flush(l, deadline))
		(void)smtp_reply_read(&l->io, &r, deadline, NULL, NULL);
}

void
link_close(struct link *l, bool polite)
{
	if (l->fd == -1)
		return;
	if (polite)
		say_quit(l);
	/* tlsd may hold it, too; fails if the other side was faster. */
	(void)shutdown(l->fd, SHUT_RDWR);
	(void)close(l->fd);
	l->fd = -1;
}

/* --- the beginning */

static bool
is_socket(const struct target *t)
{
	return t->ip[0] == '\0';
}

/* Who it is for reports, as far as is known without having heard it. */
static void
name_peer(struct link *l, const struct target *t)
{
	bool v6 = strchr(t->ip, ':') != NULL;

	if (is_socket(t))
		strlcpy(l->name, "localhost", sizeof(l->name));
	else if (strcmp(t->host, t->ip) != 0)
		strlcpy(l->name, t->host, sizeof(l->name));
	else
		(void)snprintf(l->name, sizeof(l->name), "[%s%s]",
		    v6 ? "IPv6:" : "", t->ip);
}

/* Who it is for words of ours; of a long name the rest is dropped. */
static void
describe_peer(struct link *l, const struct target *t, const char *path)
{
	if (is_socket(t))
		strlcpy(l->who, path, sizeof(l->who)); /* fits */
	else if (strcmp(t->host, t->ip) != 0)
		(void)snprintf(
		    l->who, sizeof(l->who), "%.80s[%s]", t->host, t->ip);
	else
		strlcpy(l->who, l->name, sizeof(l->who)); /* fits */
}

static void
start_link(struct link *l, const struct target *t, const struct hop *hop)
{
	l->fd = -1;
	l->lmtp = hop->lmtp;
	l->encrypted = l->verified = l->tls_lost = false;
	l->exporter_len = l->witness_len = 0;
	l->messages = 0;
	l->peer = *t;
	extensions_clear(&l->ext);
	name_peer(l, t);
	describe_peer(l, t, hop->name);
}

static enum try
connect_to(struct attempt *a)
{
	const struct link_wish *w = a->wish;
	struct link *l = a->link;
	char text[DIAG_TEXT + 1];
	enum try t;

	switch (dial(&l->fd, &l->peer, w->hop->name, w->config, text)) {
	case DIAL_OK:
		lineio_init(&l->io, l->fd, l->fd);
		return TRY_READY;
	case DIAL_UNREACHED:
		t = attempt_fail(a, "4.4.1", "%s", text);
		return t == TRY_TEMP ? TRY_UNREACHED : t;
	default:
		t = attempt_fail(a, "4.3.0", "%s", text);
		a->verdict.flags = OUTCOME_OURS; /* but others may do */
		log_error(
		    "-", "ip=%s wanted=connection found=%s", l->peer.ip, text);
		return t;
	}
}

static void
log_connected(const struct attempt *a)
{
	const struct link *l = a->link;
	const char *tls = l->verified ? "verified"
	    : l->encrypted            ? "yes"
				      : "no";

	if (is_socket(&l->peer))
		log_event("-", "connected", "hop=%s path=%s tls=%s",
		    a->wish->hop_text, a->wish->hop->name, tls);
	else
		log_event("-", "connected",
		    "hop=%s host=%s ip=%s port=%u tls=%s", a->wish->hop_text,
		    l->peer.host, l->peer.ip, (unsigned int)l->peer.port, tls);
}

/* One address; what becomes of a recipient is queued's to say. */
static void
log_unreachable(const struct attempt *a, const struct target *t)
{
	const struct diag *d = &a->verdict.diag;

	if (is_socket(t))
		log_event("-", "unreachable", "hop=%s path=%s dsn=%s text=%s",
		    a->wish->hop_text, a->wish->hop->name, d->dsn, d->text);
	else
		log_event("-", "unreachable",
		    "hop=%s host=%s ip=%s port=%u dsn=%s text=%s",
		    a->wish->hop_text, t->host, t->ip, (unsigned int)t->port,
		    d->dsn, d->text);
}

/* One connection to one target, as far as it gets. */
static enum try
try_once(struct attempt *a, const struct target *target)
{
	enum try t;

	start_link(a->link, target, a->wish->hop);
	if ((t = connect_to(a)) == TRY_READY && (t = hello(a)) == TRY_READY &&
	    (t = relay_auth(a)) == TRY_READY) {
		log_connected(a);
		return TRY_READY;
	}
	link_close(a->link, false);
	return t;
}

static enum try
try_target(struct attempt *a, const struct target *target)
{
	enum try t;

	/* Nobody on the way can read what goes through a Unix socket. */
	a->tls = a->wish->hop->kind == HOP_UNIX ? HOP_TLS_NONE : a->wish->tls;
	a->plain = false;
	if ((t = try_once(a, target)) == TRY_PLAIN) {
		a->plain = true;
		t = try_once(a, target);
	}
	if (t != TRY_READY)
		log_unreachable(a, target);
	return t;
}

/* The targets in order; the first failure of the kind that counts most. */
static enum try
try_targets(struct attempt *a, const struct targets *all, struct verdict *out)
{
	deadline_t until = deadline_in(LINK_TRY);
	enum try t, worst = TRY_READY;

	for (size_t i = 0; i < all->count && worst != TRY_STOP; i++) {
		if (i > 0 && deadline_left(until) == 0)
			break;
		if ((t = try_target(a, &all->target[i])) == TRY_READY)
			return TRY_READY;
		if (t <= worst)
			continue;
		worst = t;
		*out = a->verdict;
	}
	return worst;
}

/* A mistake in the configuration, or at the smart host, costs no mail. */
static void
soften(struct verdict *v)
{
	if (v->diag.outcome != OUT_PERM)
		return;
	v->diag.outcome = OUT_TEMP;
	v->diag.dsn[0] = '4';
	v->flags = OUTCOME_DOWN;
}

enum outcome
link_open(struct link *l, const struct link_wish *w, struct verdict *v)
{
	const struct targets_wish look = { w->hop, w->routed, w->config,
		w->dns };
	struct attempt a = { .link = l, .wish = w };
	struct targets all;

	l->fd = -1;
	memset(v, 0, sizeof(*v));
	if (targets_find(&all, &look, &v->diag) != OUT_OK) {
		log_event("-", "unreachable", "hop=%s dsn=%s text=%s",
		    w->hop_text, v->diag.dsn, v->diag.text);
		v->flags = all.down ? OUTCOME_DOWN
		    : all.ours      ? OUTCOME_OURS
				    : 0;
		if (w->routed)
			soften(v);
		return v->diag.outcome;
	}
	if (try_targets(&a, &all, v) == TRY_READY) {
		v->diag = (struct diag)DIAG_INIT;
		return OUT_OK;
	}
	if (w->routed)
		soften(v);
	return v->diag.outcome;
}
