/*
 * crlf: a stored message (lines end in LF) as POP3 sends it (RFC 1939
 * section 3): lines end in CRLF, a dot at the start of a line is doubled.
 *
 * An automaton that is fed the file in pieces of any size.  A CRLF in the file
 * stays one line end; every other byte, lone CR and NUL among them, goes out
 * as it is.  A last line without an end is given one.
 */
#ifndef POP3D_CRLF_H
#define POP3D_CRLF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*crlf_sink)(void *arg, const char *, size_t);

#define CRLF_ALL UINT64_MAX /* body lines: the whole message */

struct crlf {
	uint64_t octets; /* put out so far, doubled dots not counted */
	bool done;       /* the wanted lines are out; more is not needed */
	/* private */
	crlf_sink sink;
	void *arg;
	uint64_t lines; /* body lines still wanted */
	uint64_t len;   /* bytes of the current line so far */
	bool cr;        /* the last of them was a CR */
	bool body;
};

/*
 * With sink NULL the octets are only counted.  lines is how many lines of the
 * body are wanted behind the header and the empty line (TOP), or CRLF_ALL.
 */
void crlf_init(struct crlf *, crlf_sink, void *arg, uint64_t lines);
void crlf_feed(struct crlf *, const char *, size_t);
void crlf_end(struct crlf *);

#endif
