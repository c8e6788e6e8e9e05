/*
 * cmd_tls_offer: what the sessions of a profile offer.
 *
 * In postrider(8), with the caller's rights.  Reads the published tables with
 * the functions that smtpd(8) and pop3d(8) use, so that the answers are theirs.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/auth_client.h"
#include "common/options.h"
#include "common/tls_client.h"
#include "queue/cmd_tls.h"

static const struct {
	const char *profile;
	unsigned int port;
} ports[] = {
	{ "mx", 25 },
	{ "submission", 587 },
	{ "submissions", 465 },
	{ "pop3", 110 },
	{ "pop3s", 995 },
};

/* What a client may use to log in on such a line. */
static void
mechanisms(struct tables *t, bool pop3, const struct mechs_line *line,
    char out[TLS_MECHS])
{
	char mechs[MECHS_MAX];

	mechs_offered(t, line, mechs);
	(void)strlcpy(out, mechs, TLS_MECHS);
	if (!pop3 || !line->secrets)
		return;
	if (mechs_has(mechs, "PLAIN"))
		(void)strlcat(out, " USER", TLS_MECHS);
	if (mechs_apop(t))
		(void)strlcat(out, " APOP", TLS_MECHS);
}

static unsigned int
standard_port(const char *profile)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (strcmp(ports[i].profile, profile) == 0)
			return ports[i].port;
	return 0;
}

/* plain is where passwords may be sent on an unencrypted line. */
static void
logins(struct tables *t, bool pop3, int plain, struct mechs_line line,
    struct tls_offer *o)
{
	if (o->tls == TLS_NO || o->tls == TLS_OPTIONAL) {
		if (plain != PLAINTEXT_NEVER)
			mechanisms(t, pop3, &line, o->here);
		if (plain == PLAINTEXT_ALWAYS)
			mechanisms(t, pop3, &line, o->elsewhere);
	}
	line.exporter = true;
	line.certificate = o->certificates;
	if (o->tls != TLS_NO && !o->no_certificate)
		mechanisms(t, pop3, &line, o->encrypted);
}

bool
tls_offer(struct tables *t, const char *profile, bool pop3, struct tls_offer *o,
    char why[TABLES_ERR])
{
	struct mechs_line line = { .secrets = true };
	int auth = AUTH_NO, plain = PLAINTEXT_NEVER;
	const struct option_bind binds[] = {
		{ "tls", &o->tls },
		{ "tls-profile", &o->tls_profile },
		{ "tls-client-certificates", &o->certificates },
		{ "channel-binding", &line.binding },
		{ "auth", &auth },
		{ "plaintext-auth", &plain },
	};

	memset(o, 0, sizeof(*o));
	o->profile = profile;
	o->protocol = pop3 ? "POP3" : "SMTP";
	o->port = standard_port(profile);
	if (!options_load(
		t, profile, binds, sizeof(binds) / sizeof(binds[0]), why))
		return false;
	o->no_certificate = !tables_certificates(t);
	o->starttls = (o->tls == TLS_REQUIRED || o->tls == TLS_OPTIONAL) &&
	    !o->no_certificate;
	if (pop3 || auth != AUTH_NO)
		logins(t, pop3, plain, line, o);
	return true;
}
