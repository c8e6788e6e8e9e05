/*
 * filename: what the name of a file in a Maildir says.  In pop3-mailbox;
 * pure.  Names come from any program that writes the user's Maildir, so
 * nothing they say is taken without a check.
 */
#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "pop3d/filename.h"

#define SIZE_LIMIT (UINT64_C(1) << 62) /* twice this still fits */

size_t
filename_base_len(const char *name)
{
	return strcspn(name, ":");
}

/* Whether the field at ",..." is S or W; *n its length with the comma. */
static bool
is_size(const char *field, size_t *n)
{
	*n = 1 + strcspn(field + 1, ",");
	return *n > 3 && (field[1] == 'S' || field[1] == 'W') &&
	    field[2] == '=' && strspn(field + 3, "0123456789") == *n - 3;
}

static bool
field_value(const char *field, size_t n, uint64_t *v)
{
	char digits[24];

	if (n - 3 >= sizeof(digits))
		return false;
	memcpy(digits, field + 3, n - 3);
	digits[n - 3] = '\0';
	return num_parse(digits, SIZE_LIMIT, v);
}

bool
filename_sizes(const char *base, uint64_t *stored, uint64_t *wire)
{
	unsigned int s = 0, w = 0;
	const char *p = base;
	size_t n;

	for (; (p = strchr(p, ',')) != NULL; p += n) {
		if (!is_size(p, &n))
			continue;
		if (!field_value(p, n, p[1] == 'S' ? stored : wire))
			return false;
		if (p[1] == 'S')
			s++;
		else
			w++;
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
	const char *p = base;
	size_t n, out = 0;

	for (; *p != '\0'; p += n) {
		if (*p == ',' && is_size(p, &n))
			continue;
		n = *p == ',' ? 1 + strcspn(p + 1, ",") : strcspn(p, ",");
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
