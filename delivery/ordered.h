/*
 * ordered: file systems on which a name waits for its file.
 */
#ifndef DELIVERY_ORDERED_H
#define DELIVERY_ORDERED_H

#include <stdbool.h>

/*
 * Whether the file system that the directory lies on writes a name no earlier
 * than all that was done before to the file that it names.  Where that cannot
 * be told it is false: then more is waited for than need be.  Costs a few
 * microseconds.
 */
bool ordered_names(int dir);

#endif
