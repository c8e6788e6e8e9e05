/*
 * service: how a session program was started.  In smtpd and pop3d; the
 * accepting parent runs as postrider-net, reads no byte of any client and
 * holds nothing but the listening socket and a count per address.
 */
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/net.h"
#include "common/num.h"
#include "common/sandbox.h"
#include "common/service.h"

#define QUIET 60 /* seconds between two lines about the same trouble */

struct child {
	pid_t pid;
	char key[IP_MAX + 1];
	LIST_ENTRY(child) link;
};

LIST_HEAD(children, child);

static struct children children;
static int64_t running;
static deadline_t told;    /* until then a child's complaint is fresh */
static deadline_t refused; /* the same for accept(2)'s */
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

	if (fstat(fd, &a) == -1 || !S_ISSOCK(a.st_mode) ||
	    (null = open("/dev/null", O_WRONLY | O_CLOEXEC)) == -1)
		return;
	for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
		if (fstat(i, &b) == 0 && a.st_ino == b.st_ino &&
		    a.st_dev == b.st_dev)
			(void)dup2(null, i); /* of two open descriptors */
	(void)close(null);
}

int
service_socket(bool *listening)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	socklen_t len = sizeof(int);
	uint64_t p, n;
	int fd = STDIN_FILENO, on = 0;

	if (pid != NULL && fds != NULL && num_parse(pid, INT32_MAX, &p) &&
	    (pid_t)p == getpid() && num_parse(fds, 100, &n) && n >= 1)
		fd = 3; /* SD_LISTEN_FDS_START */
	/* What is no socket at all is served as a connection (smtpd < file). */
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == -1)
		on = 0;
	*listening = on != 0;
	spare_socket(fd);
	return fd;
}

static void
on_signal(int sig)
{
	if (sig == SIGTERM)
		stop = 1;
}

static void
reap(void)
{
	struct child *c, *next;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG)
			told = deadline_in(QUIET);
		for (c = LIST_FIRST(&children); c != NULL; c = next) {
			next = LIST_NEXT(c, link);
			if (c->pid != pid)
				continue;
			LIST_REMOVE(c, link);
			free(c);
			running--;
		}
	}
}

bool
service_told(void)
{
	return deadline_left(told) > 0;
}

static bool
has_room(const struct service_limits *lim, const char *key)
{
	struct child *c;
	int64_t same = 0;

	if (running >= lim->connections)
		return false;
	LIST_FOREACH(c, &children, link)
	same += strcmp(c->key, key) == 0;
	return same < lim->per_client;
}

static void
refuse(int fd, const struct service_limits *lim, const char *key)
{
	char drain[512];

	log_event("-", "refused", "client=%s reason=too-many-sessions", key);
	/* One try each: a client that does not listen gets no more of us. */
	(void)send(fd, lim->refusal, strlen(lim->refusal),
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	(void)recv(fd, drain, sizeof(drain), MSG_DONTWAIT);
	(void)close(fd);
}

/* Forks; true in the child. */
static bool
serve(int fd, const char *key)
{
	struct child *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->pid = fork()) == -1) {
		log_error(
		    "-", "call=fork client=%s found=%s", key, strerror(errno));
		free(c);
		(void)close(fd); /* the client tries again */
		return false;
	}
	if (c->pid == 0) {
		free(c);
		return true;
	}
	(void)close(fd); /* the child has it */
	strlcpy(c->key, key, sizeof(c->key));
	LIST_INSERT_HEAD(&children, c, link);
	running++;
	return false;
}

/* SIGCHLD and SIGTERM come in only while waiting in ppoll(). */
static void
signals(sigset_t *outside)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;

	/* None of these fails with valid arguments. */
	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGCHLD);
	(void)sigaddset(&block, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &block, outside);
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigdelset(outside, SIGCHLD);
	(void)sigdelset(outside, SIGTERM);
}

static void
child_signals(const sigset_t *outside)
{
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, outside, NULL);
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); /* sessions go on */
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

/* One connection, or -1: none, or the parent has dealt with it. */
static int
take(int listener, const struct service_limits *lim)
{
	char key[IP_MAX + 1];
	struct net_peer peer;
	int fd;

	if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1) {
		accept_failed();
		return -1;
	}
	net_peer_get(fd, &peer);
	net_client_key(peer.ip, key);
	if (!has_room(lim, key))
		refuse(fd, lim, key);
	else if (serve(fd, key))
		return fd;
	return -1;
}

int
service_accept(int listener, const struct service_limits *lim)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	sigset_t outside;
	pid_t parent = getppid();
	int fd;

	LIST_INIT(&children);
	signals(&outside);
	/* A super-server that died must get its port back when it returns. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) == -1 ||
	    getppid() != parent)
		stop = 1;
	sandbox(SANDBOX_LISTENER);
	/* Another parent may be quicker, and who waits in accept(2) is deaf. */
	if (fcntl(listener, F_SETFL, O_NONBLOCK) == -1)
		log_error("-", "call=fcntl found=%s", strerror(errno));
	while (!stop) {
		reap();
		if (ppoll(&p, 1, NULL, &outside) == -1)
			continue; /* a signal */
		if (p.revents & (POLLERR | POLLNVAL)) {
			log_error("-", "socket=listening found=failed");
			break;
		}
		if ((fd = take(listener, lim)) != -1) {
			child_signals(&outside);
			(void)close(listener); /* the parent has it */
			return fd;
		}
	}
	exit(0);
}
