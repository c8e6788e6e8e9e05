/*
 * family: the processes below this one, children's children too.
 */
#ifndef BENCH_FAMILY_H
#define BENCH_FAMILY_H

#include <sys/types.h>

#include <stddef.h>

#define FAMILY_MOST 8192 /* processes of the machine that are looked at */

/* Puts up to FAMILY_MOST ids into pids, and says how many. */
size_t family_pids(pid_t *pids);
/* Processor time of those that live and of those that they waited for, and of
 * our own children that ended, in seconds. */
double family_cpu(void);
/* Proportional memory of all in KiB; 0 for those that we may not look at. */
size_t family_memory(void);

#endif
