/*
 * popload: one POP3 session, with the time of each of its steps.
 *
 * usage: popload PORT USER PASSWORD STEP...
 *
 * Run by tests/bench/run as whoever calls it.  After login the steps are taken
 * in order: stat, uidl, list, retr (one by one; retr:N: of the first N), pipe
 * (RETR with up to WINDOW commands under way), dele, quit.  Prints on one line
 *
 *	messages N stat-ms MS uidl-ms MS list-ms MS retr-ms MS pipe-ms MS
 *	    dele-ms MS quit-ms MS
 *
 * for the steps taken; stat is counted from the start of the connection, and
 * dele to the end of quit, where the files go.  Exits 1 when an answer was not
 * the one expected or a listing has not as many lines as STAT said.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"
#include "tests/bench/client.h"

#define WINDOW 64 /* commands under way */

static struct reader in;
static double opened, step_began;
static size_t messages, limit;

static char *
expect_ok(const char *what)
{
	size_t n;
	char *line = reader_line(&in, &n);

	if (strncmp(line, "+OK", 3) != 0)
		errx(1, "%s: wanted +OK, found %s", what, line);
	return line;
}

static void
say(const char *text, size_t n)
{
	if (fd_writeall(in.fd, text, n) == -1)
		err(1, "write");
}

static char *
ask(const char *verb, const char *arg)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%s%s\r\n", verb, arg);

	say(line, (size_t)n);
	return expect_ok(verb);
}

/* The first number behind +OK is how many there are. */
static void
step_stat(void)
{
	char *line = ask("STAT", ""), *end;

	messages = strtoul(line + 3, &end, 10);
	if (end == line + 3)
		errx(1, "STAT: wanted a number, found %s", line);
	step_began = opened;
}

static void
listing(const char *verb)
{
	size_t n;

	(void)ask(verb, ""); /* the text says nothing that we need */
	n = reader_lines(&in);
	if (n != messages)
		errx(1, "%s: wanted %zu lines, found %zu", verb, messages, n);
}

static void
step_uidl(void)
{
	listing("UIDL");
}

static void
step_list(void)
{
	listing("LIST");
}

static void
step_retr(void)
{
	char number[32];

	for (size_t i = 1; i <= messages && i <= limit; i++) {
		(void)snprintf(number, sizeof(number), " %zu", i);
		(void)ask("RETR", number);
		if (reader_skip(&in) == 0)
			errx(1, "RETR %zu: wanted a message, found none", i);
	}
}

/* Says the command for messages said + 1 to upto; what was said. */
static size_t
say_many(const char *verb, size_t said, size_t upto)
{
	char text[WINDOW * 32];
	size_t n = 0;

	while (said < upto)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "%s %zu\r\n", verb, ++said);
	say(text, n);
	return said;
}

/* The command for every message, answers being read while half of the window
 * is still under way. */
static void
pipelined(const char *verb, bool multiline)
{
	size_t said = 0;

	for (size_t got = 0; got < messages; got++) {
		size_t upto = got + WINDOW < messages ? got + WINDOW : messages;

		if (said < upto && said - got <= WINDOW / 2)
			said = say_many(verb, said, upto);
		(void)expect_ok(verb);
		if (multiline && reader_skip(&in) == 0)
			errx(1, "%s: wanted a message, found none", verb);
	}
}

static void
step_pipe(void)
{
	pipelined("RETR", true);
}

static void
step_dele(void)
{
	pipelined("DELE", false);
}

static double dele_began;

static void
step_quit(void)
{
	(void)ask("QUIT", ""); /* +OK is all there is to it */
	if (dele_began > 0)
		step_began = dele_began;
}

static const struct {
	const char *name;
	void (*take)(void);
} steps[] = {
	{ "stat", step_stat },
	{ "uidl", step_uidl },
	{ "list", step_list },
	{ "retr", step_retr },
	{ "pipe", step_pipe },
	{ "dele", step_dele },
	{ "quit", step_quit },
};

/* Sets the limit that may stand behind a name; the length of the name. */
static size_t
find_limit(const char *name)
{
	const char *colon = strchr(name, ':');
	uint64_t n;

	limit = SIZE_MAX;
	if (colon == NULL)
		return strlen(name);
	if (!num_parse(colon + 1, SIZE_MAX, &n))
		errx(64, "wanted step:number, found %s", name);
	limit = n;
	return (size_t)(colon - name);
}

static void
take(const char *name)
{
	size_t len = find_limit(name);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strlen(steps[i].name) != len ||
		    strncmp(name, steps[i].name, len) != 0)
			continue;
		step_began = client_now();
		if (steps[i].take == step_dele)
			dele_began = step_began;
		steps[i].take();
		printf(" %s-ms %.3f", steps[i].name,
		    (client_now() - step_began) * 1e3);
		return;
	}
	errx(64, "wanted a step, found %s", name);
}

int
main(int argc, char *argv[])
{
	uint64_t port;

	if (argc < 5 || !num_parse(argv[1], 65535, &port))
		errx(64, "usage: popload port user password step ...");
	opened = client_now();
	if ((in.fd = client_connect((unsigned int)port, false)) == -1)
		err(1, "port %s", argv[1]);
	(void)expect_ok("greeting");
	(void)ask("USER ", argv[2]);
	(void)ask("PASS ", argv[3]);
	for (int i = 4; i < argc; i++)
		take(argv[i]);
	printf(" messages %zu\n", messages);
	return 0;
}
