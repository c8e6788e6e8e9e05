/*
 * crc32c: the Castagnoli checksum of spool files and of pop3-mailbox's
 * index.  Library code in smtpd, bounce, queued, local and pop3-mailbox.  Uses
 * the processor's instruction where there is one.
 */
#ifdef __x86_64__
#include <sys/platform/x86.h>
#endif

#include <pthread.h>
#include <string.h>

#include "common/crc32c.h"

#define POLY 0x82f63b78u /* reflected */

static uint32_t table[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fill_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? POLY ^ (c >> 1) : c >> 1;
		table[i] = c;
	}
}

static uint32_t
by_table(uint32_t c, const unsigned char *p, size_t n)
{
	(void)pthread_once(&once, fill_table); /* fails only on a bad once */
	while (n-- > 0)
		c = table[(c ^ *p++) & 0xff] ^ (c >> 8);
	return c;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t c, const unsigned char *p, size_t n)
{
	uint64_t c64 = c, v;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		c64 = __builtin_ia32_crc32di(c64, v);
	}
	c = (uint32_t)c64;
	while (n-- > 0)
		c = __builtin_ia32_crc32qi(c, *p++);
	return c;
}

/*
 * The instruction takes three cycles and can begin in each: three stripes at
 * a time, side by side.  Their sums are joined by what zeros in place of the
 * stripes behind would have made of them, a multiplication by a power of x.
 * That of n bytes is x^(8n - 33) here, since the carry-less product of two
 * reflected numbers is one bit off and crc32 of it multiplies by x^32.
 */
#define STRIPE 336          /* bytes; four rounds of three are nearly 4 KiB */
#define BEHIND_1 0xa60ce07b /* x^(8 * 336 - 33) modulo POLY, reflected */
#define BEHIND_2 0xcec3662e /* x^(8 * 672 - 33) */

typedef long long v2 __attribute__((vector_size(16)));

__attribute__((target("sse4.2,pclmul"))) static uint64_t
skip_zeros(uint64_t c, long long power)
{
	v2 a = { (long long)c, 0 }, b = { power, 0 };
	v2 product = __builtin_ia32_pclmulqdq128(a, b, 0);

	return __builtin_ia32_crc32di(0, (uint64_t)product[0]);
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t
by_three(uint32_t c, const unsigned char *p, size_t n)
{
	uint64_t sum[3], v[3];

	for (; n >= STRIPE * 3; n -= STRIPE * 3) {
		sum[0] = c;
		sum[1] = sum[2] = 0;
		for (const unsigned char *end = p + STRIPE; p < end; p += 8) {
			memcpy(&v[0], p, 8);
			memcpy(&v[1], p + STRIPE, 8);
			memcpy(&v[2], p + STRIPE * 2, 8);
			sum[0] = __builtin_ia32_crc32di(sum[0], v[0]);
			sum[1] = __builtin_ia32_crc32di(sum[1], v[1]);
			sum[2] = __builtin_ia32_crc32di(sum[2], v[2]);
		}
		p += STRIPE * 2;
		c = (uint32_t)(skip_zeros(sum[0], BEHIND_2) ^
		    skip_zeros(sum[1], BEHIND_1) ^ sum[2]);
	}
	return by_instruction(c, p, n);
}
#endif

uint32_t
crc32c(uint32_t crc, const void *buf, size_t n)
{
#ifdef __x86_64__
	/*
	 * As the C library found it at start.  __builtin_cpu_supports() would
	 * ask the processor again at the start of every process, and virtual
	 * machines answer slowly.
	 */
	if (CPU_FEATURE_ACTIVE(SSE4_2))
		return ~(n >= STRIPE * 3 && CPU_FEATURE_ACTIVE(PCLMULQDQ)
			? by_three(~crc, buf, n)
			: by_instruction(~crc, buf, n));
#endif
	return ~by_table(~crc, buf, n);
}
