/*
 * control_pack: items and recipients of a list, many to a message.
 */
#ifndef QUEUE_CONTROL_PACK_H
#define QUEUE_CONTROL_PACK_H

#include "common/msg_control.h"

/*
 * Appends an item or a recipient to a pack that began with bytes_len 0; false
 * when it has no room left.  An empty one has room for any.
 */
bool control_pack(
    struct msg_control_pack *, unsigned int type, const void *msg);

/*
 * The next of a pack, from *at on, which begins with 0: its type, CONTROL_T_END
 * behind the last, or CONTROL_T_COUNT when it is none.
 */
unsigned int control_unpack(
    const struct msg_control_pack *, size_t *at, union msg_control *);

#endif
