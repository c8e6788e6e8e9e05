/*
 * crc32c: the Castagnoli checksum of spool files.  Library code in smtpd,
 * queued and local.  Uses the processor's instruction where there is one.
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
#endif

uint32_t
crc32c(uint32_t crc, const void *buf, size_t n)
{
#ifdef __x86_64__
	/*
	 * As the C library found it at start: the compiler's own way would ask
	 * the processor again in every process, which virtual machines answer
	 * slowly.
	 */
	if (CPU_FEATURE_ACTIVE(SSE4_2))
		return ~by_instruction(~crc, buf, n);
#endif
	return ~by_table(~crc, buf, n);
}
