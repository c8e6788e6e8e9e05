/*
 * t_chan_fds: descriptors that come with messages, wanted or not, and those
 * for which there is no room.
 */
#include "tests/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include "common/chan.h"
#include "common/msg_intake.h"
#include "common/sock.h"

static struct chan a, b; /* a may send */
static const struct msg_intake_rcpt sent = { .addr = "bob@example.org" };
static union msg_intake got;
static uint8_t buf[MSG_MAX]; /* the message on the wire */
static size_t n;

/* Both ends in the state that allows the message. */
static void
ends(void)
{
	int fd[2];

	chan_close(&a);
	chan_close(&b);
	assert_int_equal(sock_pair(fd), 0);
	chan_init(&a, fd[0], &intake_channel, INTAKE_SOURCE);
	chan_init(&b, fd[1], &intake_channel, !INTAKE_SOURCE);
	a.state = b.state = INTAKE_ENVELOPE;
}

static int
fresh(void **state)
{
	(void)state;
	a.fd = b.fd = -1;
	ends();
	assert_int_equal(chan_send(&a, INTAKE_T_RCPT, &sent, -1, 0), CHAN_OK);
	n = (size_t)recv(b.fd, buf, sizeof(buf), MSG_DONTWAIT);
	assert_in_range(n, 3, sizeof(buf));
	memset(&got, 0xee, sizeof(got));
	return 0;
}

static int
done(void **state)
{
	(void)state;
	chan_close(&a);
	chan_close(&b);
	return 0;
}

/* A message with n descriptors. */
static void
send_fds(size_t len, size_t count)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = { 0 };
	struct iovec iov = { buf, len };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);
	int fd = open("/dev/null", O_RDONLY);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(cm) + i * sizeof(int), &fd, sizeof(int));
	assert_int_equal(sendmsg(a.fd, &mh, 0), len);
	assert_int_equal(close(fd), 0);
}

static void
descriptors(void **state)
{
	unsigned int type;
	int fd, fds = unit_open_fds();

	(void)state;
	/* Unwanted, one. */
	send_fds(n, 1);
	assert_int_equal(chan_recv(&b, &type, &got, NULL, 0), CHAN_BREACH);
	assert_int_equal(unit_open_fds(), fds);
	/* Wanted, one: the callee's, and not inherited. */
	send_fds(n, 1);
	assert_int_equal(chan_recv(&b, &type, &got, &fd, 0), CHAN_OK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(close(fd), 0);
	/* Wanted, none. */
	ends();
	assert_int_equal(send(a.fd, buf, n, 0), n);
	assert_int_equal(chan_recv(&b, &type, &got, &fd, 0), CHAN_OK);
	assert_int_equal(fd, -1);
	/* With a message that is none. */
	ends();
	send_fds(n - 1, 1);
	assert_int_equal(chan_recv(&b, &type, &got, &fd, 0), CHAN_BREACH);
	assert_int_equal(fd, -1);
	assert_int_equal(unit_open_fds(), fds);
	/* With nothing at all, which looks like an end. */
	for (size_t many = 1; many < 4; many++) {
		send_fds(0, many);
		fd = 77;
		assert_int_equal(chan_recv(&b, &type, &got, &fd, 0), CHAN_EOF);
		assert_int_equal(fd, -1);
		assert_int_equal(unit_open_fds(), fds);
	}
	/* With nothing to receive. */
	fd = 77;
	assert_int_equal(chan_recv(&b, &type, &got, &fd, 0), CHAN_AGAIN);
	assert_int_equal(fd, -1);
	/* More than one. */
	for (size_t many = 2; many < 16; many++) {
		send_fds(n, many);
		assert_int_equal(
		    chan_recv(&b, &type, &got, &fd, 0), CHAN_BREACH);
		assert_int_equal(fd, -1);
		send_fds(n, many);
		assert_int_equal(
		    chan_recv(&b, &type, &got, NULL, 0), CHAN_BREACH);
		assert_int_equal(unit_open_fds(), fds);
	}
}

static void
limit_files(rlim_t most)
{
	static struct rlimit was; /* 0: not known yet */
	struct rlimit r;

	if (was.rlim_cur == 0)
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	r = was;
	if (most != 0)
		r.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
}

static enum chan_result
receive_at_limit(int *passfd)
{
	int next_fd = open("/dev/null", O_RDONLY);
	enum chan_result r;
	unsigned int type;

	assert_int_equal(close(next_fd), 0);
	limit_files((rlim_t)next_fd);
	r = chan_recv(&b, &type, &got, passfd, 0);
	limit_files(0);
	return r;
}

/* A descriptor for which we have no room is not the peer's fault. */
static void
no_room(void **state)
{
	int fd = 77, fds = unit_open_fds(), next_fd;
	unsigned int type;

	(void)state;
	ends();
	send_fds(n, 1);
	assert_int_equal(receive_at_limit(&fd), CHAN_SHORT);
	assert_int_equal(fd, -1);
	assert_string_equal(got.rcpt.addr, sent.addr);
	assert_int_equal(b.state, INTAKE_ENVELOPE);
	assert_string_equal(chan_result_text(CHAN_SHORT), "no descriptor left");
	/* Without one, and with one that nobody wants, as ever. */
	ends();
	assert_int_equal(send(a.fd, buf, n, 0), n);
	assert_int_equal(receive_at_limit(&fd), CHAN_OK);
	ends();
	send_fds(n, 1);
	assert_int_equal(receive_at_limit(NULL), CHAN_BREACH);
	/* With what is no message, or at the end. */
	ends();
	send_fds(n - 1, 1);
	assert_int_equal(receive_at_limit(&fd), CHAN_BREACH);
	send_fds(0, 1);
	assert_int_equal(receive_at_limit(&fd), CHAN_EOF);
	/* Room for one of several. */
	ends();
	send_fds(n, 2);
	fds = unit_open_fds();
	next_fd = open("/dev/null", O_RDONLY);
	assert_int_equal(close(next_fd), 0);
	limit_files((rlim_t)next_fd + 1);
	assert_int_equal(chan_recv(&b, &type, &got, &fd, 0), CHAN_BREACH);
	limit_files(0);
	assert_int_equal(fd, -1);
	assert_int_equal(unit_open_fds(), fds);
}

static void
passes(void **state)
{
	unsigned int type;
	struct stat x, y;
	int null = open("/dev/null", O_RDONLY), fd;

	(void)state;
	ends();
	assert_int_equal(chan_send(&a, INTAKE_T_RCPT, &sent, null, 0), CHAN_OK);
	assert_int_equal(chan_recv(&b, &type, &got, &fd, 0), CHAN_OK);
	assert_int_equal(fstat(null, &x), 0);
	assert_int_equal(fstat(fd, &y), 0);
	assert_int_equal(x.st_ino, y.st_ino);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(null), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors, fresh, done),
		cmocka_unit_test_setup_teardown(no_room, fresh, done),
		cmocka_unit_test_setup_teardown(passes, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
