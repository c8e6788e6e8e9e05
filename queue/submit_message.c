/*
 * submit_message: recipients, header and body of a submission.
 *
 * In sendmail(8), with the caller's rights.  Reads standard input, writes
 * memory and a nameless file.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/header.h"
#include "common/header_addr.h"
#include "queue/header_make.h"
#include "queue/submit_message.h"
#include "queue/submit_uucp.h"

#define ADDED 4096 /* bytes that the fields made here may take */

void
submit_message_init(struct submit_message *m, const struct submit_settings *s)
{
	memset(m, 0, sizeof(*m));
	m->settings = s;
	sbuf_init(&m->header, (size_t)s->header_size + ADDED);
	submit_spool_init(&m->body, (uint64_t)s->message_size);
}

void
submit_message_free(struct submit_message *m)
{
	sbuf_free(&m->header);
	submit_spool_free(&m->body);
	free(m->rcpts);
	m->rcpts = NULL;
}

static int
fail(struct submit_message *m, int status, const char *what, const char *found)
{
	(void)snprintf(m->err, sizeof(m->err), "%s%s%.200s%s", what,
	    *found != '\0' ? ", found \"" : "", found,
	    *found != '\0' ? "\"" : "");
	return status;
}

/* The address as sent, with a domain; false when it does not fit. */
static bool
complete(const struct submit_message *m, const struct address *a, char *out)
{
	struct address whole = *a;

	if (whole.domain[0] == '\0')
		strlcpy(
		    whole.domain, m->settings->mail_name, sizeof(whole.domain));
	return address_format(&whole, out, ADDR_MAX + 1);
}

/* The name of passwd(5)'s gecos: up to the comma, "&" is the login. */
static void
name_of(const struct passwd *pw, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = pw->pw_gecos; *p != '\0' && *p != ','; p++) {
		if (*p != '&') {
			if (n + 1 < size)
				out[n++] = *p;
			continue;
		}
		for (const char *l = pw->pw_name; *l != '\0'; l++)
			if (n + 1 < size)
				out[n++] =
				    l == pw->pw_name && *l >= 'a' && *l <= 'z'
				    ? (char)(*l - 'a' + 'A')
				    : *l;
	}
	out[n] = '\0';
}

static bool
keep_one(const struct address *a, void *arg)
{
	struct address *one = arg;

	*one = *a;
	return true;
}

/* -f takes "addr", "<addr>", "<>" and "". */
static int
set_sender(struct submit_message *m, const char *text)
{
	char found[HEADER_ADDR_TEXT + 1];
	struct address a = { "", "" };
	enum header_addr r = HEADER_ADDR_OK;

	if (*text != '\0' && strcmp(text, "<>") != 0)
		r = header_addresses(text, strlen(text), keep_one, &a, found);
	if (r != HEADER_ADDR_OK ||
	    (a.local[0] == '\0' && *text != '\0' && strcmp(text, "<>") != 0))
		return fail(m, EX_DATAERR, "sender: wanted an address", text);
	if (a.local[0] == '\0')
		m->person.sender[0] = '\0';
	else if (!complete(m, &a, m->person.sender))
		return fail(m, EX_DATAERR, "sender: too long", text);
	else
		strlcpy(
		    m->person.from, m->person.sender, sizeof(m->person.from));
	return 0;
}

int
submit_person_find(
    struct submit_message *m, const char *sender, const char *name)
{
	struct submit_person *p = &m->person;
	const struct passwd *pw = getpwuid(getuid());
	struct address a = { "", "" };

	if (pw != NULL) {
		strlcpy(p->login, pw->pw_name, sizeof(p->login));
		name_of(pw, p->name, sizeof(p->name));
	} else
		(void)snprintf(p->login, sizeof(p->login), "uid%u",
		    (unsigned int)getuid());
	if (name != NULL)
		strlcpy(p->name, name, sizeof(p->name));
	strlcpy(a.local, p->login, sizeof(a.local));
	if (!complete(m, &a, p->sender))
		return fail(m, EX_NOUSER, "user name: too long", p->login);
	strlcpy(p->from, p->sender, sizeof(p->from));
	return sender != NULL ? set_sender(m, sender) : 0;
}

static bool
add_rcpt(const struct address *a, void *arg)
{
	struct submit_message *m = arg;
	size_t room;
	void *more;

	if (m->nrcpts == (size_t)m->settings->recipients)
		return false;
	if (m->nrcpts == m->room) {
		room = m->room == 0 ? 16 : 2 * m->room;
		more = reallocarray(m->rcpts, room, sizeof(*m->rcpts));
		if (more == NULL) {
			m->no_memory = true;
			return false;
		}
		m->rcpts = more;
		m->room = room;
	}
	if (!complete(m, a, m->rcpts[m->nrcpts]))
		return false;
	m->nrcpts++;
	return true;
}

