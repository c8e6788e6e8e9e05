/*
 * keep: keeps a server under test together, whatever its processes do to get
 * away, and says what they use.
 *
 * usage: keep SOCKET COMMAND [ARGUMENT...]
 *        keep -a SOCKET cpu|memory|pids|stop
 *
 * Run by tests/bench/run as whoever calls it.  The first form starts COMMAND,
 * as its subreaper the parent of every process that loses its own, and in a
 * control group where that may be made; it answers the second form and ends
 * with "stop", SIGTERM or its parent, and all of its processes with it.  The
 * answers: seconds of processor time so far and how they were counted; KiB of
 * proportional memory and the number of processes; their ids; nothing.
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/cgroup.h"
#include "tests/bench/family.h"

static volatile sig_atomic_t ending;
static pid_t pids[FAMILY_MOST];

static void
end_soon(int sig)
{
	(void)sig; /* there is one meaning */
	ending = 1;
}

static struct sockaddr_un
address(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (strlcpy(un.sun_path, path, sizeof(un.sun_path)) >=
	    sizeof(un.sun_path))
		errx(64, "%s: wanted a shorter path", path);
	return un;
}

static int
unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		err(1, "socket");
	return fd;
}

static void
start(char *argv[])
{
	sigset_t none;

	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		(void)sigemptyset(&none);                    /* cannot fail */
		(void)sigprocmask(SIG_SETMASK, &none, NULL); /* nor this */
		if (cgroup_cpu() >= 0 && !cgroup_enter())
			err(1, "control group");
		(void)execvp(argv[0], argv); /* returns only in failure */
		err(1, "%s", argv[0]);
	}
}

static void
reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* First they are asked; who is there after five seconds is not. */
static void
stop(void)
{
	for (int tries = 0; tries < 120; tries++) {
		int sig = tries == 0 ? SIGTERM : tries < 100 ? 0 : SIGKILL;
		size_t n;

		reap();
		if ((n = family_pids(pids)) == 0)
			break;
		for (size_t i = 0; i < n; i++)
			(void)kill(pids[i], sig); /* it may be gone */
		(void)usleep(50000);              /* any wait will do */
	}
	cgroup_remove();
}

static void
answer(FILE *f, const char *question)
{
	double cpu = cgroup_cpu();
	size_t n;

	reap();
	if (strcmp(question, "cpu") == 0) {
		fprintf(f, "%.6f %s\n", cpu >= 0 ? cpu : family_cpu(),
		    cpu >= 0 ? "control-group" : "processes");
	} else if (strcmp(question, "memory") == 0) {
		fprintf(f, "%zu %zu\n", family_memory(), family_pids(pids));
	} else if (strcmp(question, "pids") == 0) {
		n = family_pids(pids);
		for (size_t i = 0; i < n; i++)
			fprintf(f, "%d\n", (int)pids[i]);
	} else if (strcmp(question, "stop") == 0) {
		stop();
		ending = 1;
	}
}

static void
serve(int listener)
{
	int fd = accept(listener, NULL, NULL);
	char question[64];
	ssize_t n;
	FILE *f;

	if (fd == -1)
		return;
	n = read(fd, question, sizeof(question) - 1);
	question[n > 0 ? n : 0] = '\0';
	if ((f = fdopen(fd, "w")) == NULL)
		err(1, "fdopen");
	answer(f, question);
	(void)fclose(f); /* who does not listen has had his chance */
}

static void
keep(const char *path, char *argv[])
{
	struct sockaddr_un un = address(path);
	struct sigaction act = { .sa_handler = end_soon };
	int fd = unix_socket();

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM) == -1)
		err(1, "prctl");
	if (sigaction(SIGTERM, &act, NULL) == -1 ||
	    sigaction(SIGINT, &act, NULL) == -1)
		err(1, "sigaction");
	if ((unlink(path) == -1 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&un, sizeof(un)) == -1 ||
	    listen(fd, 16) == -1)
		err(1, "%s", path);
	(void)cgroup_make(path); /* without one there are other figures */
	start(argv);
	while (!ending) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, 1000) > 0)
			serve(fd);
		reap();
	}
	stop();
	(void)unlink(path); /* nobody listens there */
}

static void
ask(const char *path, const char *question)
{
	struct sockaddr_un un = address(path);
	int fd = unix_socket();
	char buf[4096];
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == -1 ||
	    write(fd, question, strlen(question)) == -1)
		err(1, "%s", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, (size_t)n, stdout) < (size_t)n)
			err(1, "standard output");
}

int
main(int argc, char *argv[])
{
	if (argc == 4 && strcmp(argv[1], "-a") == 0)
		ask(argv[2], argv[3]);
	else if (argc >= 3 && argv[1][0] != '-')
		keep(argv[1], argv + 2);
	else
		errx(64,
		    "usage: keep socket command [argument ...]\n"
		    "       keep -a socket cpu|memory|pids|stop");
	return 0;
}
