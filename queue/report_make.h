/*
 * report_make: what is chosen anew for each report.
 */
#ifndef QUEUE_REPORT_MAKE_H
#define QUEUE_REPORT_MAKE_H

#include "queue/original.h"
#include "queue/report.h"

/*
 * Chooses what is returned of the original and in which form, the Message-ID
 * and a boundary that the original does not hold.  False without memory.
 */
bool report_prepare(struct report *, struct original *);

#endif
