/*
 * queued: the queue manager.
 *
 * Started by postriderd, runs as postrider.  Takes messages from sessions
 * (msg_intake.h), keeps them in the spool, has agents deliver and report them
 * (msg_spawn.h, msg_job.h), and shows and steers the queue (msg_control.h).
 * Descriptor 3 is the spawn channel, whose end of file ends it; 4 the
 * listening intake socket; 5 the listening control socket; 6 the spool's lock,
 * held and not used; 7 a key that authd has, too, so that it knows what is our
 * word (hop_token.h).  It must never read the content of a message, look up
 * names, or connect to anything.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mac_key.h"
#include "common/map_client.h"
#include "common/msg_spawn.h"
#include "common/sandbox.h"
#include "common/startup.h"
#include "common/users.h"
#include "queue/control_server.h"
#include "queue/dispatch.h"
#include "queue/intake_server.h"
#include "queue/queue.h"
#include "queue/recovery.h"
#include "queue/srs_key.h"

#define INTAKE_FD 4
#define CONTROL_FD 5
#define FILES_WANTED 16384 /* descriptors */
#define FILES_OWN 400      /* the spool's directories and a reserve */
#define CONTROL_PEERS 64

static const char *
parse_args(int argc, char **argv)
{
	const char *path = TABLES_PATH;
	int c;

	while ((c = getopt(argc, argv, "t:")) != -1) {
		if (c != 't')
			errx(EX_USAGE, "usage: queued [-t tables]");
		path = optarg;
	}
	if (optind != argc)
		errx(EX_USAGE, "usage: queued [-t tables]");
	return path;
}

/* The descriptors that the process may have, after asking for many. */
static size_t
raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		err(EX_OSERR, "getrlimit");
	if (r.rlim_cur < FILES_WANTED) {
		r.rlim_cur =
		    r.rlim_max < FILES_WANTED ? r.rlim_max : FILES_WANTED;
		if (setrlimit(RLIMIT_NOFILE, &r) == -1)
			err(EX_OSERR, "setrlimit");
	}
	return (size_t)r.rlim_cur;
}

/* So many sessions that neither agents nor files run short of descriptors. */
static size_t
intake_peers(const struct queue *q)
{
	size_t files = raise_files();
	size_t own = FILES_OWN + (size_t)q->settings.agents +
	    (size_t)q->settings.pipe_agents +
	    (size_t)q->settings.remote_agents + CONTROL_PEERS;

	if (files < own + 64)
		errx(EX_OSERR, "descriptors wanted=%zu found=%zu", own + 64,
		    files);
	return (files - own) / 2; /* each may have a memory file, too */
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	queue_stop(arg);
}

static void
catch_signals(struct queue *q)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct event *ev;

	/* Descriptor 3 says when it is over, no terminal does. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGHUP, SIG_IGN) == SIG_ERR)
		err(EX_OSERR, "signal");
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		ev = evsignal_new(q->base, signals[i], on_signal, q);
		if (ev == NULL || event_add(ev, NULL) == -1)
			errx(EX_OSERR, "signal events");
	}
}

static void
open_parts(struct queue *q)
{
	size_t active = (size_t)q->settings.active;

	q->base = event_base_new();
	q->schedule = schedule_new(active / 4 + 1);
	if (q->base == NULL || q->schedule == NULL)
		errx(EX_OSERR, "out of memory");
	if ((q->spool = spool_open(q->base, q->settings.spool)) == NULL)
		errx(EX_CANTCREAT, "%s/queue: cannot be used, see the log",
		    q->settings.spool);
}

/* Without a key senders of mail that is passed on stay as they are. */
static void
load_srs(struct queue *q)
{
	char dir[PATH_MAX + sizeof("/queue")];

	(void)snprintf(dir, sizeof(dir), "%s/queue", q->settings.spool);
	(void)srs_load(&q->srs, dir); /* logs what is wrong */
}

static void
start_parts(struct queue *q)
{
	q->dispatch = dispatch_new(q, SPAWN_FD);
	q->intake = intake_server_new(q, INTAKE_FD, intake_peers(q));
	q->control = control_server_new(q, CONTROL_FD, CONTROL_PEERS);
	q->recovery = recovery_new(q);
	if (q->dispatch == NULL || q->intake == NULL || q->control == NULL ||
	    q->recovery == NULL)
		err(EX_OSERR, "cannot serve descriptors 3, 4 and 5");
}

int
main(int argc, char **argv)
{
	const char *path = parse_args(argc, argv);
	struct queue q = { .started = deadline_now() };
	struct tables t;

	(void)umask(077);
	if (!startup_tables(&t, "queued", path, true, STARTUP_LOG_INHERITED))
		return EX_CONFIG;
	startup_become(&t, USER_QUEUE);
	tables_close(&t);
	if (!settings_load(&q.settings, path))
		return EX_CONFIG;
	if ((q.hops = mac_key_read(HOPS_FD)) == NULL)
		err(EX_OSERR, "descriptor %d: key for authd", HOPS_FD);
	map_client_hurry();
	sandbox(SANDBOX_QUEUED);
	open_parts(&q);
	load_srs(&q);
	catch_signals(&q);
	start_parts(&q);
	log_event("-", "started", "spool=%s", q.settings.spool);
	if (event_base_dispatch(q.base) == -1)
		errx(EX_SOFTWARE, "event loop");
	log_event("-", "exited", "messages=%zu", schedule_total(q.schedule));
	spool_close(q.spool);
	return EX_OK;
}
