/*
 * transaction: the commands after login, one row each.
 *
 * In pop3-mailbox, as the mailbox owner: reads commands of an authenticated
 * client, talks to it and to the files of one Maildir.  What has which shape
 * of arguments is in the table and nowhere else.  Nothing is removed before
 * QUIT.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/num.h"
#include "pop3d/capa.h"
#include "pop3d/crlf.h"
#include "pop3d/mailfile.h"
#include "pop3d/sizes.h"
#include "pop3d/transaction.h"
#include "pop3d/uidl.h"
#include "pop3d/update.h"

#define LINE_MAX_POP3 512 /* twice what RFC 2449 section 4 asks for */
#define ARGS_MAX 2

struct command {
	const char *name;
	/* argv holds as many as the table allows; NULL behind the last. */
	bool (*run)(struct transaction *, char **argv); /* false: an error */
	int min, max;
	const char *usage;
};

/* A message number; NULL after an answer when there is no such message. */
static struct message *
find_message(struct transaction *t, const char *s)
{
	struct message *m;
	uint64_t n;

	/* No leading zeros: two spellings of one number help nobody. */
	if (*s == '0' || !num_parse(s, t->md->count, &n)) {
		client_reply(t->client, "-ERR No such message");
		return NULL;
	}
	m = &t->md->messages[n - 1];
	if (m->deleted) {
		client_reply(
		    t->client, "-ERR Message %" PRIu64 " is deleted", n);
		return NULL;
	}
	return m;
}

static size_t
number_of(const struct transaction *t, const struct message *m)
{
	return (size_t)(m - t->md->messages) + 1;
}

/* Whether m counts now; its size is known then. */
static bool
is_there(struct transaction *t, struct message *m)
{
	return !m->deleted && mailfile_size(t->md, m);
}

static void
total(struct transaction *t, size_t *messages, uint64_t *octets)
{
	struct message *m = t->md->messages;

	sizes_learn(t->md);
	*messages = 0;
	*octets = 0;
	for (size_t i = 0; i < t->md->count; i++) {
		if (!is_there(t, &m[i]))
			continue;
		(*messages)++;
		if (__builtin_add_overflow(*octets, m[i].size, octets))
			*octets = UINT64_MAX;
	}
}

static bool
cmd_stat(struct transaction *t, char **argv)
{
	size_t messages;
	uint64_t octets;

	(void)argv; /* none allowed */
	total(t, &messages, &octets);
	client_reply(t->client, "+OK %zu %" PRIu64, messages, octets);
	return true;
}

static bool
cannot_read(struct transaction *t)
{
	client_reply(t->client, "-ERR Message cannot be read any more");
	return false;
}

static bool
list_one(struct transaction *t, const char *arg)
{
	struct message *m = find_message(t, arg);

	if (m == NULL)
		return false;
	if (!is_there(t, m))
		return cannot_read(t);
	client_reply(t->client, "+OK %zu %" PRIu64, number_of(t, m), m->size);
	return true;
}

/* One line of a long answer. */
static void
put_line(struct client *c, size_t number, const char *text, size_t n)
{
	char *start = client_room(c, REPLY_MAX), *p;

	p = client_decimal(start, number);
	*p++ = ' ';
	memcpy(p, text, n);
	p += n;
	*p++ = '\r';
	*p++ = '\n';
	client_took(c, (size_t)(p - start));
}

static bool
cmd_list(struct transaction *t, char **argv)
{
	struct message *m = t->md->messages;
	char size[CLIENT_DECIMAL];
	size_t messages;
	uint64_t octets;

	if (argv[0] != NULL)
		return list_one(t, argv[0]);
	total(t, &messages, &octets);
	client_reply(t->client, "+OK %zu messages (%" PRIu64 " octets)",
	    messages, octets);
	for (size_t i = 0; i < t->md->count; i++)
		if (is_there(t, &m[i]))
			put_line(t->client, i + 1, size,
			    (size_t)(client_decimal(size, m[i].size) - size));
	client_reply(t->client, ".");
	return true;
}

static bool
uidl_one(struct transaction *t, const char *arg)
{
	struct message *m = find_message(t, arg);
	size_t n;

	if (m == NULL)
		return false;
	if (m->lost)
		return cannot_read(t);
	n = number_of(t, m);
	client_reply(t->client, "+OK %zu %s", n, t->md->uidls[n - 1]);
	return true;
}

static bool
cmd_uidl(struct transaction *t, char **argv)
{
	struct message *m = t->md->messages;

	if (!uidl_build(t->md)) {
		client_reply(t->client, "-ERR [SYS/TEMP] Out of memory");
		return false;
	}
	if (argv[0] != NULL)
		return uidl_one(t, argv[0]);
	client_reply(t->client, "+OK Unique-ids follow");
	for (size_t i = 0; i < t->md->count; i++)
		if (!m[i].deleted && !m[i].lost)
			put_line(t->client, i + 1, t->md->uidls[i],
			    strlen(t->md->uidls[i]));
	client_reply(t->client, ".");
	return true;
}

static bool
send_message(struct transaction *t, struct message *m, uint64_t lines)
{
	uint64_t octets;

	switch (mailfile_send(t->md, m, t->client, lines, &octets)) {
	case MAILFILE_SENT:
		t->octets += octets;
		t->retrieved += lines == CRLF_ALL;
		return true;
	case MAILFILE_BROKEN:
		/* Half a message must not look like a whole one. */
		t->client->broken = true;
		t->ended = "unreadable";
		return false;
	case MAILFILE_GONE:
	case MAILFILE_UNFIT:
		break;
	}
	return cannot_read(t);
}

