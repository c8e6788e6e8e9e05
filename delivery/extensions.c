/*
 * extensions: what a server says that it can do.
 *
 * In remote, as postrider-out; parses lines of another host, without
 * allocation, into numbers and words of a fixed list.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/mechs.h"
#include "common/num.h"
#include "delivery/extensions.h"

#define LIMIT_MAX 999999 /* RFC 9422 section 3: six digits */
#define WORD_MAX 40      /* bytes of the words that are known, and more */

/* The next word of *s, which moves behind it; "" if it is too long. */
static bool
next_word(const char **s, char word[WORD_MAX + 1])
{
	size_t n;

	*s += strspn(*s, " \t");
	n = strcspn(*s, " \t");
	word[0] = '\0';
	if (n <= WORD_MAX) {
		memcpy(word, *s, n);
		word[n] = '\0';
	}
	*s += n;
	return n > 0;
}

/* Nothing that is over a number's range, or none, is a limit. */
static void
take_size(struct extensions *e, const char *params)
{
	char word[WORD_MAX + 1];
	uint64_t v;

	if (next_word(&params, word) && num_parse(word, UINT64_MAX, &v))
		e->size = v;
}

static void
take_limit(const char *word, const char *name, uint32_t *out)
{
	size_t n = strlen(name);
	uint64_t v;

	if (strncasecmp(word, name, n) == 0 &&
	    num_parse(word + n, LIMIT_MAX, &v) && v > 0)
		*out = (uint32_t)v;
}

static void
take_limits(struct extensions *e, const char *params)
{
	char word[WORD_MAX + 1];

	while (next_word(&params, word)) {
		take_limit(word, "RCPTMAX=", &e->rcpt_max);
		take_limit(word, "MAILMAX=", &e->mail_max);
	}
}

/* In our own spelling, once. */
static void
take_mechs(struct extensions *e, const char *params)
{
	static const char *const known[] = { "EXTERNAL", "SCRAM-SHA-256-PLUS",
		"SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN",
		"LOGIN", "CRAM-MD5" };
	char word[WORD_MAX + 1];

	while (next_word(&params, word))
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (strcasecmp(word, known[i]) != 0 ||
			    mechs_has(e->mechs, known[i]))
				continue;
			/* All names together are shorter. */
			if (e->mechs[0] != '\0')
				(void)strlcat(e->mechs, " ", sizeof(e->mechs));
			(void)strlcat(e->mechs, known[i], sizeof(e->mechs));
		}
}

static const struct extension {
	const char *keyword;
	uint32_t bit;
	void (*params)(struct extensions *, const char *);
} known[] = {
	/* clang-format off */
	{ "PIPELINING",		EXT_PIPELINING,	NULL },
	{ "SIZE",		EXT_SIZE,	take_size },
	{ "8BITMIME",		EXT_8BITMIME,	NULL },
	{ "SMTPUTF8",		EXT_SMTPUTF8,	NULL },
	{ "CHUNKING",		EXT_CHUNKING,	NULL },
	{ "BINARYMIME",		EXT_BINARYMIME,	NULL },
	{ "DSN",		EXT_DSN,	NULL },
	{ "STARTTLS",		EXT_STARTTLS,	NULL },
	{ "AUTH",		EXT_AUTH,	take_mechs },
	{ "ENHANCEDSTATUSCODES", EXT_ENHANCED,	NULL },
	{ "LIMITS",		0,		take_limits },
	/* clang-format on */
};

void
extensions_clear(struct extensions *e)
{
	memset(e, 0, sizeof(*e));
}

void
extensions_line(void *arg, size_t number, const char *line)
{
	struct extensions *e = arg;
	size_t n = strcspn(line, " \t");

	if (number == 0) {
		e->has |= EXT_EHLO;
		return;
	}
	/* Of before there was a standard. */
	if (strncasecmp(line, "AUTH=", 5) == 0)
		n = 4;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].keyword) != n ||
		    strncasecmp(known[i].keyword, line, n) != 0)
			continue;
		e->has |= known[i].bit;
		if (known[i].params != NULL && line[n] != '\0')
			known[i].params(e, line + n + 1);
	}
}
