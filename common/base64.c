/*
 * base64: RFC 4648 section 4, strict.  Library code; decodes what a client
 * sent before anybody knows who it is.
 */
#include <string.h>

#include "common/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
value(char c)
{
	const char *p = c != '\0' ? strchr(alphabet, c) : NULL;

	return p != NULL ? (int)(p - alphabet) : -1;
}

/* Four characters, of which the last pad are '='. */
static bool
quad(const char *s, size_t pad, uint8_t out[3])
{
	uint32_t v = 0;
	int d;

	for (size_t i = 0; i < 4; i++) {
		d = i < 4 - pad ? value(s[i]) : 0;
		if (d == -1)
			return false;
		v = v << 6 | (uint32_t)d;
	}
	out[0] = (uint8_t)(v >> 16);
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)v;
	return pad == 0 || (pad == 1 ? out[2] : out[1] | out[2]) == 0;
}

bool
base64_decode(const char *s, uint8_t *out, size_t size, size_t *n)
{
	size_t len = strlen(s), pad = 0, keep;
	uint8_t three[3];

	if (len % 4 != 0)
		return false;
	if (len > 0 && s[len - 1] == '=')
		pad = s[len - 2] == '=' ? 2 : 1;
	*n = 0;
	for (size_t i = 0; i < len; i += 4) {
		keep = i + 4 == len ? 3 - pad : 3;
		if (!quad(s + i, 3 - keep, three) || keep > size - *n)
			return false;
		memcpy(out + *n, three, keep);
		*n += keep;
	}
	return true;
}

void
base64_encode(const void *buf, size_t n, char *out)
{
	const uint8_t *p = buf;
	uint32_t v;

	for (; n > 0; p += 3, n -= n < 3 ? n : 3) {
		v = (uint32_t)p[0] << 16;
		if (n > 1)
			v |= (uint32_t)p[1] << 8;
		if (n > 2)
			v |= p[2];
		*out++ = alphabet[v >> 18];
		*out++ = alphabet[v >> 12 & 63];
		*out++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
		*out++ = n > 2 ? alphabet[v & 63] : '=';
	}
	*out = '\0';
}
