/*
 * submit_reply: replies of an SMTP server.  In sendmail(8) and postrider(8),
 * with the caller's rights; memory only.
 */
#include <string.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "queue/submit_reply.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The enhanced code in front of the text, when its class is the reply's. */
static const char *
take_dsn(const char *s, struct reply *r)
{
	size_t n = strcspn(s, " ");

	r->dsn[0] = '\0';
	if (n == 0 || n > DSN_LEN ||
	    (unsigned int)(s[0] - '0') != r->code / 100)
		return s;
	memcpy(r->dsn, s, n);
	r->dsn[n] = '\0';
	if (dsn_valid(r->dsn))
		return s + n + (s[n] == ' ');
	r->dsn[0] = '\0';
	return s;
}

enum reply_line
reply_parse_line(const char *line, struct reply *r)
{
	const char *text;

	if (line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
	    !is_digit(line[2]))
		return REPLY_BAD;
	if (line[3] != '\0' && line[3] != ' ' && line[3] != '-')
		return REPLY_BAD;
	r->code = (unsigned int)(100 * (line[0] - '0') + 10 * (line[1] - '0') +
	    (line[2] - '0'));
	text = take_dsn(line[3] == '\0' ? line + 3 : line + 4, r);
	strlcpy(r->text, text, sizeof(r->text));
	return line[3] == '-' ? REPLY_MORE : REPLY_LAST;
}

/* clang-format off */
static const struct {
	const char *dsn; /* a beginning */
	int status;
} by_dsn[] = {
	{ "5.1.2",	EX_NOHOST },
	{ "5.1.10",	EX_NOHOST },	/* null MX, RFC 7505 */
	{ "5.1.",	EX_NOUSER },
	{ "5.2.1",	EX_NOUSER },
	{ "5.2.",	EX_UNAVAILABLE },
	{ "5.3.4",	EX_DATAERR },	/* too big */
	{ "5.3.",	EX_UNAVAILABLE },
	{ "5.4.",	EX_NOHOST },
	{ "5.5.",	EX_PROTOCOL },
	{ "5.6.",	EX_DATAERR },
	{ "5.7.",	EX_NOPERM },
};

static const struct {
	unsigned int code;
	int status;
} by_code[] = {
	{ 550, EX_NOUSER },
	{ 551, EX_NOUSER },
	{ 552, EX_DATAERR },
	{ 553, EX_NOUSER },
	{ 500, EX_PROTOCOL },
	{ 501, EX_PROTOCOL },
	{ 502, EX_PROTOCOL },
	{ 503, EX_PROTOCOL },
	{ 504, EX_PROTOCOL },
	{ 530, EX_NOPERM },
	{ 535, EX_NOPERM },
};
/* clang-format on */

int
reply_exit(const struct reply *r)
{
	if (r->code / 100 != 5)
		return EX_TEMPFAIL;
	for (size_t i = 0; i < sizeof(by_dsn) / sizeof(by_dsn[0]); i++)
		if (strncmp(r->dsn, by_dsn[i].dsn, strlen(by_dsn[i].dsn)) == 0)
			return by_dsn[i].status;
	for (size_t i = 0; i < sizeof(by_code) / sizeof(by_code[0]); i++)
		if (by_code[i].code == r->code)
			return by_code[i].status;
	return EX_UNAVAILABLE;
}
