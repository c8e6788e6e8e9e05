/*
 * syncs: fsync(2) of many descriptors at a time.
 */
#ifndef DELIVERY_SYNCS_H
#define DELIVERY_SYNCS_H

#include <stddef.h>

#include "delivery/jobs.h"

#define SYNCS_MOST (2 * JOBS_RCPTS_ALL) /* a batch: files and Maildirs */
#define SYNCS_NONE ((size_t)-1)         /* no place in the list */

struct syncs {
	unsigned long context; /* of the kernel's AIO; 0: one by one */
	size_t count;
	int fd[SYNCS_MOST];    /* not owned */
	int error[SYNCS_MOST]; /* after syncs_wait(): 0, or an errno */
};

/* One per process.  Does without AIO where the system has none for us. */
void syncs_init(struct syncs *);
void syncs_clear(struct syncs *);

/*
 * Its place in the list, which holds SYNCS_MOST; what is over is its caller's
 * bug and aborts.
 */
size_t syncs_add(struct syncs *, int fd);

/*
 * Waits until each of them is on disk, or is known not to be; the list is
 * empty afterwards.
 */
void syncs_wait(struct syncs *);

/* Of a place; of SYNCS_NONE 0. */
int syncs_error(const struct syncs *, size_t place);

#endif
