/*
 * siphash: SipHash-2-4, a short hash with a key.  No state, no system calls.
 */
#include "common/siphash.h"

struct state {
	uint64_t v[4];
};

static uint64_t
rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t
little(const uint8_t *p, size_t n)
{
	uint64_t x = 0;

	while (n-- > 0)
		x = x << 8 | p[n];
	return x;
}

static void
rounds(struct state *s, int n)
{
	uint64_t *v = s->v;

	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void
put(struct state *s, uint64_t word)
{
	s->v[3] ^= word;
	rounds(s, 2);
	s->v[0] ^= word;
}

uint64_t
siphash(const uint8_t key[SIPHASH_KEY], const void *data, size_t len)
{
	uint64_t k0 = little(key, 8), k1 = little(key + 8, 8);
	struct state s = { { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
	    k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u } };
	const uint8_t *p = data;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		put(&s, little(p, 8));
	put(&s, (uint64_t)(len & 255) << 56 | little(p, left));
	s.v[2] ^= 255;
	rounds(&s, 4);
	return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
