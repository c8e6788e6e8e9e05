/*
 * drop_pickup: messages that sendmail(8) has left in spool-dir/drop.
 *
 * In postriderd, as root: sees names, kinds and owners of files, and starts
 * sendmail with the rights of the owner, who alone reads and removes them; never
 * opens one.  What is not a plain file with one name and such a name is left
 * alone.  Everybody can put files there, and in any number, so all is bounded:
 * what one look takes, the processes of all and of each user, and their time.
 */
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/drop_child.h"
#include "common/drop_held.h"
#include "common/drop_pickup.h"
#include "common/drop_scan.h"
#include "common/log.h"
#include "common/options.h"

#define AT_ONCE 16   /* processes */
#define FOR_NEW 4    /* of them: for users who have none */
#define PER_USER 2   /* of all */
#define STEP 256     /* names before others have a turn */
#define SOON 1       /* seconds */
#define RARELY 30    /* the same, from one look to the next */
#define TIME 120     /* seconds that a process may take, and for its bytes: */
#define RATE 1048576 /* of them, each second */
#define SIZE_MOST (16LL << 30) /* of option message-size */

struct process {
	struct drop_pickup *of;
	struct drop_found file;
	pid_t pid;
	int said; /* what its stderr leads to; -1 */
	bool killed;
	deadline_t until;
	LIST_ENTRY(process) link;
};

struct drop_pickup {
	struct master *m;
	DIR *dir; /* NULL: closed */
	int events;
	struct event *look, *step, *changed;
	int64_t wait;           /* seconds from one look to the next */
	deadline_t due;         /* of the next look at everything */
	struct timespec looked; /* when the last began, as files have it */
	struct timespec since;  /* what has not changed since then waits */
	bool walking, hurried;
	size_t waits; /* files that are to be tried again */
	size_t running;
	struct drop_scan scan;
	struct drop_held held;  /* not tried: they would keep a place in vain */
	struct drop_held noted; /* too large: logged, and looked at again */
	off_t most;             /* bytes of a file */
	LIST_HEAD(, process) processes;
};

static void fill(struct drop_pickup *);

/* --- processes */

static void
report(const struct process *p, int status)
{
	char how[32], text[DROP_SAID + 1];

	drop_child_said(p->said, text);
	(void)child_status_text(status, how, sizeof(how));
	if (*text == '\0')
		log_event("-", "picked-up", "file=%s uid=%u pid=%d how=%s",
		    p->file.name, (unsigned int)p->file.uid, (int)p->pid, how);
	else
		log_event("-", "picked-up",
		    "file=%s uid=%u pid=%d how=%s found=%s", p->file.name,
		    (unsigned int)p->file.uid, (int)p->pid, how, text);
}

static void
on_ended(void *arg, pid_t pid, int status)
{
	struct process *p = arg;
	struct drop_pickup *d = p->of;
	bool unknown = WIFEXITED(status) && WEXITSTATUS(status) == EX_NOUSER;

	(void)pid;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL)
		d->waits++;
	else if (!unknown || drop_held_room(&d->held))
		report(p, status);
	if (p->killed || unknown)
		drop_held_add(&d->held, p->file.name);
	(void)close(p->said); /* was read only */
	LIST_REMOVE(p, link);
	d->running--;
	free(p);
	fill(d);
}

/* A user may have fewer sessions than processes here. */
static bool
may_start(uid_t uid, void *arg)
{
	struct drop_pickup *d = arg;
	const struct process *p;
	int64_t n = 0, most;

	LIST_FOREACH(p, &d->processes, link)
	n += p->file.uid == uid;
	if (n == 0)
		return true;
	if (d->running >= AT_ONCE - FOR_NEW)
		return false;
	most = master_number(d->m, NULL, "submissions-per-user", 1);
	return n < (most < PER_USER ? most : PER_USER);
}

