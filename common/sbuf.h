/*
 * sbuf: a growable byte string with a ceiling.
 *
 * Once an append would pass the ceiling, or memory runs out, the buffer is
 * bad and stays bad until sbuf_clear(): callers build a whole value and ask
 * sbuf_ok() once at the end.  The bytes always end in a NUL that len does
 * not count.
 */
#ifndef COMMON_SBUF_H
#define COMMON_SBUF_H

#include <stdbool.h>
#include <stddef.h>

struct sbuf {
	char *s;     /* NULL until the first append; owned */
	size_t len;  /* bytes in use, without the NUL */
	size_t size; /* bytes allocated */
	size_t max;  /* len never exceeds this */
	bool bad;
};

#define SBUF_INIT(max_)                                                        \
	{                                                                      \
		NULL, 0, 0, (max_), false                                      \
	}

void sbuf_init(struct sbuf *, size_t max);
void sbuf_put(struct sbuf *, const void *, size_t);
void sbuf_puts(struct sbuf *, const char *);
void sbuf_putc(struct sbuf *, char);
void sbuf_fmt(struct sbuf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
bool sbuf_ok(const struct sbuf *);
const char *sbuf_str(const struct sbuf *);
/* Drops n bytes at the front; n is at most len. */
void sbuf_drop(struct sbuf *, size_t n);
void sbuf_clear(struct sbuf *); /* empty and good; keeps the memory */
void sbuf_free(struct sbuf *);  /* empty and good; gives the memory back */

#endif
