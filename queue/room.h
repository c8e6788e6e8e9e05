/*
 * room: whether the spool's file system has room for another message.
 */
#ifndef QUEUE_ROOM_H
#define QUEUE_ROOM_H

#include "common/outcome.h"
#include "queue/spool.h"

#define ROOM_FILES 16  /* inodes kept free */
#define ROOM_LOOK 1000 /* milliseconds that a look at the disk is good for */

struct room {
	uint64_t reserve; /* bytes to be kept free; the owner sets it */
	int64_t looked;   /* deadline_now() of the last look */
	bool known;
	uint64_t bytes, files;
};

/*
 * OUT_OK, or OUT_TEMP with 4.3.1 when less than reserve bytes would be left
 * beside a message of size bytes (0: not known).
 */
enum outcome room_check(
    struct room *, struct spool *, uint64_t size, int64_t now, struct diag *);

/* The same, as arithmetic. */
bool room_enough(
    uint64_t bytes, uint64_t files, uint64_t reserve, uint64_t size);

#endif
