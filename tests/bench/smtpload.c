/*
 * smtpload: a client that sends messages and sees them arrive.
 *
 * usage: smtpload [-rql] -p PORT [-s SESSIONS] [-m MESSAGES] [-b BYTES]
 *                 -t RCPT [-u USERS] [-w MAILDIR]
 *
 * Run by tests/bench/run as whoever calls it.  SESSIONS sessions at once send
 * MESSAGES messages of BYTES bytes to RCPT, where %d is replaced by 0 to
 * USERS - 1 in turn.  -r: sessions send on until all is sent, not one message
 * each; -q: the next session begins without the reply to QUIT; -l: the next
 * message waits until the last one is in new/.  With -w the directories
 * MAILDIR/new of the same users, who must exist, are watched.  Prints
 *
 *	accepted N delivered N failed N again N accept-s S deliver-s S
 *	    250-p50-ms MS 250-p95-ms MS new-p50-ms MS new-p95-ms MS
 *
 * on one line: times of a message run from the start of its connection, or
 * with -r from its MAIL; again counts connections that were lost before the
 * server saw them.  Exits 1 unless all were accepted and, with -w, came.
 */
#include <sys/epoll.h>

#include <bsd/string.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"
#include "tests/bench/arrivals.h"
#include "tests/bench/client.h"

#define MAX_SESSIONS 1000
#define PATIENCE 30   /* seconds without any progress */
#define GREETING_IN 3 /* seconds; then it is as if nobody had connected */

/* What the session has asked and is waiting to hear of. */
enum step { GREETING, EHLO, MAIL, RCPT, DATA, CONTENT, QUIT, STEPS };

struct session {
	int fd; /* -1: none open */
	enum step step;
	double since; /* start of the message's time */
	double dialed;
	size_t user;
	size_t sent;     /* in this session */
	const char *out; /* what is still to be written, or NULL */
	size_t outlen;
	char line[512]; /* what is said */
	char in[4096];
	size_t inlen;
};

static struct {
	uint64_t port, sessions, messages, bytes, users;
	bool reuse, hasty, lockstep;
	const char *rcpt, *maildir;
	char *content;
	size_t contentlen;
} plan = { .sessions = 1, .messages = 1, .bytes = 4096, .users = 1 };

static struct {
	size_t begun, accepted, delivered, failed, again;
	double start, last_accepted, last_delivered;
	double *to_250, *to_new;
	size_t nnew;
	double since; /* of the message last begun */
	char why[200];
} seen;

static int epoll, watch = -1;
static size_t open_sessions;
static struct session *held; /* for -l: waits for a delivery */

static void
failure(const char *what)
{
	seen.failed++;
	if (seen.why[0] == '\0')
		(void)strlcpy(seen.why, what, sizeof(seen.why)); /* to show */
}

static void
watch_for(struct session *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (epoll_ctl(epoll, EPOLL_CTL_MOD, s->fd, &e) == -1)
		err(1, "epoll_ctl");
}

static void
dial(struct session *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };

	s->step = GREETING;
	s->inlen = s->sent = 0;
	s->out = NULL;
	s->dialed = client_now();
	if ((s->fd = client_connect((unsigned int)plan.port, true)) == -1 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &e) == -1)
		err(1, "port %u", (unsigned int)plan.port);
}

static void
begin(struct session *s)
{
	if (seen.begun == plan.messages)
		return;
	if (plan.lockstep && seen.delivered < seen.accepted) {
		held = s;
		return;
	}
	s->user = seen.begun++ % plan.users;
	s->since = seen.since = client_now();
	dial(s);
	open_sessions++;
}

static void
finish(struct session *s)
{
	(void)close(s->fd); /* a socket with nothing more to say */
	s->fd = -1;
	open_sessions--;
	begin(s);
}

/* Writes what is to be said; false: not all, the rest when there is room. */
static bool
speak(struct session *s)
{
	while (s->out != NULL && s->outlen > 0) {
		ssize_t n = write(s->fd, s->out, s->outlen);

		if (n == -1 && errno == EAGAIN) {
			watch_for(s, EPOLLIN | EPOLLOUT);
			return false;
		}
		if (n == -1) {
			failure(strerror(errno));
			finish(s);
			return false;
		}
		s->out += n;
		s->outlen -= (size_t)n;
	}
	s->out = NULL;
	return true;
}

