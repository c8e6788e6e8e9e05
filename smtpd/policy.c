/*
 * policy: who may send what to whom.
 *
 * Part of smtpd(8), as postrider-net; reads the compiled tables and decides,
 * does nothing.  Must never let a stranger's mail go to a domain that is not
 * ours.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/auth_client.h"
#include "smtpd/policy.h"

/* How a line comes to be encrypted, as far as it can. */
static enum reply
way_to_tls(const struct config *cfg, const struct policy_client *c)
{
	if (c->starttls)
		return REPLY_NEEDS_TLS;
	if (!cfg->certificates)
		return REPLY_NEEDS_CERT;
	return c->tls_failed ? REPLY_NEEDS_TIME : REPLY_NEEDS_PORT;
}

enum reply
policy_auth(const struct config *cfg, const struct policy_client *c)
{
	if (cfg->auth == AUTH_NO)
		return REPLY_AUTH_NOT_HERE;
	if (c->authenticated)
		return REPLY_AUTH_TWICE;
	if (c->local || c->tls ||
	    plaintext_allowed(cfg->plaintext, c->loopback))
		return REPLY_OK;
	return way_to_tls(cfg, c);
}

enum reply
policy_mail(const struct config *cfg, const struct policy_client *c)
{
	if (cfg->auth != AUTH_REQUIRED || c->authenticated || c->local)
		return REPLY_OK;
	switch (policy_auth(cfg, c)) {
	case REPLY_NEEDS_TLS:
		return REPLY_TLS_AUTH_FIRST;
	case REPLY_NEEDS_PORT:
		return REPLY_PORT_FIRST;
	case REPLY_NEEDS_CERT:
		return REPLY_CERT_FIRST;
	case REPLY_NEEDS_TIME:
		return REPLY_TIME_FIRST;
	default:
		return REPLY_AUTH_FIRST;
	}
}

bool
policy_relay(const struct policy_client *c)
{
	return c->local || c->listed || c->authenticated;
}

/* False when the domain is missing and this client must give one. */
static bool
complete(const struct config *cfg, bool may, struct address *a)
{
	if (a->domain[0] != '\0')
		return true;
	if (may)
		strlcpy(a->domain, cfg->mail_name, sizeof(a->domain));
	return may;
}

enum reply
policy_sender(struct tables *t, const struct config *cfg,
    const struct policy_client *c, const char *account, struct address *a)
{
	if (address_is_null(a))
		return REPLY_SENDER_OK;
	if (!complete(cfg, c->local || c->authenticated, a))
		return REPLY_SENDER_DOMAIN;
	if (!cfg->ownership || account[0] == '\0' ||
	    resolve_owns(t, account, a, cfg->mail_name))
		return REPLY_SENDER_OK;
	return REPLY_NOT_OWNER;
}

enum reply
policy_rcpt_form(
    const struct config *cfg, const struct policy_client *c, struct address *a)
{
	bool role = strcasecmp(a->local, "postmaster") == 0;

	if (address_is_null(a))
		return REPLY_RCPT_NULL;
	if (!complete(cfg, role || c->local || c->authenticated, a))
		return REPLY_RCPT_DOMAIN;
	return REPLY_OK;
}

/* clang-format off */
static const struct {
	enum reply	stranger, relay;
} verdicts[] = {
	[RESOLVE_VIRTUAL]	= { REPLY_RCPT_OK,	REPLY_RCPT_OK },
	[RESOLVE_UNIX]		= { REPLY_RCPT_OK,	REPLY_RCPT_OK },
	[RESOLVE_ALIAS]		= { REPLY_RCPT_OK,	REPLY_RCPT_OK },
	[RESOLVE_RELAY]		= { REPLY_RCPT_OK,	REPLY_RCPT_OK },
	[RESOLVE_SRS]		= { REPLY_RCPT_OK,	REPLY_RCPT_OK },
	[RESOLVE_ERROR]		= { REPLY_NO_USER,	REPLY_NO_USER },
	[RESOLVE_UNKNOWN]	= { REPLY_NO_USER,	REPLY_NO_USER },
	[RESOLVE_FOREIGN]	= { REPLY_NO_RELAY,	REPLY_RCPT_OK },
	[RESOLVE_BROKEN]	= { REPLY_LOOKUP_DOWN,	REPLY_LOOKUP_DOWN },
};
/* clang-format on */

enum reply
policy_rcpt(enum resolve kind, bool relay)
{
	return relay ? verdicts[kind].relay : verdicts[kind].stranger;
}

enum reply
policy_return(const struct policy_client *c, const char *sender, bool another)
{
	if (policy_relay(c))
		return REPLY_RCPT_OK;
	if (sender[0] != '\0')
		return REPLY_ONLY_REPORTS;
	return another ? REPLY_MANY_RCPTS : REPLY_RCPT_OK;
}