static int
add_list(struct submit_message *m, const char *s, size_t n)
{
	char found[HEADER_ADDR_TEXT + 1] = "", what[80];

	switch (header_addresses(s, n, add_rcpt, m, found)) {
	case HEADER_ADDR_OK:
		return 0;
	case HEADER_ADDR_SYNTAX:
		return fail(
		    m, EX_DATAERR, "recipient: wanted an address", found);
	case HEADER_ADDR_LONG:
		return fail(m, EX_DATAERR, "recipient: too long", found);
	case HEADER_ADDR_UTF8:
		return fail(m, EX_DATAERR,
		    "recipient: wanted an address in ASCII or UTF-8", found);
	case HEADER_ADDR_STOP:
		break;
	}
	if (m->no_memory)
		return fail(m, EX_OSERR, "recipients", "memory");
	(void)snprintf(what, sizeof(what), "wanted at most %lld recipients",
	    (long long)m->settings->recipients);
	return fail(m, EX_DATAERR, what, "");
}

int
submit_message_rcpt(struct submit_message *m, const char *arg)
{
	return add_list(m, arg, strlen(arg));
}

int
submit_message_rcpt_path(struct submit_message *m, const char *arg)
{
	char address[UUCP_TEXT];

	if (!uucp_recipient(arg, address))
		return fail(m, EX_DATAERR,
		    "recipient: wanted an address or a path of hosts", arg);
	return submit_message_rcpt(m, address);
}

static int
by_address(const void *a, const void *b)
{
	return strcasecmp(a, b);
}

void
submit_message_unique(struct submit_message *m)
{
	size_t n = 0;

	if (m->nrcpts == 0)
		return;
	qsort(m->rcpts, m->nrcpts, sizeof(*m->rcpts), by_address);
	for (size_t i = 1; i < m->nrcpts; i++)
		if (strcasecmp(m->rcpts[n], m->rcpts[i]) != 0 && ++n != i)
			memcpy(m->rcpts[n], m->rcpts[i], sizeof(*m->rcpts));
	m->nrcpts = n + 1;
}

static int
input_failed(struct submit_message *m, enum submit_input_result r)
{
	char what[100];

	switch (r) {
	case INPUT_HEADER:
		(void)snprintf(what, sizeof(what),
		    "wanted a header of at most %lld bytes",
		    (long long)m->settings->header_size);
		return fail(m, EX_DATAERR, what, "");
	case INPUT_NUL:
		return fail(m, EX_DATAERR, "NUL byte in the header", "");
	case INPUT_CR:
		return fail(m, EX_DATAERR,
		    "header: wanted LF or CRLF before each field, found CR",
		    "");
	case INPUT_SPOOL:
		if (errno != EFBIG ||
		    m->body.size + m->body.lines <=
			(uint64_t)m->settings->message_size)
			return fail(m, EX_OSERR, "the message cannot be kept",
			    strerror(errno));
		(void)snprintf(what, sizeof(what),
		    "wanted a message of at most %lld bytes",
		    (long long)m->settings->message_size);
		return fail(m, EX_DATAERR, what, "");
	default:
		return 0;
	}
}

static int
read_input(struct submit_message *m, struct submit_input *in, int fd)
{
	enum submit_input_result r = INPUT_OK;
	char buf[65536];
	ssize_t n = 0;

	while (r == INPUT_OK && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail(m, EX_NOINPUT,
			    "standard input: wanted a message",
			    strerror(errno));
		r = submit_input_feed(in, buf, (size_t)n);
	}
	if (r == INPUT_OK || r == INPUT_END)
		r = submit_input_finish(in);
	return input_failed(m, r);
}

/* What is there, and where. */
struct scan {
	bool from, date,
	    message_id;     /* of the Resent- fields, if there are any */
	const char *resent; /* the first of the newest; NULL: none */
	const char *end;    /* behind them */
};

static const char *const rcpt_fields[] = { "To", "Cc", "Bcc" };
static const char *const resent_fields[] = { "Resent-To", "Resent-Cc",
	"Resent-Bcc" };

static bool
is_one_of(const struct header_field *f, const char *const *names)
{
	return header_named(f, names[0]) || header_named(f, names[1]) ||
	    header_named(f, names[2]);
}

static bool
is_resent(const struct header_field *f)
{
	return f->name_len > 7 && strncasecmp(f->start, "Resent-", 7) == 0;
}

/* A bit for each name that may stand once; 0 for others. */
static unsigned int
resent_bit(const struct header_field *f)
{
	static const char *const names[] = { "From", "Sender", "Date",
		"Message-ID", "To", "Cc", "Bcc", "Reply-To" };
	struct header_field rest = *f;

	rest.start += strlen("Resent-");
	rest.name_len -= strlen("Resent-");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (header_named(&rest, names[i]))
			return 1u << i;
	return 0;
}