static void
say(struct session *s, enum step step, const char *text, size_t n)
{
	s->step = step;
	s->out = text;
	s->outlen = n;
	(void)speak(s); /* what is left waits for room */
}

static void
say_line(struct session *s, enum step step, const char *verb, const char *arg)
{
	int n = snprintf(s->line, sizeof(s->line), "%s%s\r\n", verb, arg);

	say(s, step, s->line, (size_t)n);
}

static void
say_ehlo(struct session *s)
{
	say_line(s, EHLO, "EHLO ", "client." CLIENT_DOMAIN);
}

static void
say_mail(struct session *s)
{
	say_line(s, MAIL, "MAIL FROM:", "<sender@" CLIENT_DOMAIN ">");
}

static void
say_rcpt(struct session *s)
{
	char name[256], path[300];

	client_user(name, sizeof(name), plan.rcpt, s->user);
	(void)snprintf(path, sizeof(path), "<%s>", name);
	say_line(s, RCPT, "RCPT TO:", path);
}

static void
say_data(struct session *s)
{
	say_line(s, DATA, "DATA", "");
}

static void
say_content(struct session *s)
{
	say(s, CONTENT, plan.content, plan.contentlen);
}

static void
accepted(struct session *s)
{
	seen.last_accepted = client_now();
	s->sent++;
	seen.to_250[seen.accepted++] = seen.last_accepted - s->since;
	if (plan.reuse && seen.begun < plan.messages) {
		s->user = seen.begun++ % plan.users;
		s->since = seen.last_accepted;
		say_mail(s);
		return;
	}
	say_line(s, QUIT, "QUIT", "");
	if (plan.hasty && s->fd != -1 && s->out == NULL)
		finish(s);
}

/* A server that wants no more in this session gets the rest in another. */
static bool
worn_out(struct session *s, char first)
{
	if (first != '4' || s->step != MAIL || s->sent == 0)
		return false;
	seen.begun--;
	say_line(s, QUIT, "QUIT", "");
	return true;
}

static const struct {
	char want; /* the reply's first digit */
	void (*then)(struct session *);
} dialogue[STEPS] = {
	[GREETING] = { '2', say_ehlo },
	[EHLO] = { '2', say_mail },
	[MAIL] = { '2', say_rcpt },
	[RCPT] = { '2', say_data },
	[DATA] = { '3', say_content },
	[CONTENT] = { '2', accepted },
	[QUIT] = { '2', finish },
};

/* Looks for the last line of a reply; false when it is not there yet. */
static bool
take_reply(struct session *s, char **reply)
{
	size_t from = 0;
	char *lf;

	while ((lf = memchr(s->in + from, '\n', s->inlen - from)) != NULL) {
		size_t next = (size_t)(lf - s->in) + 1;

		if (next - from < 4 || s->in[from + 3] != '-') {
			*lf = '\0';
			*reply = s->in + from;
			s->inlen = 0; /* one at a time is asked for */
			return true;
		}
		from = next;
	}
	return false;
}

static void
advance(struct session *s)
{
	ssize_t n = read(s->fd, s->in + s->inlen, sizeof(s->in) - s->inlen);
	char *reply;

	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		failure(n == 0 ? "closed by the server" : strerror(errno));
		finish(s);
		return;
	}
	s->inlen += (size_t)n;
	if (!take_reply(s, &reply))
		return;
	if (reply[0] == dialogue[s->step].want) {
		dialogue[s->step].then(s);
	} else if (!worn_out(s, reply[0])) {
		failure(reply);
		finish(s);
	}
}

static void
watch_maildirs(void)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };

	watch = arrivals_open(plan.maildir, plan.users);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, watch, &e) == -1)
		err(1, "epoll_ctl");
}

static void
see_arrivals(void)
{
	size_t n = arrivals_count(watch);
	struct session *s = held;

	if (n == 0)
		return;
	seen.last_delivered = client_now();
	seen.delivered += n;
	/* In lockstep only: otherwise nobody knows whose it is. */
	if (plan.lockstep && seen.nnew < plan.messages)
		seen.to_new[seen.nnew++] = seen.last_delivered - seen.since;
	if (s != NULL && seen.delivered >= seen.accepted) {
		held = NULL;
		begin(s);
	}
}

static bool
all_done(void)
{
	return open_sessions == 0 && held == NULL &&
	    (plan.maildir == NULL || seen.delivered >= seen.accepted);
}

