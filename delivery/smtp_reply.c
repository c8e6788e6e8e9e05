/*
 * smtp_reply: the replies of other servers.
 *
 * In remote, as postrider-out: the first code that touches what the other side
 * of a connection sent.  Bounded in bytes, lines and time; nothing of a reply
 * is kept for the next.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "delivery/smtp_reply.h"

/* Becomes printable. */
static void
clean(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

static enum reply_result
nonsense(struct smtp_reply *r, const char *what, const char *found)
{
	r->code = 0;
	r->dsn[0] = '\0';
	(void)snprintf(r->text, sizeof(r->text), "%s: %.100s", what, found);
	clean(r->text);
	return REPLY_NONSENSE;
}

static enum reply_result
unread(struct smtp_reply *r, enum line why)
{
	int error = errno;

	r->code = 0;
	r->dsn[0] = '\0';
	if (why == LINE_ERROR && error == EMSGSIZE)
		return nonsense(
		    r, "wanted a reply, found a line without end", "");
	if (why == LINE_TIMEOUT) {
		strlcpy(r->text, "no reply in time", sizeof(r->text));
		return REPLY_LATE;
	}
	(void)snprintf(r->text, sizeof(r->text), "the connection was lost: %s",
	    why == LINE_EOF ? "closed by the other side" : strerror(error));
	return REPLY_GONE;
}

/* 200 to 599 and nothing but a blank, a hyphen or the end behind it; else 0. */
static int
code_of(const char *s)
{
	int code = 0;

	for (int i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		code = code * 10 + (s[i] - '0');
	}
	if (s[3] != '\0' && s[3] != ' ' && s[3] != '-')
		return 0;
	return code >= 200 && code <= 599 ? code : 0;
}

/*
 * The enhanced code at the start of a line, if its class is that of the reply
 * (RFC 2034 section 4): what is behind it, else the line.
 */
static const char *
take_dsn(struct smtp_reply *r, const char *line)
{
	char word[DSN_LEN + 1];
	size_t n = strcspn(line, " ");

	if (n > DSN_LEN || line[0] != '0' + r->code / 100)
		return line;
	memcpy(word, line, n);
	word[n] = '\0';
	if (!dsn_valid(word))
		return line;
	if (r->dsn[0] == '\0')
		strlcpy(r->dsn, word, sizeof(r->dsn));
	return line + n + strspn(line + n, " ");
}

static void
add_text(struct smtp_reply *r, const char *line)
{
	size_t len = strlen(r->text);

	if (*line == '\0' || len == DIAG_TEXT)
		return;
	(void)snprintf(r->text + len, sizeof(r->text) - len, "%s%s",
	    len > 0 ? " " : "", line);
	clean(r->text + len);
}

/* A word that is cut off could be taken for another. */
static void
drop_last_word(char *line)
{
	char *blank = strrchr(line, ' ');

	if (blank != NULL && blank > line + 3)
		*blank = '\0';
}

enum reply_result
smtp_reply_read(struct lineio *io, struct smtp_reply *r, deadline_t deadline,
    reply_line_fn fn, void *arg)
{
	char line[REPLY_LINE + 1];
	enum line got;
	int code;

	memset(r, 0, sizeof(*r));
	io->lf_ends = true;
	for (size_t n = 0; n < REPLY_LINES; n++) {
		/* A deadline that has passed counts while bytes come, too. */
		if (n > 0 && deadline_left(deadline) == 0)
			return unread(r, LINE_TIMEOUT);
		got = lineio_get(io, line, sizeof(line), deadline);
		if (got != LINE_OK && got != LINE_LONG && got != LINE_BAD)
			return unread(r, got);
		if ((code = code_of(line)) == 0)
			return nonsense(
			    r, "wanted a reply of SMTP, found", line);
		if (n > 0 && code != r->code)
			return nonsense(
			    r, "wanted one code in all lines, found", line);
		if (got == LINE_LONG)
			drop_last_word(line);
		r->code = code;
		if (fn != NULL)
			fn(arg, n, line + (line[3] != '\0' ? 4 : 3));
		if (line[3] != '\0')
			add_text(r, take_dsn(r, line + 4));
		if (line[3] != '-')
			return REPLY_READ;
	}
	return nonsense(r, "wanted a reply, found one without end", line);
}

bool
smtp_reply_early(struct lineio *io)
{
	char c;

	return lineio_pending(io) > 0 ||
	    recv(io->in, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

enum outcome
smtp_reply_diag(const struct smtp_reply *r, struct diag *d)
{
	static const struct {
		enum outcome outcome;
		const char *dsn;
	} classes[] = {
		[2] = { OUT_OK, "2.0.0" },
		[3] = { OUT_TEMP, "4.5.0" },
		[4] = { OUT_TEMP, "4.0.0" },
		[5] = { OUT_PERM, "5.0.0" },
	};
	int class = r->code / 100;

	if (class < 2 || class > 5)
		class = 3; /* no reply at all is no answer either */
	d->outcome = classes[class].outcome;
	strlcpy(d->dsn, classes[class].dsn, sizeof(d->dsn));
	if (r->dsn[0] == '0' + class && dsn_valid(r->dsn))
		strlcpy(d->dsn, r->dsn, sizeof(d->dsn));
	strlcpy(d->text, r->text, sizeof(d->text));
	return d->outcome;
}

bool
smtp_reply_is_busy(const struct smtp_reply *r)
{
	static const char *const codes[] = { "4.3.1", "4.3.2", "4.4.5" };
	static const char *const words[] = { "too many", "too much", " rate",
		"throttl", "busy", "overload", " load" };

	if (r->code == 421)
		return true;
	if (r->code < 450 || r->code > 452)
		return false;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(r->dsn, codes[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(r->text, words[i]) != NULL)
			return true;
	return false;
}

bool
smtp_reply_wants_tls(const struct smtp_reply *r)
{
	static const char *const codes[] = { "5.7.0", "5.7.4", "5.7.5",
		"5.7.10", "5.7.11" };
	static const char *const words[] = { "TLS", "encrypt", "SSL" };

	if (r->code == 523 || r->code == 530 || r->code == 538)
		return true;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(r->dsn, codes[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(r->text, words[i]) != NULL)
			return true;
	return false;
}

void
smtp_reply_where(char text[DIAG_TEXT + 1], const char *where)
{
	char tail[48];
	size_t len = strlen(text), n;

	(void)snprintf(tail, sizeof(tail), "%s(%s)", len > 0 ? " " : "", where);
	n = strlen(tail);
	if (len > DIAG_TEXT - n)
		len = DIAG_TEXT - n;
	memcpy(text + len, tail, n + 1);
}
