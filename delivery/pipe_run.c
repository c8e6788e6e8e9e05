/*
 * pipe_run: the life of a command.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe, and so does the
 * command: it can do to this process what its user can.  Nothing that it does
 * or leaves may keep us waiting longer than its time.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/command_line.h"
#include "common/deadline.h"
#include "common/fdio.h"
#include "delivery/pipe_rest.h"
#include "delivery/pipe_run.h"

#define DRAIN_MOST 1048576 /* bytes: as much as a pipe can hold */

/* What is known of one that runs. */
struct life {
	struct run *run;
	pid_t pid;
	int output; /* read end, non-blocking */
	int report; /* an errno when it cannot be executed; the same */
	deadline_t due;
	int sent;      /* signal, or 0 */
	bool finished; /* nobody writes output any more */
};

static void
on_child(int sig)
{
	(void)sig; /* it has interrupted ppoll(2) */
}

bool
pipe_run_init(void)
{
	const struct sigaction act = { .sa_handler = on_child };
	sigset_t chld;

	(void)sigemptyset(&chld); /* these fail for bad numbers only */
	(void)sigaddset(&chld, SIGCHLD);
	return pipe_rest_init() && sigprocmask(SIG_BLOCK, &chld, NULL) == 0 &&
	    sigaction(SIGCHLD, &act, NULL) == 0;
}

/* As every program may expect to find them. */
static void
reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL); /* some cannot be changed */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Back only with errno: of a program that is there and cannot be executed
 * rather than of one that is not.
 */
static int
execute(const struct run *r)
{
	char path[COMMAND_PLACE_MOST];
	int error = ENOENT;
	size_t at = 0;

	while (command_line_place(r->argv[0], &at, path)) {
		(void)execve(path, r->argv, r->envp);
		if (errno != ENOENT)
			error = errno;
	}
	return error;
}

/*
 * In the child.  It ends with its parent, so that another process can have the
 * message without this one still being at it.
 */
static _Noreturn void
become(const struct run *r, pid_t parent, int output, int report)
{
	int error = 0;

	(void)setsid(); /* a new child leads no group yet */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 ||
	    lseek(r->in, 0, SEEK_SET) == -1 || dup2(r->in, 0) == -1 ||
	    dup2(output, 1) == -1 || dup2(output, 2) == -1 ||
	    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == -1)
		error = errno;
	if (getppid() != parent)
		_exit(127);
	reset_signals();
	if (error == 0)
		error = execute(r);
	/* The pipe has room for it; if it is gone, nobody wants to know. */
	(void)fd_writeall(report, &error, sizeof(error));
	_exit(127);
}

static void
close_both(const int fds[2])
{
	for (size_t i = 0; i < 2; i++)
		if (fds[i] != -1)
			(void)close(fds[i]); /* nothing is lost with them */
}

static bool
open_pipe(int fds[2])
{
	fds[0] = fds[1] = -1;
	return pipe2(fds, O_CLOEXEC) == 0 &&
	    fcntl(fds[0], F_SETFL, O_NONBLOCK) != -1;
}

static bool
start(struct life *l)
{
	int output[2], report[2] = { -1, -1 };
	pid_t self = getpid();

	l->pid = -1;
	if (open_pipe(output) && open_pipe(report) && (l->pid = fork()) == 0)
		become(l->run, self, output[1], report[1]);
	if (l->pid == -1) {
		l->run->error = errno;
		close_both(output);
		close_both(report);
		return false;
	}
	(void)close(output[1]); /* the child's */
	(void)close(report[1]);
	l->output = output[0];
	l->report = report[0];
	return true;
}

/* Keeps what there is room for.  True if there may be more now. */
static bool
take_output(struct life *l)
{
	struct run *r = l->run;
	char buf[16384];
	ssize_t n;
	size_t room;

	do
		n = read(l->output, buf, sizeof(buf));
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		l->finished = n == 0 || errno != EAGAIN;
		return false;
	}
	room = sizeof(r->output) - r->len;
	if ((size_t)n < room)
		room = (size_t)n;
	memcpy(r->output + r->len, buf, room);
	r->len += room;
	return true;
}

/* To the command and what it has started, in its session's first group. */
static void
send_signal(struct life *l, int sig)
{
	if (kill(-l->pid, sig) == -1)
		(void)kill(l->pid, sig); /* not reaped, so still it */
	l->sent = sig;
	l->due = deadline_in(RUN_GRACE);
}

/* Whether it has ended; it is not reaped, so that its number stays its own. */
static bool
has_ended(const struct life *l)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)l->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == -1 ||
	    info.si_pid != 0;
}

/* Until there is output, the child has ended, or time is up. */
static bool
wait_for_news(struct life *l)
{
	struct pollfd p[2] = { { .fd = l->finished ? -1 : l->output,
				   .events = POLLIN },
		{ .fd = l->sent == 0 ? l->run->hangup : -1, .events = 0 } };
	int left = deadline_left(l->due);
	const struct timespec t = { left / 1000, left % 1000 * 1000000L };
	sigset_t mask;

	(void)sigprocmask(SIG_BLOCK, NULL, &mask); /* reads it */
	(void)sigdelset(&mask, SIGCHLD);
	if (ppoll(p, 2, &t, &mask) <= 0)
		return false;
	if ((p[1].revents & (POLLHUP | POLLERR)) != 0) {
		l->run->how = RUN_HUNG_UP;
		send_signal(l, SIGTERM);
	}
	return p[0].revents != 0;
}

/* Returns when it has ended, or does not end by any means. */
static void
watch(struct life *l)
{
	while (!has_ended(l)) {
		if (wait_for_news(l))
			(void)take_output(l);
		if (deadline_left(l->due) > 0)
			continue;
		if (l->sent == SIGKILL)
			return; /* it hangs in the kernel */
		if (l->sent == 0)
			l->run->how = RUN_LATE;
		send_signal(l, l->sent == 0 ? SIGTERM : SIGKILL);
	}
}

static void
conclude(struct life *l)
{
	struct run *r = l->run;
	int error;

	(void)kill(-l->pid, SIGKILL); /* there is mostly nobody left */
	for (size_t n = 0; n < DRAIN_MOST / 16384 && !l->finished; n++)
		if (!take_output(l))
			break;
	if (waitpid(l->pid, &r->status, WNOHANG) != l->pid)
		r->status = SIGKILL; /* it has not ended */
	if (r->how == RUN_ENDED &&
	    read(l->report, &error, sizeof(error)) == sizeof(error)) {
		r->how = RUN_NOT_FOUND;
		r->error = error;
	}
	(void)close(l->output);
	(void)close(l->report);
}

void
pipe_run(struct run *r)
{
	struct life l = { .run = r, .due = deadline_in(r->timeout) };

	r->how = RUN_ENDED;
	r->status = r->error = 0;
	r->len = 0;
	if (!start(&l)) {
		r->how = RUN_FAILED;
		return;
	}
	watch(&l);
	conclude(&l);
	(void)pipe_rest_end(); /* who hangs in the kernel ends with that */
}
