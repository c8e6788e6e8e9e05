/*
 * orcpt: the ORCPT parameter of RCPT.
 *
 * Part of smtpd(8), as postrider-net; a pure function of what a stranger sent.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/num.h"
#include "common/sbuf.h"
#include "common/utf8.h"
#include "smtpd/orcpt.h"
#include "smtpd/xtext.h"

/* The bytes of "\x{HEX}" at s, which stands for a character; or 0. */
static size_t
embedded(const char *s)
{
	uint64_t c;
	size_t n;

	if (strncmp(s, "\\x{", 3) != 0)
		return 0;
	n = strspn(s + 3, "0123456789ABCDEFabcdef");
	if (n < 2 || n > 6 || s[3 + n] != '}' || !num_parse_hex(s + 3, n, &c) ||
	    !utf8_is_text((uint32_t)c))
		return 0;
	return n + 4;
}

/* One character of the address; how many bytes it had, or 0. */
static size_t
take_char(const char *s, bool utf8, struct sbuf *out)
{
	uint32_t c;
	size_t n;

	if ((unsigned char)*s > 127) {
		if (!utf8 || (n = utf8_char(s, &c)) == 0)
			return 0;
		sbuf_fmt(out, "\\x{%02X}", (unsigned int)c);
		return n;
	}
	n = *s == '\\' ? embedded(s) : 1;
	if (*s <= ' ' || *s > '~' || *s == '+' || *s == '=')
		n = 0;
	sbuf_put(out, s, n);
	return n;
}

static bool
take_utf8(const char *v, size_t type, bool utf8, char out[ORCPT_MAX + 1])
{
	struct sbuf ascii = SBUF_INIT(ORCPT_MAX);
	const char *s = v + type + 1;
	size_t n = 0;

	sbuf_put(&ascii, v, type + 1);
	for (; *s != '\0'; s += n)
		if ((n = take_char(s, utf8, &ascii)) == 0)
			break;
	strlcpy(out, sbuf_ok(&ascii) ? sbuf_str(&ascii) : v, ORCPT_MAX + 1);
	sbuf_free(&ascii);
	return n > 0 && *s == '\0';
}

bool
orcpt_take(const char *v, bool utf8, char out[ORCPT_MAX + 1])
{
	char text[ORCPT_MAX + 1];
	size_t n = strlen(v), type = strcspn(v, ";");

	if (n > ORCPT_MAX || type == 0 || type == n)
		return false;
	for (size_t i = 0; i < type; i++)
		if (v[i] <= ' ' || v[i] > '~' ||
		    strchr("()<>@,:\\\"/[]", v[i]) != NULL)
			return false;
	if (type == 5 && strncasecmp(v, "utf-8", type) == 0)
		return take_utf8(v, type, utf8, out);
	strlcpy(out, v, ORCPT_MAX + 1);
	return xtext_decode(v + type + 1, n - type - 1, text);
}

void
orcpt_make(const char *addr, char out[ORCPT_MAX + 1])
{
	struct sbuf b = SBUF_INIT(ORCPT_MAX);

	sbuf_puts(&b, "rfc822;");
	for (; *addr > '\0' && *addr <= '~'; addr++)
		if (*addr <= ' ' || *addr == '+' || *addr == '=')
			sbuf_fmt(&b, "+%02X", (unsigned int)*addr);
		else
			sbuf_putc(&b, *addr);
	(void)strlcpy(out, *addr == '\0' && sbuf_ok(&b) ? sbuf_str(&b) : "",
	    ORCPT_MAX + 1); /* it has the same bound */
	sbuf_free(&b);
}
