/*
 * spool_field: the fields of an envelope's text form.  In queued; reads
 * bytes that it does not trust.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/num.h"
#include "queue/spool_field.h"
#include "queue/spool_id.h"

#define NUMBER_MAX 20 /* digits of 2^64 */

static bool
plain(unsigned char c)
{
	return c > ' ' && c <= '~' && c != '\\';
}

void
field_put(struct sbuf *out, const char *s)
{
	if (*s == '\0')
		sbuf_putc(out, '-');
	else if (strcmp(s, "-") == 0)
		sbuf_puts(out, "\\2d");
	else
		for (; *s != '\0'; s++)
			if (plain((unsigned char)*s))
				sbuf_putc(out, *s);
			else
				sbuf_fmt(out, "\\%02x", (unsigned char)*s);
}

bool
reader_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if (r->left < n || memcmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	r->left -= n;
	return true;
}

bool
reader_byte(struct reader *r, char *c)
{
	if (r->left == 0)
		return false;
	*c = *r->p++;
	r->left--;
	return true;
}

/* The two hex digits of an escape; false for one that was not needed. */
static bool
escaped(struct reader *r, char *c)
{
	uint64_t v;

	if (r->left < 2 || !num_parse_hex(r->p, 2, &v) || v == 0)
		return false;
	r->p += 2;
	r->left -= 2;
	*c = (char)(unsigned char)v;
	return v == '-' || !plain((unsigned char)v);
}

bool
reader_field(struct reader *r, char end, char *out, size_t bound)
{
	struct reader start = *r;
	size_t n = 0;
	char c;

	while (reader_byte(r, &c) && c != end) {
		if (c == '\\') {
			if (!escaped(r, &c))
				return false;
		} else if (!plain((unsigned char)c))
			return false;
		if (n == bound)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	if (n == 0 || r->p[-1] != end)
		return false;
	if (n == 1 && start.p[0] == '-')
		out[0] = '\0';
	return true;
}

bool
reader_number(struct reader *r, char end, uint64_t max, uint64_t *v)
{
	char digits[NUMBER_MAX + 1];

	return reader_field(r, end, digits, NUMBER_MAX) &&
	    num_parse(digits, max, v) && (digits[0] != '0' || !digits[1]);
}

void
fields_put(struct sbuf *out, const struct envelope *e)
{
	const struct {
		const char *name, *value;
	} strings[] = {
		{ "Client", e->client },
		{ "Login", e->login },
		{ "Envid", e->envid },
		{ "Sender", e->sender },
	};

	sbuf_fmt(out, "Id: %s\n", e->id);
	sbuf_fmt(out, "Arrival: %" PRId64 "\n", e->arrival);
	sbuf_fmt(
	    out, "Uid: %" PRIu32 "\nFlags: %" PRIu32 "\n", e->uid, e->flags);
	sbuf_fmt(out, "Ret: %" PRIu32 "\n", e->ret);
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		sbuf_fmt(out, "%s: ", strings[i].name);
		field_put(out, strings[i].value);
		sbuf_putc(out, '\n');
	}
}

static bool
get_numbers(struct reader *r, struct envelope *e)
{
	uint64_t arrival, uid, flags, ret;

	if (!reader_word(r, "Arrival: ") ||
	    !reader_number(r, '\n', INT64_MAX, &arrival) ||
	    !reader_word(r, "Uid: ") ||
	    !reader_number(r, '\n', UINT32_MAX, &uid) ||
	    !reader_word(r, "Flags: ") ||
	    !reader_number(r, '\n', UINT32_MAX, &flags) ||
	    !reader_word(r, "Ret: ") || !reader_number(r, '\n', 2, &ret))
		return false;
	e->arrival = (int64_t)arrival;
	e->uid = (uint32_t)uid;
	e->flags = (uint32_t)flags;
	e->ret = (uint32_t)ret;
	return true;
}

const char *
fields_get(struct reader *r, struct envelope *e)
{
	if (!reader_word(r, "Id: ") || !reader_field(r, '\n', e->id, ID_MAX) ||
	    !spool_id_valid(e->id))
		return "Id";
	if (!get_numbers(r, e))
		return "Arrival, Uid, Flags, Ret";
	if (!reader_word(r, "Client: ") ||
	    !reader_field(r, '\n', e->client, IP_MAX))
		return "Client";
	if (!reader_word(r, "Login: ") ||
	    !reader_field(r, '\n', e->login, LOGIN_MAX))
		return "Login";
	if (!reader_word(r, "Envid: ") ||
	    !reader_field(r, '\n', e->envid, ENVID_MAX))
		return "Envid";
	if (!reader_word(r, "Sender: ") ||
	    !reader_field(r, '\n', e->sender, ADDR_MAX))
		return "Sender";
	return NULL;
}
