/*
 * orphan: the end of a process that nobody waits for any more, whatever it is
 * waiting for itself.
 */
#ifndef DELIVERY_ORPHAN_H
#define DELIVERY_ORPHAN_H

#include <stdbool.h>

/*
 * From here on the process ends, with status 0, when the other end of this
 * socket is closed while it is busy, and leaves everything as it is.  -1 with
 * errno.
 */
int orphan_watch(int fd);
void orphan_busy(bool);

#endif
