/*
 * compile_check: what is allowed and hardly meant.
 */
#ifndef QUEUE_COMPILE_CHECK_H
#define QUEUE_COMPILE_CHECK_H

#include "queue/compile.h"

/*
 * Warns, in the report of conf, of hosted domains whose postmaster nobody
 * is, of a root whose mail nobody gets, and of aliases that lead nowhere or to
 * another host.  An alias that queued(8) cannot expand, as it leads into a
 * circle, is a mistake: no mail to it would arrive.
 */
void compile_check(struct conf *, const struct host *);

#endif
