/*
 * incoming: a message's content on its way from DATA into the queue's file.
 *
 * incoming_begin, incoming_feed until ->body.ended, incoming_end; or
 * incoming_drop anywhere between.  A message that is refused on the way is
 * still read to its end, so that what follows is not taken for commands.
 */
#ifndef SMTPD_INCOMING_H
#define SMTPD_INCOMING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/intake.h"
#include "common/sbuf.h"
#include "smtpd/body.h"
#include "smtpd/config.h"
#include "smtpd/head.h"
#include "smtpd/trace.h"

#define INCOMING_BLOCK 65536 /* bytes of content written at once */

struct incoming {
	struct intake *intake;
	const struct config *cfg;
	struct trace trace;
	struct body body;
	struct head header;
	struct sbuf held; /* the header, until it is known what to add */
	bool holding;
	struct diag diag; /* the first failure that is not the client's */
	bool dropped;     /* refused; nothing is written any more */
	size_t len;       /* bytes in out */
	char out[INCOMING_BLOCK + BODY_CARRY];
};

/* intake has just got its file; trace says what Received shall. */
void incoming_begin(struct incoming *, struct intake *, const struct config *,
    const struct trace *);
/* Takes bytes in and says how many; the end of data is the last of them. */
size_t incoming_feed(struct incoming *, const char *, size_t);
/* OUT_OK: the message is durable.  Else diag is ready for the client. */
enum outcome incoming_end(struct incoming *, struct diag *);
void incoming_drop(struct incoming *);

#endif
