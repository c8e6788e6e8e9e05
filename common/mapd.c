/*
 * mapd: what servers of the socketmap protocol say.
 *
 * Started by postriderd as postrider-map.  Answers smtpd, queued, authd,
 * pop3-mailbox and postriderd on the map channel (msg_map.h, descriptor 4), asks the servers
 * that the compiled tables name, and dnsd where these are, and ends when
 * descriptor 3 (msg_spawn.h) does.  Must never keep who asks waiting, ask a
 * server that the tables do not name, see mail, or write a file.
 */
#include <sys/stat.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/map_session.h"
#include "common/msg_spawn.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "common/users.h"

#define MAP_FD 4   /* listening */
#define PEERS 4000 /* sessions and daemons that are connected at once */
#define OWN 300    /* descriptors: of servers, files and dnsd */

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
serve(const char *path, const char *run_dir, struct map_sessions *all)
{
	struct server server = {
		.proto = &map_channel,
		.self = MAP_SERVER,
		.ops = &map_session_ops,
		.allowed = map_session_allowed,
		.opened = map_session_opened,
		.max = server_room(PEERS, OWN),
		.data = all,
	};
	struct event_base *base = event_base_new();
	struct event *term;

	if (base == NULL || !watch(base, &term))
		err(EX_OSERR, "event loop");
	if ((all->lookups = map_lookups_new(base, path, run_dir)) == NULL)
		errx(EX_OSERR, "lookups");
	if (!server_start(&server, base, MAP_FD))
		err(EX_OSERR, "descriptor %d", MAP_FD);
	if (event_base_dispatch(base) == -1)
		err(EX_OSERR, "event loop");
	map_lookups_free(all->lookups);
	event_free(term);
	log_event("-", "stopped", "pid=%d", (int)getpid());
	return 0;
}

int
main(int argc, char *argv[])
{
	static const char *const askers[MAP_ASKERS] = { USER_NET, USER_QUEUE,
		USER_AUTH, USER_MAIL };
	const char *path = TABLES_PATH, *run_dir;
	const struct option_bind bind = { "run-dir", &run_dir };
	struct map_sessions all = { .lookups = NULL };
	struct tables t;
	int ch;

	while ((ch = getopt(argc, argv, "t:")) != -1) {
		if (ch != 't')
			errx(EX_USAGE, "usage: mapd [-t file]");
		path = optarg;
	}
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN); /* it notices new tables itself */
	if (!startup_tables(&t, "mapd", path, true, STARTUP_LOG_INHERITED) ||
	    !startup_options(&t, NULL, &bind, 1))
		return EX_CONFIG;
	startup_become(&t, USER_MAP);
	for (size_t i = 0; i < MAP_ASKERS; i++)
		all.askers[i] = user(&t, askers[i]);
	sandbox(SANDBOX_MAPD);
	return serve(path, run_dir, &all); /* which lies in the tables */
}
