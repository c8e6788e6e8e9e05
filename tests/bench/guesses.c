/*
 * guesses: a client that tries wrong passwords, and names that are nobody's,
 * and says how long each had to wait for its answer.
 *
 * usage: guesses PORT CLIENTS TRIES smtp|pop3 KNOWN UNKNOWN NAMES [PID ...]
 *
 * Run by tests/bench/run, and by tests, as whoever calls it.  CLIENTS processes
 * share TRIES tries with a name of each kind, in an order of chance: KNOWN and
 * UNKNOWN, where %d is replaced by 0 to NAMES - 1 in turn.  Each try comes from
 * an address of its own in 127.0.0.0/8, so that no client earns a delay by those
 * before it.  Prints the medians in milliseconds, their difference, and how
 * likely a difference in rank of that kind is by chance (Mann and Whitney):
 *
 *	known-ms MS unknown-ms MS apart-ms MS chance P
 *
 * Answers that are held back look alike whatever was done for them.  So with
 * the processes that judge passwords there are some tries more of either kind,
 * and the processor time that one of them took:
 *
 *	... known-cpu-ms MS unknown-cpu-ms MS
 *
 * Exits 1 if any answer was not a refusal.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <err.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/fdio.h"
#include "common/num.h"
#include "tests/bench/client.h"

#define COUNTED 40 /* tries of each kind whose processor time is counted */
#define PIDS_MAX 64

enum { KNOWN, UNKNOWN, KINDS };

static struct {
	uint64_t port, clients, tries, names;
	bool pop3;
	const char *pattern[KINDS];
	pid_t pids[PIDS_MAX];
	size_t pids_n;
} plan;

static double *taken[KINDS]; /* seconds of each try; shared by all clients */

/* An address that no other try has. */
static struct in_addr
source(size_t n)
{
	uint32_t net = 1 + (uint32_t)getppid() % 200;

	return (struct in_addr){ htonl(
	    0x7f000000 + net * 65536 + 256 + (uint32_t)n) };
}

static int
connect_from(struct in_addr from)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = from };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd == -1 || bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1)
		err(1, "%s", inet_ntoa(from));
	in.sin_port = htons((uint16_t)plan.port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		err(1, "port %u", (unsigned int)plan.port);
	return fd;
}

static void
expect(struct reader *r, const char *want)
{
	char *line;
	size_t n;

	do
		line = reader_line(r, &n);
	while (want[0] != '+' && n > 3 && line[3] == '-');
	if (strncmp(line, want, strlen(want)) != 0)
		errx(1, "wanted %s, found %s", want, line);
}

static void
say(struct reader *r, const char *text, const char *want)
{
	if (fd_writeall(r->fd, text, strlen(text)) == -1)
		err(1, "write");
	expect(r, want);
}

/* Says all but the last line, whose answer is what takes time. */
static void
begin(struct reader *r, const char *name, char line[600])
{
	char plain[300], code[BASE64_LEN(sizeof(plain)) + 1];
	int n;

	if (plan.pop3) {
		(void)snprintf(line, 600, "USER %s\r\n", name); /* short */
		say(r, line, "+OK");
		(void)strlcpy(line, "PASS not-the-password\r\n", 600);
		return;
	}
	say(r, "EHLO client." CLIENT_DOMAIN "\r\n", "250");
	n = snprintf(
	    plain, sizeof(plain), "%c%s%cnot-the-password", 0, name, 0);
	base64_encode(plain, (size_t)n, code);
	(void)snprintf(line, 600, "AUTH PLAIN %s\r\n", code);
}

static void
attempt(size_t n, int kind)
{
	static struct reader r;
	char name[256], line[600];
	double began;

	r.at = r.end = 0;
	r.fd = connect_from(source(KINDS * n + (size_t)kind));
	expect(&r, plan.pop3 ? "+OK" : "220");
	client_user(name, sizeof(name), plan.pattern[kind], n % plan.names);
	begin(&r, name, line);
	began = client_now();
	say(&r, line, plan.pop3 ? "-ERR" : "535");
	taken[kind][n] = client_now() - began;
	(void)close(r.fd); /* only a socket */
}

