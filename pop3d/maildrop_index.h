/*
 * maildrop_index: the index of a maildrop, in its Maildir.
 */
#ifndef POP3D_MAILDROP_INDEX_H
#define POP3D_MAILDROP_INDEX_H

#include <stdbool.h>

#include "pop3d/index.h"
#include "pop3d/maildrop.h"

#define MAILDROP_INDEX "postrider-pop3.index"
#define MAILDROP_INDEX_NEW "postrider-pop3.index.new"
#define INDEX_BYTES_MAX (INT64_C(1) << 29) /* larger ones are not made */

/* An index that was read. */
struct old_index {
	struct index_head head;
	struct message *messages; /* owned; head.count */
	char *text;               /* owned; holds their names */
	char found[80];           /* what is there instead, for the log */
	bool later;               /* no memory or a read error: it may be fit */
};

/*
 * False when there is none, or it is not fit or cannot be read now, which is
 * logged.  What was read is freed by old_index_free() in every case.
 */
bool old_index_read(struct maildrop *, struct old_index *);
void old_index_free(struct old_index *);

/*
 * What the index was good for: "used" for the whole list, "sizes" for those of
 * messages that were found without it, or "none".
 */
const char *maildrop_index_use(const struct maildrop *);

/*
 * Writes the index of this session's messages when that saves the next
 * session more than it costs this one; removes one that is of no use.
 * Nothing depends on whether it can.
 */
void maildrop_index_save(struct maildrop *);

#endif
