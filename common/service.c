/*
 * service: how a session program was started.  In smtpd and pop3d; the
 * accepting parent runs as postrider-net, reads no byte of any client and
 * holds nothing but the listening socket and a count per address.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/census.h"
#include "common/crashes.h"
#include "common/deadline.h"
#include "common/log.h"
#include "common/net.h"
#include "common/num.h"
#include "common/service.h"

#define QUIET 60 /* seconds between two lines about the same trouble */
#define REAP 1   /* seconds that a session may be dead before it is noticed */
/*
 * Seconds that a parent lives at least: 20 starts in a minute, 4 in ten seconds
 * are below what makes any super-server shut the service.
 */
#define LIFE 3

static deadline_t refused; /* until then accept(2) was complained of */
static volatile sig_atomic_t stop;

/*
 * inetd makes the socket standard output and error, too.  What this program
 * has to say of itself is not for the client, and a session must not keep a
 * listening socket, or its port stays taken when everybody else has gone.
 */
static void
spare_socket(int fd)
{
	struct stat a, b;
	int null;

	if (fstat(fd, &a) == -1 ||
	    (null = open("/dev/null", O_WRONLY | O_CLOEXEC)) == -1)
		return;
	for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
		if (fstat(i, &b) == 0 && a.st_ino == b.st_ino &&
		    a.st_dev == b.st_dev)
			(void)dup2(null, i); /* of two open descriptors */
	(void)close(null);
}

int
service_socket(enum service_kind *kind)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	socklen_t len = sizeof(int);
	uint64_t p, n;
	int fd = STDIN_FILENO, on = 0;

	if (pid != NULL && fds != NULL && num_parse(pid, INT32_MAX, &p) &&
	    (pid_t)p == getpid() && num_parse(fds, 100, &n) && n >= 1)
		fd = 3; /* SD_LISTEN_FDS_START */
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == -1)
		*kind = SERVICE_NO_SOCKET;
	else {
		*kind = on != 0 ? SERVICE_LISTENING : SERVICE_CONNECTED;
		spare_socket(fd);
	}
	return fd;
}

static void
on_signal(int sig)
{
	(void)sig; /* one handler for one signal */
	stop = 1;
}

/* A session's last line, which it could not write itself. */
static void
killed(pid_t pid, int status)
{
	const char *key = census_client(pid);

	if (WTERMSIG(status) == SIGTERM || key == NULL)
		return;
	log_error("-", "client=%s pid=%d how=signal-%d", key, (int)pid,
	    WTERMSIG(status));
	if (crashes_is(status))
		crashes_note(key, deadline_now());
}

static void
reap(void)
{
	int status;
	pid_t pid;

	if (census_all() == 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (WIFSIGNALED(status))
			killed(pid, status);
		census_remove(pid);
	}
}

static void
refuse(int fd, const struct service *s, const char *key, const char *reason)
{
	char drain[512];

	log_event("-", "refused", "client=%s reason=%s", key, reason);
	/* One try each: a client that does not listen gets no more of us. */
	if (s->refusal[0] != '\0')
		(void)send(fd, s->refusal, strlen(s->refusal),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	(void)recv(fd, drain, sizeof(drain), MSG_DONTWAIT);
}

/* Forks; true in the child. */
static bool
serve(const char *key)
{
	pid_t pid = fork();

	if (pid == -1)
		log_error(
		    "-", "call=fork client=%s found=%s", key, strerror(errno));
	else if (pid > 0)
		(void)census_add(pid, key); /* there was room */
	return pid == 0;
}

/*
 * SIGTERM comes in only while waiting in ppoll(); SIGCHLD never wakes: the
 * dead are looked for when somebody connects, and else now and then.
 */
static void
signals(sigset_t *outside)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;

	/* None of these fails with valid arguments. */
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, outside);
	(void)sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = SIG_DFL; /* ignored, there would be no dead */
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)sigdelset(outside, SIGTERM);
}

/* Sessions end by SIGTERM like anything, but not with the parent. */
static void
child_signals(const sigset_t *outside)
{
	(void)signal(SIGTERM, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, outside, NULL);
}

/*
 * What accept(2) says of one connection is nothing to the others; anything
 * else may last, and must neither fill the log nor take a processor.
 */
static void
accept_failed(void)
{
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	if (deadline_left(refused) == 0)
		log_error("-", "call=accept found=%s", strerror(errno));
	refused = deadline_in(QUIET);
	(void)poll(NULL, 0, 100); /* let sessions end */
}

static bool
has_room(const struct service *s, const char *key)
{
	return census_all() < s->connections && census_all() < CENSUS_MAX &&
	    census_of(key) < s->per_client;
}

/* One connection, or -1: none, or the parent has dealt with it. */
static int
take(int listener, const struct service *s, struct net_peer *peer)
{
	char key[IP_MAX + 1];
	int fd;

	if ((fd = net_accept(listener, peer)) == -1) {
		accept_failed();
		return -1;
	}
	net_client_key(peer->ip, key);
	s->prepare(s->arg);
	if (crashes_refused(key, deadline_now()))
		refuse(fd, s, key, "crashes");
	else if (!has_room(s, key))
		refuse(fd, s, key, "too-many-sessions");
	else if (serve(key))
		return fd;
	(void)close(fd); /* the child has it, or the client tries again */
	return -1;
}

static void
start(int listener, sigset_t *outside)
{
	pid_t parent = getppid();

	if (!census_init())
		err(EX_OSERR, "census");
	signals(outside);
	/* A super-server that died must get its port back when it returns. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1 ||
	    getppid() != parent)
		stop = 1;
	/* Another parent may be quicker, and who waits in accept(2) is deaf. */
	if (fcntl(listener, F_SETFL, O_NONBLOCK) == -1)
		log_error("-", "call=fcntl found=%s", strerror(errno));
	net_send_at_once(listener);
}

/*
 * The parent that follows has another layout of memory.  Who connects now is
 * kept by the kernel for it.
 */
static void
make_way(deadline_t earliest, const sigset_t *outside)
{
	int64_t left = deadline_left(earliest);
	const struct timespec rest = { left / 1000, left % 1000 * 1000000 };

	log_error("-", "sessions=crashing wanted=another-parent");
	(void)ppoll(NULL, 0, &rest, outside); /* or until SIGTERM */
}

int
service_accept(int listener, const struct service *s, struct net_peer *peer)
{
	static const struct timespec soon = { .tv_sec = REAP };
	struct pollfd p = { .fd = listener, .events = POLLIN };
	deadline_t earliest = deadline_in(LIFE);
	sigset_t outside;
	int fd, r;

	start(listener, &outside);
	while (!stop) {
		r = ppoll(&p, 1, census_all() > 0 ? &soon : NULL, &outside);
		reap();
		if (crashes_enough()) {
			make_way(earliest, &outside);
			break;
		}
		if (r <= 0)
			continue; /* time or a signal */
		if (p.revents & (POLLERR | POLLNVAL)) {
			log_error("-", "socket=listening found=failed");
			break;
		}
		if ((fd = take(listener, s, peer)) != -1) {
			child_signals(&outside);
			(void)close(listener); /* the parent has it */
			return fd;
		}
	}
	exit(0);
}
