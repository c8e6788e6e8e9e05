/*
 * tlsd: TLS for all sessions, and the only program with private keys.
 *
 * Started by postriderd as postrider-tls.  Two processes: the keeper, which
 * reads tls-dir, signs, and ends when descriptor 3 (msg_spawn.h) does; and,
 * forked before any key is read, the acceptor, which hears smtpd, pop3d and
 * remote (msg_tls.h, descriptor 4), shares a key with authd (witness.h, 5), and
 * forks a process for each connection.  Neither lives without the other
 * (msg_certs.h); connections live on without both.  Must never parse SMTP or
 * POP3: what it relays it does not look at.
 */
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/children.h"
#include "common/log.h"
#include "common/msg_spawn.h"
#include "common/sandbox.h"
#include "common/server.h"
#include "common/sock.h"
#include "common/startup.h"
#include "common/tls_acceptor.h"
#include "common/tls_keeper.h"
#include "common/tls_key.h"
#include "common/tls_profile.h"
#include "common/users.h"

#define TLS_FD 4 /* listening */

/* Smtpd and pop3d, or remote; in user mode they are who we are. */
static uid_t
user(const char *path, const char *name)
{
	uid_t uid = getuid();
	struct tables t;
	char e[TABLES_ERR];
	gid_t gid;

	if (!tables_open(&t, path, false, e))
		errx(EX_CONFIG, "%s", e);
	if (!startup_user_mode(&t) && !tables_user(&t, name, &uid, &gid))
		errx(EX_CONFIG, "user=%s wanted=known-at-apply found=none",
		    name);
	tables_close(&t);
	return uid;
}

/* The acceptor, to its end. */
static int
accept_sessions(const char *path, int keeper, pid_t parent)
{
	struct tls_acceptor *acceptor;
	struct tls_acceptor_start start = {
		.base = event_base_new(),
		.tables = path,
		.keeper = keeper,
		.listener = TLS_FD,
		.net = user(path, USER_NET),
		.out = user(path, USER_OUT),
	};

	/* What hangs does not outlive the keeper, either. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		err(EX_OSERR, "parent's death");
	if (getppid() != parent)
		return EX_SOFTWARE;
	if ((start.witness = mac_key_read(WITNESS_FD)) == NULL)
		err(EX_OSERR, "descriptor %d: key for authd", WITNESS_FD);
	if (!tls_key_init() || start.base == NULL)
		errx(EX_SOFTWARE, "OpenSSL or event loop");
	sandbox(SANDBOX_TLSD);
	if (!sandbox_can_close_files())
		log_event("-", "no-landlock", "found=%s", strerror(errno));
	if ((acceptor = tls_acceptor_new(&start)) == NULL)
		errx(EX_CONFIG, "acceptor");
	(void)event_base_dispatch(start.base); /* to its end, by whatever */
	tls_acceptor_free(acceptor);
	return EX_SOFTWARE;
}

struct keeping {
	struct event_base *base;
	struct tls_keeper *keeper;
	bool told; /* to stop */
};

/* Nothing is ever said here. */
static void
spawn_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	(void)type;
	(void)msg;
	if (fd != -1)
		(void)close(fd);
	peer_close(p);
}

static void
spawn_closed(struct peer *p)
{
	struct keeping *k = p->data;

	k->told = true;
	(void)event_base_loopbreak(k->base); /* there is a loop */
}

static void
on_hangup(evutil_socket_t sig, short what, void *arg)
{
	const struct keeping *k = arg;

	(void)sig;
	(void)what;
	tls_keeper_look(k->keeper);
}

static bool
watch(struct keeping *k)
{
	static const struct peer_ops ops = { spawn_message, spawn_closed };
	struct event *hangup;
	struct peer *p;

	p = peer_new(k->base, SPAWN_FD, &spawn_channel, SPAWN_ASKER, &ops);
	hangup = evsignal_new(k->base, SIGHUP, on_hangup, k);
	if (p == NULL || hangup == NULL || event_add(hangup, NULL) == -1)
		return false;
	p->data = k;
	return true;
}

static int
lost(pid_t acceptor)
{
	char how[32] = "closed-its-channel";
	int status;

	if (waitpid(acceptor, &status, WNOHANG) == acceptor)
		(void)child_status_text(status, how, sizeof(how));
	log_error("-", "acceptor=%d how=%s", (int)acceptor, how);
	return EX_SOFTWARE;
}

/* The keeper, to its end. */
static int
keep(const char *path, int channel, pid_t acceptor)
{
	struct keeping k = { .base = event_base_new() };

	sandbox(SANDBOX_KEEPER);
	if (k.base == NULL || !watch(&k))
		err(EX_OSERR, "event loop");
	if ((k.keeper = tls_keeper_new(k.base, path, channel)) == NULL)
		errx(EX_CONFIG, "keeper of keys");
	if (event_base_dispatch(k.base) == -1)
		err(EX_OSERR, "event loop");
	tls_keeper_free(k.keeper);
	if (!k.told)
		return lost(acceptor);
	log_event("-", "stopped", "pid=%d", (int)getpid());
	return 0;
}

int
main(int argc, char *argv[])
{
	const char *path = TABLES_PATH;
	struct tables t;
	pid_t self, child;
	int ch, pair[2];

	while ((ch = getopt(argc, argv, "t:")) != -1) {
		if (ch != 't')
			errx(EX_USAGE, "usage: tlsd [-t file]");
		path = optarg;
	}
	if (!tls_profile_init())
		errx(EX_SOFTWARE, "OpenSSL");
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN); /* connections end by no other signal */
	if (!startup_tables(&t, "tlsd", path, true, STARTUP_LOG_INHERITED))
		return EX_CONFIG;
	startup_become(&t, USER_TLS);
	tables_close(&t);
	self = getpid();
	if (sock_pair(pair) == -1 || (child = fork()) == -1)
		err(EX_OSERR, "acceptor");
	if (child == 0) {
		(void)close(SPAWN_FD); /* these are the keeper's */
		(void)close(pair[0]);
		return accept_sessions(path, pair[1], self);
	}
	(void)close(TLS_FD); /* these are the acceptor's */
	(void)close(WITNESS_FD);
	(void)close(pair[1]);
	return keep(path, pair[0], child);
}
