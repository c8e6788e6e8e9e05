/*
 * drop: what is in a file of drop/.
 *
 * In sendmail(8): written with the caller's rights, read with the owner's, who
 * may have written anything else into it.  Must never take part of a message
 * for the whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/drop_name.h"
#include "common/fdio.h"
#include "common/msg_intake.h"
#include "common/num.h"
#include "common/trailer.h"
#include "queue/drop.h"

#define VERSION_LINE "Postrider-Drop: 1\n"

/* --- writing */

static void
put_envelope(struct sbuf *b, const struct submit_message *m,
    const struct submit_options *o, time_t arrival)
{
	const char *body = o->body;

	if (body == NULL && m->body.eight_bit)
		body = "8BITMIME";
	sbuf_fmt(b, VERSION_LINE "Arrival: %lld\nSender: %s\n",
	    (long long)arrival, m->person.sender);
	if (body != NULL)
		sbuf_fmt(b, "Body: %s\n", body);
	if (o->notify != 0)
		sbuf_fmt(b, "Notify: %u\n", o->notify);
	if (o->ret != NULL)
		sbuf_fmt(b, "Ret: %s\n", o->ret);
	if (o->envid != NULL)
		sbuf_fmt(b, "Envid: %s\n", o->envid);
	for (size_t i = 0; i < m->nrcpts; i++)
		sbuf_fmt(b, "Rcpt: %s\n", m->rcpts[i]);
	sbuf_putc(b, '\n');
}

/* Bytes of content, counted. */
static int
put(int fd, struct trailer *t, const char *p, size_t n)
{
	t->crc = crc32c(t->crc, p, n);
	t->size += n;
	for (size_t i = 0; i < n; i++)
		t->lines += p[i] == '\n';
	return fd_writeall(fd, p, n);
}

static int
put_content(int fd, struct trailer *t, const struct submit_message *m)
{
	char buf[65536];
	uint64_t at = 0;
	ssize_t n;

	if (put(fd, t, sbuf_str(&m->header), m->header.len) == -1 ||
	    put(fd, t, "\n", 1) == -1)
		return -1;
	while ((n = submit_spool_get(&m->body, at, buf, sizeof(buf))) > 0) {
		if (put(fd, t, buf, (size_t)n) == -1)
			return -1;
		at += (uint64_t)n;
	}
	return (int)n;
}

int
drop_put(int fd, const struct submit_message *m, const struct submit_options *o,
    time_t arrival)
{
	struct sbuf b = SBUF_INIT(DROP_ENVELOPE);
	struct trailer t = { 0, 0, 0, 0 };
	char end[TRAILER_LEN];
	int r = -1;

	put_envelope(&b, m, o, arrival);
	errno = ENOMEM;
	if (!sbuf_ok(&b))
		goto out;
	t.envcrc = crc32c(0, sbuf_str(&b), b.len);
	if (fd_writeall(fd, sbuf_str(&b), b.len) == -1 ||
	    put_content(fd, &t, m) == -1)
		goto out;
	trailer_format(&t, end);
	r = fd_writeall(fd, end, sizeof(end));
out:
	sbuf_free(&b);
	return r;
}

/* --- reading */

struct reader {
	struct submit_message *m;
	struct drop_file *f;
	bool failed; /* memory, and nothing in the file */
};

/* A setter is false when the value is none. */
typedef bool setter(struct reader *, const char *);

static bool
set_arrival(struct reader *r, const char *value)
{
	uint64_t n;

	if (!num_parse(value, INT64_MAX, &n))
		return false;
	r->f->arrival = (time_t)n;
	return true;
}

/* As it was written, and nothing else. */
static bool
set_address(const char *value, char *out)
{
	struct address a;

	return address_parse_wide(value, &a) == ADDRESS_OK &&
	    address_format(&a, out, ADDR_MAX + 1);
}

static bool
set_sender(struct reader *r, const char *value)
{
	r->m->person.sender[0] = '\0';
	return *value == '\0' || set_address(value, r->m->person.sender);
}

static bool
set_rcpt(struct reader *r, const char *value)
{
	char whole[ADDR_MAX + 1];

	int status;

	if (!set_address(value, whole))
		return false;
	status = submit_message_rcpt(r->m, whole);
	r->failed = status == EX_OSERR;
	return status == 0;
}

static bool
choose(const char *value, const char *a, const char *b, const char **out)
{
	*out = strcmp(value, a) == 0 ? a : b;
	return strcmp(value, *out) == 0;
}

static bool
set_body(struct reader *r, const char *value)
{
	return choose(value, "7BIT", "8BITMIME", &r->f->options.body);
}

static bool
set_ret(struct reader *r, const char *value)
{
	return choose(value, "FULL", "HDRS", &r->f->options.ret);
}

static bool
set_notify(struct reader *r, const char *value)
{
	uint64_t n;

	if (!num_parse(
		value, DSN_NEVER | DSN_SUCCESS | DSN_FAILURE | DSN_DELAY, &n))
		return false;
	r->f->options.notify = (unsigned int)n;
	return true;
}

static bool
set_envid(struct reader *r, const char *value)
{
	r->f->options.envid = r->f->envid;
	return submit_envid_valid(value) &&
	    strlcpy(r->f->envid, value, sizeof(r->f->envid)) <
	    sizeof(r->f->envid);
}

