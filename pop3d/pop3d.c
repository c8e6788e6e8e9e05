/*
 * pop3d: one POP3 session before login.
 *
 * Started by inetd, xinetd or systemd, as root or as postrider-net, with a
 * connection or a listening socket.  Reads the compiled tables and becomes
 * postrider-net; with a listening socket it now is the parent that accepts and
 * forks, in a sandbox of its own (session_start.c).  Each session connects to
 * authd and, where there may be TLS, to tlsd, and enters the sandbox; only then
 * is the first byte of the client read.  Talks to the client, to tlsd
 * (msg_tls.h), which puts a plain socket in the place of an encrypted line, and
 * to authd (msg_auth.h), which after a login has pop3-mailbox started on the
 * socket.  Never sees a mailbox, and no key.
 */
#include <err.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/session_start.h"
#include "common/startup.h"
#include "pop3d/login.h"

struct settings {
	const char *run_dir, *banner, *hostname;
	int64_t timeout, errors, junk, rate, auth_delay;
	int plaintext, tls;
	bool binding, certificates;
};

static struct client client;
static struct settings settings;

static bool
load(struct tables *t, const char *profile)
{
	struct settings *s = &settings;
	const struct option_bind binds[] = {
		{ "run-dir", &s->run_dir },
		{ "hostname", &s->hostname },
		{ "pop3-banner", &s->banner },
		{ "login-timeout", &s->timeout },
		{ "session-errors", &s->errors },
		{ "session-junk", &s->junk },
		{ "min-rate", &s->rate },
		{ "auth-delay", &s->auth_delay },
		{ "plaintext-auth", &s->plaintext },
		{ "tls", &s->tls },
		{ "channel-binding", &s->binding },
	};

	if (!startup_options(
		t, profile, binds, sizeof(binds) / sizeof(binds[0])))
		return false;
	/* Who insists on TLS gets none without certificates, and hears so. */
	s->certificates = tables_certificates(t);
	if (s->tls == TLS_OPTIONAL && !s->certificates)
		s->tls = TLS_NO;
	return true;
}

/* Before the sandbox: false when nobody could log in. */
static bool
connect_daemons(struct login *l, const struct settings *s)
{
	if (s->tls == TLS_NO)
		tls_client_none(&l->line.tlsd);
	else /* its absence is told when it is missed */
		(void)tls_client_open(&l->line.tlsd, s->run_dir);
	return auth_client_open(&l->authd, s->run_dir, s->auth_delay);
}

static int
session(struct session_start *start, const struct settings *s)
{
	struct login l = { .client = &client };
	const char *end;

	/* Where nothing is said before TLS, this is said behind it. */
	if (!connect_daemons(&l, s) && s->tls != TLS_IMPLICIT)
		session_refuse(start, EX_UNAVAILABLE);
	client_init(&client, start->in, start->out, s->rate, s->timeout);
	l.banner = s->banner;
	l.hostname = s->hostname;
	l.timeout = s->timeout;
	l.errors = s->errors;
	l.junk = s->junk;
	l.line.tables = &start->tables;
	l.line.ip = start->peer.ip;
	l.line.profile = start->profile;
	l.line.policy = (enum tls_policy)s->tls;
	l.line.plaintext =
	    plaintext_allowed(s->plaintext, start->peer.loopback);
	l.line.nearby = plaintext_allowed(s->plaintext, true);
	l.line.certificates = s->certificates;
	l.line.binding = s->binding;
	login_line_init(&l.line);
	sandbox(SANDBOX_POP3D);
	end = login_run(&l);
	if (strcmp(end, "handed") == 0)
		return EX_OK; /* not even a shutdown: the socket lives on */
	client_end(&client);
	log_event("-", "closed", "client=%s reason=%s", l.line.ip, end);
	return EX_OK;
}

static const char *
profile_for(unsigned int port)
{
	return port == 995 ? "pop3s" : "pop3"; /* RFC 8314 section 7 */
}

static void
usage(void)
{
	errx(EX_USAGE, "usage: pop3d [-t tables] [-p profile]");
}

int
main(int argc, char *argv[])
{
	struct session_start start = { .program = "pop3d",
		.path = TABLES_PATH,
		.profile_for = profile_for,
		.load = load,
		.full = "-ERR [SYS/TEMP] Too many connections, try again later"
			"\r\n",
		.fault = "-ERR [SYS/TEMP] Login is not possible now, try again "
			 "later\r\n" };
	int ch;

	while ((ch = getopt(argc, argv, "t:p:")) != -1)
		if (ch == 't')
			start.path = optarg;
		else if (ch == 'p')
			start.profile = optarg;
		else
			usage();
	if (optind != argc ||
	    (start.profile != NULL &&
		(*start.profile == '\0' ||
		    strlen(start.profile) > PROFILE_MAX)))
		usage();
	session_start(&start);
	return session(&start, &settings);
}
