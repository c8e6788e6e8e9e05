/*
 * members: the lists behind aliases and forwards.  Library code in smtpd,
 * queued, local, pipe and the tools; pure: bytes in, bytes out.  The text may
 * be any user's.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/members.h"
#include "common/outcome.h"
#include "common/text.h"

bool
members_next(const char **p, struct member *m)
{
	size_t n = strcspn(*p, "\n");

	if (n < 2 || n - 1 > MEMBER_MAX || strchr("afcbie", **p) == NULL)
		return false;
	m->kind = (enum member_kind) * *p;
	memcpy(m->text, *p + 1, n - 1);
	m->text[n - 1] = '\0';
	*p += n + ((*p)[n] == '\n');
	return true;
}

const char *
members_refusal(const char *p)
{
	const char *text = p + 1;
	struct member m;

	if (*p != MEMBER_ERROR || !members_next(&p, &m) || *p != '\0')
		return NULL;
	return text;
}

void
members_put(struct sbuf *out, enum member_kind kind, const char *text)
{
	if (out->len > 0)
		sbuf_putc(out, '\n');
	sbuf_putc(out, (char)kind);
	sbuf_puts(out, text);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The length up to the comma that ends it, outside of quotes; false if a quote
 * is open at the end.
 */
static bool
find_end(const char *s, size_t *n)
{
	bool quoted = false;
	size_t i;

	for (i = 0; s[i] != '\0' && (quoted || s[i] != ','); i++) {
		if (s[i] == '"')
			quoted = !quoted;
		else if (s[i] == '\\' && quoted && s[i + 1] != '\0')
			i++;
	}
	*n = i;
	return !quoted;
}

/* Whether all of it is one pair of quotes; then without them, unescaped. */
static bool
unquote(const char *s, char *out)
{
	size_t n = strlen(s), k = 0;

	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return false;
	for (size_t i = 1; i < n - 1; i++) {
		if (s[i] == '"')
			return false;
		if (s[i] == '\\' && i + 2 < n)
			i++;
		out[k++] = s[i];
	}
	out[k] = '\0';
	return true;
}

/* "550 5.1.1 text" or "550 text" as "5.1.1 text". */
static enum members_read
read_error(const char *s, struct member *m)
{
	char dsn[DSN_LEN + 1];
	size_t n;

	s += strspn(s, " \t");
	if ((s[0] != '4' && s[0] != '5') || strspn(s, "0123456789") != 3 ||
	    !is_blank(s[3]))
		return MEMBERS_SYNTAX;
	(void)strlcpy(dsn, s[0] == '5' ? "5.1.1" : "4.2.1", sizeof(dsn));
	m->text[0] = s[0];
	s += 3 + strspn(s + 3, " \t");
	n = strcspn(s, " \t");
	if (n <= DSN_LEN) {
		char word[DSN_LEN + 1];

		memcpy(word, s, n);
		word[n] = '\0';
		if (dsn_valid(word)) {
			if (word[0] != dsn[0])
				return MEMBERS_SYNTAX;
			(void)strlcpy(dsn, word, sizeof(dsn));
			s += n + strspn(s + n, " \t");
		}
	}
	if (*s == '\0')
		return MEMBERS_SYNTAX;
	m->kind = MEMBER_ERROR;
	return (size_t)snprintf(m->text, sizeof(m->text), "%s %s", dsn, s) >=
		sizeof(m->text)
	    ? MEMBERS_LONG
	    : MEMBERS_ONE;
}

/* clang-format off */
static const struct {
	const char		*start;
	enum member_kind	 kind;
	size_t			 skip;	/* bytes of start that do not stay */
} forms[] = {
	{ "|",		MEMBER_COMMAND,	1 },
	{ "/",		MEMBER_FILE,	0 },
	{ "\\",		MEMBER_FINAL,	1 },
	{ ":include:",	MEMBER_INCLUDE,	9 },
};
/* clang-format on */

/* s lives beside m. */
static enum members_read
classify(const char *s, struct member *m)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strncasecmp(s, forms[i].start, strlen(forms[i].start)) != 0)
			continue;
		m->kind = forms[i].kind;
		s += forms[i].skip;
		s += strspn(s, " \t");
		(void)strlcpy(m->text, s, sizeof(m->text)); /* no longer */
		if (*s == '\0')
			return MEMBERS_SYNTAX;
		if (m->kind == MEMBER_INCLUDE && *s != '/')
			return MEMBERS_PATH;
		return MEMBERS_ONE;
	}
	if (strncasecmp(s, "error:", 6) == 0)
		return read_error(s + 6, m);
	return MEMBERS_END;
}

/* m->text is what stands between the commas. */
static enum members_read
read_one(struct member *m)
{
	char whole[MEMBER_MAX + 1], bare[MEMBER_MAX + 1];
	enum members_read r;

	if (m->text[0] == '\0')
		return MEMBERS_EMPTY;
	if (text_has_control_but_tab(m->text))
		return MEMBERS_CONTROL;
	memcpy(whole, m->text, strlen(m->text) + 1);
	r = classify(unquote(whole, bare) ? bare : whole, m);
	if (r != MEMBERS_END) {
		if (r != MEMBERS_ONE)
			(void)strlcpy(m->text, whole, sizeof(m->text));
		return r;
	}
	m->kind = MEMBER_ADDRESS;
	memcpy(m->text, whole, strlen(whole) + 1);
	return MEMBERS_ONE;
}

enum members_read
members_read(const char **p, struct member *m)
{
	const char *s = *p + strspn(*p, " \t");
	bool closed;
	size_t n;

	m->kind = MEMBER_ADDRESS;
	m->text[0] = '\0';
	if (*s == '\0') {
		*p = s;
		return MEMBERS_END;
	}
	closed = find_end(s, &n);
	*p = s + n;
	if (**p == ',') {
		(*p)++;
		/* A comma at the very end is a list that goes on nowhere. */
		*p += strspn(*p, " \t");
	}
	while (n > 0 && is_blank(s[n - 1]))
		n--;
	(void)strlcpy(m->text, s,
	    n < sizeof(m->text) ? n + 1 : sizeof(m->text)); /* shown cut */
	if (n > MEMBER_MAX)
		return MEMBERS_LONG;
	return closed ? read_one(m) : MEMBERS_SYNTAX;
}

const char *
members_wanted(enum members_read r)
{
	switch (r) {
	case MEMBERS_EMPTY:
		return "something on both sides of a comma";
	case MEMBERS_PATH:
		return "an absolute path behind \":include:\"";
	case MEMBERS_LONG:
		return "at most 1000 bytes";
	case MEMBERS_CONTROL:
		return "no control characters";
	case MEMBERS_ONE:
	case MEMBERS_END:
	case MEMBERS_SYNTAX:
		break;
	}
	return "an address, \"|command\", /file, \\user, :include:/path or "
	       "error:5xx text, with quotes in pairs";
}
