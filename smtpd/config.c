/*
 * config: the options that a session of smtpd uses.
 *
 * Part of smtpd(8), before the session's first foreign byte; reads the
 * compiled tables.
 */
#include "common/startup.h"
#include "common/tls_client.h"
#include "smtpd/config.h"

bool
config_load(struct tables *t, const char *profile, struct config *c)
{
	/* clang-format off */
	const struct option_bind binds[] = {
		{ "hostname",		&c->hostname },
		{ "mail-name",		&c->mail_name },
		{ "run-dir",		&c->run_dir },
		{ "smtp-banner",	&c->banner },
		{ "relay-clients",	&c->relay_clients },
		{ "auth",		&c->auth },
		{ "plaintext-auth",	&c->plaintext },
		{ "tls",		&c->tls },
		{ "channel-binding",	&c->binding },
		{ "bare-newline",	&c->newline },
		{ "sender-ownership",	&c->ownership },
		{ "complete-headers",	&c->complete },
		{ "rewrite-headers",	&c->rewrite_headers },
		{ "always-bcc",		&c->always_bcc },
		{ "expn",		&c->expn },
		{ "message-size",	&c->message_size },
		{ "header-size",	&c->header_size },
		{ "recipients",		&c->recipients },
		{ "hops",		&c->hops },
		{ "session-errors",	&c->errors },
		{ "session-junk",	&c->junk },
		{ "command-timeout",	&c->command_timeout },
		{ "data-timeout",	&c->data_timeout },
		{ "session-timeout",	&c->session_timeout },
		{ "min-rate",		&c->min_rate },
		{ "auth-delay",		&c->auth_delay },
	};
	/* clang-format on */

	if (!startup_options(
		t, profile, binds, sizeof(binds) / sizeof(binds[0])))
		return false;
	/* TLS is not promised with nothing to show, nor where it is a must. */
	c->certificates = tables_certificates(t);
	c->starttls = c->certificates &&
	    (c->tls == TLS_REQUIRED || c->tls == TLS_OPTIONAL);
	c->needs_authd = c->auth != AUTH_NO || tables_unix_domains(t);
	return true;
}

const char *
config_profile(unsigned int port)
{
	if (port == 465)
		return "submissions"; /* RFC 8314 section 7.3 */
	return port == 587 ? "submission" : "mx";
}
