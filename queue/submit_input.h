/*
 * submit_input: what a program writes to sendmail(8) becomes a header and a
 * body with LF line ends.
 */
#ifndef QUEUE_SUBMIT_INPUT_H
#define QUEUE_SUBMIT_INPUT_H

#include "queue/submit_spool.h"

enum submit_input_result {
	INPUT_OK,
	INPUT_END,    /* a line with a single dot: what follows is not ours */
	INPUT_HEADER, /* the header is over its limit */
	INPUT_NUL,    /* a NUL byte in the header */
	INPUT_CR,     /* a field behind a bare CR */
	INPUT_SPOOL   /* the body cannot be kept: errno, EFBIG over the limit */
};

/*
 * An automaton fed any pieces.  LF and CRLF end lines, also mixed.  A CR
 * alone becomes a blank in the header, where a new line would be a new
 * field, and a line end in the body.  Leading "From " lines of a mailbox
 * are kept apart.  The first line that is no field begins the body.
 */
struct submit_input {
	bool dots;          /* a line with a single dot ends the message */
	bool strict;        /* INPUT_CR is an error, and not a blank */
	struct sbuf header; /* whole fields, each line with LF */
	struct sbuf from;   /* "From " lines before it; not OK: too many */
	struct submit_spool *body;
	/* private */
	bool in_body, hold_dot, first;
	size_t crs, column;
	struct sbuf line;
	size_t outlen;
	char out[16384];
};

void submit_input_init(struct submit_input *, size_t header_size,
    struct submit_spool *body, bool dots);
void submit_input_free(struct submit_input *);
enum submit_input_result submit_input_feed(
    struct submit_input *, const char *, size_t);
/* At the end of the file, and after INPUT_END. */
enum submit_input_result submit_input_finish(struct submit_input *);

#endif
