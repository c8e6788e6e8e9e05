/*
 * children: processes that postriderd has started.  Runs as root, or as the
 * invoking user in user mode; between fork and exec it touches nothing but
 * descriptors, signals and the environment.
 */
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/children.h"

#define FDS_MAX 8         /* descriptors handed to one child */
#define PARK 64           /* where they wait while 0.. are rearranged */
#define ENV_VALUE_MAX 500 /* bytes of NAME=value */

struct child {
	pid_t pid;
	child_ended *ended;
	void *arg;
	LIST_ENTRY(child) link;
};

static void
ended(struct children *cs, pid_t pid, int status)
{
	struct child *c;

	LIST_FOREACH(c, &cs->list, link)
	if (c->pid == pid)
		break;
	if (c == NULL)
		return;
	LIST_REMOVE(c, link);
	cs->count--;
	c->ended(c->arg, pid, status);
	free(c);
}

static void
on_sigchld(evutil_socket_t sig, short what, void *arg)
{
	pid_t pid;
	int status;

	(void)sig;
	(void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended(arg, pid, status);
}

bool
children_init(struct children *cs, struct event_base *base)
{
	memset(cs, 0, sizeof(*cs));
	cs->base = base;
	LIST_INIT(&cs->list);
	cs->sigchld = evsignal_new(base, SIGCHLD, on_sigchld, cs);
	return cs->sigchld != NULL && event_add(cs->sigchld, NULL) == 0;
}

/* The event loop's handlers must not run in a child: they share a socket. */
static void
reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL); /* some cannot be changed */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t
child_fork(struct children *cs, child_ended *done, void *arg)
{
	struct child *c = calloc(1, sizeof(*c));
	sigset_t all, before;
	int saved;

	if (c == NULL)
		return -1;
	c->ended = done;
	c->arg = arg;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	if ((c->pid = fork()) == 0) {
		free(c);
		reset_signals();
		(void)setsid(); /* a new child leads no group yet */
		return 0;
	}
	saved = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (c->pid == -1) {
		free(c);
		errno = saved;
		return -1;
	}
	LIST_INSERT_HEAD(&cs->list, c, link);
	cs->count++;
	return c->pid;
}

void
child_signal(pid_t pid, int sig)
{
	/*
	 * Not reaped yet, so the number is still its own.  It leads a session,
	 * or is about to and has made nothing so far.
	 */
	if (kill(-pid, sig) == -1)
		(void)kill(pid, sig);
}

void
children_signal(struct children *cs, int sig)
{
	struct child *c;

	LIST_FOREACH(c, &cs->list, link)
	child_signal(c->pid, sig);
}

static int
park(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, PARK);

	if (high == -1)
		err(EX_OSERR, "cannot duplicate a descriptor");
	return high;
}

static void
place(int fd, int at)
{
	if (dup2(fd, at) == -1)
		err(EX_OSERR, "cannot place descriptor %d", at);
}

void
child_descriptors(int in, const int *fds, size_t n, int *keep)
{
	int parked[FDS_MAX], next = 3;

	if (n > FDS_MAX)
		errx(EX_SOFTWARE, "%zu descriptors for a child", n);
	if (in == -1 && (in = open("/dev/null", O_RDWR)) == -1)
		err(EX_OSERR, "/dev/null");
	in = park(in);
	for (size_t i = 0; i < n; i++)
		parked[i] = park(fds[i]);
	if (keep != NULL)
		*keep = park(*keep);
	place(in, 0);
	place(in, 1);
	for (size_t i = 0; i < n; i++)
		place(parked[i], next++);
	if (keep != NULL) {
		if (dup3(*keep, next, O_CLOEXEC) == -1)
			err(EX_OSERR, "cannot place descriptor %d", next);
		*keep = next++;
	}
	closefrom(next);
}

void
child_exec(const char *libexec, char *const argv[])
{
	static const char *const kept[] = { "TZ", "ASAN_OPTIONS",
		"UBSAN_OPTIONS", "LSAN_OPTIONS" };
	static char value[sizeof(kept) / sizeof(kept[0])][ENV_VALUE_MAX];
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *env[sizeof(kept) / sizeof(kept[0]) + 2] = { path };
	char program[4096];
	size_t n = 1;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *v = getenv(kept[i]);

		if (v == NULL)
			continue;
		if ((size_t)snprintf(value[i], ENV_VALUE_MAX, "%s=%s", kept[i],
			v) < ENV_VALUE_MAX)
			env[n++] = value[i];
	}
	if ((size_t)snprintf(program, sizeof(program), "%s/%s", libexec,
		argv[0]) >= sizeof(program)) {
		errno = ENAMETOOLONG;
		return;
	}
	(void)execve(program, argv, env); /* back here only with errno */
}

const char *
child_status_text(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		(void)snprintf(buf, size, "signal-%d", WTERMSIG(status));
	else
		(void)snprintf(buf, size, "exit-%d", WEXITSTATUS(status));
	return buf;
}
