/*
 * report: the text of a delivery status notification.  In bounce, as
 * postrider; everything that came from outside is made harmless here: it
 * cannot end a line, a field or a part.
 */
#include <string.h>

#include "common/num.h"
#include "common/outcome.h"
#include "common/utc.h"
#include "queue/report.h"

#define FIELD_MOST 500 /* bytes of one foreign text */

void
report_text(struct sbuf *b, const char *s, size_t max)
{
	for (; *s != '\0' && max > 0; s++, max--)
		sbuf_putc(b, *s >= ' ' && *s <= '~' ? *s : '?');
}

void
report_xtext(struct sbuf *b, const char *s, size_t max)
{
	char one[2] = { 0 };
	uint64_t v;

	for (; *s != '\0' && max > 0; s++, max--) {
		one[0] = *s;
		if (*s == '+' && num_parse_hex(s + 1, 2, &v)) {
			one[0] = v == 0 ? '?' : (char)(unsigned char)v;
			s += 2;
		}
		report_text(b, one, 1);
	}
}

void
report_date(struct sbuf *b, time_t when)
{
	char s[UTC_DATE];

	/* UTC: the sender may be anywhere, and no zone file is read. */
	utc_date(when, 0, s);
	sbuf_puts(b, s);
}

static void
put_header(const struct report *r, struct sbuf *b)
{
	sbuf_puts(b, "Date: ");
	report_date(b, r->now);
	sbuf_fmt(b, "\nFrom: Mail Delivery System <MAILER-DAEMON@%s>\nTo: <",
	    r->mail_name);
	report_text(b, r->msg->sender, ADDR_MAX);
	sbuf_fmt(b,
	    ">\nSubject: Undelivered mail returned to sender\n"
	    "Message-ID: <%s@%s>\n",
	    r->id, r->hostname);
	sbuf_puts(b,
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n");
	sbuf_fmt(b, "\tboundary=\"%s\"\n", r->boundary);
	if (r->eight_bit)
		sbuf_puts(b, "Content-Transfer-Encoding: 8bit\n");
	sbuf_puts(b, "\nThis is a report of mail delivery in MIME format.\n");
}

/* What the sender can do, by the beginning of the status code. */
static const struct {
	const char *dsn, *advice;
} advices[] = {
	{ "5.1.",
	    "Please check the address for mistakes and send the "
	    "message again." },
	{ "5.2.1",
	    "The mailbox is closed; please reach its owner another "
	    "way." },
	{ "5.2.2",
	    "The mailbox is full; please reach its owner another "
	    "way." },
	{ "5.2.3", "Please send a smaller message." },
	{ "5.3.4", "Please send a smaller message." },
	{ "5.4.6",
	    "The mail goes round in circles; please tell the "
	    "postmaster there." },
	{ "4.4.7",
	    "Please send the message again later, or reach the "
	    "recipient another way." },
	{ "",
	    "Please tell your postmaster, with this report, if you cannot "
	    "explain it." },
};

static const char *
advice(const char *dsn)
{
	size_t i = 0;

	while (strncmp(advices[i].dsn, dsn, strlen(advices[i].dsn)) != 0)
		i++;
	return advices[i].advice;
}

static void
put_words(const struct report *r, struct sbuf *b)
{
	const struct msg_job_rcpt *rcpt;

	sbuf_fmt(b,
	    "\n--%s\nContent-Type: text/plain; charset=us-ascii\n"
	    "Content-Description: What happened\n\n",
	    r->boundary);
	sbuf_fmt(b,
	    "This is the mail system of %s.\n\n"
	    "Your message could not be delivered to the following "
	    "recipients, and will\nnot be tried again:\n",
	    r->hostname);
	for (uint32_t i = 0; i < r->msg->nrcpt; i++) {
		rcpt = &r->rcpts[i];
		sbuf_puts(b, "\n<");
		report_text(b, rcpt->addr, ADDR_MAX);
		sbuf_puts(b, ">\n    ");
		report_text(b, rcpt->text, FIELD_MOST);
		sbuf_puts(b, " (");
		report_text(b, rcpt->dsn, DSN_MAX);
		sbuf_fmt(b, ")\n    %s\n", advice(rcpt->dsn));
	}
	sbuf_fmt(b,
	    "\nFor help, write to <postmaster@%s> and include this "
	    "report.\n",
	    r->mail_name);
	if (r->damaged)
		sbuf_puts(b, "Your message was damaged and is not returned.\n");
	else
		sbuf_puts(b,
		    r->full ? "Your message is below.\n"
			    : "Your message's header is below.\n");
}

/* "rfc822;xtext": the type stays, the address is decoded. */
static void
put_orcpt(struct sbuf *b, const char *orcpt)
{
	const char *semicolon = strchr(orcpt, ';');

	if (semicolon == NULL)
		return;
	sbuf_puts(b, "Original-Recipient: ");
	report_text(b, orcpt, (size_t)(semicolon - orcpt));
	sbuf_puts(b, "; ");
	report_xtext(b, semicolon + 1, FIELD_MOST);
	sbuf_puts(b, "\n");
}

static void
put_rcpt_status(
    const struct report *r, const struct msg_job_rcpt *rcpt, struct sbuf *b)
{
	bool valid = dsn_valid(rcpt->dsn) && rcpt->dsn[0] != '2';

	sbuf_puts(b, "\n");
	put_orcpt(b, rcpt->orcpt);
	sbuf_puts(b, "Final-Recipient: rfc822; ");
	report_text(b, rcpt->addr, ADDR_MAX);
	sbuf_fmt(b,
	    "\nAction: failed\nStatus: %s\n"
	    "Diagnostic-Code: X-Postrider; ",
	    valid ? rcpt->dsn : "5.0.0");
	report_text(b, rcpt->text, FIELD_MOST);
	sbuf_puts(b, "\nLast-Attempt-Date: ");
	report_date(b, r->now);
	sbuf_puts(b, "\n");
}

static void
put_status(const struct report *r, struct sbuf *b)
{
	sbuf_fmt(b,
	    "\n--%s\nContent-Type: message/delivery-status\n"
	    "Content-Description: Delivery report\n\n",
	    r->boundary);
	sbuf_fmt(b, "Reporting-MTA: dns; %s\n", r->hostname);
	if (r->msg->envid[0] != '\0') {
		sbuf_puts(b, "Original-Envelope-Id: ");
		report_xtext(b, r->msg->envid, FIELD_MOST);
		sbuf_puts(b, "\n");
	}
	sbuf_puts(b, "Arrival-Date: ");
	report_date(b, (time_t)r->msg->arrival);
	sbuf_puts(b, "\n");
	for (uint32_t i = 0; i < r->msg->nrcpt; i++)
		put_rcpt_status(r, &r->rcpts[i], b);
}

void
report_head(const struct report *r, struct sbuf *b)
{
	put_header(r, b);
	put_words(r, b);
	put_status(r, b);
	sbuf_fmt(b, "\n--%s\nContent-Type: %s\nContent-Description: %s\n",
	    r->boundary, r->full ? "message/rfc822" : "text/rfc822-headers",
	    r->full ? "Undelivered message" : "Header of undelivered message");
	if (r->eight_bit)
		sbuf_puts(b, "Content-Transfer-Encoding: 8bit\n");
	sbuf_puts(b, "\n");
}

void
report_tail(const struct report *r, struct sbuf *b)
{
	sbuf_fmt(b, "\n--%s--\n", r->boundary);
}
