/*
 * cmd_bdat: BDAT and the chunk behind it (RFC 3030).
 *
 * Part of smtpd(8), as postrider-net.  Whatever the command is answered, the
 * octets that it announced are taken from the line first, or the line is
 * closed: nothing of a chunk may ever be obeyed as a command.  A refused chunk
 * ends the message.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/num.h"
#include "smtpd/command.h"
#include "smtpd/receive.h"

/* A refused chunk over so many times message-size is not read. */
#define DISCARD 2

/* Chunks but the last that are smaller move no mail worth the name. */
#define SMALL 512

struct chunk {
	uint64_t size;
	bool last;
};

enum chunk_form {
	CHUNK_OK,
	CHUNK_WORD, /* something else than LAST behind the size */
	CHUNK_SIZE  /* nobody knows how many octets follow */
};

static enum chunk_form
parse(char *arg, struct chunk *c)
{
	size_t n = strcspn(arg, " \t");
	char *rest = arg + n + strspn(arg + n, " \t");

	arg[n] = '\0';
	/* RFC 3030 section 2: at most 20 digits. */
	if (n > 20 || !num_parse(arg, UINT64_MAX, &c->size))
		return CHUNK_SIZE;
	c->last = strcasecmp(rest, "LAST") == 0;
	return c->last || *rest == '\0' ? CHUNK_OK : CHUNK_WORD;
}

/*
 * The next bytes of the chunk.  Replies do not wait while it is waited for:
 * the client may wait for them.
 */
static enum next
block(struct session *s, uint64_t left, const char **p, size_t *n)
{
	enum next next;

	if (lineio_pending(&s->io) == 0 && (next = session_flush(s)) != NEXT_GO)
		return next;
	if ((next = receive_block(s, p, n)) == NEXT_GO && *n > left)
		*n = (size_t)left;
	return next;
}

/* Takes the chunk's octets, and nothing else, from the line. */
static enum next
discard(struct session *s, uint64_t left)
{
	enum next next = NEXT_GO;
	const char *p;
	size_t n;

	if (!s->receiving)
		receive_start(s);
	for (; left > 0; left -= n) {
		if ((next = block(s, left, &p, &n)) != NEXT_GO)
			break;
		receive_taken(s, n);
	}
	return next;
}

static enum next
too_big(struct session *s)
{
	char limit[24];

	(void)snprintf(
	    limit, sizeof(limit), "%lld", (long long)s->cfg.message_size);
	s->how = "endless-chunk";
	if (session_reply_arg(s, REPLY_TOO_BIG, limit) == NEXT_DEAD)
		return NEXT_DEAD;
	return NEXT_CLOSE;
}

/*
 * NEXT_GO when the chunk is one that may be read; bad is set when it may not
 * be taken.
 */
static enum next
look(struct session *s, char *arg, struct chunk *c, bool *bad)
{
	enum chunk_form form = parse(arg, c);

	if (form == CHUNK_SIZE)
		return session_leave(s, REPLY_CHUNK_SIZE, "bad-chunk");
	*bad = form == CHUNK_WORD;
	if (c->size / DISCARD > (uint64_t)s->cfg.message_size)
		return too_big(s);
	if (!c->last && c->size < SMALL)
		s->junk++;
	return NEXT_GO;
}

enum next
cmd_bdat_refuse(struct session *s, char *arg, enum reply r)
{
	struct chunk c;
	enum next next;
	bool bad;

	if ((next = look(s, arg, &c, &bad)) != NEXT_GO ||
	    (next = discard(s, c.size)) != NEXT_GO)
		return next;
	if (s->receiving)
		s->state = ST_HELLO;
	return session_reply(s, bad ? REPLY_CHUNK_WORD : r);
}

static enum incoming_form
form_of(const struct session *s)
{
	return s->env.mail.flags & INTAKE_BINARY ? INCOMING_BINARY
						 : INCOMING_CHUNKS;
}

/* The chunk's octets into the message. */
static enum next
take(struct session *s, uint64_t left)
{
	enum next next = NEXT_GO;
	const char *p;
	size_t n;

	for (; left > 0; left -= n) {
		if ((next = block(s, left, &p, &n)) != NEXT_GO)
			break;
		receive_taken(s, incoming_feed(&s->incoming, p, n));
	}
	return next;
}

static enum next
more(struct session *s, const struct chunk *c)
{
	char octets[24];

	s->state = ST_CHUNKS;
	(void)snprintf(
	    octets, sizeof(octets), "%llu", (unsigned long long)c->size);
	return session_reply_arg(s, REPLY_CHUNK, octets);
}

/* The chunk into the message, to whose end d tells what became of it. */
static enum next
receive(struct session *s, const struct chunk *c, struct diag *d)
{
	enum next next;

	receive_bound(s, true);
	if ((next = take(s, c->size)) == NEXT_GO) {
		if (c->last)
			(void)incoming_end(&s->incoming, d); /* d says it all */
		else
			(void)incoming_check(&s->incoming, d); /* the same */
	}
	receive_bound(s, false);
	return next;
}

/* The message is begun with its first chunk. */
static bool
begin(struct session *s, struct diag *d)
{
	if (s->receiving)
		return true;
	if (receive_open(s, form_of(s), d) != OUT_OK)
		return false;
	receive_start(s);
	return s->receiving = true;
}

enum next
cmd_bdat(struct session *s, char *arg)
{
	struct diag d = DIAG_INIT;
	enum next next;
	struct chunk c;
	bool bad;

	if ((next = look(s, arg, &c, &bad)) != NEXT_GO)
		return next;
	if (bad || !begin(s, &d)) {
		if ((next = discard(s, c.size)) != NEXT_GO)
			return next;
		s->state = ST_HELLO;
		return bad ? session_reply(s, REPLY_CHUNK_WORD)
			   : receive_reply(s, &d);
	}
	if ((next = receive(s, &c, &d)) != NEXT_GO)
		return next;
	if (!c.last && d.outcome == OUT_OK)
		return more(s, &c);
	if (c.last)
		s->receiving = false; /* it is over, whatever it was */
	return receive_reply(s, &d);
}
