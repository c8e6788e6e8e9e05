/*
 * reply: what smtpd says, by the reason for saying it.
 *
 * Part of smtpd(8); text in, text out.  Must never let a byte that a client
 * or another program sent end a reply's line.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "smtpd/reply.h"

/* clang-format off */
const struct reply_row replies[REPLY_COUNT] = {
#define R(name, code, dsn, words)	{ code, dsn, words },
	REPLIES(R)
#undef R
};
/* clang-format on */

#define WORDS_MAX (REPLY_MAX - 20) /* leaves room for codes and CRLF */

static size_t
put(char *out, size_t n, const char *s)
{
	for (; *s != '\0' && n < WORDS_MAX; s++)
		out[n++] = *s >= ' ' && *s <= '~' ? *s : '?';
	out[n] = '\0';
	return n;
}

static void
fill_in(const char *words, const char *arg, char out[WORDS_MAX + 1])
{
	const char *gap = strchr(words, '$');
	char head[WORDS_MAX + 1];
	size_t n;

	if (gap == NULL) {
		(void)put(out, 0, words);
		return;
	}
	(void)snprintf(head, sizeof(head), "%.*s", (int)(gap - words), words);
	n = put(out, 0, head);
	n = put(out, n, arg != NULL ? arg : "");
	(void)put(out, n, gap + 1);
}

static size_t
line(unsigned int code, const char *dsn, const char *words, char *out)
{
	int n = snprintf(out, REPLY_MAX + 1, "%u %s%s%s\r\n", code, dsn,
	    *dsn != '\0' ? " " : "", words);

	return (size_t)n; /* WORDS_MAX keeps it below the bound */
}

size_t
reply_format(enum reply r, const char *arg, char out[REPLY_MAX + 1])
{
	char words[WORDS_MAX + 1];

	fill_in(replies[r].words, arg, words);
	return line(replies[r].code, replies[r].dsn, words, out);
}

/* clang-format off */
static const struct {
	const char	*dsn;	/* or the beginning of one */
	unsigned int	 code;
} codes[] = {
	{ "4.2.2",	452 },	/* a mailbox is full */
	{ "4.3.1",	452 },	/* RFC 5321 4.2.3: insufficient storage */
	{ "4.5.3",	452 },
	{ "4.7.0",	454 },	/* RFC 4954 section 4 */
	{ "4",		451 },
	{ "5.1",	550 },
	{ "5.2.2",	552 },	/* RFC 5321 4.2.3: exceeded storage */
	{ "5.3.4",	552 },	/* RFC 1870 section 6 */
	{ "5.6.11",	550 },
	{ "5.5.6",	500 },	/* RFC 4954 section 6, as all below */
	{ "5.5.4",	504 },	/* of authd: an unknown mechanism */
	{ "5.5",	501 },
	{ "5.7.11",	538 },
	{ "5.7.8",	535 },
	{ "5.7.9",	534 },
	{ "5",		554 },
};
/* clang-format on */

static unsigned int
code_of(const char *dsn)
{
	size_t n;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		n = strlen(codes[i].dsn);
		if (strncmp(dsn, codes[i].dsn, n) == 0 &&
		    (dsn[n] == '\0' || dsn[n] == '.'))
			return codes[i].code;
	}
	return 451;
}

size_t
reply_diag(const struct diag *d, char out[REPLY_MAX + 1])
{
	char words[WORDS_MAX + 1];

	(void)put(words, 0, d->text);
	return line(code_of(d->dsn), d->dsn, words, out);
}

size_t
reply_refusal(const char *error, char out[REPLY_MAX + 1])
{
	char words[WORDS_MAX + 1];

	(void)put(words, 0, error);
	return line(*error == '4' ? 450 : 550, "", words, out);
}

void
reply_to_diag(enum reply r, const char *arg, struct diag *d)
{
	char words[WORDS_MAX + 1];

	fill_in(replies[r].words, arg, words);
	(void)diag_set(d, replies[r].dsn, "%s", words); /* d says it all */
}
