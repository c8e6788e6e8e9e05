/*
 * census: the sessions that run, by process, and how many each client has.
 *
 * One in a process: that of the parent which accepts.  Whatever is asked costs
 * the same however many there are.
 */
#ifndef COMMON_CENSUS_H
#define COMMON_CENSUS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/net.h"

#define CENSUS_MAX 100000 /* sessions; option connections goes no further */

/*
 * Empty from here on; false with errno.  Children made by fork(2) have no
 * part of it and must call nothing here: sessions know of no other client,
 * and forking copies nothing of what is noted.
 */
bool census_init(void);

/* All sessions, and those of one client, named as by net_client_key(). */
int64_t census_all(void);
int64_t census_of(const char *key);

/* A session began; false if CENSUS_MAX are noted. */
bool census_add(pid_t, const char *key);
/* Whose it is, until it is removed; NULL when it is not known. */
const char *census_client(pid_t);
/* A number that the owner gives it, 0 at first; of one that is known. */
void census_set_mark(pid_t, uint32_t);
uint32_t census_mark(pid_t);
/* It ended; one that is not known is no matter. */
void census_remove(pid_t);

#endif
