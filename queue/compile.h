/*
 * compile: the text configuration as CDB (common/tables.h).
 */
#ifndef QUEUE_COMPILE_H
#define QUEUE_COMPILE_H

#include "queue/compile_host.h"
#include "queue/conf.h"

/*
 * Write to fd, an empty file open for reading and writing; 0, or -1 with
 * errno.  The same input gives the same bytes.
 */
int compile_tables(const struct conf *, const struct host *, int fd);
int compile_verifiers(const struct conf *, const struct host *, int fd);

#endif
