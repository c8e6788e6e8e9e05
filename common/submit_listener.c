/*
 * submit_listener: local users' SMTP sessions.  In postriderd, as root:
 * accepts, asks the kernel who is there, and starts smtpd on the connection as
 * postrider-net; reads no byte from it.  Daemons and agents of the suite are no
 * local users: one that was taken over sends no mail by this way.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/options.h"
#include "common/sock.h"
#include "common/submit_listener.h"
#include "common/users.h"

#define BATCH 16     /* connections before others have a turn */
#define PAUSE_MS 100 /* after an accept that failed for want of room */
#define NAME_SIZE 256

struct session {
	struct submit_listener *of;
	pid_t pid;
	uid_t uid;
	LIST_ENTRY(session) link;
};

struct submit_listener {
	struct master *m;
	int fd;
	struct event *readable, *resume;
	LIST_HEAD(, session) sessions;
};

static void
on_ended(void *arg, pid_t pid, int status)
{
	struct session *s = arg;
	char how[32];

	if (status != 0 && status != SIGTERM) /* that is our own end */
		log_error("-", "program=smtpd pid=%d uid=%u how=%s", (int)pid,
		    (unsigned int)s->uid,
		    child_status_text(status, how, sizeof(how)));
	LIST_REMOVE(s, link);
	free(s);
}

static char *
arg(const char *s)
{
	return (char *)(uintptr_t)s; /* execve(2) does not change it */
}

/* In the child. */
static _Noreturn void
run(struct master *m, int fd, uid_t uid)
{
	char number[16], name[NAME_SIZE];
	char *argv[] = { arg("smtpd"), arg("-t"), m->tables.path, arg("-p"),
		arg("local"), arg("-u"), number, arg("-n"), name, NULL };
	struct passwd *pw;

	child_descriptors(fd, NULL, 0, NULL);
	(void)snprintf(number, sizeof(number), "%u", (unsigned int)uid);
	if ((pw = getpwuid(uid)) != NULL)
		strlcpy(name, pw->pw_name, sizeof(name));
	else
		strlcpy(name, number, sizeof(name));
	master_become(m, USER_NET, MASTER_NO_GROUP);
	child_exec(master_text(m, "libexec-dir"), argv);
	err(EX_OSERR, "path=%s/smtpd wanted=executable",
	    master_text(m, "libexec-dir"));
}

static int64_t
limit(struct submit_listener *l, const char *profile, const char *option)
{
	return master_number(l->m, profile, option, option_default(option));
}

static bool
has_room(struct submit_listener *l, uid_t uid)
{
	struct session *s;
	int64_t all = 0, own = 0;

	LIST_FOREACH(s, &l->sessions, link)
	{
		all++;
		own += s->uid == uid;
	}
	return all < limit(l, "local", "connections") &&
	    own < limit(l, NULL, "submissions-per-user");
}

static void
refuse(int fd, uid_t uid, const char *reason, const char *text)
{
	log_event(
	    "-", "refused", "uid=%u reason=%s", (unsigned int)uid, reason);
	/* One try: who does not listen gets no more of us. */
	(void)send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
serve(struct submit_listener *l, int fd)
{
	struct session *s = NULL;
	bool known; /* without tables no smtpd comes to be */
	uid_t uid;

	if (!sock_peer_uid(fd, &uid))
		return;
	if (master_is_ours(l->m, uid, &known)) {
		refuse(fd, uid, "service-user",
		    "554 5.7.1 This user submits no mail\r\n");
		return;
	}
	if (!has_room(l, uid)) {
		refuse(fd, uid, "too-many-submissions",
		    "421 4.7.0 Too many submissions at once, try again "
		    "later\r\n");
		return;
	}
	if ((s = calloc(1, sizeof(*s))) != NULL) {
		s->of = l;
		s->uid = uid;
		s->pid = child_fork(&l->m->children, on_ended, s);
		if (s->pid == 0)
			run(l->m, fd, uid);
		if (s->pid != -1) {
			LIST_INSERT_HEAD(&l->sessions, s, link);
			return;
		}
	}
	log_error(
	    "-", "program=smtpd wanted=process found=%s", strerror(errno));
	free(s);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct submit_listener *l = arg;

	(void)fd;
	(void)what;
	(void)event_add(l->readable, NULL); /* without memory: still paused */
}

/* Without descriptors to spare the listener would be ready in a busy loop. */
static void
on_connection(evutil_socket_t listener, short what, void *arg)
{
	static const struct timeval pause = { 0, PAUSE_MS * 1000 };
	struct submit_listener *l = arg;
	int fd;

	(void)what;
	for (int i = 0; i < BATCH; i++) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1) {
			serve(l, fd);
			(void)close(fd); /* smtpd has it */
		} else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOMEM || errno == ENOBUFS) {
			log_error("-", "path=submit wanted=accept found=%s",
			    strerror(errno));
			if (evtimer_add(l->resume, &pause) == 0)
				(void)event_del(l->readable);
			return;
		} else
			return;
	}
}

struct submit_listener *
submit_open(struct master *m, const char *run_dir)
{
	struct submit_listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->m = m;
	LIST_INIT(&l->sessions);
	l->fd = sock_listen(run_dir, "submit", SOCK_STREAM);
	if (l->fd == -1 || fcntl(l->fd, F_SETFL, O_NONBLOCK) == -1)
		goto out;
	sock_refuse_descriptors(l->fd);
	l->readable =
	    event_new(m->base, l->fd, EV_READ | EV_PERSIST, on_connection, l);
	l->resume = evtimer_new(m->base, on_resume, l);
	if (l->readable != NULL && l->resume != NULL &&
	    event_add(l->readable, NULL) == 0)
		return l;
out:
	if (l->fd != -1)
		(void)close(l->fd); /* nobody has connected */
	if (l->readable != NULL)
		event_free(l->readable);
	if (l->resume != NULL)
		event_free(l->resume);
	free(l);
	return NULL;
}

void
submit_close(struct submit_listener *l, const char *run_dir)
{
	char path[4096];

	if (l->fd == -1)
		return;
	event_free(l->readable);
	event_free(l->resume);
	(void)close(l->fd); /* listened only */
	l->fd = -1;
	(void)snprintf(path, sizeof(path), "%s/submit", run_dir);
	(void)unlink(path); /* gone is what is wanted */
}

void
submit_stop_sessions(struct submit_listener *l)
{
	struct session *s;

	LIST_FOREACH(s, &l->sessions, link)
	(void)kill(s->pid, SIGTERM); /* not reaped, so still it */
}

size_t
submit_sessions(const struct submit_listener *l)
{
	const struct session *s;
	size_t n = 0;

	LIST_FOREACH(s, &l->sessions, link)
	n++;
	return n;
}
