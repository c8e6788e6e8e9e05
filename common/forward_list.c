/*
 * forward_list: the text of a ~/.forward or of an :include: list.
 *
 * In local and pipe, which run as the owner of the file or, for lists of
 * aliases, as postrider-pipe, and in postrider(8), which looks whether these can
 * be read.  Pure: bytes in, members out.  Whoever may write the file writes what
 * comes in here: each line is bounded, and read in time that is linear in its
 * length.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/msg.h"
#include "common/forward_list.h"

#define LINE_MAX_BYTES 65536 /* with NUL */

struct reader {
	forward_taker *taker;
	void *arg;
	struct forward_mistake *mistake; /* its line is that of now */
};

static bool
mistaken(struct reader *r, const char *wanted, const char *found)
{
	r->mistake->wanted = wanted;
	/* Cut where it is too long to show. */
	(void)strlcpy(r->mistake->found, found, sizeof(r->mistake->found));
	return false;
}

/* user, user@example.org or, in a list that people keep, Name <user@...>. */
static enum address_result
parse(const char *text, struct address *a)
{
	const char *path = strrchr(text, '<');
	enum address_result r;

	if (path == NULL || path == text || text[strlen(text) - 1] != '>')
		return address_parse(text, a);
	r = address_parse_path(&path, a);
	return r == ADDRESS_OK && *path != '\0' ? ADDRESS_SYNTAX : r;
}

/* Its text becomes the canonical form; NULL, or what was wanted. */
static const char *
canonical(struct member *m)
{
	struct address a;

	switch (parse(m->text, &a)) {
	case ADDRESS_OK:
		if (!address_is_null(&a) &&
		    address_format(&a, m->text, ADDR_MAX + 1))
			return NULL;
		break;
	case ADDRESS_LONG:
		return "a mail address within the bounds of RFC 5321";
	case ADDRESS_UTF8:
		return "a mail address whose domain is ASCII (\"xn--...\")";
	case ADDRESS_SYNTAX:
		break;
	}
	return "a mail address";
}

/* What stands there as it was written, without the comma; cut when long. */
static void
keep_found(const char *from, const char *to, char found[FORWARD_FOUND + 1])
{
	size_t n;

	from += strspn(from, " \t");
	while (to > from && strchr(" \t,", to[-1]) != NULL)
		to--;
	n = (size_t)(to - from);
	(void)strlcpy(found, from,
	    n < FORWARD_FOUND ? n + 1 : FORWARD_FOUND + 1); /* as wanted */
}

static bool
read_line(struct reader *r, const char *line)
{
	char found[FORWARD_FOUND + 1];
	const char *wanted = NULL, *start = line;
	enum members_read result;
	struct member m;

	while ((result = members_read(&line, &m)) == MEMBERS_ONE) {
		if (m.kind == MEMBER_ADDRESS || m.kind == MEMBER_FINAL)
			wanted = canonical(&m);
		if (wanted == NULL)
			wanted = r->taker(r->arg, &m);
		if (wanted != NULL) {
			keep_found(start, line, found);
			return mistaken(r, wanted, found);
		}
		start = line;
	}
	return result == MEMBERS_END ||
	    mistaken(r, members_wanted(result), m.text);
}

/* The n bytes of a line, without its LF. */
static bool
take_line(struct reader *r, const char *s, size_t n)
{
	static char line[LINE_MAX_BYTES]; /* large for the stack of an agent */

	if (n > 0 && s[n - 1] == '\r')
		n--;
	if (memchr(s, '\0', n) != NULL)
		return mistaken(r, "text", "a NUL byte");
	if (n >= sizeof(line))
		return mistaken(r, "lines of less than 64 KiB", "a longer one");
	memcpy(line, s, n);
	line[n] = '\0';
	if (line[strspn(line, " \t")] == '#')
		return true;
	return read_line(r, line);
}

bool
forward_list_read(const char *text, size_t n, forward_taker *taker, void *arg,
    struct forward_mistake *mistake)
{
	struct reader r = { taker, arg, mistake };
	const char *lf;
	size_t len;

	*mistake = (struct forward_mistake){ .wanted = "" };
	while (n > 0) {
		mistake->line++;
		lf = memchr(text, '\n', n);
		len = lf != NULL ? (size_t)(lf - text) : n;
		if (!take_line(&r, text, len))
			return false;
		len += lf != NULL;
		text += len;
		n -= len;
	}
	return true;
}
