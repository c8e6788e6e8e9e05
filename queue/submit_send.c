/*
 * submit_send: a message in an SMTP session with smtpd(8).  In sendmail(8),
 * with the caller's rights, or its owner's when it comes from drop/.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "common/utf8.h"
#include "queue/submit_send.h"

/* RFC 3461 section 4: what xtext may not hold becomes +XX. */
void
submit_xtext(char *out, size_t size, const char *s)
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

uint64_t
submit_size(const struct submit_message *m)
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

int
submit_mail(struct submit_smtp *s, const struct submit_message *m,
    const struct submit_options *o)
{
	uint64_t size = submit_size(m);
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
		submit_xtext(envid, sizeof(envid), o->envid);
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

int
submit_rcpt(
    struct submit_smtp *s, const char *rcpt, const struct submit_options *o)
{
	char notify[60] = "";

	if (s->has_dsn && o->notify != 0)
		notify_text(o->notify, notify, sizeof(notify));
	return smtp_command(s, "RCPT TO:<%s>%s", rcpt, notify);
}

int
submit_send(struct submit_smtp *s, const struct submit_message *m,
    const struct submit_options *o)
{
	int status = smtp_open(s, m->settings->run_dir, m->settings->hostname);

	if (status == 0)
		status = submit_mail(s, m, o);
	for (size_t i = 0; i < m->nrcpts && status == 0; i++)
		status = submit_rcpt(s, m->rcpts[i], o);
	if (status == 0)
		status = smtp_data(s, &m->header, &m->body);
	return status;
}
