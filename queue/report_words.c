/*
 * report_words: what a report says to people.  In bounce, as postrider;
 * everything that came from outside goes through report_text.
 */
#include <string.h>
#include <strings.h>

#include "queue/report.h"
#include "queue/report_text.h"

#define FIELD_MOST 500 /* bytes of one foreign text */
#define WORDS_MOST 2048
#define INDENT "    "

/* In the order in which they are told. */
static const struct {
	uint32_t report;
	const char *one, *more; /* for one recipient or several */
} chapters[] = {
	{ REPORT_FAILED,
	    "Your message could not be delivered to this recipient, and will "
	    "not be tried again:",
	    "Your message could not be delivered to these recipients, and will "
	    "not be tried again:" },
	{ REPORT_DELAYED,
	    "Your message is still on its way to this recipient. You need not "
	    "send it again: it is tried further.",
	    "Your message is still on its way to these recipients. You need "
	    "not send it again: it is tried further." },
	{ REPORT_DELIVERED,
	    "As you have asked to be told: your message was delivered to this "
	    "recipient.",
	    "As you have asked to be told: your message was delivered to these "
	    "recipients." },
	{ REPORT_RELAYED,
	    "As you have asked to be told: your message was passed on for this "
	    "recipient to a host that does not promise to tell you more.",
	    "As you have asked to be told: your message was passed on for "
	    "these recipients to hosts that do not promise to tell you more." },
	{ REPORT_EXPANDED,
	    "As you have asked to be told: this address stands for several, "
	    "and your message was sent on to them.",
	    "As you have asked to be told: each of these addresses stands for "
	    "several, and your message was sent on to them." },
};

static const char again[] =
    "A report about mail that could not be delivered could not be delivered "
    "either. It is returned to you as the postmaster; nobody else is told, and "
    "it is not tried again. This is where it should have gone:";

/* What the sender can do about a failure, by the status code's beginning. */
static const struct {
	const char *dsn, *advice;
} advices[] = {
	{ "5.1.8", "Please check the address that you send from." },
	{ "5.1.7", "Please check the address that you send from." },
	{ "5.1.",
	    "Please check the address for mistakes and send the message "
	    "again." },
	{ "5.2.1",
	    "The mailbox is closed; please reach its owner another way." },
	{ "5.2.2", "The mailbox is full; please reach its owner another way." },
	{ "5.2.3", "Please send a smaller message." },
	{ "5.3.4", "Please send a smaller message." },
	{ "5.4.6",
	    "The mail goes round in circles. Please show this to your "
	    "postmaster, who can find out where." },
	{ "5.6.7",
	    "An address with letters beyond ASCII cannot be used there; "
	    "please use another one." },
	{ "5.6.",
	    "Please send the message in a simpler form, as plain text for "
	    "instance." },
	{ "5.7.",
	    "The message was refused for what it is or where it comes from. "
	    "Please show this to your postmaster if you cannot explain it." },
	{ "4.4.7",
	    "Please send the message again later, or reach the recipient "
	    "another way." },
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

static size_t
count(const struct report *r, uint32_t report)
{
	size_t n = 0;

	for (uint32_t i = 0; i < r->msg->nrcpt; i++)
		n += r->rcpts[i].report == report;
	return n;
}

/* The recipient; and whom the sender wrote to, if that is another. */
static void
put_name(const struct msg_job_rcpt *rcpt, struct sbuf *b)
{
	struct sbuf original = SBUF_INIT(WORDS_MOST);
	struct sbuf addr = SBUF_INIT(WORDS_MOST);
	const char *name = "";

	report_utf8(&addr, rcpt->addr, ADDR_MAX);
	sbuf_fmt(b, "\n<%s>\n", sbuf_str(&addr));
	if (report_original(&original, rcpt->orcpt, true))
		name = strchr(sbuf_str(&original), ';') + 2;
	if (name[0] != '\0' && strcasecmp(name, sbuf_str(&addr)) != 0)
		sbuf_fmt(b, INDENT "for <%s>\n", name);
	sbuf_free(&original);
	sbuf_free(&addr);
}

/* What was said, and by whom. */
static void
put_reason(const struct msg_job_rcpt *rcpt, struct sbuf *b)
{
	struct sbuf line = SBUF_INIT(WORDS_MOST);

	if (rcpt->text[0] == '\0' && rcpt->code == 0)
		return;
	if (rcpt->report == REPORT_FAILED && rcpt->dsn[0] == '4')
		sbuf_puts(&line, "It was tried for too long. The last time: ");
	if (rcpt->code != 0) {
		if (rcpt->mta[0] != '\0') {
			sbuf_puts(&line, "Host ");
			report_text(&line, rcpt->mta, DOMAIN_MAX);
		} else
			sbuf_puts(&line, "The other host");
		sbuf_puts(&line, " said: ");
		report_answer(rcpt, &line);
	} else {
		report_text(&line, rcpt->text, FIELD_MOST);
		sbuf_fmt(&line, " (%s)", report_status(rcpt));
	}
	report_wrapped(b, INDENT, sbuf_str(&line));
	sbuf_free(&line);
}

static void
put_rcpt(
    const struct report *r, const struct msg_job_rcpt *rcpt, struct sbuf *b)
{
	put_name(rcpt, b);
	put_reason(rcpt, b);
	if (rcpt->report == REPORT_FAILED && !report_is_double(r))
		report_wrapped(b, INDENT, advice(report_status(rcpt)));
	if (rcpt->report == REPORT_DELAYED && rcpt->until != 0) {
		sbuf_puts(b, INDENT "It is tried until ");
		report_date(b, (time_t)rcpt->until);
		sbuf_puts(b, ".\n");
	}
}

static void
put_end(const struct report *r, struct sbuf *b)
{
	static const char *const ends[] = {
		[REPORT_NOTHING] =
		    "The message was damaged here and is not returned.",
		[REPORT_HEADER] = "The header of the message is below.",
		[REPORT_WHOLE] = "The message is below.",
	};

	if (!report_is_double(r))
		sbuf_fmt(b,
		    "For help, write to <postmaster@%s> and include this "
		    "report.\n",
		    r->mail_name);
	sbuf_fmt(b, "%s\n", ends[r->part]);
}

void
report_words(const struct report *r, struct sbuf *b)
{
	const char *words;
	size_t n;

	sbuf_fmt(b, "This is the mail system of %s.\n\n", r->hostname);
	for (size_t k = 0; k < sizeof(chapters) / sizeof(chapters[0]); k++) {
		if ((n = count(r, chapters[k].report)) == 0)
			continue;
		words = n == 1 ? chapters[k].one : chapters[k].more;
		report_wrapped(b, "", report_is_double(r) ? again : words);
		for (uint32_t i = 0; i < r->msg->nrcpt; i++)
			if (r->rcpts[i].report == chapters[k].report)
				put_rcpt(r, &r->rcpts[i], b);
		sbuf_putc(b, '\n');
	}
	put_end(r, b);
}
