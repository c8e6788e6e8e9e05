/*
 * pipe_rest: what a command has left behind ends with it.
 *
 * Part of pipe, with the rights of the command.  Whoever leaves its group and
 * its session is a descendant still, and becomes a child of this process when its
 * parent has ended: else it would stay among the processes of the mail system,
 * one more with each message.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/deadline.h"
#include "delivery/pipe_rest.h"

bool
pipe_rest_init(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

/* They are ours and not reaped, so each number is still theirs. */
static void
kill_children(void)
{
	FILE *f = fopen("/proc/thread-self/children", "re");
	long pid;

	if (f == NULL)
		return; /* then it waits for their own end */
	while (fscanf(f, "%ld", &pid) == 1)
		if (pid > 1)
			(void)kill(
			    (pid_t)pid, SIGKILL); /* one that has ended */
	(void)fclose(f);                          /* was read only */
}

/* False: there are no children. */
static bool
reap(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0 || (pid == -1 && errno == EINTR));
	return pid == 0;
}

bool
pipe_rest_end(void)
{
	const struct timespec pause = { 0, 5000000 };
	deadline_t end = deadline_in(REST_MOST);

	while (reap()) {
		if (deadline_left(end) == 0)
			return false;
		kill_children();
		(void)nanosleep(&pause, NULL); /* less is fine */
	}
	return true;
}
