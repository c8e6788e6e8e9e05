/*
 * submit: a message is handed to the mail system, or addresses asked about.
 *
 * In sendmail(8), with the caller's rights.  Status 0 of a message means that
 * smtpd(8) has answered 250 to its data, and so that it survives anything.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "common/utf8.h"
#include "queue/submit.h"
#include "queue/submit_message.h"
#include "queue/submit_smtp.h"

static int
tell(int status, const char *text)
{
	/* stderr is the only place; a closed one leaves the status. */
	if (status != EX_OK)
		(void)fprintf(stderr, "sendmail: %s\n", text);
	return status;
}

/* RFC 3461 section 4: what xtext may not hold becomes +XX. */
static void
put_xtext(char *out, size_t size, const char *s)
{
	size_t n = 0;

	for (; *s != '\0' && n + 4 < size; s++)
		if (*s == '+' || *s == '=' || *s < '!' || *s > '~')
			n += (size_t)snprintf(out + n, size - n, "+%02X",
			    (unsigned int)(unsigned char)*s);
		else
			out[n++] = *s;
	out[n] = '\0';
}

/* Bytes with CRLF ends (RFC 1870 section 6.1). */
static uint64_t
wire_size(const struct submit_message *m)
{
	uint64_t size = m->header.len + 2 + m->body.size + m->body.lines;

	for (size_t i = 0; i < m->header.len; i++)
		size += m->header.s[i] == '\n';
	return size;
}

/* Whether an address is not ASCII (RFC 6531 section 3.4). */
static bool
needs_utf8(const struct submit_message *m)
{
	for (size_t i = 0; i < m->nrcpts; i++)
		if (utf8_needed(m->rcpts[i]))
			return true;
	return utf8_needed(m->person.sender);
}

static int
send_mail(struct submit_smtp *s, const struct submit_message *m,
    const struct submit_options *o)
{
	uint64_t size = wire_size(m);
	char parts[5][140] = { "", "", "", "", "" };
	char envid[ENVID_MAX + 1];
	const char *body = o->body;

	if (body == NULL && m->body.eight_bit)
		body = "8BITMIME";
	if (s->has_size)
		(void)snprintf(parts[0], sizeof(parts[0]), " SIZE=%llu",
		    (unsigned long long)size);
	if (s->has_8bit && body != NULL)
		(void)snprintf(parts[1], sizeof(parts[1]), " BODY=%s", body);
	if (s->has_dsn && o->ret != NULL)
		(void)snprintf(parts[2], sizeof(parts[2]), " RET=%s", o->ret);
	if (s->has_dsn && o->envid != NULL) {
		put_xtext(envid, sizeof(envid), o->envid);
		(void)snprintf(parts[3], sizeof(parts[3]), " ENVID=%s", envid);
	}
	if (s->has_utf8 && needs_utf8(m))
		strlcpy(parts[4], " SMTPUTF8", sizeof(parts[4]));
	return smtp_command(s, "MAIL FROM:<%s>%s%s%s%s%s", m->person.sender,
	    parts[0], parts[1], parts[2], parts[3], parts[4]);
}

/* The words of -N as RFC 3461 4.1 writes them. */
static void
notify_text(unsigned int bits, char *out, size_t size)
{
	static const struct {
		unsigned int bit;
		const char *word;
	} words[] = {
		{ DSN_NEVER, "NEVER" },
		{ DSN_SUCCESS, "SUCCESS" },
		{ DSN_FAILURE, "FAILURE" },
		{ DSN_DELAY, "DELAY" },
	};

	strlcpy(out, " NOTIFY=", size);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((bits & words[i].bit) != 0) {
			if (out[strlen(out) - 1] != '=')
				strlcat(out, ",", size);
			strlcat(out, words[i].word, size);
		}
}

static int
by_address(const void *a, const void *b)
{
	return strcasecmp(a, b);
}

/*
 * Every recipient once.  One that is refused ends it: nothing is queued for
 * the others, and the caller hears it at once.
 */
