/*
 * wire_content: a message's content on its way out: looked at first, and sent
 * with CRLF line ends, for DATA or BDAT.
 */
#ifndef DELIVERY_WIRE_CONTENT_H
#define DELIVERY_WIRE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/content.h"
#include "delivery/flight.h"

#define WIRE_KEPT 262144 /* bytes: what is not longer is read once */
#define WIRE_LINE 998    /* bytes of a line, RFC 5322 section 2.1.1 */

/* How it goes. */
enum wire_form {
	WIRE_TEXT, /* any CRLF, bare LF or bare CR is one line end */
	WIRE_RAW,  /* as it is, by BDAT only */
	WIRE_7BIT, /* the same as 7-bit or 8-bit lines: mime_encode.h */
	WIRE_8BIT
};

struct wire_content {
	int fd; /* of queued, read by pread(2) only; not owned */
	uint64_t offset, size;
	uint32_t crc; /* wanted */
	bool binary;  /* INTAKE_BINARY */
	/* After wire_content_look(): */
	bool plain;       /* may go as WIRE_TEXT and stays what it is */
	bool eight_bit;   /* a byte over 127 anywhere */
	bool header_utf8; /* in the header: wants SMTPUTF8 (RFC 6531 3.1) */
	bool long_line;   /* a line over WIRE_LINE bytes */
	/* After wire_content_use(), which wire_content_look() does once: */
	enum wire_form form;
	uint64_t octets;  /* on the wire, without stuffed dots: SIZE= */
	bool header_8bit; /* a header is not 7-bit although the form is */
	/* Its own. */
	uint64_t text_octets;
	bool kept; /* buf holds all of it, and that is good */
	char buf[WIRE_KEPT];
};

/* Reads all of it; CONTENT_OK only if size and checksum are right. */
enum content_result wire_content_look(struct wire_content *);

/*
 * It is to go like this; WIRE_TEXT only when it is plain.  CONTENT_ERROR: errno,
 * EMSGSIZE when it cannot be encoded.
 */
enum content_result wire_content_use(struct wire_content *, enum wire_form);

/*
 * Puts it, dots stuffed, behind it CRLF.CRLF exactly once (RFC 5321 4.5.2).  The
 * end is not flushed.  CONTENT_ERROR: the flight has failed, or reading has,
 * errno; CONTENT_DAMAGED: it is not what it was when it was looked at.  Then the
 * end was not put: the link must be closed.
 */
enum content_result wire_content_data(struct wire_content *, struct flight *);

/*
 * The same without stuffing and end, behind "BDAT octets LAST".  Unless the
 * result is CONTENT_OK, fewer than these octets were put.
 */
enum content_result wire_content_bdat(struct wire_content *, struct flight *);

#endif
