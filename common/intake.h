/*
 * intake: handing a message to queued, from the side of smtpd and bounce.
 *
 * intake_begin, intake_rcpt.., intake_body, intake_write.., intake_commit; or
 * intake_abort anywhere between.  A diag that comes back is ready for the
 * client; a lost queued is 4.3.0.
 */
#ifndef COMMON_INTAKE_H
#define COMMON_INTAKE_H

#include <stdbool.h>

#include "common/chan.h"
#include "common/msg_intake.h"
#include "common/outcome.h"

#define INTAKE_WAIT 120   /* seconds that queued has to answer */
#define INTAKE_ASK_WAIT 5 /* the same, for a question about a recipient */

struct intake {
	struct chan chan;
	char id[ID_MAX + 1];        /* from intake_body() on */
	struct chan_batch envelope; /* not sent yet */
	/* of the message being written */
	int file;    /* -1 when none */
	bool memory; /* it is a memory file */
	uint64_t offset, size, lines, limit;
	uint64_t flowed; /* bytes of it that the disk was told to begin with */
	uint32_t crc, envcrc;
};

/* Connects to dir/intake; false with errno. */
bool intake_connect(struct intake *, const char *run_dir);
void intake_close(struct intake *);

/*
 * What queued has against a recipient, asked outside of a transaction: size
 * is that of the message, bytes, 0 when not known.  d is OUT_OK for nothing.
 * False, and d as it was, when no answer came in time, or queued is gone; one
 * that comes late is not mixed up with another.
 */
bool intake_ask(
    struct intake *, const char *addr, uint64_t size, struct diag *);

enum outcome intake_begin(
    struct intake *, const struct msg_intake_open *, struct diag *);
enum outcome intake_rcpt(
    struct intake *, const struct msg_intake_rcpt *, struct diag *);
/* Asks for a file; afterwards in->id names the message. */
enum outcome intake_body(struct intake *, struct diag *);
/*
 * Content with LF line ends.  5.3.4 over the limit, 4.3.1 when the disk is
 * full.
 */
enum outcome intake_write(struct intake *, const void *, size_t, struct diag *);
/*
 * OUT_OK means that the message survives anything: it is in every mailbox, or
 * in the spool, where this puts it when queued asks for that.
 */
enum outcome intake_commit(struct intake *, struct diag *);
void intake_abort(struct intake *);

#endif
