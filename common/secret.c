/*
 * secret: comparing what must not be guessed byte by byte.  Library code; no
 * state.
 */
#include "common/secret.h"

bool
secret_equal(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *p = a, *q = b;
	unsigned int differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned int)(p[i] ^ q[i]);
	return differ == 0;
}
