/*
 * orphan: the end of a process that nobody waits for any more.
 *
 * Part of remote, which may wait for minutes for what another host says, and
 * must not when queued is gone: the outcome could not be told to anybody, and
 * whoever stops the suite waits for all processes.  The kernel says by SIGIO
 * that something has happened to the channel.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "delivery/orphan.h"

static volatile sig_atomic_t busy;
static int watched = -1;

static bool
is_closed(void)
{
	struct pollfd p = { .fd = watched };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;
}

static void
on_sigio(int sig)
{
	int saved = errno;

	(void)sig;
	if (busy && is_closed())
		_exit(0);
	errno = saved;
}

int
orphan_watch(int fd)
{
	struct sigaction sa = { .sa_handler = on_sigio,
		.sa_flags = SA_RESTART };
	int flags;

	watched = fd;
	if (sigaction(SIGIO, &sa, NULL) == -1 ||
	    fcntl(fd, F_SETOWN, getpid()) == -1 ||
	    (flags = fcntl(fd, F_GETFL)) == -1)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_ASYNC);
}

/* What happened before it was busy made no signal that counted. */
void
orphan_busy(bool now)
{
	busy = now;
	if (now && is_closed())
		_exit(0);
}
