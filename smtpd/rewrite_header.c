/*
 * rewrite_header: addresses in the header of a message that are replaced.
 *
 * Part of smtpd(8), as postrider-net; reads the compiled tables.  What it reads
 * was written by a user of ours, or by any program of his: fields are read
 * twice, and changed only if the first time has shown that all of them can be
 * read.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/header.h"
#include "common/header_addr.h"
#include "common/idn.h"
#include "common/msg.h"
#include "common/rewrite.h"
#include "common/utf8.h"
#include "smtpd/rewrite_header.h"

/* clang-format off */
static const struct {
	const char		*name;
	enum rewrite_rules	 rules;
} fields[] = {
	{ "From",		REWRITE_SENDER },
	{ "Sender",		REWRITE_SENDER },
	{ "Reply-To",		REWRITE_SENDER },
	{ "Resent-From",	REWRITE_SENDER },
	{ "Resent-Sender",	REWRITE_SENDER },
	{ "Resent-Reply-To",	REWRITE_SENDER },
	{ "To",			REWRITE_RECIPIENT },
	{ "Cc",			REWRITE_RECIPIENT },
	{ "Resent-To",		REWRITE_RECIPIENT },
	{ "Resent-Cc",		REWRITE_RECIPIENT },
};
/* clang-format on */

/* One field that is read for the second time. */
struct pass {
	struct rewrite_header *header;
	enum rewrite_rules rules;
	const char *done; /* up to here it was put */
	enum rewrite_header_result result;
};

static bool
ignore(const struct header_spot *spot, void *arg)
{
	(void)spot;
	(void)arg;
	return true;
}

/* What the address becomes; REWRITE_NONE if it stays. */
static enum rewrite
replace(const struct pass *p, struct address *a)
{
	const char *complete = p->header->complete;
	enum rewrite r, completed = REWRITE_NONE;

	if (utf8_needed(a->domain) && !idn_to_ascii(a->domain, a->domain))
		return REWRITE_NONE;
	if (a->domain[0] == '\0' && complete != NULL) {
		(void)strlcpy(a->domain, complete, sizeof(a->domain)); /* one */
		completed = REWRITE_DONE;
	}
	r = rewrite_address(p->header->tables, p->rules, a);
	return r == REWRITE_NONE ? completed : r;
}

static void
put_to(struct pass *p, const char *end)
{
	p->header->put(p->header->arg, p->done, (size_t)(end - p->done));
	p->done = end;
}

static bool
visit(const struct header_spot *spot, void *arg)
{
	struct address a = *spot->address;
	char text[ADDR_MAX + 1];
	struct pass *p = arg;
	enum rewrite r;
	size_t n;

	if (spot->at == NULL || (r = replace(p, &a)) == REWRITE_NONE)
		return true;
	if (r == REWRITE_BROKEN) {
		p->result = REWRITE_HEADER_BROKEN;
		return false;
	}
	if (!address_format(&a, text, sizeof(text)))
		return true;
	n = strlen(text);
	if (n > spot->len) {
		if (n - spot->len > p->header->room) {
			p->result = REWRITE_HEADER_BIG;
			return false;
		}
		p->header->room -= n - spot->len;
	}
	put_to(p, spot->at);
	p->header->put(p->header->arg, text, n);
	p->done = spot->at + spot->len;
	return true;
}

/* Puts the field but for its end. */
static enum rewrite_header_result
change(struct rewrite_header *h, const struct header_field *f,
    enum rewrite_rules rules, const char **done)
{
	struct pass p = { h, rules, f->start, REWRITE_HEADER_OK };

	/* A NUL would end an address before its time. */
	if (memchr(f->value, '\0', f->value_len) == NULL &&
	    header_spots(f->value, f->value_len, ignore, NULL) ==
		HEADER_ADDR_OK)
		(void)header_spots(
		    f->value, f->value_len, visit, &p); /* p has it all */
	*done = p.done;
	return p.result;
}

static enum rewrite_header_result
take(struct rewrite_header *h, const struct header_field *f)
{
	enum rewrite_header_result r = REWRITE_HEADER_OK;
	const char *done = f->start;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (header_named(f, fields[i].name))
			r = change(h, f, fields[i].rules, &done);
	if (r == REWRITE_HEADER_OK)
		h->put(h->arg, done, f->len - (size_t)(done - f->start));
	return r;
}

/* Whether a field begins here: the end of the header is no field. */
static bool
is_field(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	return header_is_field(p, (size_t)((lf != NULL ? lf : end) - p));
}

enum rewrite_header_result
rewrite_header(struct rewrite_header *h, const char *text, size_t n)
{
	enum rewrite_header_result r = REWRITE_HEADER_OK;
	const char *p = text, *end = text + n;
	struct header_field f;

	while (p < end && r == REWRITE_HEADER_OK && is_field(p, end) &&
	    header_next(&p, end, &f))
		r = take(h, &f);
	if (r == REWRITE_HEADER_OK)
		h->put(h->arg, p, (size_t)(end - p));
	return r;
}
