/*
 * supervise: the long-lived daemons under postriderd.  Runs as root; talks to
 * the daemons by the spawn channel (msg_spawn.h) only.  A daemon's end is
 * never postriderd's: it is logged, and the daemon starts again after a wait
 * that grows while it keeps ending.
 */
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/agent_spawn.h"
#include "common/log.h"
#include "common/options.h"
#include "common/restart.h"
#include "common/sock.h"
#include "common/supervise.h"
#include "common/users.h"

#define OUTLIVE_MS 10000 /* that a daemon may go on without its channel */

struct place {
	const char *name;
	bool for_all; /* else for the daemon's own user and postrider-net */
	bool takes_descriptors;
};

static const struct row {
	const char *name, *user;
	struct place sockets[2];
	bool holds_lock;
	bool gets_witness; /* with one socket: on WITNESS_FD */
	/* Behind lock and witness: on HOPS_FD, HOPS_AUTH_FD. */
	bool gets_hops;
	enum master_group group;
} rows[DAEMONS] = {
	/* The spool's lock outlives postriderd until queued has ended. */
	[DAEMON_QUEUED] = { .name = "queued",
	    .user = USER_QUEUE,
	    .sockets = { { "intake", false, false },
		{ "control", true, false } },
	    .holds_lock = true,
	    .gets_hops = true },
	[DAEMON_AUTHD] = { .name = "authd",
	    .user = USER_AUTH,
	    .sockets = { { "auth", false, true } },
	    .gets_witness = true,
	    .gets_hops = true },
	[DAEMON_TLSD] = { .name = "tlsd",
	    .user = USER_TLS,
	    .sockets = { { "tls", false, true } },
	    .gets_witness = true },
	[DAEMON_DNSD] = { .name = "dnsd",
	    .user = USER_DNS,
	    .sockets = { { "dns", false, false } } },
	/* All that look something up ask it, and it asks dnsd. */
	[DAEMON_MAPD] = { .name = "mapd",
	    .user = USER_MAP,
	    .sockets = { { "map", true, false } },
	    .group = MASTER_NET },
};

static int
open_socket(struct daemon *d, const char *run_dir, const struct place *p)
{
	struct tables *t = tables_fresh_get(&d->m->tables);
	uid_t uid = getuid();
	gid_t gid = getgid();
	int fd;

	if (!d->m->user_mode &&
	    (t == NULL || !tables_user(t, rows[d->which].user, &uid, &gid))) {
		errno = ESRCH;
		return -1;
	}
	if (p->for_all)
		fd = sock_listen(run_dir, p->name, SOCK_SEQPACKET);
	else
		fd = sock_listen_for(run_dir, p->name, uid,
		    d->m->user_mode ? gid : d->m->log_gid);
	if (fd != -1 && !p->takes_descriptors)
		sock_refuse_descriptors(fd);
	return fd;
}

static bool
open_sockets(struct daemon *d, const char *run_dir)
{
	const struct row *r = &rows[d->which];

	for (size_t i = 0; i < 2; i++) {
		d->sockets[i] = -1;
		if (r->sockets[i].name == NULL)
			continue;
		d->sockets[i] = open_socket(d, run_dir, &r->sockets[i]);
		if (d->sockets[i] == -1) {
			log_error("-", "path=%s/%s wanted=socket found=%s",
			    run_dir, r->sockets[i].name, strerror(errno));
			return false;
		}
	}
	return true;
}

/* Time to start it, or to end one that outlives its channel. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	if (d->pid == 0)
		supervise_start(d);
	else
		(void)kill(d->pid, SIGKILL); /* not reaped, so still it */
}

static void
set_timer(struct daemon *d, int64_t ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (evtimer_add(d->timer, &tv) == -1)
		log_error("-", "program=%s wanted=timer found=none",
		    rows[d->which].name);
}

bool
supervise_open(
    struct daemon daemons[DAEMONS], struct master *m, const char *run_dir)
{
	memset(daemons, 0, DAEMONS * sizeof(daemons[0]));
	for (size_t i = 0; i < DAEMONS; i++) {
		daemons[i].m = m;
		daemons[i].which = i;
		daemons[i].timer = evtimer_new(m->base, on_timer, &daemons[i]);
		if (daemons[i].timer == NULL ||
		    !open_sockets(&daemons[i], run_dir))
			return false;
	}
	return true;
}

static void
again(struct daemon *d, int64_t ran)
{
	if (d->stopping)
		return;
	d->wait = restart_wait(d->wait, ran);
	set_timer(d, d->wait);
}

