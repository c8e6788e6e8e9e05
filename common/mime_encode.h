/*
 * mime_encode: content that the next place cannot take as it is, in a form that
 * it can: 8-bit as 7-bit (RFC 6152 section 3, RFC 1428), binary as lines (RFC
 * 3030 section 4).
 *
 * Text parts become quoted-printable, others base64; a part that can go as it
 * is stays byte for byte.  Parts are found by their boundaries, in messages
 * within the message, too, down to MIME_DEPTH levels; what lies deeper is one
 * part.  A signature (RFC 1847) over what had to be encoded does not hold any
 * more.  Time is linear, and memory bounded.
 *
 * The result depends on nothing but the input: who must know its size, or what
 * mime_encode_header_8bit() says, before the first byte goes out, runs it twice.
 */
#ifndef COMMON_MIME_ENCODE_H
#define COMMON_MIME_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

#define MIME_DEPTH 100      /* levels of parts and messages within */
#define MIME_LINE 998       /* bytes of a line, RFC 5322 section 2.1.1 */
#define MIME_HELD (1 << 20) /* bytes of a part that are looked at before */

enum mime_wish {
	MIME_TO_7BIT, /* lines of at most MIME_LINE bytes below 128, no NUL */
	MIME_TO_8BIT  /* such lines, of any byte but NUL */
};

/* Takes n bytes of the result, lines with LF; false, with errno, ends it. */
typedef bool mime_sink(void *arg, const char *, size_t n);

struct mime_encode;

/*
 * binary: content is that of INTAKE_BINARY: CRLF ends a line, and any other CR
 * or LF is data.  Otherwise LF ends a line.  NULL without memory.
 */
struct mime_encode *mime_encode_new(
    enum mime_wish, bool binary, mime_sink *, void *arg);
void mime_encode_free(struct mime_encode *); /* NULL is fine */

/*
 * The content, in pieces of any size.  False, with errno, and for good: ENOMEM,
 * EMSGSIZE when the header of a part is longer than MIME_HELD, or the sink's.
 */
bool mime_encode_feed(struct mime_encode *, const char *, size_t n);
/* The content ends here; the last bytes go to the sink. */
bool mime_encode_end(struct mime_encode *);

/*
 * Whether a byte over 127 went by in a header field, the message's or a part's:
 * those are passed as they are, also in MIME_TO_7BIT.  Known at the end.
 */
bool mime_encode_header_8bit(const struct mime_encode *);

#endif