static bool
cmd_retr(struct transaction *t, char **argv)
{
	struct message *m = find_message(t, argv[0]);

	return m != NULL && send_message(t, m, CRLF_ALL);
}

static bool
cmd_top(struct transaction *t, char **argv)
{
	struct message *m = find_message(t, argv[0]);
	uint64_t lines;

	if (m == NULL)
		return false;
	if (!num_parse(argv[1], CRLF_ALL - 1, &lines)) {
		client_reply(t->client, "-ERR How many lines?");
		return false;
	}
	return send_message(t, m, lines);
}

static bool
cmd_dele(struct transaction *t, char **argv)
{
	struct message *m = find_message(t, argv[0]);

	if (m == NULL)
		return false;
	m->deleted = true;
	client_reply(t->client, "+OK Message %zu deleted", number_of(t, m));
	return true;
}

static bool
cmd_rset(struct transaction *t, char **argv)
{
	(void)argv; /* none allowed */
	for (size_t i = 0; i < t->md->count; i++)
		t->md->messages[i].deleted = false;
	client_reply(t->client, "+OK Nothing is marked as deleted");
	return true;
}

static bool
cmd_noop(struct transaction *t, char **argv)
{
	(void)argv; /* none allowed */
	client_reply(t->client, "+OK");
	return true;
}

static bool
cmd_capa(struct transaction *t, char **argv)
{
	(void)argv; /* none allowed */
	capa_reply(t->client, &(struct capa){ t->offered, false });
	return true;
}

static bool
cmd_quit(struct transaction *t, char **argv)
{
	struct update u;

	(void)argv; /* none allowed */
	update_run(t->md, &u);
	t->ended = "quit";
	t->deleted = u.marked - u.failed;
	/* A client that hears the answer may come back at once. */
	maildrop_unlock(t->md);
	if (u.failed > 0)
		client_reply(t->client,
		    "-ERR [SYS/TEMP] %zu of %zu messages were not deleted",
		    u.failed, u.marked);
	else if (!u.synced)
		client_reply(t->client,
		    "-ERR [SYS/TEMP] Deleted, but %zu messages may come back",
		    u.marked);
	else
		client_reply(t->client, "+OK Bye, %zu deleted", u.marked);
	return true;
}

static bool
cmd_last(struct transaction *t, char **argv)
{
	(void)argv; /* does not matter */
	client_reply(t->client, "-ERR LAST is obsolete, use UIDL");
	return false;
}

static bool
cmd_login(struct transaction *t, char **argv)
{
	(void)argv; /* does not matter */
	client_reply(t->client, "-ERR You are logged in already");
	return false;
}

/* clang-format off */
static const struct command commands[] = {
	{ "STAT",	cmd_stat,	0, 0,	"STAT" },
	{ "LIST",	cmd_list,	0, 1,	"LIST [message]" },
	{ "UIDL",	cmd_uidl,	0, 1,	"UIDL [message]" },
	{ "RETR",	cmd_retr,	1, 1,	"RETR message" },
	{ "TOP",	cmd_top,	2, 2,	"TOP message lines" },
	{ "DELE",	cmd_dele,	1, 1,	"DELE message" },
	{ "RSET",	cmd_rset,	0, 0,	"RSET" },
	{ "NOOP",	cmd_noop,	0, 0,	"NOOP" },
	{ "CAPA",	cmd_capa,	0, 0,	"CAPA" },
	{ "QUIT",	cmd_quit,	0, 0,	"QUIT" },
	{ "LAST",	cmd_last,	0, 2,	"" },
	{ "USER",	cmd_login,	0, 2,	"" },
	{ "PASS",	cmd_login,	0, 2,	"" },
	{ "AUTH",	cmd_login,	0, 2,	"" },
	{ "APOP",	cmd_login,	0, 2,	"" },
	{ "STLS",	cmd_login,	0, 0,	"" },
};
/* clang-format on */

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcasecmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Words between single spaces; spaces at the end are not there. */
static int
split(char *line, char *argv[ARGS_MAX + 2])
{
	size_t n = strlen(line);
	int argc = 0;

	while (n > 0 && line[n - 1] == ' ')
		line[--n] = '\0';
	while (line != NULL && argc < ARGS_MAX + 2)
		argv[argc++] = strsep(&line, " ");
	return argc;
}

static bool
run_command(struct transaction *t, char *line)
{
	char *argv[ARGS_MAX + 3] = { NULL };
	int argc = split(line, argv) - 1;
	const struct command *c = find_command(argv[0]);

	if (c == NULL) {
		client_reply(t->client, "-ERR Unknown command");
		return false;
	}
	if (argc < c->min || argc > c->max) {
		client_reply(t->client, "-ERR Use: %s", c->usage);
		return false;
	}
	return c->run(t, argv + 1);
}

static bool
run_line(struct transaction *t, enum line got, char *line)
{
	if (got == LINE_OK)
		return run_command(t, line);
	client_reply(t->client,
	    got == LINE_LONG ? "-ERR Line too long"
			     : "-ERR A command is plain text and ends in CRLF");
	return false;
}

void
transaction_run(struct transaction *t)
{
	char line[LINE_MAX_POP3 - 1]; /* without CRLF, with NUL */
	int64_t junk = 0;
	enum line got;

	t->ended = NULL;
	while (t->ended == NULL) {
		got = client_get(
		    t->client, line, sizeof(line), deadline_in(t->timeout));
		if (got >= LINE_EOF) {
			t->ended = client_line_text(got);
			return;
		}
		junk = run_line(t, got, line) ? 0 : junk + 1;
		if (junk >= t->junk && t->ended == NULL) {
			client_reply(t->client, "-ERR Too many errors, bye");
			t->ended = "errors";
		}
	}
}
