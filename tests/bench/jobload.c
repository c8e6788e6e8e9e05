/*
 * jobload: queued's end of the job channel, to measure local alone.
 *
 * usage: jobload LOCAL TABLES DIR AGENTS MODE MESSAGES SIZE USERS
 *
 * Starts AGENTS processes of the program LOCAL in DIR with these compiled
 * tables and has them deliver MESSAGES messages of SIZE bytes, from a sealed
 * memory file, into the Maildirs of USERS users in turn.  MODE is a letter and
 * a number: b16 gives each agent 16 messages and the next 16 when all are
 * answered; w16 keeps 16 unanswered.  Prints
 *
 *	messages/s  CPU s per 1000: user system  mean and longest ms
 *	commits of DIR's ext4 journal per 1000, or -
 *
 * on one line and exits 1 if any message was not delivered.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/chan.h"
#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/msg_job.h"
#include "common/num.h"
#include "common/sock.h"

#define AGENTS_MOST 64

struct work {
	const char *local, *tables, *dir;
	uint64_t agents, window, messages, size, users;
	bool lockstep;
	int memory;
	uint32_t crc;
	uint64_t sent, answered;
	double *begun; /* by message */
	double total, longest;
};

struct agent {
	struct chan chan;
	uint64_t unanswered;
};

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
start(const struct work *w, struct agent *a)
{
	int fd[2],
	    log = open(
		"jobload.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (log == -1 || sock_pair(fd) == -1)
		err(1, "log and channel");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		if (dup2(log, STDERR_FILENO) == -1 || dup2(fd[1], 3) == -1 ||
		    (fd[1] == 3 && fcntl(3, F_SETFD, 0) == -1))
			err(1, "dup2");
		execl(w->local, "local", "-t", w->tables, (char *)NULL);
		err(1, "%s", w->local);
	default:
		(void)close(fd[1]); /* the agent has it */
		(void)close(log);
	}
	chan_init(&a->chan, fd[0], &job_channel, JOB_QUEUED);
	a->unanswered = 0;
}

static void
make_message(struct work *w)
{
	char *p = malloc(w->size);

	if (p == NULL ||
	    (w->memory = memfd_create(
		 "message", MFD_CLOEXEC | MFD_ALLOW_SEALING)) == -1)
		err(1, "message");
	for (uint64_t i = 0; i < w->size; i++)
		p[i] = i % 78 == 77 || i == 15 || i == 16 ? '\n' : 'x';
	if (w->size > 15)
		memcpy(p, "Subject: message", 15);
	if (fd_writeall(w->memory, p, w->size) == -1 ||
	    fcntl(w->memory, F_ADD_SEALS,
		F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) == -1)
		err(1, "message");
	w->crc = crc32c(0, p, w->size);
	free(p);
}

static void
give(struct work *w, struct agent *a)
{
	struct msg_job_message m = { .job = (uint32_t)w->sent,
		.nrcpt = 1,
		.crc = w->crc,
		.size = w->size,
		.id = "0123456789abcdef",
		.sender = "bench@example.net" };
	struct msg_job_rcpt r = { .job = m.job };
	uint64_t user = w->sent % w->users;

	(void)snprintf(
	    r.addr, sizeof(r.addr), "user%ju@example.org", (uintmax_t)user);
	(void)snprintf(r.mailbox, sizeof(r.mailbox),
	    "example.org/user%ju/Maildir", (uintmax_t)user);
	w->begun[w->sent++] = now();
	if (chan_send(&a->chan, JOB_T_MESSAGE, &m, w->memory,
		deadline_in(60)) != CHAN_OK ||
	    chan_send(&a->chan, JOB_T_RCPT, &r, -1, deadline_in(60)) != CHAN_OK)
		errx(1, "an agent is gone, see jobload.log");
	a->unanswered++;
}

static void
fill(struct work *w, struct agent *a)
{
	if (w->lockstep && a->unanswered > 0)
		return;
	while (a->unanswered < w->window && w->sent < w->messages)
		give(w, a);
}

static void
hear(struct work *w, struct agent *a)
{
	union msg_job m;
	enum chan_result r;
	unsigned int type;
	double took;

	while ((r = chan_recv(&a->chan, &type, &m, NULL, 0)) == CHAN_OK) {
		if (m.outcome.outcome != 0 || m.outcome.job >= w->sent)
			errx(1, "wanted 2.0.0, found %s %s", m.outcome.dsn,
			    m.outcome.text);
		took = now() - w->begun[m.outcome.job];
		w->total += took;
		if (took > w->longest)
			w->longest = took;
		a->unanswered--;
		w->answered++;
	}
	if (r != CHAN_AGAIN)
		errx(1, "an agent is gone, see jobload.log");
}

