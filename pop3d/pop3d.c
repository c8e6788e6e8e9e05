/*
 * pop3d: one POP3 session before login.
 *
 * Started by inetd, xinetd or systemd, as root or as postrider-net, with a
 * connection or a listening socket.  Reads the compiled tables, becomes
 * postrider-net, connects to authd and enters the sandbox; only then is the
 * first byte of the client read.  Talks to the client and to authd
 * (msg_auth.h), which after a login has pop3-mailbox started on the socket.
 * Never sees a mailbox.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/net.h"
#include "common/sandbox.h"
#include "common/service.h"
#include "common/sock.h"
#include "common/startup.h"
#include "common/users.h"
#include "pop3d/login.h"

#define REFUSAL "-ERR [SYS/TEMP] "

enum { PLAINTEXT_NEVER, PLAINTEXT_LOOPBACK, PLAINTEXT_ALWAYS };

struct program {
	const char *path, *profile;
	int64_t connections, per_client; /* of the parent */
	/* of the session */
	const char *run_dir, *banner;
	int64_t timeout, errors, junk, rate;
	int plaintext;
};

static struct client client;

static int
give_up(int fd, bool listening, const char *text)
{
	char line[100];
	int n;

	n = snprintf(line, sizeof(line), REFUSAL "%s\r\n", text);
	if (!listening && write(fd, line, (size_t)n) == -1)
		warn("write"); /* the client has left: nothing to do */
	return EX_CONFIG;
}

static bool
load_limits(struct tables *t, struct program *p)
{
	const struct option_bind binds[] = {
		{ "connections", &p->connections },
		{ "connections-per-client", &p->per_client },
	};

	if (!profile_known(t, p->profile)) {
		log_error(
		    "-", "profile=%s wanted=declared found=none", p->profile);
		return false;
	}
	return startup_options(t, p->profile, binds, 2);
}

static bool
load_session(struct tables *t, struct program *p)
{
	const struct option_bind binds[] = {
		{ "run-dir", &p->run_dir },
		{ "pop3-banner", &p->banner },
		{ "login-timeout", &p->timeout },
		{ "session-errors", &p->errors },
		{ "session-junk", &p->junk },
		{ "min-rate", &p->rate },
		{ "plaintext-auth", &p->plaintext },
	};

	return startup_options(
	    t, p->profile, binds, sizeof(binds) / sizeof(binds[0]));
}

/* Takes connections; comes back in the child that serves one. */
static int
accept_one(struct program *p, struct tables *t, int listener)
{
	const struct service_limits limits = { p->connections, p->per_client,
		REFUSAL "Too many connections, try again later\r\n" };
	char e[TABLES_ERR];
	int fd;

	tables_close(t);
	fd = service_accept(listener, &limits);
	/* The parent may be old: the child reads what applies now. */
	if (!tables_open(t, p->path, false, e)) {
		warnx("%s", e);
		exit(give_up(fd, false, "Configuration cannot be read"));
	}
	return fd;
}

static int
session(struct program *p, struct tables *t, int fd)
{
	struct net_peer peer;
	struct login l = { .client = &client };
	const char *end;
	int authd;

	if (!load_session(t, p))
		return give_up(fd, false, "Configuration cannot be read");
	authd = sock_connect(p->run_dir, "auth", SOCK_SEQPACKET);
	if (authd == -1) {
		log_error("-", "path=%s/auth wanted=connection found=%s",
		    p->run_dir, strerror(errno));
		return give_up(fd, false, "Login is not possible now");
	}
	net_peer_get(fd, &peer);
	client_init(&client, fd, fd, p->rate, p->timeout);
	chan_init(&l.authd, authd, &auth_channel, AUTH_CLIENT);
	l.ip = peer.ip;
	l.profile = p->profile;
	l.banner = p->banner;
	l.timeout = p->timeout;
	l.errors = p->errors;
	l.junk = p->junk;
	l.passwords = p->plaintext == PLAINTEXT_ALWAYS ||
	    (p->plaintext == PLAINTEXT_LOOPBACK && peer.loopback);
	sandbox(SANDBOX_POP3D);
	end = login_run(&l);
	if (strcmp(end, "handed") == 0)
		return EX_OK; /* not even a shutdown: the socket lives on */
	client_end(&client);
	log_event("-", "closed", "client=%s reason=%s", peer.ip, end);
	return EX_OK;
}

int
main(int argc, char *argv[])
{
	struct program p = { .path = TABLES_PATH, .profile = "pop3" };
	struct tables t;
	bool listening;
	int ch, fd;

	while ((ch = getopt(argc, argv, "t:p:")) != -1) {
		if (ch == 't')
			p.path = optarg;
		else if (ch == 'p')
			p.profile = optarg;
		else
			errx(EX_USAGE, "usage: pop3d [-t tables] [-p profile]");
	}
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	fd = service_socket(&listening);
	if (!startup_tables(&t, "pop3d", p.path, false, STARTUP_LOG_OWN) ||
	    !load_limits(&t, &p))
		return give_up(fd, listening, "Configuration cannot be read");
	startup_become(&t, USER_NET);
	if (listening)
		fd = accept_one(&p, &t, fd);
	return session(&p, &t, fd);
}
