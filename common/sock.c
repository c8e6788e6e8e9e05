/*
 * sock: the suite's own Unix sockets.  Library code; connects only inside
 * the run directory.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/sock.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* newer than the C library's headers */
#endif

struct access {
	uid_t uid;
	gid_t gid;
	mode_t mode;
};

static int
address(struct sockaddr_un *sun, const char *dir, const char *name)
{
	int n;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static int
close_with_errno(int fd)
{
	int saved = errno;

	(void)close(fd); /* the first error is the one to tell */
	errno = saved;
	return -1;
}

int
sock_connect(const char *dir, const char *name, int type)
{
	int flags = SOCK_CLOEXEC | (type == SOCK_SEQPACKET ? SOCK_NONBLOCK : 0);
	struct sockaddr_un sun;
	int fd;

	if (address(&sun, dir, name) == -1 ||
	    (fd = socket(AF_UNIX, type | flags, 0)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		return close_with_errno(fd);
	return fd;
}

/* As it says in sock.h; an owner or group of -1 is left as it is. */
static int
serve(const char *dir, const char *name, int type, const struct access *a)
{
	struct sockaddr_un sun;
	int fd;

	if (address(&sun, dir, name) == -1 ||
	    (unlink(sun.sun_path) == -1 && errno != ENOENT) ||
	    (fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	/* Before listen() nobody can connect. */
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    lchown(sun.sun_path, a->uid, a->gid) == -1 ||
	    chmod(sun.sun_path, a->mode) == -1 || listen(fd, SOMAXCONN) == -1)
		return close_with_errno(fd);
	return fd;
}

int
sock_listen(const char *dir, const char *name, int type)
{
	const struct access all = { (uid_t)-1, (gid_t)-1, 0666 };

	return serve(dir, name, type, &all);
}

int
sock_listen_for(const char *dir, const char *name, uid_t uid, gid_t gid)
{
	const struct access some = { uid, gid, 0660 };

	return serve(dir, name, SOCK_SEQPACKET, &some);
}

void
sock_refuse_descriptors(int fd)
{
	const int off = 0;

	/* A kernel before 6.16 does not know it: then they are only closed. */
	(void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

int
sock_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd);
}

bool
sock_peer_uid(int fd, uid_t *uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return false;
	*uid = cred.uid;
	return true;
}
