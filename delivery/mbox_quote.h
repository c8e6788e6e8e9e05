/*
 * mbox_quote: lines of a message as an mbox holds them: ">" is put before
 * "From " and before any number of ">" and "From ", so that it can be undone
 * ("mboxrd").
 */
#ifndef DELIVERY_MBOX_QUOTE_H
#define DELIVERY_MBOX_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

struct mbox_quote {
	bool start;     /* of a line, or behind ">" there */
	size_t matched; /* bytes of "From ", not written yet */
	char last;      /* byte that was written; '\n' at first */
};

/* Room that n bytes may take, and the end. */
#define MBOX_QUOTE_ROOM(n) (2 * (n) + 16)

void mbox_quote_init(struct mbox_quote *);

/* Both return the bytes written to out. */
size_t mbox_quote(struct mbox_quote *, const char *in, size_t n, char *out);
/* The last line's end, if it has none. */
size_t mbox_quote_end(struct mbox_quote *, char *out);

#endif
