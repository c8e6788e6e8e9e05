/*
 * tls_line: what smtpd and pop3d say of a client's line.
 *
 * In both, as postrider-net; fills messages for tlsd and authd and writes to
 * the log.  Carries the word of tlsd to authd as it came, and must not make one
 * up.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/tls_line.h"

bool
tls_line_is_hello(char first)
{
	return first == '\x16' || first == '\x80';
}

void
tls_line_start(const struct tls_line *l, struct msg_tls_start *m)
{
	memset(m, 0, sizeof(*m));
	strlcpy(m->service, l->service, sizeof(m->service));
	strlcpy(m->profile, l->profile, sizeof(m->profile));
	strlcpy(m->peer, l->ip, sizeof(m->peer));
}

static const char *
certificate(const struct msg_tls_ready *t)
{
	if (t->certificate_len == 0)
		return "none";
	return (t->flags & TLS_VERIFIED) != 0 ? "verified" : "unverified";
}

void
tls_line_log(const struct tls_line *l, const struct msg_tls_ready *t)
{
	log_event("-", "tls",
	    "client=%s version=%s cipher=%s bits=%u resumed=%s sni=%s "
	    "certificate=%s subject=%s",
	    l->ip, t->version, t->cipher, t->bits,
	    (t->flags & TLS_RESUMED) != 0 ? "yes" : "no", t->sni,
	    certificate(t), t->subject);
}

void
tls_line_log_failed(const struct tls_line *l, const char *reason)
{
	log_event("-", "tls-failed", "client=%s reason=%s", l->ip, reason);
}

void
tls_line_login(const struct tls_line *l, const struct msg_tls_ready *t,
    const char *offered, struct msg_auth_start *m)
{
	strlcpy(m->service, l->service, sizeof(m->service));
	strlcpy(m->profile, l->profile, sizeof(m->profile));
	strlcpy(m->client, l->ip, sizeof(m->client));
	strlcpy(m->offered, offered, sizeof(m->offered));
	if (t->version[0] == '\0')
		return;
	m->flags |= AUTH_TLS;
	m->exporter_len = t->exporter_len;
	memcpy(m->exporter, t->exporter, sizeof(m->exporter));
	m->certificate_len = t->certificate_len;
	memcpy(m->certificate, t->certificate, sizeof(m->certificate));
	strlcpy(m->email, t->email, sizeof(m->email));
	m->witness_len = t->witness_len;
	memcpy(m->witness, t->witness, sizeof(m->witness));
}