static void
close_channel(struct daemon *d)
{
	if (d->peer != NULL)
		peer_close(d->peer);
	d->peer = NULL;
}

static void
on_ended(void *arg, pid_t pid, int status)
{
	struct daemon *d = arg;
	int64_t ran = deadline_now() - d->started;
	char how[32];

	log_event("-", "exited", "program=%s pid=%d how=%s ran-ms=%lld",
	    rows[d->which].name, (int)pid,
	    child_status_text(status, how, sizeof(how)), (long long)ran);
	d->pid = 0;
	close_channel(d);
	again(d, ran);
}

static void
channel_closed(struct peer *p)
{
	struct daemon *d = p->data;

	agent_forget(d->m, p);
	if (d->peer != p)
		return;
	d->peer = NULL;
	if (d->pid != 0 && !d->stopping)
		set_timer(d, OUTLIVE_MS);
}

static void
channel_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct daemon *d = p->data;

	if (type == SPAWN_T_STOP || d->peer != p) {
		if (fd != -1)
			(void)close(fd); /* none is wanted */
		if (type == SPAWN_T_STOP)
			agent_stop(d->m, p, msg);
		return;
	}
	agent_spawn(d->m, p, d->which, msg, fd);
}

static const struct peer_ops channel_ops = { channel_message, channel_closed };

/* In the child. */
static _Noreturn void
run(struct daemon *d, int channel)
{
	const struct row *r = &rows[d->which];
	struct tables *t = tables_fresh_get(&d->m->tables);
	char *argv[] = { (char *)(uintptr_t)r->name, (char *)(uintptr_t) "-t",
		d->m->tables.path, NULL };
	bool shadow = false;
	const struct option_bind bind = { "unix-passwords", &shadow };
	int fds[5] = { channel };
	char e[TABLES_ERR];
	size_t n = 1;

	for (size_t i = 0; i < 2 && d->sockets[i] != -1; i++)
		fds[n++] = d->sockets[i];
	if (r->holds_lock)
		fds[n++] = d->m->lock;
	if (r->gets_witness)
		fds[n++] = d->m->witness;
	if (r->gets_hops)
		fds[n++] = d->m->hops;
	child_descriptors(-1, fds, n, NULL);
	if (t != NULL && d->which == DAEMON_AUTHD &&
	    !options_load(t, NULL, &bind, 1, e))
		errx(EX_CONFIG, "%s", e);
	master_become(d->m, r->user, shadow ? MASTER_SHADOW : r->group);
	child_exec(master_text(d->m, "libexec-dir"), argv);
	err(EX_OSERR, "path=%s/%s wanted=executable",
	    master_text(d->m, "libexec-dir"), r->name);
}

void
supervise_start(struct daemon *d)
{
	int pair[2];

	d->started = deadline_now();
	if (sock_pair(pair) == -1) {
		log_error("-", "program=%s wanted=socketpair found=%s",
		    rows[d->which].name, strerror(errno));
		again(d, 0);
		return;
	}
	if ((d->pid = child_fork(&d->m->children, on_ended, d)) == 0)
		run(d, pair[1]);
	(void)close(pair[1]); /* the child's */
	if (d->pid != -1)
		d->peer = peer_new(d->m->base, pair[0], &spawn_channel,
		    SPAWN_MASTER, &channel_ops);
	if (d->peer == NULL) {
		log_error("-", "program=%s wanted=process found=%s",
		    rows[d->which].name, strerror(errno));
		(void)close(pair[0]); /* a started child sees its end */
		if (d->pid == -1) {
			d->pid = 0;
			again(d, 0);
		}
		return;
	}
	d->peer->data = d;
	log_event("-", "started", "program=%s pid=%d", rows[d->which].name,
	    (int)d->pid);
}

void
supervise_stop(struct daemon *d)
{
	d->stopping = true;
	(void)evtimer_del(d->timer); /* not pending is fine */
	for (size_t i = 0; i < 2; i++) {
		if (d->sockets[i] != -1)
			(void)close(d->sockets[i]); /* listened only */
		d->sockets[i] = -1;
	}
	close_channel(d);
}

void
supervise_unlink(const char *run_dir)
{
	char path[4096];

	for (size_t i = 0; i < DAEMONS; i++)
		for (size_t j = 0; j < 2; j++) {
			if (rows[i].sockets[j].name == NULL)
				continue;
			(void)snprintf(path, sizeof(path), "%s/%s", run_dir,
			    rows[i].sockets[j].name);
			(void)unlink(path); /* gone is what is wanted */
		}
}
