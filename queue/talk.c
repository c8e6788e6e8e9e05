/*
 * talk: a scripted dialogue with an SMTP or POP3 server.
 *
 * In postrider(8), with the caller's rights.  Shows both sides, as a packet
 * capture would, but not the passwords.
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "common/lineio.h"
#include "queue/submit_reply.h"
#include "queue/talk.h"
#include "queue/talk_listing.h"

#define REPLY_SIZE 8192 /* bytes with NUL of a line of any server */
#define EXPECT_MAX 200

struct talk {
	const struct talk_options *opt;
	struct lineio *io;
	FILE *out;
	char expect[EXPECT_MAX]; /* how the next reply must begin; "" */
	FILE *save;              /* where the next listing goes; NULL */
	char reply[REPLY_SIZE];  /* last line of the last reply */
	bool in_data;
	int status;
};

static deadline_t
deadline(const struct talk *t)
{
	return deadline_in(t->opt->timeout);
}

/* Whatever a server says, the terminal sees no control characters. */
static void
show(struct talk *t, const char *side, const char *text, size_t n)
{
	(void)fprintf(t->out, "%s: ", side); /* cmd_flush() looks */
	for (size_t i = 0; i < n; i++)
		(void)putc((unsigned char)text[i] < ' ' && text[i] != '\t'
			? '?'
			: text[i],
		    t->out);
	(void)putc('\n', t->out);
}

static int
lost(enum line l)
{
	switch (l) {
	case LINE_EOF:
		warnx("wanted a reply, found the connection closed");
		return EX_UNAVAILABLE;
	case LINE_TIMEOUT:
		warnx("wanted a reply, found none in time");
		return EX_TEMPFAIL;
	case LINE_ERROR:
		warn("connection");
		return EX_IOERR;
	default:
		warnx("wanted a reply of the protocol, found something else");
		return EX_PROTOCOL;
	}
}

static int
read_line(struct talk *t)
{
	enum line l =
	    lineio_get(t->io, t->reply, sizeof(t->reply), deadline(t));

	if (l != LINE_OK)
		return lost(l);
	show(t, "S", t->reply, strlen(t->reply));
	return 0;
}

/* Shows whole lines and keeps the rest for the next piece. */
static void
show_lines(struct talk *t, struct sbuf *text, bool all)
{
	const char *p = sbuf_str(text), *end = p + text->len, *lf;
	char line[REPLY_SIZE];
	int dot;

	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL ||
	    (all && p < end)) {
		if (lf == NULL)
			lf = end;
		dot = *p == '.'; /* on the wire it was doubled */
		(void)snprintf(line, sizeof(line), "%s%.*s", dot ? "." : "",
		    (int)(lf - p), p);
		show(t, "S", line, strlen(line));
		p = lf < end ? lf + 1 : end;
	}
	sbuf_drop(text, (size_t)(p - sbuf_str(text)));
}

static int
keep_piece(struct talk *t, struct sbuf *text, unsigned long long *bytes)
{
	*bytes += text->len;
	if (t->save != NULL &&
	    fwrite(text->s, 1, text->len, t->save) != text->len) {
		warn("save");
		return EX_IOERR;
	}
	if (t->save != NULL || t->opt->quiet)
		sbuf_clear(text);
	else if (memchr(sbuf_str(text), '\n', text->len) != NULL ||
	    text->len > 4 * REPLY_SIZE)
		show_lines(t, text, text->len > 4 * REPLY_SIZE);
	return sbuf_ok(text) ? 0 : EX_OSERR;
}

static int
read_listing(struct talk *t)
{
	struct sbuf text = SBUF_INIT(16 * LINEIO_IN);
	struct talk_listing l = { AT_START };
	unsigned long long bytes = 0;
	enum line r = LINE_OK;
	int status = 0;
	const char *p;
	size_t n;

	while (l.place != AT_END && status == 0) {
		r = lineio_peek(t->io, &p, &n, deadline(t));
		if (r != LINE_OK) {
			status = lost(r);
			break;
		}
		lineio_consume(t->io, talk_listing_feed(&l, p, n, &text));
		if (text.len > 0)
			status = keep_piece(t, &text, &bytes);
	}
	if (t->save != NULL && fclose(t->save) != 0) {
		warn("save");
		status = EX_IOERR;
	}
	if (status == 0 && (t->save != NULL || t->opt->quiet))
		(void)fprintf(t->out, "   (%llu bytes with LF ends%s)\n", bytes,
		    t->save != NULL ? ", saved" : "");
	t->save = NULL;
	sbuf_free(&text);
	if (status == 0)
		show(t, "S", ".", 1);
	return status;
}

