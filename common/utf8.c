/*
 * utf8: characters of UTF-8.  Library code in smtpd, sendmail, queued and
 * postrider; pure functions of what strangers sent.  Must never take two
 * spellings for one character.
 */
#include <string.h>

#include "common/utf8.h"

/* The first byte says how many follow, and what is the least they may mean. */
struct lead {
	unsigned char mask, value;
	size_t n;
	uint32_t least;
};

static const struct lead leads[] = {
	{ 0x80, 0x00, 1, 0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

static const struct lead *
find_lead(unsigned char c)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if ((c & leads[i].mask) == leads[i].value)
			return &leads[i];
	return NULL;
}

bool
utf8_is_text(uint32_t c)
{
	if (c < ' ' || (c >= 0x7f && c < 0xa0))
		return false; /* controls */
	if (c == 0x2028 || c == 0x2029)
		return false; /* ends of lines and paragraphs */
	if (c >= 0xd800 && c < 0xe000)
		return false; /* surrogates */
	if (c >= 0xfdd0 && c < 0xfdf0)
		return false; /* noncharacters, as are two in each plane */
	return (c & 0xfffe) != 0xfffe && c <= 0x10ffff;
}

size_t
utf8_char(const char *s, uint32_t *c)
{
	const struct lead *lead = find_lead((unsigned char)*s);
	uint32_t v;

	if (lead == NULL)
		return 0;
	v = (unsigned char)*s & (unsigned char)~lead->mask;
	for (size_t i = 1; i < lead->n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0; /* the NUL, too */
		v = v << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (v < lead->least || !utf8_is_text(v))
		return 0;
	if (c != NULL)
		*c = v;
	return lead->n;
}

bool
utf8_valid(const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n)
		if ((n = utf8_char(s, NULL)) == 0)
			return false;
	return true;
}

bool
utf8_needed(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 127)
			return true;
	return false;
}
