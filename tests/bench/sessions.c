/*
 * sessions: a client that counts how many short sessions there are in a
 * second, or holds idle ones.
 *
 * usage: sessions PORT CLIENTS SESSIONS smtp|pop3 [USER PASSWORD USERS]
 *        sessions -i PORT SESSIONS smtp|pop3 [USER PASSWORD USERS]
 *
 * Run by tests/bench/run as whoever calls it.  A session of SMTP is greeting
 * and QUIT; one of POP3 is a login as USER, where %d is replaced by 0 to
 * USERS - 1 in turn, STAT and QUIT.  CLIENTS processes share the sessions.
 * Prints
 *
 *	seconds S per-s N ms-each MS
 *
 * With -i the sessions stay where they are after EHLO or login: "idle N" is
 * printed, and all end when standard input does.  Exits 1 if any reply was not
 * the one expected.
 */
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"
#include "tests/bench/client.h"

static struct {
	uint64_t port, clients, sessions, users;
	bool pop3, idle;
	const char *user, *password;
} plan = { .clients = 1, .users = 1 };

/* Waits for the last line of a reply and checks its first bytes. */
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

static void
start(struct reader *r)
{
	r->at = r->end = 0;
	if ((r->fd = client_connect((unsigned int)plan.port, false)) == -1)
		err(1, "port %u", (unsigned int)plan.port);
	expect(r, plan.pop3 ? "+OK" : "220");
}

static void
login(struct reader *r, size_t who)
{
	char name[256], line[600];

	client_user(name, sizeof(name), plan.user, who % plan.users);
	(void)snprintf(line, sizeof(line), "USER %s\r\n", name);
	say(r, line, "+OK");
	(void)snprintf(line, sizeof(line), "PASS %s\r\n", plan.password);
	say(r, line, "+OK");
}

static void
session(struct reader *r, size_t who)
{
	start(r);
	if (plan.pop3) {
		login(r, who);
		say(r, "STAT\r\n", "+OK");
	}
	say(r, "QUIT\r\n", plan.pop3 ? "+OK" : "221");
	(void)close(r->fd); /* only a socket */
}

static void
client(size_t me)
{
	static struct reader r;

	for (size_t s = me; s < plan.sessions; s += plan.clients)
		session(&r, s);
	_exit(0);
}

static void
run(void)
{
	double began = client_now(), t;
	int status, bad = 0;

	for (size_t i = 0; i < plan.clients; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			client(i);
		}
	while (wait(&status) > 0)
		bad |= status;
	if (bad != 0)
		errx(1, "a client failed");
	t = client_now() - began;
	printf("seconds %.4f per-s %.1f ms-each %.4f\n", t,
	    (double)plan.sessions / t, t * 1e3 / (double)plan.sessions);
}

static void
hold(void)
{
	static struct reader r;
	char byte;

	for (size_t i = 0; i < plan.sessions; i++) {
		start(&r);
		if (plan.pop3)
			login(&r, i);
		else
			say(&r, "EHLO client." CLIENT_DOMAIN "\r\n", "250");
	}
	printf("idle %zu\n", (size_t)plan.sessions);
	if (fflush(stdout) != 0)
		err(1, "standard output");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static void
usage(void)
{
	errx(64,
	    "usage: sessions port clients sessions smtp|pop3 "
	    "[user password users]\n"
	    "       sessions -i port sessions smtp|pop3 "
	    "[user password users]");
}

int
main(int argc, char *argv[])
{
	int at = 1;

	if (argc > 1 && strcmp(argv[1], "-i") == 0) {
		plan.idle = true;
		at++;
	}
	if (argc - at < 3 + !plan.idle ||
	    !num_parse(argv[at++], 65535, &plan.port) ||
	    (!plan.idle && !num_parse(argv[at++], 1000, &plan.clients)) ||
	    !num_parse(argv[at++], 1000000, &plan.sessions))
		usage();
	plan.pop3 = strcmp(argv[at++], "pop3") == 0;
	if (plan.pop3 &&
	    (argc - at != 3 || !num_parse(argv[at + 2], 1000, &plan.users) ||
		plan.users == 0))
		usage();
	plan.user = argv[at];
	plan.password = plan.pop3 ? argv[at + 1] : NULL;
	if (plan.idle)
		hold();
	else
		run();
	return 0;
}
