/*
 * header: the fields of a message header.  In sendmail(8), with the caller's
 * rights, and smtpd(8), as postrider-net; memory only.
 */
#include <string.h>

#include "common/header.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Printable US-ASCII without blank and colon (RFC 5322 section 3.6.8). */
static size_t
name_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] > ' ' && s[i] <= '~' && s[i] != ':')
		i++;
	return i;
}

bool
header_is_field(const char *line, size_t n)
{
	size_t i = name_length(line, n);

	if (i == 0)
		return false;
	while (i < n && is_blank(line[i]))
		i++;
	return i < n && line[i] == ':';
}

bool
header_next(const char **p, const char *end, struct header_field *f)
{
	const char *lf, *next = *p;
	size_t n;

	if (*p >= end)
		return false;
	do {
		lf = memchr(next, '\n', (size_t)(end - next));
		next = lf != NULL ? lf + 1 : end;
	} while (next < end && is_blank(*next));
	f->start = *p;
	f->len = (size_t)(next - *p);
	n = f->len - (lf != NULL);
	f->name_len = name_length(*p, n);
	f->value = memchr(*p, ':', n);
	f->value = f->value != NULL ? f->value + 1 : *p + n;
	f->value_len = (size_t)(*p + n - f->value);
	*p = next;
	return true;
}

bool
header_named(const struct header_field *f, const char *name)
{
	return strlen(name) == f->name_len &&
	    strncasecmp(f->start, name, f->name_len) == 0;
}
