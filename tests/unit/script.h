/*
 * script: another host's server for the tests, which plays its part in a thread
 * at the other end of a socket pair.
 *
 * A script has lines: "> TEXT" is said, with CRLF, and "|" in it is another
 * CRLF; "< TEXT" is to be heard, exactly; "!" ends the connection at once, "..."
 * says nothing more.  At the end of the script the client is to say nothing but
 * QUIT, and to end the connection.
 */
#ifndef TESTS_UNIT_SCRIPT_H
#define TESTS_UNIT_SCRIPT_H

#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <pthread.h>

#include "common/lineio.h"

#define SCRIPTS 8
#define SCRIPT_WAIT 20 /* seconds: longer than any good test */

static struct script {
	pthread_t thread;
	const char *text;
	int fd;
	bool quit;       /* it was said */
	char error[300]; /* what else was heard than wanted */
	struct lineio io;
} scripts[SCRIPTS];
static size_t scripts_begun;

static inline void
script_say(struct script *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)lineio_put(&s->io, text[i] == '|' ? "\r\n" : &text[i],
		    text[i] == '|' ? 2 : 1, deadline_in_ms(SCRIPT_WAIT * 1000));
	(void)lineio_put(&s->io, "\r\n", 2, deadline_in_ms(SCRIPT_WAIT * 1000));
	/* Whoever does not listen any more hears no more. */
	(void)lineio_flush(&s->io, deadline_in_ms(SCRIPT_WAIT * 1000));
}

static inline void
script_hear(struct script *s, const char *text, size_t n)
{
	static _Thread_local char line[20000];
	enum line r = lineio_get(
	    &s->io, line, sizeof(line), deadline_in_ms(SCRIPT_WAIT * 1000));

	if (s->error[0] != '\0')
		return;
	if (r != LINE_OK)
		(void)snprintf(s->error, sizeof(s->error),
		    "wanted \"%.*s\", found an end (%d)", (int)n, text, r);
	else if (strlen(line) != n || strncmp(line, text, n) != 0)
		(void)snprintf(s->error, sizeof(s->error),
		    "wanted \"%.*s\", found \"%.100s\"", (int)n, text, line);
}

/* Nothing but QUIT is said any more. */
static inline void
script_end(struct script *s)
{
	char line[1000];

	while (lineio_get(&s->io, line, sizeof(line),
		   deadline_in_ms(SCRIPT_WAIT * 1000)) == LINE_OK) {
		if (strcmp(line, "QUIT") == 0) {
			s->quit = true;
			script_say(s, "221 bye", 7);
		} else if (s->error[0] == '\0')
			(void)snprintf(s->error, sizeof(s->error),
			    "wanted nothing more, found \"%.100s\"", line);
	}
}

static inline void *
script_run(void *arg)
{
	struct script *s = arg;
	const char *line = s->text;
	size_t n;
	bool cut = false;

	for (; *line != '\0' && !cut; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		cut = *line == '!';
		if (*line == '>')
			script_say(s, line + 2, n - 2);
		else if (*line == '<')
			script_hear(s, line + 2, n - 2);
	}
	if (!cut)
		script_end(s);
	(void)close(s->fd);
	return NULL;
}

/* The client's end of a connection to it. */
static inline int
script_begin(const char *text)
{
	struct script *s = &scripts[scripts_begun++];
	int pair[2];

	assert_true(scripts_begun <= SCRIPTS);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	s->text = text;
	s->fd = pair[1];
	s->error[0] = '\0';
	s->quit = false;
	lineio_init(&s->io, s->fd, s->fd);
	assert_int_equal(pthread_create(&s->thread, NULL, script_run, s), 0);
	return pair[0];
}

/* All have ended, as they are to when the client has ended its connections. */
static inline void
script_join(const char *who)
{
	for (size_t i = 0; i < scripts_begun; i++) {
		assert_int_equal(pthread_join(scripts[i].thread, NULL), 0);
		if (scripts[i].error[0] != '\0')
			fail_msg(
			    "%s: connection %zu: %s", who, i, scripts[i].error);
	}
	scripts_begun = 0;
}

#endif