static int
send_rcpts(struct submit_smtp *s, struct submit_message *m,
    const struct submit_options *o)
{
	char notify[60] = "";
	int status = 0;

	if (s->has_dsn && o->notify != 0)
		notify_text(o->notify, notify, sizeof(notify));
	qsort(m->rcpts, m->nrcpts, sizeof(*m->rcpts), by_address);
	for (size_t i = 0; i < m->nrcpts && status == 0; i++)
		if (i == 0 || strcasecmp(m->rcpts[i - 1], m->rcpts[i]) != 0)
			status = smtp_command(
			    s, "RCPT TO:<%s>%s", m->rcpts[i], notify);
	return status;
}

static int
transact(struct submit_smtp *s, struct submit_message *m,
    const struct submit_options *o)
{
	int status = send_mail(s, m, o);

	if (status == 0)
		status = send_rcpts(s, m, o);
	if (status == 0)
		status = smtp_data(s, &m->header, &m->body);
	return status;
}

/* Connects only when there is something to send. */
static int
send_message(struct submit_message *m, const struct submit_options *o)
{
	struct submit_smtp s = { .fd = -1, .verbose = o->verbose };
	int status;

	status = smtp_open(&s, m->settings->run_dir, m->settings->hostname);
	if (status == 0)
		status = transact(&s, m, o);
	if (status != 0)
		strlcpy(m->err, s.err, sizeof(m->err));
	smtp_close(&s);
	return status;
}

static int
gather(
    struct submit_message *m, const struct submit_options *o, bool stdin_open)
{
	int status = submit_person_find(m, o->sender, o->name);

	for (char **r = o->rcpts; *r != NULL && status == 0; r++)
		status = submit_message_rcpt(m, *r);
	if (status == 0 && !stdin_open) {
		strlcpy(m->err,
		    "standard input: wanted a message, found it closed",
		    sizeof(m->err));
		status = EX_NOINPUT;
	}
	if (status == 0 && !o->from_header && m->nrcpts == 0) {
		strlcpy(m->err,
		    "wanted recipients, as arguments or in the header with -t",
		    sizeof(m->err));
		status = EX_USAGE;
	}
	if (status == 0)
		status = submit_message_read(
		    m, STDIN_FILENO, o->ignore_dots, o->from_header);
	if (status == 0 && m->nrcpts == 0) {
		strlcpy(m->err,
		    "wanted recipients in To, Cc or Bcc, found none",
		    sizeof(m->err));
		status = EX_DATAERR;
	}
	return status;
}

int
submit_message(const struct submit_options *o,
    const struct submit_settings *settings, bool stdin_open)
{
	struct submit_message m;
	int status;

	submit_message_init(&m, settings);
	status = gather(&m, o, stdin_open);
	if (status == 0)
		status = send_message(&m, o);
	(void)tell(status, m.err);
	submit_message_free(&m);
	return status;
}

/* RCPT tells what VRFY does not (RFC 5321 section 7.3); DATA never comes. */
int
submit_verify(
    const struct submit_options *o, const struct submit_settings *settings)
{
	struct submit_smtp s = { .fd = -1, .verbose = o->verbose };
	struct submit_message m;
	int status = 0, worst, one;

	submit_message_init(&m, settings);
	for (char **r = o->rcpts; *r != NULL && status == 0; r++)
		status = submit_message_rcpt(&m, *r);
	if (status != 0)
		strlcpy(s.err, m.err, sizeof(s.err));
	else if ((status = smtp_open(
		      &s, settings->run_dir, settings->hostname)) == 0)
		status = smtp_command(&s, "MAIL FROM:<>");
	(void)tell(status, s.err);
	worst = status;
	for (size_t i = 0; i < m.nrcpts && status == 0; i++) {
		one = smtp_command(&s, "RCPT TO:<%s>", m.rcpts[i]);
		(void)printf("%s: %u %s %s\n", m.rcpts[i], s.reply.code,
		    s.reply.dsn, s.reply.text);
		worst = one != 0 ? one : worst;
	}
	smtp_close(&s);
	submit_message_free(&m);
	return fflush(stdout) == 0 ? worst : EX_IOERR;
}
