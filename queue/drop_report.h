/*
 * drop_report: the sender of a message of drop/ hears who did not get it.
 */
#ifndef QUEUE_DROP_REPORT_H
#define QUEUE_DROP_REPORT_H

#include "common/outcome.h"
#include "queue/drop.h"
#include "queue/submit_reply.h"

/* What came of one recipient. */
struct drop_fate {
	enum outcome outcome;
	char dsn[DSN_LEN + 1];
	char text[DIAG_TEXT + 1];
};

void drop_fate_set(struct drop_fate *, const struct reply *);

/*
 * Leaves a report in drop/ about the recipients of m whose fate is OUT_PERM;
 * fd is the message's file.  0, or an exit status with m's err.
 */
int drop_report(struct submit_message *m, const struct drop_file *, int fd,
    const struct drop_fate *fates);

#endif
