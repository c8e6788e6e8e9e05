/*
 * compile_check: what is allowed and hardly meant.
 */
#ifndef QUEUE_COMPILE_CHECK_H
#define QUEUE_COMPILE_CHECK_H

#include "queue/compile.h"

/*
 * Warns, in the report of conf, of hosted domains whose postmaster nobody is,
 * and of aliases that lead nowhere or in a circle.
 */
void compile_check(struct conf *, const struct host *);

#endif
