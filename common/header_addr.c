/*
 * header_addr: the addresses of a To, Cc or Bcc field.
 *
 * In sendmail(8), with the caller's rights, and smtpd(8), as postrider-net.
 * Reads what web forms and mail programs wrote: one pass, no recursion,
 * comments are counted and not followed.
 */
#include <string.h>

#include "common/header_addr.h"

struct text {
	char s[HEADER_ADDR_TEXT + 1];
	size_t n;
	bool blank; /* a blank came and may matter */
	bool cut;   /* did not fit */
	/* where it stands, if nothing else is in between */
	const char *start, *end;
	bool gap;
};

struct parser {
	const char *p, *end;
	struct text plain; /* outside brackets: a name or an address */
	struct text angle; /* with its brackets */
	bool has_angle;
	bool (*fn)(const struct header_spot *, void *);
	void *arg;
};

static void
text_clear(struct text *t)
{
	t->n = 0;
	t->blank = t->cut = t->gap = false;
}

static void
text_byte(struct text *t, char c)
{
	if (t->n == HEADER_ADDR_TEXT)
		t->cut = true;
	else
		t->s[t->n++] = c;
}

/* Blanks count between two words only: not around "." and "@". */
static void
text_put(struct text *t, const char *at)
{
	char c = *at;
	bool glue = c == '.' || c == '@' || c == '>';

	if (t->n == 0)
		t->start = at;
	else if (at != t->end)
		t->gap = true;
	t->end = at + 1;
	if (t->blank && t->n > 0 && !glue && !strchr(".@<", t->s[t->n - 1]))
		text_byte(t, ' ');
	t->blank = false;
	text_byte(t, c);
}

/* From the "(" to behind its ")"; false when it has none. */
static bool
skip_comment(struct parser *k)
{
	size_t depth = 0;

	do {
		if (*k->p == '\\' && k->p + 1 < k->end)
			k->p++;
		else if (*k->p == '(')
			depth++;
		else if (*k->p == ')')
			depth--;
		k->p++;
	} while (k->p < k->end && depth > 0);
	return depth == 0;
}

