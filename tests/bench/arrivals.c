/*
 * arrivals: see arrivals.h.
 *
 * In smtpload.  The kernel tells of every file (inotify(7)), so that waiting
 * for mail reads no directory and takes no time from the server.
 */
#include <sys/inotify.h>

#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/arrivals.h"
#include "tests/bench/client.h"

int
arrivals_open(const char *pattern, size_t users)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char dir[PATH_MAX], path[PATH_MAX + 8];

	if (fd == -1)
		err(1, "inotify");
	for (size_t i = 0; i < users; i++) {
		client_user(dir, sizeof(dir), pattern, i);
		(void)snprintf(path, sizeof(path), "%s/new", dir);
		if (inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO) == -1)
			err(1, "%s", path);
	}
	return fd;
}

size_t
arrivals_count(int fd)
{
	_Alignas(struct inotify_event) char buf[64 * 1024];
	const struct inotify_event *e;
	size_t count = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (const char *p = buf; p < buf + n;
		     p += sizeof(*e) + e->len) {
			e = (const void *)p;
			if (e->mask & IN_Q_OVERFLOW)
				errx(1, "inotify: wanted all, found too many");
			if (e->len > 0 && e->name[0] != '.')
				count++;
		}
	return count;
}
