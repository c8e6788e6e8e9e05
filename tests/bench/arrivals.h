/*
 * arrivals: files that appear in the new/ of many Maildirs.
 */
#ifndef BENCH_ARRIVALS_H
#define BENCH_ARRIVALS_H

#include <stddef.h>

/* A descriptor that is readable when there is something new; ends the program
 * when a directory is not there.  pattern: as for client_user(). */
int arrivals_open(const char *pattern, size_t users);
/* How many came since the last call; files that begin with a dot do not
 * count. */
size_t arrivals_count(int fd);

#endif
