/*
 * report: a delivery status notification, for programs.  In bounce, as
 * postrider; everything that came from outside goes through report_text.
 */
#include <string.h>
#include <strings.h>

#include "common/outcome.h"
#include "queue/report.h"
#include "queue/report_text.h"

#define FIELD_MOST 500 /* bytes of one foreign text */

/* By REPORT_*. */
static const struct {
	const char *action, *status;
	const char *classes; /* first digits that the status may have */
} actions[] = {
	[0] = { "failed", "5.0.0", "5" },
	[REPORT_FAILED] = { "failed", "5.0.0", "54" },
	[REPORT_DELAYED] = { "delayed", "4.0.0", "4" },
	[REPORT_DELIVERED] = { "delivered", "2.0.0", "2" },
	[REPORT_RELAYED] = { "relayed", "2.0.0", "2" },
	[REPORT_EXPANDED] = { "expanded", "2.0.0", "2" },
};

static uint32_t
kind(const struct msg_job_rcpt *rcpt)
{
	return rcpt->report < sizeof(actions) / sizeof(actions[0])
	    ? rcpt->report
	    : REPORT_FAILED;
}

bool
report_is_double(const struct report *r)
{
	return r->msg->sender[0] == '\0';
}

bool
report_is_failure(const struct report *r)
{
	for (uint32_t i = 0; i < r->msg->nrcpt; i++)
		if (kind(&r->rcpts[i]) == REPORT_FAILED)
			return true;
	return false;
}

static bool
names_utf8(const struct report *r)
{
	for (uint32_t i = 0; i < r->msg->nrcpt; i++)
		if (!report_is_ascii(r->rcpts[i].addr) ||
		    !report_is_ascii(r->rcpts[i].orcpt) ||
		    strncasecmp(r->rcpts[i].orcpt, "utf-8;", 6) == 0)
			return true;
	return false;
}

bool
report_is_8bit(const struct report *r)
{
	return r->utf8 || names_utf8(r) || (r->part_8bit && !r->part_quoted);
}

const char *
report_status(const struct msg_job_rcpt *rcpt)
{
	uint32_t k = kind(rcpt);

	if (!dsn_valid(rcpt->dsn) ||
	    strchr(actions[k].classes, rcpt->dsn[0]) == NULL)
		return actions[k].status;
	/* It could have come to an end, but for the time (RFC 3463 X.4.7). */
	return k == REPORT_FAILED && rcpt->dsn[0] == '4' ? "4.4.7" : rcpt->dsn;
}

void
report_answer(const struct msg_job_rcpt *rcpt, struct sbuf *b)
{
	/* One that is no more than the class of the reply was not said. */
	bool said = dsn_valid(rcpt->dsn) &&
	    strcmp(rcpt->dsn + 1, ".0.0") != 0 &&
	    rcpt->dsn[0] - '0' == (int)(rcpt->code / 100);

	sbuf_fmt(b, "%03u ", rcpt->code % 1000);
	if (said)
		sbuf_fmt(b, "%s ", rcpt->dsn);
	report_text(b, rcpt->text, FIELD_MOST);
}

static const char *
subject(const struct report *r)
{
	if (report_is_double(r))
		return "A report could not be delivered";
	switch (kind(&r->rcpts[0])) {
	case REPORT_DELAYED:
		return "Delayed mail, still being tried";
	case REPORT_DELIVERED:
		return "Mail was delivered";
	case REPORT_RELAYED:
		return "Mail was passed on";
	case REPORT_EXPANDED:
		return "Mail was sent on to several addresses";
	default:
		return "Undelivered mail returned to sender";
	}
}

static void
put_header(const struct report *r, struct sbuf *b)
{
	bool twice = report_is_double(r);

	sbuf_puts(b, "Date: ");
	report_date(b, r->now);
	sbuf_fmt(b, "\nFrom: Mail Delivery System <MAILER-DAEMON@%s>\nTo: <",
	    r->mail_name);
	if (twice)
		sbuf_fmt(b, REPORT_POSTMASTER "@%s", r->mail_name);
	else
		report_utf8(b, r->msg->sender, ADDR_MAX);
	sbuf_fmt(b, ">\nSubject: %s\nMessage-ID: <%s@%s>\n", subject(r), r->id,
	    r->hostname);
	if (r->about[0] != '\0')
		sbuf_fmt(
		    b, "In-Reply-To: %s\nReferences: %s\n", r->about, r->about);
	/* RFC 3834 section 5: the postmaster has sent nothing. */
	sbuf_fmt(b,
	    "Auto-Submitted: auto-%s\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"%s\"\n",
	    twice ? "generated" : "replied", r->boundary);
	if (report_is_8bit(r))
		sbuf_puts(b, "Content-Transfer-Encoding: 8bit\n");
	sbuf_puts(b, "\nThis is a report of mail delivery in MIME format.\n");
}

