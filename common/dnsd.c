/*
 * dnsd: what DNS says.
 *
 * Started by postriderd as postrider-dns; holds libunbound with its cache and
 * the trust anchors.  Answers remote, smtpd and mapd on the dns channel (msg_dns.h,
 * descriptor 4), and ends when descriptor 3 (msg_spawn.h) does.  The only
 * program of the suite that parses DNS.  Must never be reachable from outside,
 * see mail, or write a file.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/dns_session.h"
#include "common/log.h"
#include "common/msg_spawn.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "common/users.h"

#define DNS_FD 4   /* listening */
#define PEERS 3000 /* remote and smtpd that are connected at once */
#define OWN 1200   /* descriptors: of four contexts, each 256 and a few */

/* In user mode all of them are who we are. */
static uid_t
user(struct tables *t, const char *name)
{
	uid_t uid = getuid();
	gid_t gid;

	if (!startup_user_mode(t) && !tables_user(t, name, &uid, &gid))
		errx(EX_CONFIG, "user=%s wanted=known-at-apply found=none",
		    name);
	return uid;
}

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
	(void)event_base_loopbreak(p->data); /* there is a loop */
}

static void
on_term(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	(void)event_base_loopbreak(arg); /* there is a loop */
}

/* What ends us; false with errno. */
static bool
watch(struct event_base *base, struct event **term)
{
	static const struct peer_ops ops = { spawn_message, spawn_closed };
	struct peer *p;

	p = peer_new(base, SPAWN_FD, &spawn_channel, SPAWN_ASKER, &ops);
	*term = evsignal_new(base, SIGTERM, on_term, base);
	if (p == NULL || *term == NULL || event_add(*term, NULL) == -1)
		return false;
	p->data = base;
	return true;
}

static int
serve(const char *path, struct dns_sessions *all)
{
	struct server server = {
		.proto = &dns_channel,
		.self = DNS_SERVER,
		.ops = &dns_session_ops,
		.allowed = dns_session_allowed,
		.opened = dns_session_opened,
		.max = server_room(PEERS, OWN),
		.data = all,
	};
	struct event *term;

	if ((all->base = event_base_new()) == NULL || !watch(all->base, &term))
		err(EX_OSERR, "event loop");
	if ((all->resolver = dns_resolver_new(all->base, path, NULL)) == NULL)
		errx(EX_OSERR, "resolver");
	if (!server_start(&server, all->base, DNS_FD))
		err(EX_OSERR, "descriptor %d", DNS_FD);
	if (event_base_dispatch(all->base) == -1)
		err(EX_OSERR, "event loop");
	dns_resolver_free(all->resolver);
	event_free(term);
	log_event("-", "stopped", "pid=%d", (int)getpid());
	return 0;
}

int
main(int argc, char *argv[])
{
	const char *path = TABLES_PATH;
	struct dns_sessions all = { .base = NULL };
	struct tables t;
	int ch;

	while ((ch = getopt(argc, argv, "t:")) != -1) {
		if (ch != 't')
			errx(EX_USAGE, "usage: dnsd [-t file]");
		path = optarg;
	}
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN); /* it notices new tables itself */
	if (!startup_tables(&t, "dnsd", path, true, STARTUP_LOG_INHERITED))
		return EX_CONFIG;
	startup_become(&t, USER_DNS);
	all.out = user(&t, USER_OUT);
	all.net = user(&t, USER_NET);
	all.map = user(&t, USER_MAP);
	dns_sessions_init(&all);
	tables_close(&t);
	sandbox(SANDBOX_DNSD);
	return serve(path, &all);
}
