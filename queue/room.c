/*
 * room: whether the spool's file system has room for another message.  In
 * queued; asks the kernel once a second.
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "queue/room.h"

bool
room_enough(uint64_t bytes, uint64_t files, uint64_t reserve, uint64_t size)
{
	uint64_t wanted;

	return !__builtin_add_overflow(reserve, size, &wanted) &&
	    bytes >= wanted && files >= ROOM_FILES;
}

enum outcome
room_check(struct room *r, struct spool *spool, uint64_t size, int64_t now,
    struct diag *d)
{
	if (!r->known || now >= r->looked + ROOM_LOOK) {
		r->looked = now;
		r->known = spool_free_space(spool, &r->bytes, &r->files);
		if (!r->known)
			log_error(
			    "-", "wanted=statvfs found=%s", strerror(errno));
	}
	if (!r->known)
		return diag_set(d, "4.3.0",
		    "The queue's disk does not answer; please try again later");
	if (room_enough(r->bytes, r->files, r->reserve, size))
		return OUT_OK;
	return diag_set(
	    d, "4.3.1", "The queue's disk is full; please try again later");
}