/* Good is what the script expects, else what the protocol calls good. */
static void
judge(struct talk *t)
{
	bool good = talk_is_good(t->opt->proto, t->reply);

	if (t->expect[0] != '\0')
		good = strncmp(t->reply, t->expect, strlen(t->expect)) == 0;
	if (!good) {
		warnx("wanted a reply that begins with \"%s\", found \"%.60s\"",
		    t->expect[0] != '\0'             ? t->expect
			: t->opt->proto == TALK_SMTP ? "2 or 3"
						     : "+OK",
		    t->reply);
		t->status = 1;
	}
	t->expect[0] = '\0';
}

static int
read_smtp(struct talk *t)
{
	enum reply_line kind = REPLY_MORE;
	struct reply r;
	int status = 0;

	while (kind == REPLY_MORE && (status = read_line(t)) == 0)
		kind = reply_parse_line(t->reply, &r);
	if (status == 0 && kind == REPLY_BAD)
		status = lost(LINE_BAD);
	return status;
}

static int
read_reply(struct talk *t, const char *command)
{
	int status;

	if (t->opt->proto == TALK_SMTP)
		status = read_smtp(t);
	else
		status = read_line(t);
	if (status != 0)
		return status;
	judge(t);
	t->in_data =
	    t->opt->proto == TALK_SMTP && strncmp(t->reply, "354", 3) == 0;
	if (t->opt->proto == TALK_POP3 && talk_is_listing(command) &&
	    strncmp(t->reply, "+OK", 3) == 0)
		return read_listing(t);
	return 0;
}

static int
send_bytes(struct talk *t, const char *p, size_t n)
{
	if (lineio_put(t->io, p, n, deadline(t)) == 0)
		return 0;
	warn("connection");
	return EX_IOERR;
}

static int
send_command(struct talk *t, const char *line)
{
	bool asked = talk_asks(t->opt->proto, t->reply);
	char shown[REPLY_SIZE];
	int status;

	if (t->opt->show_secrets)
		strlcpy(shown, line, sizeof(shown));
	else
		talk_hide(t->opt->proto, line, asked, shown, sizeof(shown));
	show(t, "C", shown, strlen(shown));
	if ((status = send_bytes(t, line, strlen(line))) != 0 ||
	    (status = send_bytes(t, "\r\n", 2)) != 0)
		return status;
	if (lineio_flush(t->io, deadline(t)) == -1) {
		warn("connection");
		return EX_IOERR;
	}
	if (t->in_data && strcmp(line, ".") != 0)
		return 0;
	return read_reply(t, line);
}

/* LF and CRLF ends become CRLF; dots are doubled (RFC 5321 section 4.5.2). */
static int
send_text_line(struct talk *t, const char *line, size_t n)
{
	int status = 0;

	if (n > 0 && line[n - 1] == '\n')
		n--;
	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (n > 0 && line[0] == '.')
		status = send_bytes(t, ".", 1);
	if (status == 0)
		status = send_bytes(t, line, n);
	return status == 0 ? send_bytes(t, "\r\n", 2) : status;
}

static int
send_file(struct talk *t, const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long long bytes = 0;
	char *line = NULL;
	size_t size = 0;
	int status = 0;
	ssize_t n;

	if (f == NULL) {
		warn("%s", path);
		return EX_NOINPUT;
	}
	while (status == 0 && (n = getline(&line, &size, f)) > 0) {
		bytes += (unsigned long long)n;
		status = send_text_line(t, line, (size_t)n);
	}
	free(line);
	(void)fclose(f); /* was only read */
	(void)fprintf(t->out, "C: (%llu bytes of %s)\n", bytes, path);
	return status == 0 ? send_command(t, ".") : status;
}

static int
run_line(struct talk *t, const char *line)
{
	const char *arg;

	switch (talk_kind(line, &arg)) {
	case TALK_FILE:
		return send_file(t, arg);
	case TALK_SAVE:
		if (t->save != NULL)
			(void)fclose(t->save); /* nothing was written */
		if ((t->save = fopen(arg, "we")) != NULL)
			return 0;
		warn("%s", arg);
		return EX_CANTCREAT;
	case TALK_EXPECT:
		strlcpy(t->expect, arg, sizeof(t->expect));
		return 0;
	case TALK_COMMAND:
		break;
	}
	return send_command(t, line);
}

int
talk_run(const struct talk_options *opt, int fd, FILE *script, FILE *transcript)
{
	struct talk t = { .opt = opt, .out = transcript };
	char *line = NULL;
	size_t size = 0;
	int status;
	ssize_t n;

	if ((t.io = malloc(sizeof(*t.io))) == NULL) {
		warn("memory");
		return EX_OSERR;
	}
	lineio_init(t.io, fd, fd);
	t.io->lf_ends = true; /* shows what there is */
	status = read_reply(&t, "");
	while (status == 0 && (n = getline(&line, &size, script)) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		status = run_line(&t, line);
		(void)fflush(transcript); /* cmd_flush() looks */
	}
	if (t.save != NULL)
		(void)fclose(t.save); /* nothing was written */
	if (line != NULL)
		explicit_bzero(line, size);
	free(line);
	free(t.io);
	return status != 0 ? status : t.status;
}
