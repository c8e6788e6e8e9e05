/*
 * xtext: the encoding of RFC 3461 section 4.
 *
 * Part of smtpd(8); a pure function of what a stranger sent.
 */
#include <stdint.h>

#include "common/num.h"
#include "smtpd/xtext.h"

bool
xtext_decode(const char *s, size_t n, char *out)
{
	uint64_t v;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '!' || s[i] > '~' || s[i] == '=')
			return false;
		if (s[i] != '+') {
			out[len++] = s[i];
			continue;
		}
		/* Upper case only, and nothing that acts on a terminal. */
		if (n - i < 3 || (s[i + 1] >= 'a' && s[i + 1] <= 'f') ||
		    (s[i + 2] >= 'a' && s[i + 2] <= 'f') ||
		    !num_parse_hex(s + i + 1, 2, &v) || v < ' ' || v > '~')
			return false;
		out[len++] = (char)v;
		i += 2;
	}
	out[len] = '\0';
	return len > 0;
}
