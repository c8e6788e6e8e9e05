/*
 * keyed: numbers for names that strangers may choose: the same for the same
 * name as long as the process lives, and nobody outside can tell which names
 * would share one.  Never written to disk, nor shown.
 */
#ifndef QUEUE_KEYED_H
#define QUEUE_KEYED_H

#include <stddef.h>
#include <stdint.h>

#define KEYED_MOST 700 /* bytes of one name, with its kind and lengths */

/* A name of several parts; zero at first. */
struct keyed {
	uint8_t bytes[KEYED_MOST];
	size_t n;
};

/* What does not fit counts by its length alone. */
void keyed_put(struct keyed *, const void *, size_t);
void keyed_text(struct keyed *, const char *);
uint32_t keyed_number(const struct keyed *);

#endif