static void
serve(struct epoll_event *e)
{
	struct session *s = e->data.ptr;

	if (s == NULL) {
		see_arrivals();
		return;
	}
	if ((e->events & EPOLLOUT) && s->out != NULL && speak(s))
		watch_for(s, EPOLLIN);
	if (s->fd != -1 && (e->events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		advance(s);
}

/*
 * A queue of connections that overflows with SYN cookies in use forgets them,
 * while the client takes itself for connected.
 */
static void
dial_again(struct session *all)
{
	double late = client_now() - GREETING_IN;

	for (size_t i = 0; i < plan.sessions; i++) {
		struct session *s = &all[i];

		if (s->fd == -1 || s->step != GREETING || s->dialed > late)
			continue;
		(void)close(s->fd); /* nothing was said on it */
		seen.again++;
		dial(s);
	}
}

static void
run(struct session *all)
{
	struct epoll_event events[64];
	int n, quiet = 0;

	seen.start = client_now();
	for (size_t i = 0; i < plan.sessions; i++) {
		all[i].fd = -1;
		begin(&all[i]);
	}
	while (!all_done() && quiet < PATIENCE) {
		if ((n = epoll_wait(epoll, events, 64, 1000)) == -1)
			err(1, "epoll_wait");
		quiet = n == 0 ? quiet + 1 : 0;
		for (int i = 0; i < n; i++)
			serve(&events[i]);
		dial_again(all);
	}
	if (quiet == PATIENCE)
		failure("nothing happens any more");
}

static uint64_t
number(const char *text, uint64_t max)
{
	uint64_t n;

	if (!num_parse(text, max, &n) || n == 0)
		errx(1, "wanted 1 to %llu, found %s", (unsigned long long)max,
		    text);
	return n;
}

static void
options(int argc, char *argv[])
{
	int c;

	while ((c = getopt(argc, argv, "rqlp:s:m:b:t:u:w:")) != -1)
		switch (c) {
		case 'r':
			plan.reuse = true;
			break;
		case 'q':
			plan.hasty = true;
			break;
		case 'l':
			plan.lockstep = true;
			break;
		case 'p':
			plan.port = number(optarg, 65535);
			break;
		case 's':
			plan.sessions = number(optarg, MAX_SESSIONS);
			break;
		case 'm':
			plan.messages = number(optarg, 1000000);
			break;
		case 'b':
			plan.bytes = number(optarg, 1 << 30);
			break;
		case 't':
			plan.rcpt = optarg;
			break;
		case 'u':
			plan.users = number(optarg, 1000);
			break;
		case 'w':
			plan.maildir = optarg;
			break;
		default:
			exit(64);
		}
	if (optind != argc || plan.port == 0 || plan.rcpt == NULL ||
	    (plan.lockstep &&
		(plan.sessions != 1 || plan.reuse || plan.maildir == NULL)))
		errx(64, "wanted -p and -t, with -l also -w and no -r, -s");
}

static void
report(void)
{
	printf("accepted %zu delivered %zu failed %zu again %zu accept-s %.4f "
	       "deliver-s %.4f 250-p50-ms %.3f 250-p95-ms %.3f "
	       "new-p50-ms %.3f new-p95-ms %.3f\n",
	    seen.accepted, seen.delivered, seen.failed, seen.again,
	    seen.last_accepted - seen.start, seen.last_delivered - seen.start,
	    client_quantile(seen.to_250, seen.accepted, 0.5) * 1e3,
	    client_quantile(seen.to_250, seen.accepted, 0.95) * 1e3,
	    client_quantile(seen.to_new, seen.nnew, 0.5) * 1e3,
	    client_quantile(seen.to_new, seen.nnew, 0.95) * 1e3);
	if (seen.why[0] != '\0')
		warnx("%s", seen.why);
}

int
main(int argc, char *argv[])
{
	struct session *all;

	options(argc, argv);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    (epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll");
	seen.to_250 = calloc(plan.messages, sizeof(double));
	seen.to_new = calloc(plan.messages, sizeof(double));
	all = calloc(plan.sessions, sizeof(*all));
	if (seen.to_250 == NULL || seen.to_new == NULL || all == NULL)
		err(1, NULL);
	plan.content = client_content(plan.bytes, &plan.contentlen);
	if (plan.maildir != NULL)
		watch_maildirs();
	run(all);
	free(all);
	report();
	return seen.failed > 0 || seen.accepted < plan.messages ||
		(plan.maildir != NULL && seen.delivered < seen.accepted)
	    ? 1
	    : 0;
}
