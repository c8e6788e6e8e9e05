/*
 * spool_id: names of messages.  In queued and, for checking, in the tools;
 * arithmetic, the clock and random bytes only.
 */
#include <string.h>
#include <time.h>

#include <bsd/stdlib.h>

#include "queue/spool_id.h"

#define TIME_CHARS 11 /* 55 bits of microseconds: until the year 3111 */
#define DIR_SHIFT 22  /* 2^22 microseconds share a directory */

/* In ASCII order, so that names sort like numbers; no i, l, o, u. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* Writes n digits of v, the last one first. */
static void
put_digits(char *s, int n, uint64_t v)
{
	while (n-- > 0) {
		s[n] = digits[v & 31];
		v >>= 5;
	}
}

void
spool_id_at(char id[ID_MAX + 1], int64_t now)
{
	static int64_t last;
	uint64_t chance;

	if (now <= last)
		now = last + 1;
	last = now;
	arc4random_buf(&chance, sizeof(chance));
	put_digits(id, TIME_CHARS, (uint64_t)now);
	put_digits(id + TIME_CHARS, ID_MAX - TIME_CHARS, chance);
	id[ID_MAX] = '\0';
}

void
spool_id_new(char id[ID_MAX + 1])
{
	struct timespec ts;

	/* Cannot fail with this clock and a valid pointer. */
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	spool_id_at(id, (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

bool
spool_id_valid(const char *id)
{
	return strnlen(id, ID_MAX + 1) == ID_MAX &&
	    strspn(id, digits) == ID_MAX;
}

/* The value of a digit plus one; 0 for what is none. */
static unsigned int
digit(char c)
{
	/* clang-format off */
	static const uint8_t values[UINT8_MAX + 1] = {
		['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
		['a'] = 11, 12, 13, 14, 15, 16, 17, 18,
		['j'] = 19, 20,
		['m'] = 21, 22,
		['p'] = 23, 24, 25, 26, 27,
		['v'] = 28, 29, 30, 31, 32,
	};
	/* clang-format on */

	return values[(unsigned char)c];
}

bool
spool_id_pack(const char *id, uint8_t key[SPOOL_ID_KEY])
{
	unsigned int bits = 0, n = 0, value;
	uint32_t v = 0;

	for (int i = 0; i < ID_MAX; i++) {
		if ((value = digit(id[i])) == 0)
			return false; /* also at the end of a short one */
		v = v << 5 | (value - 1);
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			key[n++] = (uint8_t)(v >> bits);
		}
	}
	key[n] = (uint8_t)(v << (8 - bits));
	return id[ID_MAX] == '\0';
}

void
spool_id_unpack(const uint8_t key[SPOOL_ID_KEY], char id[ID_MAX + 1])
{
	unsigned int bits = 0;
	uint32_t v = 0;

	for (int i = 0; i < ID_MAX; i++) {
		if (bits < 5) {
			v = v << 8 | *key++;
			bits += 8;
		}
		bits -= 5;
		id[i] = digits[v >> bits & 31];
	}
	id[ID_MAX] = '\0';
}

int64_t
spool_id_time(const char *id)
{
	int64_t v = 0;

	for (int i = 0; i < TIME_CHARS; i++)
		v = v << 5 | (strchr(digits, id[i]) - digits);
	return v;
}

unsigned int
spool_id_dir(const char *id)
{
	return (unsigned int)(spool_id_time(id) >> DIR_SHIFT) % SPOOL_DIRS;
}
