/*
 * mime_part: what the header of a part says of its body.  Library code in
 * remote and local; a pure function of what strangers wrote.  Must never read
 * outside the header, nor take more than one look at each byte of a field.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/mime_part.h"

/* A value, and how far it has been read. */
struct value {
	const char *p, *end;
};

bool
mime_field_begins(const char *line, size_t n, const char *name)
{
	size_t i = 0, len;

	while (i < n && line[i] > ' ' && line[i] <= '~' && line[i] != ':')
		i++;
	len = i;
	while (i < n && (line[i] == ' ' || line[i] == '\t'))
		i++;
	if (len == 0 || i == n || line[i] != ':')
		return false;
	return name == NULL ||
	    (strlen(name) == len && strncasecmp(line, name, len) == 0);
}

size_t
mime_field_length(const char *field, size_t n)
{
	const char *p = field, *end = field + n;

	do {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p == NULL ? end : p + 1;
	} while (p < end && (*p == ' ' || *p == '\t'));
	return (size_t)(p - field);
}

/* The first field of that name. */
static bool
find(const char *header, size_t n, const char *name, struct value *v)
{
	size_t len;

	for (; n > 0; header += len, n -= len) {
		len = mime_field_length(header, n);
		if (!mime_field_begins(header, len, name))
			continue;
		v->end = header + len;
		v->p = memchr(header, ':', len);
		v->p++;
		return true;
	}
	return false;
}

/* White space and comments, which may lie in each other. */
static void
skip(struct value *v)
{
	size_t depth = 0;

	for (; v->p < v->end; v->p++) {
		if (*v->p == '(')
			depth++;
		else if (*v->p == ')' && depth > 0)
			depth--;
		else if (*v->p == '\\' && depth > 0 && v->end - v->p > 1)
			v->p++;
		else if (depth == 0 && strchr(" \t\r\n", *v->p) == NULL)
			return;
		else if (*v->p == '\0' && depth == 0)
			return;
	}
}

static bool
is_token(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* A word in lower case, cut; "" for none. */
#define WORD 40

static void
word(struct value *v, char out[WORD])
{
	size_t n = 0;

	skip(v);
	for (; v->p < v->end && is_token(*v->p); v->p++)
		if (n < WORD - 1)
			out[n++] = *v->p >= 'A' && *v->p <= 'Z'
			    ? (char)(*v->p - 'A' + 'a')
			    : *v->p;
	out[n] = '\0';
}

static bool
take(struct value *v, char c)
{
	skip(v);
	if (v->p == v->end || *v->p != c)
		return false;
	v->p++;
	return true;
}

/* Bytes of a parameter; too many of them, or unprintable ones, make it "". */
struct text {
	char s[MIME_BOUNDARY + 1];
	size_t n;
	bool bad;
};

static void
add(struct text *t, char c)
{
	if (c < ' ' || c > '~' || t->n == MIME_BOUNDARY)
		t->bad = true;
	else
		t->s[t->n++] = c;
}

static void
quoted(struct value *v, struct text *t)
{
	for (; v->p < v->end && *v->p != '"'; v->p++) {
		if (*v->p == '\\' && v->end - v->p > 1)
			v->p++;
		if (*v->p != '\n')
			add(t, *v->p);
	}
	v->p += v->p < v->end;
}

static bool
ends_value(char c)
{
	return c == ';' || c == ' ' || c == '\t' || c == '\n';
}

/* Without quotes more than a token is taken: boundaries often hold "=". */
static void
parameter(struct value *v, struct text *t)
{
	t->n = 0;
	t->bad = false;
	if (take(v, '"'))
		quoted(v, t);
	else
		while (v->p < v->end && !ends_value(*v->p))
			add(t, *v->p++);
	while (t->n > 0 && t->s[t->n - 1] == ' ')
		t->n--; /* RFC 2046 section 5.1.1: no boundary ends so */
	if (t->bad)
		t->n = 0;
	t->s[t->n] = '\0';
}

static bool
is_wide(const char *charset)
{
	return strncasecmp(charset, "utf-16", 6) == 0 ||
	    strncasecmp(charset, "utf-32", 6) == 0 ||
	    strncasecmp(charset, "iso-10646-ucs", 13) == 0;
}

/* The parameters behind the type; the first of a name counts. */
static void
parameters(struct value *v, struct mime_part *part, bool *wide)
{
	char name[WORD];
	struct text t;

	while (v->p < v->end) {
		if (!take(v, ';')) {
			v->p += v->p < v->end;
			continue;
		}
		word(v, name);
		if (!take(v, '='))
			continue;
		skip(v);
		parameter(v, &t);
		if (strcmp(name, "charset") == 0)
			*wide = is_wide(t.s);
		else if (strcmp(name, "boundary") == 0 &&
		    part->boundary[0] == '\0')
			memcpy(part->boundary, t.s, t.n + 1);
	}
}

static void
read_type(struct value *v, struct mime_part *part)
{
	char type[WORD], sub[WORD] = "";
	bool wide = false;

	word(v, type);
	if (take(v, '/'))
		word(v, sub);
	parameters(v, part, &wide);
	if (strcmp(type, "text") == 0)
		part->kind = wide ? MIME_WIDE_TEXT : MIME_TEXT;
	else if (strcmp(type, "multipart") == 0) {
		part->kind =
		    *part->boundary != '\0' ? MIME_MULTIPART : MIME_TEXT;
		part->digest = strcmp(sub, "digest") == 0;
	} else if (strcmp(type, "message") == 0)
		part->kind =
		    strcmp(sub, "rfc822") == 0 || strcmp(sub, "news") == 0
		    ? MIME_MESSAGE
		    : MIME_TEXT;
	else
		part->kind = MIME_OTHER;
}

static enum mime_cte
read_cte(struct value *v)
{
	static const struct {
		const char *name;
		enum mime_cte cte;
	} names[] = {
		{ "7bit", MIME_7BIT },
		{ "8bit", MIME_8BIT },
		{ "binary", MIME_BINARY },
		{ "quoted-printable", MIME_QUOTED },
		{ "base64", MIME_BASE64 },
		{ "", MIME_7BIT },
	};
	char name[WORD];

	word(v, name);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].cte;
	return MIME_UNKNOWN;
}

/* A whole is never encoded itself (RFC 2045 section 6.4). */
static bool
is_whole(const struct mime_part *part)
{
	return part->kind == MIME_MULTIPART || part->kind == MIME_MESSAGE;
}

void
mime_part_read(
    struct mime_part *part, const char *header, size_t n, bool digest)
{
	struct value v;

	memset(part, 0, sizeof(*part));
	part->kind = digest ? MIME_MESSAGE : MIME_TEXT;
	part->has_version = find(header, n, "MIME-Version", &v);
	part->has_type = find(header, n, "Content-Type", &v);
	if (part->has_type)
		read_type(&v, part);
	if (find(header, n, "Content-Transfer-Encoding", &v))
		part->cte = read_cte(&v);
	if (is_whole(part) && part->cte > MIME_BINARY)
		part->kind = MIME_OTHER;
}
