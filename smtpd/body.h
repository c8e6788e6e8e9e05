/*
 * body: the text behind DATA or BDAT, from the wire's form to the queue's.
 *
 * A pure automaton: the answer does not depend on how the input is cut into
 * blocks.  Takes stuffed dots out (RFC 5321 section 4.5.2), turns CRLF into LF
 * and sees the one end of data that there is, a line of one dot between two
 * CRLFs.  Lone CR and LF bytes never end a message and never begin a line
 * that a dot could end; all other bytes, NUL too, stay what they are.
 *
 * In chunks (RFC 3030) dots mean nothing and who feeds them knows the end.
 */
#ifndef SMTPD_BODY_H
#define SMTPD_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that body_feed() may put out beyond those it takes in. */
#define BODY_CARRY 1

enum body_at {
	BODY_LINE,  /* behind CRLF, or at the very start */
	BODY_DOT,   /* behind a dot there */
	BODY_DOTCR, /* behind a dot and a CR there */
	BODY_TEXT,  /* within a line */
	BODY_CR     /* behind a CR within a line */
};

struct body {
	enum body_at at;
	bool ended; /* the end of data was taken in */
	bool bare;  /* a lone CR or LF was seen: refuse, or it was mended */
	bool chunks;
	/* of what was put out, as it would be on the wire before stuffing */
	uint64_t octets;
};

void body_init(struct body *, bool chunks);

/*
 * Takes bytes in until there are no more or the end of data is behind it;
 * returns how many.  out has room for n + BODY_CARRY; *outlen is how much was
 * put there.  A lone LF is put out as a line end, a lone CR as a space, and
 * CRs in front of a CRLF not at all.
 */
size_t body_feed(
    struct body *, const char *in, size_t n, char *out, size_t *outlen);

/*
 * The end of what came in chunks: a last line without an end gets one.  Puts
 * out at most BODY_CARRY bytes, says how many.
 */
size_t body_end(struct body *, char *out);

#endif
