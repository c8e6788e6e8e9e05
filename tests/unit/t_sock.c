/*
 * t_sock: the suite's Unix sockets.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>

#include "common/sock.h"

static void
listens(void **state)
{
	static const int types[] = { SOCK_SEQPACKET, SOCK_STREAM };
	struct stat st;
	uid_t uid;
	char c;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		int l = sock_listen(unit_dir, "s", types[i]), a, b;

		assert_int_not_equal(l, -1);
		assert_int_equal(fcntl(l, F_GETFD), FD_CLOEXEC);
		assert_int_equal(stat(unit_path("s"), &st), 0);
		assert_int_equal(st.st_mode, S_IFSOCK | 0666);
		a = sock_connect(unit_dir, "s", types[i]);
		assert_int_not_equal(a, -1);
		assert_int_equal(fcntl(a, F_GETFD), FD_CLOEXEC);
		b = accept(l, NULL, NULL);
		assert_int_not_equal(b, -1);
		assert_true(sock_peer_uid(b, &uid));
		assert_int_equal(uid, getuid());
		assert_int_equal(write(a, "x", 1), 1);
		assert_int_equal(read(b, &c, 1), 1);
		assert_int_equal(close(a), 0);
		assert_int_equal(close(b), 0);
		assert_int_equal(close(l), 0);
	}
}

/* What a dead daemon left behind does not stop the next one. */
static void
replaces(void **state)
{
	int l, a;

	(void)state;
	l = sock_listen(unit_dir, "s", SOCK_SEQPACKET);
	assert_int_equal(close(l), 0);
	assert_int_equal(sock_connect(unit_dir, "s", SOCK_SEQPACKET), -1);
	assert_int_equal(errno, ECONNREFUSED);
	l = sock_listen(unit_dir, "s", SOCK_SEQPACKET);
	assert_int_not_equal(l, -1);
	a = sock_connect(unit_dir, "s", SOCK_SEQPACKET);
	assert_int_not_equal(a, -1);
	assert_int_equal(close(a), 0);
	/* Another kind of socket is not taken for it. */
	assert_int_equal(sock_connect(unit_dir, "s", SOCK_STREAM), -1);
	assert_int_equal(errno, EPROTOTYPE);
	assert_int_equal(close(l), 0);
	unit_file("f", "x", 1);
	l = sock_listen(unit_dir, "f", SOCK_SEQPACKET);
	assert_int_not_equal(l, -1);
	assert_int_equal(close(l), 0);
}

/* A socket for some, and one that takes no descriptors. */
static void
guarded(void **state)
{
	struct stat st;
	int l, a, b;
	char byte = 'x';
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} ctl = { .buf = { 0 } };
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.buf,
		.msg_controllen = sizeof(ctl.buf) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);
	const int stdin_fd = 0;

	(void)state;
	l = sock_listen_for(unit_dir, "g", getuid(), getgid());
	assert_int_not_equal(l, -1);
	assert_int_equal(stat(unit_path("g"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(st.st_uid, getuid());
	sock_refuse_descriptors(l);
	a = sock_connect(unit_dir, "g", SOCK_SEQPACKET);
	assert_int_not_equal(a, -1);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &stdin_fd, sizeof(int));
	/* Older kernels let it pass; where it is known it must hold. */
	if (getsockopt(l, SOL_SOCKET, 83, &b, &(socklen_t){ sizeof(b) }) == 0)
		assert_int_equal(sendmsg(a, &mh, 0), -1);
	mh.msg_controllen = 0;
	mh.msg_control = NULL;
	assert_int_equal(sendmsg(a, &mh, 0), 1);
	assert_int_equal(close(a), 0);
	assert_int_equal(close(l), 0);
}

static void
fails(void **state)
{
	char name[120];
	uid_t uid;

	(void)state;
	assert_int_equal(sock_connect(unit_dir, "none", SOCK_STREAM), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(sock_listen(unit_path("none"), "s", SOCK_STREAM), -1);
	assert_int_equal(errno, ENOENT);
	/* A path that is too long is told, not cut. */
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sock_connect(unit_dir, name, SOCK_STREAM), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(sock_listen(unit_dir, name, SOCK_STREAM), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(mkdir(unit_path("d"), 0700), 0);
	assert_int_equal(sock_listen(unit_dir, "d", SOCK_STREAM), -1);
	assert_false(sock_peer_uid(-1, &uid));
}

/* A daemon that is stopped must not stop those who connect to it. */
static void
crowded(void **state)
{
	int l = sock_listen(unit_dir, "crowd", SOCK_SEQPACKET), fd[3];

	(void)state;
	assert_int_equal(listen(l, 0), 0);
	(void)alarm(20); /* ends a connect(2) that waits */
	for (size_t i = 0; i < 3; i++)
		fd[i] = sock_connect(unit_dir, "crowd", SOCK_SEQPACKET);
	assert_int_equal(errno, EAGAIN);
	(void)alarm(0);
	assert_int_not_equal(fd[0], -1);
	assert_int_equal(fd[2], -1);
	for (size_t i = 0; i < 3; i++)
		if (fd[i] != -1)
			assert_int_equal(close(fd[i]), 0);
	assert_int_equal(close(l), 0);
}

static void
pairs(void **state)
{
	int fd[2];
	uid_t uid;

	(void)state;
	assert_int_equal(sock_pair(fd), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fcntl(fd[i], F_GETFD), FD_CLOEXEC);
		assert_true(sock_peer_uid(fd[i], &uid));
		assert_int_equal(uid, getuid());
		assert_int_equal(close(fd[i]), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listens),
		cmocka_unit_test(replaces),
		cmocka_unit_test(guarded),
		cmocka_unit_test(fails),
		cmocka_unit_test(crowded),
		cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
