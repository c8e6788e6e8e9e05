/*
 * index: the form of the file that saves reading a mailbox again: all names in
 * their order, and the sizes that had to be counted.
 *
 * It stands for nothing that is not in the Maildir and may vanish at any time.
 * It begins with a head of INDEX_HEAD bytes, every number little-endian:
 *
 *	"postrider-pop3.index 1\n" and a NUL
 *	for new/, then for cur/: device, inode, mtime and ctime in ns (8 each)
 *	1 if these had been still long enough to be believed, else 0 (8)
 *	count of entries (8), bytes of all entries (8)
 *	CRC-32C of all entries (4), CRC-32C of the head up to here (4)
 *
 * An entry: octets as sent or all ones (8), inode (8), bytes of base and of
 * info (1 each), 0 for new/ or 1 for cur/ (1), base and info with a NUL each.
 */
#ifndef POP3D_INDEX_H
#define POP3D_INDEX_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "pop3d/maildrop.h"

#define INDEX_HEAD 120
#define INDEX_ENTRY 21      /* bytes without the names */
#define INDEX_ENTRY_MAX 276 /* with them: NAME_MAX for both */
#define INDEX_STILL 2       /* seconds without a change */

struct index_head {
	struct stamp dir[SUB_COUNT];
	bool settled;
	uint64_t count, bytes;
	uint32_t crc; /* of all entries */
};

void index_stamp(struct stamp *, const struct stat *);

/*
 * Whether a later change of the directory is sure to give it other times than
 * these: so only when its clock has moved on since the last one.
 */
bool index_settled(const struct stamp *, const struct timespec *now);

/* NULL when the head is fit; else what it is instead, for the log. */
const char *index_get_head(struct index_head *, const char in[INDEX_HEAD]);
void index_put_head(const struct index_head *, char out[INDEX_HEAD]);

/* How many bytes were put; 0 for a name that no file can have. */
size_t index_put_entry(const struct message *, char out[INDEX_ENTRY_MAX]);

/*
 * The entries of n bytes of text, exactly as many as the head says, into an
 * array of as many; their names stay in text.  NULL, or what was found instead
 * when anything is not as it would have been put, in the order of the messages
 * and in a settled one with no base twice, or a name could lead out of its
 * directory.
 */
const char *index_get_entries(
    const struct index_head *, const char *text, struct message *);

/*
 * Takes sizes over from a sorted list of old messages into the sorted list of
 * a maildrop, where base and inode are the same.  Returns how many messages
 * are not exactly as they were.
 */
size_t index_merge(struct maildrop *, const struct message *old, size_t n);

#endif