static void
run(struct work *w, struct agent *agents)
{
	struct pollfd p[AGENTS_MOST];

	for (uint64_t i = 0; i < w->agents; i++)
		fill(w, &agents[i]);
	while (w->answered < w->messages) {
		for (uint64_t i = 0; i < w->agents; i++)
			p[i] = (struct pollfd){ .fd = agents[i].chan.fd,
				.events = POLLIN };
		if (poll(p, w->agents, 60000) <= 0)
			errx(1, "nothing in a minute");
		for (uint64_t i = 0; i < w->agents; i++)
			if (p[i].revents != 0) {
				hear(w, &agents[i]);
				fill(w, &agents[i]);
			}
	}
}

/* Transactions of the journal beneath the working directory, or -1. */
static long
commits(void)
{
	char path[300], line[200] = "", name[100] = "";
	struct stat st;
	glob_t g;
	long n = -1;
	FILE *f;

	if (stat(".", &st) == -1)
		err(1, "stat");
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/uevent",
	    major(st.st_dev), minor(st.st_dev));
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "DEVNAME=", 8) == 0)
			strlcpy(name, line + 8, strcspn(line + 8, "\n") + 1);
	(void)fclose(f); /* was only read */
	(void)snprintf(path, sizeof(path), "/proc/fs/jbd2/%s-*/info", name);
	if (glob(path, 0, NULL, &g) != 0)
		return -1;
	if ((f = fopen(g.gl_pathv[0], "re")) != NULL) {
		if (fgets(line, sizeof(line), f) != NULL)
			n = strtol(line, NULL, 10);
		(void)fclose(f); /* was only read */
	}
	globfree(&g);
	return n;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Of all agents that have ended. */
static struct rusage
used(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_CHILDREN, &u); /* cannot fail */
	return u;
}

/* From start to end of as many agents; the seconds that all messages took. */
static double
load(struct work *w, uint64_t n, uint64_t messages)
{
	struct agent agents[AGENTS_MOST];
	double begun;

	w->agents = n;
	w->messages = messages;
	w->sent = w->answered = 0;
	w->total = w->longest = 0;
	if ((w->begun = calloc(messages, sizeof(*w->begun))) == NULL)
		err(1, NULL);
	for (uint64_t i = 0; i < n; i++)
		start(w, &agents[i]);
	begun = now();
	run(w, agents);
	begun = now() - begun;
	for (uint64_t i = 0; i < n; i++)
		chan_close(&agents[i].chan);
	while (wait(NULL) > 0 || errno == EINTR)
		continue;
	free(w->begun);
	return begun;
}

static void
parse(char *argv[], struct work *w)
{
	w->local = argv[1];
	w->tables = argv[2];
	w->dir = argv[3];
	w->lockstep = argv[5][0] == 'b';
	if (!num_parse(argv[4], AGENTS_MOST, &w->agents) || w->agents == 0 ||
	    strspn(argv[5], "bw") != 1 ||
	    !num_parse(argv[5] + 1, JOB_WINDOW, &w->window) || w->window == 0 ||
	    !num_parse(argv[6], 10000000, &w->messages) || w->messages == 0 ||
	    !num_parse(argv[7], 1 << 30, &w->size) ||
	    !num_parse(argv[8], 10000, &w->users) || w->users == 0)
		errx(1, "a number is out of range");
}

int
main(int argc, char *argv[])
{
	struct work w = { .memory = -1 };
	struct rusage before, after;
	uint64_t agents, messages;
	double took, thousands;
	long n;

	if (argc != 9)
		errx(1,
		    "usage: jobload local tables dir agents b|wN messages "
		    "size users");
	parse(argv, &w);
	if (chdir(w.dir) == -1)
		err(1, "%s", w.dir);
	make_message(&w);
	agents = w.agents;
	messages = w.messages;
	thousands = (double)messages / 1000;
	(void)load(&w, 1, w.users); /* makes the Maildirs */
	before = used();
	n = commits();
	took = load(&w, agents, messages);
	n = n == -1 ? -1 : commits() - n;
	after = used();
	(void)printf("%.0f  %.3f %.3f  %.1f %.1f  ", (double)messages / took,
	    (seconds(after.ru_utime) - seconds(before.ru_utime)) / thousands,
	    (seconds(after.ru_stime) - seconds(before.ru_stime)) / thousands,
	    w.total * 1000 / (double)messages, w.longest * 1000);
	if (n == -1)
		(void)printf("-\n");
	else
		(void)printf("%.0f\n", (double)n / thousands);
	return 0;
}