/*
 * RFC 5322 section 3.6.6: who sends a message again puts his fields, one of each
 * name, before all others: what comes behind them, or a second time, is of
 * somebody who did so before.
 */
static void
find_resent(struct scan *s, const struct sbuf *header)
{
	const char *p = sbuf_str(header), *end = p + header->len;
	unsigned int seen = 0, bit;
	struct header_field f;
	bool more;

	while ((more = header_next(&p, end, &f)) && !is_resent(&f))
		continue;
	if (!more)
		return;
	s->resent = f.start;
	for (; more && is_resent(&f); more = header_next(&p, end, &f)) {
		bit = resent_bit(&f);
		if ((seen & bit) != 0)
			return;
		seen |= bit;
		s->end = p;
	}
}

static void
scan_header(struct scan *s, const struct sbuf *header)
{
	const char *p = sbuf_str(header), *end = p + header->len;
	const char *name;
	struct header_field f;

	find_resent(s, header);
	if (s->resent != NULL) {
		p = s->resent;
		end = s->end;
	}
	while (header_next(&p, end, &f)) {
		name =
		    s->resent != NULL ? f.start + strlen("Resent-") : f.start;
		f.name_len -= (size_t)(name - f.start);
		f.start = name;
		s->from |= header_named(&f, "From");
		s->date |= header_named(&f, "Date");
		s->message_id |= header_named(&f, "Message-ID");
	}
}

static void
add_missing(struct submit_message *m, const struct scan *s)
{
	const char *prefix = s->resent != NULL ? "Resent-" : "";
	const struct submit_person *p = &m->person;
	time_t now = time(NULL);

	if (!s->from && p->name[0] != '\0') {
		sbuf_fmt(&m->header, "%sFrom: ", prefix);
		header_put_phrase(&m->header, p->name);
		sbuf_fmt(&m->header, " <%s>\n", p->from);
	} else if (!s->from)
		sbuf_fmt(&m->header, "%sFrom: %s\n", prefix, p->from);
	if (!s->date) {
		sbuf_puts(&m->header, prefix);
		header_put_date(&m->header, now);
	}
	if (!s->message_id) {
		sbuf_puts(&m->header, prefix);
		header_put_message_id(&m->header, now, m->settings->hostname);
	}
}

static int
copy_fields(struct submit_message *m, const struct sbuf *header,
    const struct scan *s, bool from_header)
{
	const char *p = sbuf_str(header), *end = p + header->len;
	const char *const *names =
	    s->resent != NULL ? resent_fields : rcpt_fields;
	struct header_field f;
	int status;

	while (header_next(&p, end, &f)) {
		if (f.start == s->resent)
			add_missing(m, s);
		if (from_header && is_one_of(&f, names) &&
		    (s->resent == NULL ||
			(f.start >= s->resent && f.start < s->end)) &&
		    (status = add_list(m, f.value, f.value_len)) != 0)
			return status;
		if (from_header &&
		    (header_named(&f, "Bcc") || header_named(&f, "Resent-Bcc")))
			continue;
		sbuf_put(&m->header, f.start, f.len);
	}
	if (s->resent == NULL)
		add_missing(m, s);
	return sbuf_ok(&m->header) ? 0
				   : fail(m, EX_OSERR, "memory", "none left");
}

/* What rmail(8) was told; without it the sender is who has called. */
static int
take_path(struct submit_message *m, const struct sbuf *lines,
    const struct submit_options *o)
{
	char sender[UUCP_TEXT];

	if (!o->uucp || o->sender != NULL || lines->len == 0)
		return 0;
	if (!sbuf_ok(lines) || !uucp_sender(sbuf_str(lines), sender))
		return fail(m, EX_DATAERR,
		    "wanted \"From user date remote from host\"",
		    sbuf_str(lines));
	return set_sender(m, sender);
}

int
submit_message_read(
    struct submit_message *m, int fd, const struct submit_options *o)
{
	struct scan s = { false, false, false, NULL, NULL };
	struct submit_input *in = malloc(sizeof(*in));
	int status;

	if (in == NULL)
		return fail(m, EX_OSERR, "memory", strerror(errno));
	submit_input_init(
	    in, (size_t)m->settings->header_size, &m->body, !o->ignore_dots);
	in->strict = o->from_header;
	status = read_input(m, in, fd);
	if (status == 0)
		status = take_path(m, &in->from, o);
	if (status == 0) {
		scan_header(&s, &in->header);
		status = copy_fields(m, &in->header, &s, o->from_header);
	}
	submit_input_free(in);
	free(in);
	return status;
}