/* Some tries, by one of the clients; kind is KINDS for both in turn. */
static void
client(size_t me, size_t from, size_t to, int kind)
{
	for (size_t n = from + me; n < to; n += plan.clients) {
		int first = (int)arc4random_uniform(KINDS);

		attempt(n, kind != KINDS ? kind : first);
		if (kind == KINDS)
			attempt(n, !first);
	}
	_exit(0);
}

static void
run(size_t from, size_t to, int kind)
{
	int status, bad = 0;

	for (size_t i = 0; i < plan.clients; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			client(i, from, to, kind);
		}
	while (wait(&status) > 0)
		bad |= status;
	if (bad != 0)
		errx(1, "a client failed");
}

/* The two-sided chance of the rank sum, by the normal approximation. */
static double
chance(void)
{
	double n = (double)plan.tries, u = 0;

	for (size_t i = 0; i < plan.tries; i++)
		for (size_t j = 0; j < plan.tries; j++)
			u += taken[KNOWN][i] > taken[UNKNOWN][j];
	return erfc(
	    fabs(u - n * n / 2) / sqrt(n * n * (2 * n + 1) / 12) / sqrt(2));
}

/* Seconds of the processes that were named. */
static double
processor_time(void)
{
	struct timespec ts;
	clockid_t clock;
	double sum = 0;

	for (size_t i = 0; i < plan.pids_n; i++) {
		if (clock_getcpuclockid(plan.pids[i], &clock) != 0 ||
		    clock_gettime(clock, &ts) == -1)
			errx(1, "process %d: not there", (int)plan.pids[i]);
		sum += (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	}
	return sum;
}

/* With sources that were not seen before. */
static double
cost_of(int kind)
{
	double before = processor_time();

	run(plan.tries, plan.tries + COUNTED, kind);
	return (processor_time() - before) / COUNTED * 1e3;
}

static double *
shared(size_t n)
{
	void *p = mmap(NULL, n * sizeof(double), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, NULL);
	return p;
}

static void
report(void)
{
	double p = chance(), known, unknown;

	known = client_quantile(taken[KNOWN], plan.tries, 0.5) * 1e3;
	unknown = client_quantile(taken[UNKNOWN], plan.tries, 0.5) * 1e3;
	printf("known-ms %.3f unknown-ms %.3f apart-ms %.3f chance %.3f", known,
	    unknown, fabs(known - unknown), p);
	if (plan.pids_n > 0) {
		known = cost_of(KNOWN);
		printf(" known-cpu-ms %.3f unknown-cpu-ms %.3f", known,
		    cost_of(UNKNOWN));
	}
	printf("\n");
}

static void
take_pids(int n, char *texts[])
{
	uint64_t pid;

	for (int i = 0; i < n && i < PIDS_MAX; i++) {
		if (!num_parse(texts[i], INT32_MAX, &pid) || pid == 0)
			errx(64, "wanted a process, found %s", texts[i]);
		plan.pids[plan.pids_n++] = (pid_t)pid;
	}
}

int
main(int argc, char *argv[])
{
	if (argc < 8 || !num_parse(argv[1], 65535, &plan.port) ||
	    !num_parse(argv[2], 1000, &plan.clients) ||
	    !num_parse(argv[3], 30000, &plan.tries) ||
	    !num_parse(argv[7], 30000, &plan.names) || plan.clients == 0 ||
	    plan.names == 0)
		errx(64,
		    "usage: guesses port clients tries smtp|pop3 known "
		    "unknown names [pid ...]");
	plan.pop3 = strcmp(argv[4], "pop3") == 0;
	plan.pattern[KNOWN] = argv[5];
	plan.pattern[UNKNOWN] = argv[6];
	for (int kind = 0; kind < KINDS; kind++)
		taken[kind] = shared(plan.tries + COUNTED);
	take_pids(argc - 8, argv + 8);
	run(0, plan.tries, KINDS);
	report();
	return 0;
}