/* False when none can be made now. */
static bool
start(struct drop_pickup *d, const struct drop_found *f)
{
	struct process *p = calloc(1, sizeof(*p));
	int said[2] = { -1, -1 };

	if (p == NULL)
		return false;
	p->of = d;
	p->file = *f;
	p->until = deadline_in(TIME + f->size / RATE);
	p->pid = -1;
	if (pipe2(said, O_CLOEXEC | O_NONBLOCK) == 0 &&
	    (p->pid = child_fork(&d->m->children, on_ended, p)) == 0)
		drop_child_run(d->m, dirfd(d->dir), f, said[1]);
	if (said[1] != -1)
		(void)close(said[1]); /* the child's */
	p->said = said[0];
	if (p->pid == -1) {
		log_error("-", "program=sendmail wanted=process found=%s",
		    strerror(errno));
		if (p->said != -1)
			(void)close(p->said); /* nothing was written */
		free(p);
		return false;
	}
	LIST_INSERT_HEAD(&d->processes, p, link);
	d->running++;
	return true;
}

/* One that was stopped by its owner must not keep a place for ever. */
static void
end_old(struct drop_pickup *d)
{
	struct process *p;

	LIST_FOREACH(p, &d->processes, link)
	if (deadline_left(p->until) == 0) {
		p->killed = true;
		child_signal(p->pid, SIGKILL); /* not reaped, so still it */
	}
}

/* --- looking */

static void
look_in(struct drop_pickup *d, int64_t seconds)
{
	const struct timeval tv = { seconds, 0 };

	(void)evtimer_add(d->look, &tv); /* without memory: the next change */
}

static void
fill(struct drop_pickup *d)
{
	struct drop_found f;

	if (d->dir == NULL || d->walking)
		return;
	while (
	    d->running < AT_ONCE && drop_scan_take(&d->scan, may_start, d, &f))
		if (!start(d, &f))
			drop_scan_clear(&d->scan);
	/* What was left out comes at once, unless it would be in vain. */
	if (d->scan.more && d->scan.count == 0 && d->running == 0 &&
	    d->waits == 0) {
		d->scan.more = false;
		d->due = deadline_in(0);
		look_in(d, 0);
	}
}

static bool
is_running(const struct drop_pickup *d, const char *name)
{
	const struct process *p;

	LIST_FOREACH(p, &d->processes, link)
	if (strcmp(p->file.name, name) == 0)
		return true;
	return false;
}

static bool
is_before(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec;
	return a->tv_nsec < b->tv_nsec;
}

/* What counts now: what is whole, and what nobody will finish. */
static bool
is_due(const struct drop_pickup *d, enum drop_kind kind, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_nlink != 1 ||
	    is_before(&st->st_ctim, &d->since))
		return false;
	return kind == DROP_WHOLE || time(NULL) - st->st_mtime >= DROP_OLD;
}

/* Users of the suite submit no mail by this way either. */
static bool
is_allowed(struct drop_pickup *d, uid_t uid)
{
	bool known;

	if (d->m->user_mode)
		return uid == geteuid();
	return !master_is_ours(d->m, uid, &known) && known;
}

/* Its checksum alone would take its owner's processes for hours. */
static bool
fits(struct drop_pickup *d, const char *name, const struct stat *st)
{
	if (st->st_size <= d->most)
		return true;
	if (drop_held_has(&d->noted, name) || !drop_held_room(&d->noted))
		return false;
	drop_held_add(&d->noted, name);
	log_event("-", "drop-too-large",
	    "file=%s uid=%u wanted=%lld-bytes found=%lld", name,
	    (unsigned int)st->st_uid, (long long)d->most,
	    (long long)st->st_size);
	return false;
}

