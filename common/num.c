/*
 * num: the one way to turn text into numbers, and back.  Library code; no
 * state.
 */
#include "common/num.h"

bool
num_parse(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
num_parse_hex(const char *s, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	int d;

	if (n == 0 || n > 16)
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((d = hex_digit(s[i])) == -1)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*out = v;
	return true;
}

void
num_put(char *s, size_t n, uint64_t v)
{
	for (; n > 0; v /= 10)
		s[--n] = (char)('0' + v % 10);
}

void
num_put_hex(char *s, size_t n, uint64_t v)
{
	for (; n > 0; v >>= 4)
		s[--n] = "0123456789abcdef"[v & 15];
}
