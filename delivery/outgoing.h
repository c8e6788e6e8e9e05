/*
 * outgoing: one message to recipients of one destination, over a link.
 */
#ifndef DELIVERY_OUTGOING_H
#define DELIVERY_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg_job.h"
#include "common/verdict.h"
#include "delivery/link.h"
#include "delivery/wire_content.h"

/*
 * Gives the message to the link.  Afterwards every recipient has a verdict.
 * False when the link is of no use any more; what was not answered then is
 * OUT_TEMP, and says so when the whole content had been sent: the other side may
 * have taken it.  A recipient is OUT_OK only on the 250 that came after our end
 * of data, for LMTP its own.
 */
bool outgoing_run(struct link *, const struct remote_config *,
    const struct msg_job_message *, struct wire_content *,
    const struct msg_job_rcpt *, size_t n, struct verdict *);

#endif
