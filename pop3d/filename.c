/*
 * filename: what the name of a file in a Maildir says.  In pop3-mailbox;
 * pure.  Names come from any program that writes the user's Maildir, so
 * nothing they say is taken without a check.
 */
#include <stdio.h>
#include <string.h>

#include "pop3d/filename.h"

#define SIZE_LIMIT (UINT64_C(1) << 62) /* twice this still fits */
#define OVER (SIZE_LIMIT + 1)
#define DIGITS_MAX 23 /* zeros in front are harmless, but not any number */

size_t
filename_base_len(const char *name)
{
	return strcspn(name, ":");
}

/*
 * The end of the field at ",S=123" or ",W=123"; NULL when it is another.  A
 * number that is too large is OVER.
 */
static const char *
size_field(const char *field, uint64_t *v)
{
	const char *digits = field + 3, *p;
	uint64_t digit;

	if ((field[1] != 'S' && field[1] != 'W') || field[2] != '=')
		return NULL;
	*v = 0;
	for (p = digits; *p >= '0' && *p <= '9'; p++) {
		digit = (uint64_t)(*p - '0');
		if (*v > (SIZE_LIMIT - digit) / 10 || p - digits >= DIGITS_MAX)
			*v = OVER;
		else
			*v = *v * 10 + digit;
	}
	if (p == digits || (*p != ',' && *p != '\0'))
		return NULL;
	return p;
}

bool
filename_sizes(const char *base, uint64_t *stored, uint64_t *wire)
{
	unsigned int s = 0, w = 0;
	const char *p = base, *end;
	uint64_t v;

	while ((p = strchr(p, ',')) != NULL) {
		if ((end = size_field(p, &v)) == NULL) {
			p++;
			continue;
		}
		if (v == OVER)
			return false;
		if (p[1] == 'S') {
			*stored = v;
			s++;
		} else {
			*wire = v;
			w++;
		}
		p = end;
	}
	return s == 1 && w == 1 && *wire >= *stored && *wire <= 2 * *stored;
}

uint64_t
filename_seconds(const char *base)
{
	uint64_t v = 0;

	for (; *base >= '0' && *base <= '9'; base++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*base - '0'), &v))
			return UINT64_MAX;
	return v;
}

int
filename_compare_rest(const char *a, const char *b)
{
	/* Microseconds and counters behind the time are numbers too. */
	int r = strverscmp(a, b);

	return r != 0 ? r : strcmp(a, b);
}

int
filename_compare(const char *a, const char *b)
{
	uint64_t sa = filename_seconds(a), sb = filename_seconds(b);

	if (sa != sb)
		return sa < sb ? -1 : 1;
	return filename_compare_rest(a, b);
}

bool
filename_uidl_valid(const char *s)
{
	size_t n;

	for (n = 0; s[n] != '\0'; n++)
		if (n == UIDL_MAX || s[n] < 0x21 || s[n] > 0x7e)
			return false;
	return n > 0;
}

/* A comma may begin a field that has to go. */
bool
filename_is_uidl(const char *base)
{
	return strchr(base, ',') == NULL && filename_uidl_valid(base);
}

void
filename_uidl(const char *base, char uidl[UIDL_MAX + 1])
{
	const char *p = base, *end;
	size_t n, out = 0;
	uint64_t v;

	for (; *p != '\0'; p = end) {
		if (*p == ',' && (end = size_field(p, &v)) != NULL)
			continue;
		end = strchrnul(p + 1, ',');
		n = (size_t)(end - p);
		if (n > UIDL_MAX - out) {
			filename_uidl_hash(base, 0, uidl);
			return;
		}
		memcpy(uidl + out, p, n);
		out += n;
	}
	uidl[out] = '\0';
	if (!filename_uidl_valid(uidl))
		filename_uidl_hash(base, 0, uidl);
}

#define FNV_PRIME (((unsigned __int128)1 << 88) + 0x13b)
#define FNV_BASIS                                                              \
	(((unsigned __int128)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d)

static unsigned __int128
fnv(unsigned __int128 h, const char *s)
{
	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * FNV_PRIME;
	return h;
}

void
filename_uidl_hash(const char *base, unsigned int nth, char uidl[UIDL_MAX + 1])
{
	unsigned __int128 h = fnv(FNV_BASIS, base);
	char digits[13];

	(void)snprintf(digits, sizeof(digits), "/%u", nth);
	if (nth > 0)
		h = fnv(h, digits);
	(void)snprintf(uidl, UIDL_MAX + 1, ".%016llx%016llx",
	    (unsigned long long)(h >> 64), (unsigned long long)h);
}