/* clang-format off */
static const struct {
	const char *name;
	setter *set;
} fields[] = {
	{ "Arrival: ",	set_arrival },
	{ "Sender: ",	set_sender },
	{ "Body: ",	set_body },
	{ "Notify: ",	set_notify },
	{ "Ret: ",	set_ret },
	{ "Envid: ",	set_envid },
	{ "Rcpt: ",	set_rcpt },
};
/* clang-format on */

static bool
read_line(struct reader *r, const char *line)
{
	size_t n;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		n = strlen(fields[i].name);
		if (strncmp(line, fields[i].name, n) == 0)
			return fields[i].set(r, line + n);
	}
	return false;
}

/* The text ends in an empty line, which is its only one. */
static bool
read_envelope(struct reader *r, char *s, size_t len)
{
	char *lf;

	if (strlen(s) != len || len < strlen(VERSION_LINE) ||
	    strncmp(s, VERSION_LINE, strlen(VERSION_LINE)) != 0)
		return false;
	s += strlen(VERSION_LINE);
	for (; *s != '\n'; s = lf + 1) {
		if ((lf = strchr(s, '\n')) == NULL)
			return false;
		*lf = '\0';
		if (!read_line(r, s))
			return false;
	}
	return s[1] == '\0' && r->m->nrcpts > 0;
}

/*
 * As many recipients as any configuration allows: it may have been another when
 * they were written.
 */
static enum drop_result
believe_envelope(struct reader *r, char *s, size_t len)
{
	const struct submit_settings *settings = r->m->settings;
	struct submit_settings wide = *settings;
	bool good;

	wide.recipients = DROP_RCPTS;
	r->m->settings = &wide;
	good = read_envelope(r, s, len);
	r->m->settings = settings;
	if (r->failed)
		errno = ENOMEM;
	return good ? DROP_GOOD : r->failed ? DROP_ERROR : DROP_DAMAGED;
}

static enum drop_result
get_envelope(struct reader *r, int fd, uint32_t wanted)
{
	size_t len = (size_t)r->f->offset;
	char *s = malloc(len + 1);
	enum drop_result result = DROP_ERROR;

	if (s == NULL)
		return DROP_ERROR;
	if (fd_preadall(fd, s, len, 0) == 0) {
		s[len] = '\0';
		result = crc32c(0, s, len) == wanted
		    ? believe_envelope(r, s, len)
		    : DROP_DAMAGED;
	}
	free(s);
	return result;
}

/* All of the content is looked at; the first of it is the header. */
static enum drop_result
get_content(struct reader *r, int fd, const struct trailer *t)
{
	struct sbuf *h = &r->m->header;
	const char *end = NULL;
	struct trailer found = { 0, 0, 0, 0 };
	char buf[65536];
	size_t n;

	for (; found.size < t->size; found.size += n) {
		n = sizeof(buf);
		if (n > t->size - found.size)
			n = (size_t)(t->size - found.size);
		if (fd_preadall(
			fd, buf, n, (int64_t)(r->f->offset + found.size)) == -1)
			return DROP_ERROR;
		found.crc = crc32c(found.crc, buf, n);
		for (size_t i = 0; i < n; i++)
			found.lines += buf[i] == '\n';
		if (end != NULL || !sbuf_ok(h))
			continue;
		sbuf_put(h, buf, n < h->max - h->len ? n : h->max - h->len);
		end = strstr(sbuf_str(h), "\n\n");
	}
	if (found.crc != t->crc || found.lines != t->lines || end == NULL)
		return DROP_DAMAGED;
	h->len = (size_t)(end - sbuf_str(h)) + 1;
	h->s[h->len] = '\0';
	return sbuf_ok(h) ? DROP_GOOD : DROP_ERROR;
}

/* The body stays in the file. */
static enum drop_result
take_body(struct reader *r, int fd, const struct trailer *t)
{
	struct submit_spool *body = &r->m->body;
	size_t before = r->m->header.len + 1;

	if ((body->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3)) == -1)
		return DROP_ERROR;
	body->base = r->f->offset + before;
	body->size = t->size - before;
	body->lines = t->lines - 1;
	for (size_t i = 0; i < r->m->header.len; i++)
		body->lines -= r->m->header.s[i] == '\n';
	return DROP_GOOD;
}

enum drop_result
drop_get(int fd, struct submit_message *m, struct drop_file *f)
{
	struct reader r = { m, f, false };
	char end[TRAILER_LEN];
	struct trailer t;
	struct stat st;
	enum drop_result result;

	memset(f, 0, sizeof(*f));
	if (fstat(fd, &st) == -1)
		return DROP_ERROR;
	if (st.st_size < TRAILER_LEN)
		return DROP_DAMAGED;
	if (fd_preadall(fd, end, sizeof(end), st.st_size - TRAILER_LEN) == -1)
		return DROP_ERROR;
	if (trailer_parse(end, &t) != TRAILER_VALID ||
	    t.size > (uint64_t)st.st_size - TRAILER_LEN)
		return DROP_DAMAGED;
	f->offset = (uint64_t)st.st_size - TRAILER_LEN - t.size;
	f->size = t.size;
	f->crc = t.crc;
	if (f->offset > DROP_ENVELOPE)
		return DROP_DAMAGED;
	if ((result = get_envelope(&r, fd, t.envcrc)) == DROP_GOOD &&
	    (result = get_content(&r, fd, &t)) == DROP_GOOD)
		result = take_body(&r, fd, &t);
	return result;
}
