/*
 * trailer: the end of a spool file, which says that the file is whole.
 *
 * TRAILER_LEN bytes of text behind the content, one line:
 *
 *	"\nPostrider-End: 1 " size(16 hex) " " lines(16 hex) " "
 *	envcrc(8 hex) " " crc(8 hex) " " check(8 hex) "\n"
 *
 * size and lines are of the content; envcrc is the envelope's checksum without
 * the bytes that change in place; crc the content's; check that of the
 * trailer's bytes before it.  spool(5) has the whole format.
 */
#ifndef COMMON_TRAILER_H
#define COMMON_TRAILER_H

#include <stdint.h>

#define TRAILER_LEN 79

struct trailer {
	uint64_t size;  /* bytes of content */
	uint64_t lines; /* LF bytes in it */
	uint32_t envcrc, crc;
};

enum trailer_state {
	TRAILER_VALID,
	TRAILER_DAMAGED, /* it was one, bits of it have changed */
	TRAILER_ABSENT   /* the writer never came to the end */
};

void trailer_format(const struct trailer *, char buf[TRAILER_LEN]);
enum trailer_state trailer_parse(const char buf[TRAILER_LEN], struct trailer *);

#endif
