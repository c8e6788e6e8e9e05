/*
 * wire_content: a message's content on its way out: looked at first, and sent
 * with CRLF line ends, for DATA or BDAT.
 */
#ifndef DELIVERY_WIRE_CONTENT_H
#define DELIVERY_WIRE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "delivery/content.h"

struct link;

struct wire_content {
	int fd; /* of queued, read by pread(2) only; not owned */
	uint64_t offset, size;
	uint32_t crc; /* wanted */
	bool binary;  /* INTAKE_BINARY */
	/* After wire_content_look(): */
	uint64_t octets;  /* on the wire, without stuffed dots: SIZE= */
	bool eight_bit;   /* a byte over 127 anywhere */
	bool header_utf8; /* in the header: wants SMTPUTF8 (RFC 6531 3.1) */
	bool long_line;   /* a line over 998 bytes (RFC 5322 2.1.1) */
	size_t received;  /* Received fields */
};

/* Reads all of it; CONTENT_OK only if size and checksum are right. */
enum content_result wire_content_look(struct wire_content *);

/*
 * Sends it, dots stuffed, behind it CRLF.CRLF exactly once (RFC 5321 4.5.2);
 * any CRLF, bare LF or bare CR is one line end.  It is gathered, the end is not
 * flushed.  CONTENT_ERROR: the link, errno; CONTENT_DAMAGED: it is not what it
 * was when it was looked at, and the end was not sent: the link must be closed.
 */
enum content_result wire_content_data(struct wire_content *, struct link *,
    deadline_t (*step)(void *), void *arg);

/* The same without stuffing and end, in one "BDAT octets LAST". */
enum content_result wire_content_bdat(struct wire_content *, struct link *,
    deadline_t (*step)(void *), void *arg);

#endif
