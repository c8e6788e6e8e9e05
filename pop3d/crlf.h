/*
 * crlf: a stored message (lines end in LF) as POP3 sends it (RFC 1939
 * section 3): lines end in CRLF, a dot at the start of a line is doubled.
 *
 * Automata that are fed the file in pieces of any size.  A CRLF in the file
 * stays one line end; every other byte, lone CR and NUL among them, goes out
 * as it is.  A last line without an end is given one.
 */
#ifndef POP3D_CRLF_H
#define POP3D_CRLF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRLF_ALL UINT64_MAX /* body lines: the whole message */
#define CRLF_END 2          /* bytes that crlf_end() may put */

struct crlf {
	uint64_t octets; /* put out so far, doubled dots not counted */
	bool done;       /* the wanted lines are out; more is not needed */
	/* private */
	uint64_t lines; /* body lines still wanted */
	uint64_t len;   /* bytes of the current line so far */
	bool cr;        /* the last of them was a CR */
	bool body;
};

/*
 * lines is how many lines of the body are wanted behind the header and the
 * empty line (TOP), or CRLF_ALL.
 */
void crlf_init(struct crlf *, uint64_t lines);
/* Both return how many bytes they put at out: 2 n at most, and CRLF_END. */
size_t crlf_feed(struct crlf *, const char *, size_t n, char *out);
size_t crlf_end(struct crlf *, char *out);

/* The octets of the whole message, without putting them anywhere. */
struct crlf_count {
	uint64_t octets;
	char last; /* private: the last byte */
};

/* All zero is the start. */
void crlf_count(struct crlf_count *, const char *, size_t n);
void crlf_count_end(struct crlf_count *);

#endif
