/*
 * incoming: a message's content on its way from DATA or BDAT into the queue's
 * file.
 *
 * incoming_begin, incoming_feed until ->body.ended or the last chunk is in,
 * incoming_end; or
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
#include "smtpd/circle.h"
#include "smtpd/config.h"
#include "smtpd/head.h"
#include "smtpd/rewrite_header.h"
#include "smtpd/trace.h"

#define INCOMING_BLOCK 65536 /* bytes of content written at once */

enum incoming_form {
	INCOMING_DATA,   /* lines up to the one with a dot */
	INCOMING_CHUNKS, /* lines */
	INCOMING_BINARY  /* octets, kept as they are (INTAKE_BINARY) */
};

struct incoming {
	enum incoming_form form;
	struct intake *intake;
	const struct config *cfg;
	struct trace trace;
	struct body body; /* INCOMING_BINARY: its octets only */
	struct head header;
	struct circle circle;
	struct sbuf held; /* the header, until it is known what to add */
	bool holding;
	struct rewrite_header rewrite;
	bool grown;       /* it made the header too long */
	struct diag diag; /* the first failure that is not the client's */
	bool dropped;     /* refused; nothing is written any more */
	size_t len;       /* bytes in out */
	char out[INCOMING_BLOCK + BODY_CARRY];
};

/* intake has just got its file; trace says what Received shall. */
void incoming_begin(struct incoming *, struct intake *, const struct config *,
    const struct trace *, enum incoming_form);
/* Before the first byte: for whom it may have been delivered already. */
void incoming_for(struct incoming *, struct tables *, const struct envelope *);
/*
 * Before the first byte: the addresses of its header are replaced by what the
 * file rewrite has, and get a domain unless complete is NULL.
 */
void incoming_rewrite(struct incoming *, struct tables *, const char *complete);
/* Takes bytes in and says how many; the end of data is the last of them. */
size_t incoming_feed(struct incoming *, const char *, size_t);
/* OUT_OK: nothing is wrong with what came so far.  Else the message is over. */
enum outcome incoming_check(struct incoming *, struct diag *);
/* OUT_OK: the message is durable.  Else diag is ready for the client. */
enum outcome incoming_end(struct incoming *, struct diag *);
void incoming_drop(struct incoming *);

#endif
