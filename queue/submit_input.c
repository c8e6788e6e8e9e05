/*
 * submit_input: header and body from a stream.  In sendmail(8), with the
 * caller's rights.
 */
#include <string.h>

#include "common/header.h"
#include "queue/submit_input.h"
#include "queue/submit_uucp.h"

/* A first line that is no field after so many bytes is body (RFC 5322). */
#define NAME_BYTES 1000

void
submit_input_init(struct submit_input *in, size_t header_size,
    struct submit_spool *body, bool dots)
{
	memset(in, 0, sizeof(*in));
	sbuf_init(&in->header, header_size);
	sbuf_init(&in->line, header_size);
	sbuf_init(&in->from, UUCP_LINES);
	in->body = body;
	in->dots = dots;
	in->first = true;
}

void
submit_input_free(struct submit_input *in)
{
	sbuf_free(&in->header);
	sbuf_free(&in->from);
	sbuf_free(&in->line);
}

static enum submit_input_result
flush(struct submit_input *in)
{
	size_t n = in->outlen;

	in->outlen = 0;
	if (submit_spool_put(in->body, in->out, n) == -1)
		return INPUT_SPOOL;
	return INPUT_OK;
}

static enum submit_input_result
put(struct submit_input *in, char c)
{
	in->out[in->outlen++] = c;
	return in->outlen == sizeof(in->out) ? flush(in) : INPUT_OK;
}

/* What was held back to see whether the line ends: a dot, then CRs. */
static enum submit_input_result
release(struct submit_input *in)
{
	enum submit_input_result r = INPUT_OK;

	if (in->hold_dot)
		r = put(in, '.');
	in->hold_dot = false;
	for (; in->crs > 0 && r == INPUT_OK; in->crs--)
		r = put(in, '\n');
	return r;
}

static enum submit_input_result
body_byte(struct submit_input *in, char c)
{
	enum submit_input_result r;

	if (c == '\n') {
		if (in->hold_dot && in->column == 1)
			return INPUT_END;
		in->crs = 0;
		in->column = 0;
		return put(in, c);
	}
	if (c == '\r') {
		in->crs++;
		return INPUT_OK;
	}
	if (c == '.' && in->dots && in->column == 0 && in->crs == 0) {
		in->column = 1;
		in->hold_dot = true;
		return INPUT_OK;
	}
	r = release(in);
	in->column++;
	return r == INPUT_OK ? put(in, c) : r;
}

static enum submit_input_result
body_feed(struct submit_input *in, const char *p, size_t n)
{
	enum submit_input_result r = INPUT_OK;

	for (size_t i = 0; i < n && r == INPUT_OK; i++)
		r = body_byte(in, p[i]);
	return r;
}

/* The line was no field: it is the first one of the body. */
static enum submit_input_result
begin_body(struct submit_input *in, bool ended)
{
	enum submit_input_result r;

	in->in_body = true;
	r = body_feed(in, sbuf_str(&in->line), in->line.len);
	if (r == INPUT_OK && ended)
		r = body_byte(in, '\n');
	sbuf_free(&in->line);
	return r;
}

/* Some take a bare CR for the end of a line, and see a field behind it. */
static bool
has_field_behind_cr(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\r' && header_is_field(s + i + 1, n - i - 1))
			return true;
	return false;
}

static enum submit_input_result
keep_line(struct submit_input *in, const char *s, size_t n)
{
	if (memchr(s, '\0', n) != NULL)
		return INPUT_NUL;
	if (in->strict && has_field_behind_cr(s, n))
		return INPUT_CR;
	for (size_t i = 0; i < n; i++)
		sbuf_putc(&in->header, s[i] == '\r' ? ' ' : s[i]);
	sbuf_putc(&in->header, '\n');
	sbuf_clear(&in->line);
	return sbuf_ok(&in->header) ? INPUT_OK : INPUT_HEADER;
}

/* A whole line of the header, without its LF. */
static enum submit_input_result
header_line(struct submit_input *in)
{
	const char *s = sbuf_str(&in->line);
	size_t n = in->line.len;
	bool first = in->first;

	in->first = false;
	while (n > 0 && s[n - 1] == '\r')
		n--;
	if (in->dots && n == 1 && s[0] == '.')
		return INPUT_END;
	if (n == 0) {
		in->in_body = true;
		sbuf_free(&in->line);
		return INPUT_OK;
	}
	if (first && uucp_is_from_line(s)) {
		in->first = true; /* there may be more */
		sbuf_fmt(&in->from, "%s\n", s);
		sbuf_clear(&in->line);
		return INPUT_OK;
	}
	if (!header_is_field(s, n) &&
	    ((s[0] != ' ' && s[0] != '\t') || in->header.len == 0))
		return begin_body(in, true);
	return keep_line(in, s, n);
}

static enum submit_input_result
header_byte(struct submit_input *in, char c)
{
	const char *s;

	if (c == '\n')
		return header_line(in);
	sbuf_putc(&in->line, c);
	if (!sbuf_ok(&in->line))
		return INPUT_HEADER;
	s = sbuf_str(&in->line);
	if (in->line.len == NAME_BYTES && s[0] != ' ' && s[0] != '\t' &&
	    !header_is_field(s, NAME_BYTES))
		return begin_body(in, false);
	return INPUT_OK;
}

enum submit_input_result
submit_input_feed(struct submit_input *in, const char *p, size_t n)
{
	enum submit_input_result r = INPUT_OK;

	for (size_t i = 0; i < n && r == INPUT_OK; i++)
		r = in->in_body ? body_byte(in, p[i]) : header_byte(in, p[i]);
	return r;
}

enum submit_input_result
submit_input_finish(struct submit_input *in)
{
	enum submit_input_result r = INPUT_OK;

	if (!in->in_body && in->line.len > 0)
		r = header_line(in);
	if (r == INPUT_END)
		r = INPUT_OK;
	if (in->hold_dot && in->column == 1)
		in->hold_dot = false; /* a dot that ends the file, too */
	in->crs = 0;
	if (r == INPUT_OK)
		r = release(in);
	if (r == INPUT_OK)
		r = flush(in);
	if (r == INPUT_OK && in->body->last != '\n' &&
	    submit_spool_put(in->body, "\n", 1) == -1)
		r = INPUT_SPOOL;
	return r;
}