/* A quoted string or domain literal, as it stands, up to its close. */
static bool
copy_until(struct parser *k, struct text *t, char close)
{
	text_put(t, k->p++);
	for (; k->p < k->end; k->p++) {
		if (*k->p == '\r' || *k->p == '\n') {
			t->gap = true; /* folding inside is not part of it */
			continue;
		}
		text_byte(t, *k->p);
		if (*k->p == close) {
			t->end = ++k->p;
			return true;
		}
		if (*k->p == '\\' && k->p + 1 < k->end)
			text_byte(t, *++k->p);
	}
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What is alike inside and outside brackets; false: not one of these. */
static bool
common_token(struct parser *k, struct text *t, bool *good)
{
	*good = true;
	if (is_blank(*k->p)) {
		t->blank = true;
		k->p++;
	} else if (*k->p == '(') {
		*good = skip_comment(k);
		t->blank = true;
	} else if (*k->p == '"')
		*good = copy_until(k, t, '"');
	else if (*k->p == '[')
		*good = copy_until(k, t, ']');
	else
		return false;
	return true;
}

/* From the "<" to behind the ">". */
static bool
read_angle(struct parser *k)
{
	bool good;

	text_clear(&k->angle);
	text_put(&k->angle, k->p++);
	while (k->p < k->end) {
		if (common_token(k, &k->angle, &good)) {
			if (!good)
				return false;
			continue;
		}
		text_put(&k->angle, k->p);
		if (*k->p++ == '>')
			return true;
	}
	return false;
}

static enum header_addr
translate(enum address_result r)
{
	switch (r) {
	case ADDRESS_OK:
		return HEADER_ADDR_OK;
	case ADDRESS_LONG:
		return HEADER_ADDR_LONG;
	case ADDRESS_UTF8:
		return HEADER_ADDR_UTF8;
	case ADDRESS_SYNTAX:
		break;
	}
	return HEADER_ADDR_SYNTAX;
}

/* Where the address itself stands: without brackets, if it is in one piece. */
static void
locate(const struct parser *k, const struct text *t, struct header_spot *spot)
{
	size_t bracket = k->has_angle ? 1 : 0;

	spot->at = NULL;
	spot->len = 0;
	if (t->gap || t->s[bracket] == '@') /* a route */
		return;
	spot->at = t->start + bracket;
	spot->len = (size_t)(t->end - t->start) - 2 * bracket;
}

/* One element of the list is complete. */
static enum header_addr
emit(struct parser *k)
{
	struct text *t = k->has_angle ? &k->angle : &k->plain;
	struct header_spot spot;
	enum address_result r;
	struct address a;
	const char *s;

	if (!k->has_angle && t->n == 0)
		return HEADER_ADDR_OK; /* ",," and "group:;" */
	t->s[t->n] = '\0';
	s = t->s;
	if (t->cut)
		return HEADER_ADDR_LONG;
	if (!k->has_angle)
		r = address_parse_wide(s, &a);
	else {
		r = address_parse_path_wide(&s, &a);
		if (r == ADDRESS_OK && (*s != '\0' || address_is_null(&a)))
			r = ADDRESS_SYNTAX;
	}
	if (r != ADDRESS_OK)
		return translate(r);
	locate(k, t, &spot);
	spot.address = &a;
	text_clear(&k->plain);
	k->has_angle = false;
	return k->fn(&spot, k->arg) ? HEADER_ADDR_OK : HEADER_ADDR_STOP;
}

static enum header_addr
step(struct parser *k)
{
	bool good;

	if (common_token(k, &k->plain, &good))
		return good ? HEADER_ADDR_OK : HEADER_ADDR_SYNTAX;
	switch (*k->p) {
	case '<':
		if (k->has_angle || !read_angle(k))
			return HEADER_ADDR_SYNTAX;
		k->has_angle = true;
		text_clear(&k->plain);
		return HEADER_ADDR_OK;
	case ':': /* what stood before was a group's name */
		/* An address there would be lost without a word. */
		if (k->has_angle || memchr(k->plain.s, '@', k->plain.n) != NULL)
			return HEADER_ADDR_SYNTAX;
		k->p++;
		text_clear(&k->plain);
		return HEADER_ADDR_OK;
	case ',':
	case ';':
		k->p++;
		return emit(k);
	default:
		text_put(&k->plain, k->p++);
		/* Words behind "<...>" have no meaning. */
		return k->has_angle ? HEADER_ADDR_SYNTAX : HEADER_ADDR_OK;
	}
}

static void
show(const struct parser *k, char *found)
{
	const struct text *t = k->has_angle ? &k->angle : &k->plain;
	size_t n = t->n < 80 ? t->n : 80;

	for (size_t i = 0; i < n; i++)
		found[i] = t->s[i] < ' ' || t->s[i] > '~' ? '?' : t->s[i];
	found[n] = '\0';
}

static enum header_addr
run(struct parser *k)
{
	enum header_addr r = HEADER_ADDR_OK;

	while (k->p < k->end && r == HEADER_ADDR_OK)
		r = step(k);
	return r == HEADER_ADDR_OK ? emit(k) : r;
}

enum header_addr
header_spots(const char *s, size_t n,
    bool (*fn)(const struct header_spot *, void *), void *arg)
{
	struct parser k = { .p = s, .end = s + n, .fn = fn, .arg = arg };

	return run(&k);
}

/* Who wants no more than the address. */
struct plain {
	bool (*fn)(const struct address *, void *);
	void *arg;
};

static bool
address_of(const struct header_spot *spot, void *arg)
{
	const struct plain *p = arg;

	return p->fn(spot->address, p->arg);
}

enum header_addr
header_addresses(const char *s, size_t n,
    bool (*fn)(const struct address *, void *), void *arg,
    char found[HEADER_ADDR_TEXT + 1])
{
	struct plain p = { fn, arg };
	struct parser k = { .p = s, .end = s + n, .fn = address_of, .arg = &p };
	enum header_addr r = run(&k);

	if (r != HEADER_ADDR_OK)
		show(&k, found);
	return r;
}