static void
put_part(const struct report *r, struct sbuf *b, const char *type,
    const char *description, const char *encoding)
{
	sbuf_fmt(b, "\n--%s\nContent-Type: %s\nContent-Description: %s\n",
	    r->boundary, type, description);
	if (encoding[0] != '\0')
		sbuf_fmt(b, "Content-Transfer-Encoding: %s\n", encoding);
	sbuf_putc(b, '\n');
}

static void
put_text(const struct report *r, struct sbuf *b)
{
	bool utf8 = names_utf8(r);

	put_part(r, b,
	    utf8 ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii",
	    "What happened", utf8 ? "8bit" : "");
	report_words(r, b);
}

/* What was said, by whom; nothing when it is not known. */
static void
put_diagnostic(const struct msg_job_rcpt *rcpt, struct sbuf *b)
{
	if (rcpt->mta[0] != '\0') {
		sbuf_puts(b, "Remote-MTA: dns; ");
		report_text(b, rcpt->mta, DOMAIN_MAX);
		sbuf_putc(b, '\n');
	}
	if (rcpt->code != 0) {
		sbuf_puts(b, "Diagnostic-Code: smtp; ");
		report_answer(rcpt, b);
		sbuf_putc(b, '\n');
	} else if (rcpt->text[0] != '\0') {
		sbuf_puts(b, "Diagnostic-Code: X-Postrider; ");
		report_text(b, rcpt->text, FIELD_MOST);
		sbuf_putc(b, '\n');
	}
}

static void
put_rcpt_status(
    const struct report *r, const struct msg_job_rcpt *rcpt, struct sbuf *b)
{
	struct sbuf original = SBUF_INIT(REPORT_HEAD_MAX);

	sbuf_putc(b, '\n');
	if (report_original(&original, rcpt->orcpt, r->utf8))
		sbuf_fmt(b, "Original-Recipient: %s\n", sbuf_str(&original));
	sbuf_free(&original);
	sbuf_puts(b, "Final-Recipient: ");
	report_address(b, rcpt->addr, r->utf8);
	sbuf_fmt(b, "\nAction: %s\nStatus: %s\n", actions[kind(rcpt)].action,
	    report_status(rcpt));
	put_diagnostic(rcpt, b);
	if (rcpt->dsn[0] != '\0') {
		sbuf_puts(b, "Last-Attempt-Date: ");
		report_date(b, r->now);
		sbuf_putc(b, '\n');
	}
	if (kind(rcpt) == REPORT_DELAYED && rcpt->until != 0) {
		sbuf_puts(b, "Will-Retry-Until: ");
		report_date(b, (time_t)rcpt->until);
		sbuf_putc(b, '\n');
	}
}

static void
put_status(const struct report *r, struct sbuf *b)
{
	const char *client = r->msg->client;

	put_part(r, b,
	    r->utf8 ? "message/global-delivery-status"
		    : "message/delivery-status",
	    "Delivery report", r->utf8 ? "8bit" : "");
	sbuf_fmt(b, "Reporting-MTA: dns; %s\n", r->hostname);
	if (r->msg->envid[0] != '\0') {
		sbuf_puts(b, "Original-Envelope-Id: ");
		report_xtext(b, r->msg->envid, FIELD_MOST);
		sbuf_putc(b, '\n');
	}
	if (client[0] != '\0') {
		sbuf_puts(b, "Received-From-MTA: dns; [");
		sbuf_puts(b, strchr(client, ':') != NULL ? "IPv6:" : "");
		report_text(b, client, IP_MAX);
		sbuf_puts(b, "]\n");
	}
	sbuf_puts(b, "Arrival-Date: ");
	report_date(b, (time_t)r->msg->arrival);
	sbuf_putc(b, '\n');
	for (uint32_t i = 0; i < r->msg->nrcpt; i++)
		put_rcpt_status(r, &r->rcpts[i], b);
}

static void
put_original_head(const struct report *r, struct sbuf *b)
{
	const char *type, *encoding = r->part_8bit ? "8bit" : "";

	if (r->part_quoted)
		encoding = "quoted-printable";
	if (r->part == REPORT_WHOLE)
		type = r->part_global ? "message/global" : "message/rfc822";
	else
		type = r->part_global ? "message/global-headers"
				      : "text/rfc822-headers";
	put_part(r, b, type,
	    r->part == REPORT_WHOLE ? "The message"
				    : "The header of the message",
	    encoding);
}

void
report_head(const struct report *r, struct sbuf *b)
{
	put_header(r, b);
	put_text(r, b);
	put_status(r, b);
	if (r->part != REPORT_NOTHING)
		put_original_head(r, b);
}

void
report_tail(const struct report *r, struct sbuf *b)
{
	sbuf_fmt(b, "\n--%s--\n", r->boundary);
}
