/*
 * loop: addresses that a message has already been delivered to.
 *
 * Part of local and pipe, which run as the mailbox owner, and of smtpd, as
 * postrider-net.  The header comes from strangers: every buffer here is fixed,
 * the time linear in its length.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/loop.h"

#define NAME "Delivered-To:"
#define NAME_LEN (sizeof(NAME) - 1)

void
loop_init(struct loop *l)
{
	l->done = l->many = l->in_field = false;
	l->count = l->line_len = l->field_len = 0;
}

/*
 * The form in which addresses are compared.  What is not an address by RFC
 * 5321 is compared as it stands.
 */
static void
normal(const char *text, char key[ADDR_MAX + 1])
{
	struct address a;

	if (address_parse(text, &a) != ADDRESS_OK ||
	    !address_key(&a, key, ADDR_MAX + 1))
		strlcpy(key, text, ADDR_MAX + 1);
}

/* The field's value without white space at its ends and without < >. */
static char *
value(struct loop *l)
{
	char *s = l->field, *end = s + l->field_len;

	while (s < end && strchr(" \t\r\n<", *s) != NULL)
		s++;
	while (end > s && strchr(" \t\r\n>", end[-1]) != NULL)
		end--;
	*end = '\0';
	return s;
}

static void
end_field(struct loop *l)
{
	char *v;

	if (l->in_field && l->field_len < sizeof(l->field)) {
		v = value(l);
		if (*v != '\0' && l->count == LOOP_FIELDS)
			l->many = true;
		else if (*v != '\0')
			normal(v, l->found[l->count++]);
	}
	l->in_field = false;
	l->field_len = 0;
}

/* Of a line or field that is too long the length alone is kept. */
static void
add_to_field(struct loop *l, const char *p, size_t n)
{
	if (l->line_len > sizeof(l->line))
		n = sizeof(l->field);
	if (l->field_len + n < sizeof(l->field))
		memcpy(l->field + l->field_len, p, n);
	l->field_len += n;
}

static void
end_line(struct loop *l)
{
	size_t n = l->line_len;

	if (n == 0 || (n == 1 && l->line[0] == '\r')) {
		end_field(l);
		l->done = true;
		return;
	}
	if (l->line[0] == ' ' || l->line[0] == '\t') {
		add_to_field(l, l->line, n);
		return;
	}
	end_field(l);
	if (n >= NAME_LEN && strncasecmp(l->line, NAME, NAME_LEN) == 0) {
		l->in_field = true;
		add_to_field(l, l->line + NAME_LEN, n - NAME_LEN);
	}
}

/* Keeps counting when the line is longer than its buffer. */
static void
add_to_line(struct loop *l, const char *p, size_t n)
{
	size_t room;

	if (l->line_len < sizeof(l->line)) {
		room = sizeof(l->line) - l->line_len;
		memcpy(l->line + l->line_len, p, n < room ? n : room);
	}
	l->line_len += n;
}

void
loop_feed(struct loop *l, const char *p, size_t n)
{
	const char *lf;
	size_t take;

	while (n > 0 && !l->done) {
		lf = memchr(p, '\n', n);
		take = lf != NULL ? (size_t)(lf - p) : n;
		add_to_line(l, p, take);
		if (lf != NULL) {
			end_line(l);
			l->line_len = 0;
			take++;
		}
		p += take;
		n -= take;
	}
}

void
loop_end(struct loop *l)
{
	if (l->done)
		return;
	if (l->line_len > 0)
		end_line(l);
	end_field(l);
	l->done = true;
}

/* In the normal form. */
static bool
has_key(const struct loop *l, const char *key)
{
	if (l->many)
		return true;
	for (size_t i = 0; i < l->count; i++)
		if (strcasecmp(l->found[i], key) == 0)
			return true;
	return false;
}

bool
loop_has(const struct loop *l, const char *addr)
{
	char key[ADDR_MAX + 1];

	normal(addr, key);
	return has_key(l, key);
}

bool
loop_has_account(const struct loop *l, const char *addr, const char *tag)
{
	char key[ADDR_MAX + 1];
	struct address a;

	if (address_parse(addr, &a) != ADDRESS_OK)
		return loop_has(l, addr);
	address_drop_tag(&a, tag);
	return address_key(&a, key, sizeof(key)) && has_key(l, key);
}
