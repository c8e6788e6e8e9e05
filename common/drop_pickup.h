/*
 * drop_pickup: messages that sendmail(8) has left in spool-dir/drop while nobody
 * took them are submitted, each by a process of its owner.
 */
#ifndef COMMON_DROP_PICKUP_H
#define COMMON_DROP_PICKUP_H

#include "common/master.h"
#include "common/places.h"

struct drop_pickup;

/*
 * Makes spool_dir/drop, for that owner, or takes it as it is.  Returns its
 * descriptor; -1 after one line on stderr: then nothing is picked up, and
 * all else goes on.
 */
int drop_place(const char *spool_dir, const struct owner *);

/*
 * Looks at once, now and then, and when something comes; dir, of drop_place(),
 * is taken over.  The program sendmail is beside postriderd's own.  NULL with
 * errno.
 */
struct drop_pickup *drop_pickup_open(struct master *, int dir);

/* Starts no more, and SIGTERM to those that run.  NULL is allowed. */
void drop_pickup_close(struct drop_pickup *);

#endif
