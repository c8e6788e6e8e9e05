/*
 * cgroup: a control group that counts processor time, of version 1 (cpuacct)
 * or 2, where the machine lets us make one.
 */
#ifndef BENCH_CGROUP_H
#define BENCH_CGROUP_H

#include <stdbool.h>

/* Makes one with a name in which slashes become "-"; false when that cannot
 * be. */
bool cgroup_make(const char *name);
/* Puts the calling process and what it will start there. */
bool cgroup_enter(void);
/* What its members have used in seconds; negative: unknown. */
double cgroup_cpu(void);
/* Once the members are gone. */
void cgroup_remove(void);

#endif
