/*
 * update: the UPDATE state.  In pop3-mailbox, as the mailbox owner; removes
 * files in new/ and cur/ and nothing else, and says how much less there is where
 * a sum is kept (common/maildirsize.h).  A crash in the middle leaves each
 * message whole or gone; the client has not heard +OK then and deletes again.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/maildirsize.h"
#include "pop3d/mailfile.h"
#include "pop3d/scan.h"
#include "pop3d/update.h"

#define ROUNDS 3 /* looks for messages that are being renamed */
#define COMPLAINTS_MAX 10

struct run {
	struct maildrop *md;
	struct update *result;
	bool touched[SUB_COUNT]; /* directories to sync */
	bool *done;              /* per message: nothing more to do */
	size_t missing;          /* of the last round */
	bool summed;             /* somebody keeps a sum of the mailbox */
	int64_t bytes, messages; /* that are gone from it */
};

/* As it was counted when it came: its name says so, or else the file. */
static uint64_t
stored_size(const struct run *r, const struct message *m, const char *name)
{
	uint64_t size = 0;
	struct stat st;

	if (r->summed && !maildir_name_size(name, &size) &&
	    fstatat(r->md->dir[m->sub], name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		size = (uint64_t)st.st_size;
	return size;
}

static void
note_removed(struct run *r, const struct message *m, uint64_t size)
{
	r->touched[m->sub] = true;
	r->messages++;
	if (__builtin_add_overflow(r->bytes, size, &r->bytes))
		r->bytes = INT64_MAX; /* names that lie; counted some time */
}

static void
remove_one(struct run *r, size_t i)
{
	struct message *m = &r->md->messages[i];
	char room[MAILFILE_NAME_MAX];
	const char *name = mailfile_name(m, room);
	uint64_t size = stored_size(r, m, name);

	m->removed = unlinkat(r->md->dir[m->sub], name, 0) == 0;
	if (m->removed)
		note_removed(r, m, size);
	else if (errno == ENOENT) {
		r->missing++;
		return;
	} else if (r->result->failed++ < COMPLAINTS_MAX)
		mailfile_complain(r->md, m, "to remove it", strerror(errno));
	r->done[i] = true;
}

static void
remove_all(struct run *r)
{
	struct message *m = r->md->messages;

	r->missing = 0;
	for (size_t i = 0; i < r->md->count; i++)
		if (m[i].deleted && !r->done[i])
			remove_one(r, i);
}

/* Looks for what was not where it had been; it may have been renamed. */
static void
remove_missing(struct run *r)
{
	for (int i = 1; i < ROUNDS && r->missing > 0; i++) {
		if (!scan_again(r->md, true)) {
			maildrop_complain(r->md, "",
			    "to look for renamed messages", strerror(errno));
			r->result->failed += r->missing;
			return;
		}
		/* What somebody else removed lasts only when synced too. */
		r->touched[SUB_NEW] = r->touched[SUB_CUR] = true;
		remove_all(r);
	}
}

/* One line for all. */
static void
subtract(const struct run *r)
{
	struct maildirsize_before before;

	if (r->summed && r->messages > 0 &&
	    !maildirsize_add(
		r->md->root, NULL, -r->bytes, -r->messages, &before))
		maildrop_complain(r->md, MAILDIRSIZE_NAME, "a line to be added",
		    strerror(errno));
}

static void
sync_dirs(struct run *r)
{
	for (int i = 0; i < SUB_COUNT; i++) {
		if (!r->touched[i])
			continue;
		if (fsync(r->md->dir[i]) == -1) {
			maildrop_complain(r->md, subdir_names[i],
			    "to make removals last", strerror(errno));
			r->result->synced = false;
		}
	}
}

void
update_run(struct maildrop *md, struct update *result)
{
	struct run r = { .md = md, .result = result };

	*result = (struct update){ .synced = true };
	for (size_t i = 0; i < md->count; i++)
		result->marked += md->messages[i].deleted;
	if (result->marked == 0)
		return;
	if ((r.done = calloc(md->count, sizeof(*r.done))) == NULL) {
		result->failed = result->marked;
		return;
	}
	r.summed = faccessat(md->root, MAILDIRSIZE_NAME, F_OK,
		       AT_SYMLINK_NOFOLLOW) == 0;
	remove_all(&r);
	remove_missing(&r);
	subtract(&r);
	sync_dirs(&r);
	free(r.done);
}
