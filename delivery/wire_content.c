/*
 * wire_content: a message's content on its way out.
 *
 * Part of remote, as postrider-out.  The descriptor was opened read-only by
 * queued; its offset is shared with other agents, so it is read by pread(2)
 * only.  What is sent is compared with the checksum once more while it goes, and
 * its last block is held back for that: nobody gets the end of a message that
 * is not the one that was looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/mime_encode.h"
#include "delivery/wire_content.h"
#include "delivery/wire_look.h"
#include "delivery/wire_text.h"

#define SLICE 1024 /* bytes; less room than that is not worth a step */

/* The next block, in buf. */
static enum content_result
read_block(struct wire_content *c, uint64_t at, size_t *n)
{
	uint64_t left = c->size - at;

	*n = left < WIRE_KEPT ? (size_t)left : WIRE_KEPT;
	if (c->kept)
		return CONTENT_OK;
	if (fd_preadall(c->fd, c->buf, *n, (int64_t)(c->offset + at)) == 0)
		return CONTENT_OK;
	return errno == ENODATA ? CONTENT_DAMAGED : CONTENT_ERROR;
}

static void
note(struct wire_content *c, const struct wire_look *l)
{
	c->eight_bit = l->eight_bit;
	c->header_utf8 = l->header_utf8;
	c->long_line = l->long_line;
	c->text_octets = l->text_octets;
	c->plain = !c->binary || (!l->nul && !l->bare && !l->long_line);
	c->form = c->binary ? WIRE_RAW : WIRE_TEXT;
	c->octets = c->binary ? c->size : c->text_octets;
	c->header_8bit = false;
}

enum content_result
wire_content_look(struct wire_content *c)
{
	enum content_result r;
	struct wire_look look;
	uint32_t crc = 0;
	size_t n;

	c->kept = false;
	wire_look_init(&look);
	for (uint64_t at = 0; at < c->size; at += n) {
		if ((r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		crc = crc32c(crc, c->buf, n);
		wire_look_feed(&look, c->buf, n);
	}
	wire_look_end(&look);
	if (crc != c->crc)
		return CONTENT_DAMAGED;
	c->kept = c->size <= WIRE_KEPT;
	note(c, &look);
	return CONTENT_OK;
}

/* Content on its way, or only counted. */
struct going {
	struct flight *flight; /* NULL: the latter */
	struct wire_text text;
	struct mime_encode *encode; /* NULL: as it is */
	uint64_t octets;            /* counted */
};

static bool
count_text(struct going *g, const char *p, size_t n)
{
	char out[SLICE * WIRE_TEXT_GROWS];

	while (n > 0) {
		size_t part = n < SLICE ? n : SLICE;

		g->octets += wire_text_feed(&g->text, p, part, out);
		p += part;
		n -= part;
	}
	return true;
}

/* A mime_sink, too. */
static bool
put_text(void *arg, const char *p, size_t n)
{
	struct going *g = arg;
	struct flight *f = g->flight;

	if (f == NULL)
		return count_text(g, p, n);
	while (n > 0) {
		size_t part = n < SLICE ? n : SLICE;
		char *to = flight_room(f, part * WIRE_TEXT_GROWS);

		if (to == NULL)
			return false;
		part = (FLIGHT_ROOM - f->used) / WIRE_TEXT_GROWS;
		if (part > n)
			part = n;
		flight_took(f, wire_text_feed(&g->text, p, part, to));
		p += part;
		n -= part;
	}
	return true;
}

static bool
put(const struct wire_content *c, struct going *g, const char *p, size_t n)
{
	if (g->encode != NULL)
		return mime_encode_feed(g->encode, p, n);
	if (c->form == WIRE_RAW)
		return flight_put(g->flight, p, n);
	return put_text(g, p, n);
}

static bool
put_end(const struct wire_content *c, struct going *g)
{
	char end[WIRE_TEXT_END];
	size_t n;

	if (c->form == WIRE_RAW)
		return true;
	if (g->encode != NULL && !mime_encode_end(g->encode))
		return false;
	n = wire_text_end(&g->text, end);
	g->octets += n;
	return g->flight == NULL || flight_put(g->flight, end, n);
}

static enum content_result
put_all(struct wire_content *c, struct going *g)
{
	enum content_result r;
	uint32_t crc = 0;
	size_t n;

	for (uint64_t at = 0; at < c->size; at += n) {
		if ((r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		if (!c->kept)
			crc = crc32c(crc, c->buf, n);
		if (!c->kept && at + n == c->size && crc != c->crc)
			return CONTENT_DAMAGED;
		if (!put(c, g, c->buf, n))
			return CONTENT_ERROR;
	}
	return put_end(c, g) ? CONTENT_OK : CONTENT_ERROR;
}

/* errno stays what put_all() left. */
static enum content_result
go(struct wire_content *c, struct going *g)
{
	bool encodes = c->form == WIRE_7BIT || c->form == WIRE_8BIT;
	enum content_result r;
	int saved;

	g->encode = NULL;
	if (encodes) {
		g->encode = mime_encode_new(
		    c->form == WIRE_7BIT ? MIME_TO_7BIT : MIME_TO_8BIT,
		    c->binary, put_text, g);
		if (g->encode == NULL)
			return CONTENT_ERROR;
	}
	r = put_all(c, g);
	saved = errno;
	c->header_8bit = c->form == WIRE_7BIT && r == CONTENT_OK &&
	    mime_encode_header_8bit(g->encode);
	mime_encode_free(g->encode);
	errno = saved;
	return r;
}

enum content_result
wire_content_use(struct wire_content *c, enum wire_form form)
{
	struct going g = { .flight = NULL };
	enum content_result r;

	if (c->form == form)
		return CONTENT_OK;
	c->form = form;
	c->header_8bit = false;
	if (form == WIRE_RAW || form == WIRE_TEXT) {
		c->octets = form == WIRE_RAW ? c->size : c->text_octets;
		return CONTENT_OK;
	}
	wire_text_init(&g.text, false);
	if ((r = go(c, &g)) == CONTENT_OK)
		c->octets = g.octets;
	return r;
}

static enum content_result
send_all(struct wire_content *c, struct flight *f, bool stuff)
{
	struct going g = { .flight = f };

	wire_text_init(&g.text, stuff);
	return go(c, &g);
}

enum content_result
wire_content_data(struct wire_content *c, struct flight *f)
{
	return send_all(c, f, true);
}

enum content_result
wire_content_bdat(struct wire_content *c, struct flight *f)
{
	char line[40];
	int n = snprintf(
	    line, sizeof(line), "BDAT %" PRIu64 " LAST\r\n", c->octets);

	if (!flight_put(f, line, (size_t)n))
		return CONTENT_ERROR;
	return send_all(c, f, false);
}
