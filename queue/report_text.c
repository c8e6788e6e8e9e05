/*
 * report_text: text from elsewhere in a report.  In bounce, and in queued for
 * the original recipients of aliases; as postrider.  Reads what strangers and
 * their hosts said, and lets through what can be seen.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/num.h"
#include "common/utc.h"
#include "queue/report_text.h"

#define FIELD_MOST 500 /* bytes of one foreign text */
#define CODE_MOST 0x10ffff

bool
report_is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 127)
			return false;
	return true;
}

void
report_text(struct sbuf *b, const char *s, size_t max)
{
	for (; *s != '\0' && max > 0; s++, max--)
		sbuf_putc(b, *s >= ' ' && *s <= '~' ? *s : '?');
}

/* Bytes that a character has by its first; 0: it cannot be one. */
static size_t
length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* The bytes and the code of the character at s; 0: it is no UTF-8. */
static size_t
decode(const char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = length((unsigned char)*s);

	if (n == 0)
		return 0;
	*code = (unsigned char)*s & (n == 1 ? 0x7fU : 0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)s[i] & 0x3fU);
	}
	return *code < least[n] || *code > CODE_MOST ||
		(*code >= 0xd800 && *code <= 0xdfff)
	    ? 0
	    : n;
}

/* Not a control, no end of a line, nothing that reorders or hides. */
static bool
visible(uint32_t code)
{
	/* clang-format off */
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00,		0x1f },		{ 0x7f,		0x9f },
		{ 0xad,		0xad },		{ 0x61c,	0x61c },
		{ 0x200b,	0x200f },	{ 0x2028,	0x202e },
		{ 0x2060,	0x206f },	{ 0xfeff,	0xfeff },
		{ 0xfff0,	0xffff },	{ 0xe0000,	CODE_MOST },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	return true;
}

void
report_utf8(struct sbuf *b, const char *s, size_t max)
{
	uint32_t code;
	size_t n;

	for (; *s != '\0'; s += n, max -= n) {
		n = decode(s, &code);
		if ((n != 0 ? n : 1) > max)
			return;
		if (n != 0 && visible(code))
			sbuf_put(b, s, n);
		else
			sbuf_putc(b, '?');
		n = n != 0 ? n : 1;
	}
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

/* RFC 6533 section 3, utf-8-addr-xtext: what is not ASCII as "\x{HEX}". */
static void
put_escaped(struct sbuf *b, const char *s, const char *also)
{
	uint32_t code;
	size_t n;

	for (; *s != '\0'; s += n) {
		if ((n = decode(s, &code)) == 0 || !visible(code)) {
			sbuf_putc(b, '?');
			n = n != 0 ? n : 1;
		} else if (n > 1 || strchr(also, *s) != NULL)
			sbuf_fmt(b, "\\x{%02X}", code);
		else
			sbuf_putc(b, *s);
	}
}

void
report_address(struct sbuf *b, const char *addr, bool utf8)
{
	if (report_is_ascii(addr)) {
		sbuf_puts(b, "rfc822; ");
		report_text(b, addr, FIELD_MOST);
		return;
	}
	sbuf_puts(b, "utf-8; ");
	if (utf8)
		report_utf8(b, addr, FIELD_MOST);
	else
		put_escaped(b, addr, " \\+=");
}

static void
put_code(struct sbuf *b, uint32_t code)
{
	if (code >= 0x10000)
		sbuf_putc(b, (char)(0xf0 | code >> 18));
	if (code >= 0x800)
		sbuf_putc(b,
		    (char)(code >= 0x10000 ? 0x80 | (code >> 12 & 0x3f)
					   : 0xe0 | code >> 12));
	if (code >= 0x80) {
		sbuf_putc(b,
		    (char)(code >= 0x800 ? 0x80 | (code >> 6 & 0x3f)
					 : 0xc0 | code >> 6));
		sbuf_putc(b, (char)(0x80 | (code & 0x3f)));
	} else
		sbuf_putc(b, (char)code);
}

/* The character of "\x{HEX}" at s and the bytes of that; 0: it is none. */
static size_t
embedded(const char *s, uint32_t *code)
{
	uint64_t v;
	size_t n;

	if (strncmp(s, "\\x{", 3) != 0)
		return 0;
	n = strspn(s + 3, "0123456789ABCDEFabcdef");
	if (n < 2 || n > 6 || s[3 + n] != '}' || !num_parse_hex(s + 3, n, &v) ||
	    v == 0 || v > CODE_MOST || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*code = (uint32_t)v;
	return n + 4;
}

/* The value of an ORCPT of type utf-8, in any of its three forms. */
static void
put_utf8_original(struct sbuf *b, const char *s, bool utf8)
{
	struct sbuf plain = SBUF_INIT(FIELD_MOST);
	uint32_t code;
	size_t n;

	if (!utf8) {
		put_escaped(b, s, "");
		return;
	}
	for (; *s != '\0'; s += n)
		if ((n = embedded(s, &code)) > 0)
			put_code(&plain, code);
		else {
			sbuf_putc(&plain, *s);
			n = 1;
		}
	report_utf8(b, sbuf_str(&plain), FIELD_MOST);
	sbuf_free(&plain);
}

bool
report_original(struct sbuf *b, const char *orcpt, bool utf8)
{
	size_t n = strcspn(orcpt, ";");

	if (n == 0 || orcpt[n] == '\0')
		return false;
	report_text(b, orcpt, n);
	sbuf_puts(b, "; ");
	if (n == 5 && strncasecmp(orcpt, "utf-8", n) == 0)
		put_utf8_original(b, orcpt + n + 1, utf8);
	else
		report_xtext(b, orcpt + n + 1, FIELD_MOST);
	return true;
}

void
report_orcpt(struct sbuf *b, const char *addr)
{
	if (!report_is_ascii(addr)) {
		sbuf_puts(b, "utf-8;");
		put_escaped(b, addr, " \\+=");
		return;
	}
	sbuf_puts(b, "rfc822;");
	for (; *addr != '\0'; addr++)
		if (*addr > ' ' && *addr <= '~' && *addr != '+' && *addr != '=')
			sbuf_putc(b, *addr);
		else
			sbuf_fmt(b, "+%02X", (unsigned char)*addr);
}

void
report_wrapped(struct sbuf *b, const char *indent, const char *words)
{
	size_t column = 0, n;

	for (; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (column > 0 && column + 1 + n > REPORT_WIDTH) {
			sbuf_putc(b, '\n');
			column = 0;
		}
		sbuf_puts(b, column == 0 ? indent : " ");
		column += column == 0 ? strlen(indent) : 1;
		sbuf_put(b, words, n);
		column += n;
	}
	sbuf_putc(b, '\n');
}

void
report_date(struct sbuf *b, time_t when)
{
	char s[UTC_DATE];

	/* UTC: the sender may be anywhere, and no zone file is read. */
	utc_date(when, 0, s);
	sbuf_puts(b, s);
}