static void
judge(struct drop_pickup *d, const char *name)
{
	enum drop_kind kind = drop_kind(name);
	struct stat st;

	if ((kind != DROP_WHOLE && kind != DROP_INCOMPLETE) ||
	    fstatat(dirfd(d->dir), name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	if (!is_due(d, kind, &st) || !is_allowed(d, st.st_uid) ||
	    is_running(d, name) || drop_held_has(&d->held, name) ||
	    (kind == DROP_WHOLE && !fits(d, name, &st)) ||
	    (d->since.tv_sec != 0 && drop_scan_has(&d->scan, name)))
		return;
	drop_scan_add(&d->scan, name, &st);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval now = { 0, 0 };
	struct drop_pickup *d = arg;
	struct dirent *e = NULL;

	(void)fd;
	(void)what;
	for (int i = 0; i < STEP && (e = readdir(d->dir)) != NULL; i++)
		judge(d, e->d_name);
	if (e != NULL && evtimer_add(d->step, &now) == 0)
		return;
	d->walking = false;
	fill(d);
}

/*
 * After a change only what is new counts: whoever makes changes makes nobody try
 * again what is to wait, and does not delay those that are.
 */
static void
begin_look(struct drop_pickup *d)
{
	bool all = deadline_left(d->due) == 0;

	d->since = all ? (struct timespec){ 0, 0 } : d->looked;
	(void)clock_gettime(
	    CLOCK_REALTIME_COARSE, &d->looked); /* cannot fail */
	d->most = DROP_ENVELOPE +
	    master_number(d->m, "local", "message-size", SIZE_MOST);
	d->hurried = false;
	d->walking = true;
	rewinddir(d->dir);
	if (!all)
		return;
	if (d->waits > 0)
		log_event("-", "drop-waits", "files=%zu", d->waits);
	d->waits = 0;
	drop_scan_clear(&d->scan);
	d->wait = d->wait * 2 < RARELY ? d->wait * 2 : RARELY;
	d->due = deadline_in(d->wait);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct drop_pickup *d = arg;

	(void)fd;
	(void)what;
	end_old(d);
	if (!d->walking) {
		begin_look(d);
		on_step(-1, 0, d);
	}
	if (!evtimer_pending(d->look, NULL))
		look_in(d, deadline_left(d->due) / 1000 + 1);
}

/* That something came is all that matters: what it says is not read. */
static void
on_change(evutil_socket_t fd, short what, void *arg)
{
	struct drop_pickup *d = arg;
	char buf[4096];

	(void)what;
	for (int i = 0; i < STEP && read(fd, buf, sizeof(buf)) > 0; i++)
		continue;
	if (d->hurried || d->looked.tv_sec == 0)
		return; /* it comes soon anyway */
	d->hurried = true;
	look_in(d, SOON);
}

/* --- all of it */

int
drop_place(const char *spool_dir, const struct owner *owner)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/" DROP_DIR, spool_dir);
	return places_open_sticky(path, owner, DROP_MODE);
}

/* Without it a look comes now and then all the same. */
static void
watch(struct drop_pickup *d, int dir)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	d->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (d->events == -1 ||
	    inotify_add_watch(d->events, path, IN_MOVED_TO | IN_ONLYDIR) == -1)
		return;
	d->changed = event_new(
	    d->m->base, d->events, EV_READ | EV_PERSIST, on_change, d);
	if (d->changed != NULL)
		(void)event_add(d->changed, NULL); /* as above */
}

struct drop_pickup *
drop_pickup_open(struct master *m, int dir)
{
	struct drop_pickup *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->m = m;
	d->events = -1;
	d->wait = SOON;
	LIST_INIT(&d->processes);
	d->look = evtimer_new(m->base, on_look, d);
	d->step = evtimer_new(m->base, on_step, d);
	if (d->look == NULL || d->step == NULL || !drop_child_init() ||
	    (d->dir = fdopendir(dir)) == NULL) {
		drop_pickup_close(d);
		return NULL;
	}
	watch(d, dir);
	look_in(d, SOON);
	return d;
}

static void
forget(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

void
drop_pickup_close(struct drop_pickup *d)
{
	struct process *p;

	if (d == NULL)
		return;
	forget(&d->look);
	forget(&d->step);
	forget(&d->changed);
	if (d->events != -1)
		(void)close(d->events); /* was read only */
	if (d->dir != NULL)
		(void)closedir(d->dir); /* the same */
	d->dir = NULL;
	d->events = -1;
	LIST_FOREACH(p, &d->processes, link)
	{
		child_signal(p->pid, SIGTERM); /* not reaped, so still it */
		child_signal(
		    p->pid, SIGCONT); /* its owner may have stopped it */
	}
}
