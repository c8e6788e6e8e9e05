/*
 * envelope_lines: MAIL and RCPT as they are said to another server.
 *
 * Part of remote, as postrider-out; pure functions.  Addresses and xtext were
 * checked by smtpd, and for control characters by remote_jobs: nothing in them
 * ends a line.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/msg_intake.h"
#include "common/utf8.h"
#include "delivery/envelope_lines.h"

struct said {
	char *s;
	size_t len;
};

static void put(struct said *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ENVELOPE_LINE has room for the longest of all fields together. */
static void
put(struct said *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->s + l->len, ENVELOPE_LINE - l->len, fmt, ap);
	va_end(ap);
	l->len += (size_t)n;
	if (l->len >= ENVELOPE_LINE)
		l->len = ENVELOPE_LINE - 1;
}

/* What snprintf(3) would take too long for. */
static void
put_byte(struct said *l, unsigned char c)
{
	if (l->len < ENVELOPE_LINE - 1)
		l->s[l->len++] = (char)c;
}

size_t
envelope_mail(char out[ENVELOPE_LINE], const struct msg_job_message *m,
    const struct extensions *e, const struct mail_form *f, uint64_t octets)
{
	struct said l = { out, 0 };

	put(&l, "MAIL FROM:<%s>", m->sender);
	if ((e->has & EXT_SIZE) != 0)
		put(&l, " SIZE=%" PRIu64, octets);
	if (f->body != NULL)
		put(&l, " BODY=%s", f->body);
	if (f->utf8)
		put(&l, " SMTPUTF8");
	if ((e->has & EXT_DSN) != 0) {
		if (m->ret != DSN_RET_NONE)
			put(&l, " RET=%s",
			    m->ret == DSN_RET_FULL ? "FULL" : "HDRS");
		if (m->envid[0] != '\0')
			put(&l, " ENVID=%s", m->envid);
	}
	put(&l, "\r\n");
	return l.len;
}

static void
put_notify(struct said *l, uint32_t notify)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = { { DSN_SUCCESS, "SUCCESS" }, { DSN_FAILURE, "FAILURE" },
		{ DSN_DELAY, "DELAY" } };
	const char *before = " NOTIFY=";

	if ((notify & DSN_NEVER) != 0) {
		put(l, " NOTIFY=NEVER");
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((notify & words[i].bit) == 0)
			continue;
		put(l, "%s%s", before, words[i].word);
		before = ",";
	}
}

/* The code point at s, whose bytes *n counts; what is none stands for itself. */
static uint32_t
code_point(const unsigned char *s, size_t *n)
{
	uint32_t c;

	if ((*n = utf8_char((const char *)s, &c)) > 0)
		return c;
	*n = 1;
	return *s;
}

/*
 * xtext (RFC 3461 section 4); of an internationalised address utf-8-addr-xtext
 * or, where that may be said, -unitext (RFC 6533 section 3).
 */
static void
put_encoded(struct said *l, const char *s, bool utf8)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n;

	for (; *p != '\0'; p += n) {
		n = 1;
		if (*p > 0x7f && !utf8)
			put(l, "\\x{%" PRIX32 "}", code_point(p, &n));
		else if (*p <= ' ' || *p == '+' || *p == '=' || *p == 0x7f)
			put(l, "+%02X", (unsigned int)*p);
		else
			put_byte(l, *p);
	}
}

static void
put_orcpt(struct said *l, const struct msg_job_rcpt *r, bool utf8)
{
	const unsigned char *p = (const unsigned char *)r->orcpt;
	size_t n;

	put(l, " ORCPT=");
	if (*p == '\0') {
		put(l, mail_form_is_utf8(r->addr) ? "utf-8;" : "rfc822;");
		put_encoded(l, r->addr, utf8);
		return;
	}
	for (; *p != '\0'; p += n) {
		n = 1;
		if (*p > 0x7f && !utf8)
			put(l, "\\x{%" PRIX32 "}", code_point(p, &n));
		else
			put_byte(l, *p);
	}
}

size_t
envelope_rcpt(char out[ENVELOPE_LINE], const struct msg_job_rcpt *r,
    const struct extensions *e, bool utf8)
{
	struct said l = { out, 0 };

	put(&l, "RCPT TO:<%s>", r->addr);
	if ((e->has & EXT_DSN) != 0) {
		put_notify(&l, r->notify);
		put_orcpt(&l, r, utf8);
	}
	put(&l, "\r\n");
	return l.len;
}
