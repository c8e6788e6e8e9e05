/*
 * outgoing_private: what the files of outgoing share.
 */
#ifndef DELIVERY_OUTGOING_PRIVATE_H
#define DELIVERY_OUTGOING_PRIVATE_H

#include "delivery/outgoing.h"

/*
 * Reads the next reply and does what it says.  False when the line is broken;
 * then each recipient of the transaction is settled, or again is set.
 */
bool outgoing_hear(struct outgoing_line *, struct outgoing *);

/* The line is broken in our own words, for whoever is not settled yet. */
void outgoing_break(struct outgoing_line *, struct outgoing *, const char *dsn,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The other side has spoken before the end of data. */
bool outgoing_early(struct outgoing_line *, struct outgoing *);

/*
 * Something came behind the answer to the end of data: unless it takes leave
 * (421), it is not known any more which of them was the answer.
 */
void outgoing_doubt(struct outgoing_line *, struct outgoing *);

/* A refusal for good becomes one that time can mend. */
void outgoing_soften(struct diag *);

/* What was gathered could not be sent: the line is broken. */
void outgoing_unsent(struct outgoing_line *);

/* A verdict of our own. */
void outgoing_own(
    struct outgoing_line *, struct outgoing *, size_t i, const struct diag *);

#endif
