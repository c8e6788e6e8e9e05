/*
 * spool: where messages are kept until every recipient is done with.  The
 * one part of queued that knows files; spool(5) is its contract.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <event2/event.h>
#include <stdbool.h>

#include "queue/spool_envelope.h"
#include "queue/spool_file.h"
#include "queue/syncer.h"

struct spool;

/*
 * Makes and locks the spool below path.  Waits a few seconds for a dying
 * predecessor.  NULL with a line in the log that names the path.
 */
struct spool *spool_open(struct event_base *, const char *path);
/* Waits for what the helper thread was asked for. */
void spool_close(struct spool *);
/* Messages whose durability is being waited for. */
size_t spool_pending(const struct spool *);

/*
 * Begins a message: gives it an id, and an arrival time if it has none (0),
 * and writes the envelope.  Returns a descriptor for the content, at its
 * place, the caller's to close; -1 with errno.
 */
int spool_create(struct spool *, struct envelope *);

/*
 * The writer says that it is done.  Checks that the file is what the envelope
 * and said (content size, lines, crc) want: SPOOL_VALID, and done will run
 * when the name is durable; anything else, and it will not.  Either way the
 * message exists until spool_abort() or spool_remove().
 */
enum spool_state spool_commit(struct spool *, const struct envelope *,
    const struct spool_content *said, syncer_done *done, void *arg);

/*
 * The same in memory, with room for limit bytes of content.  The descriptor
 * is of a memory file, with the content at the place that it has in a spool
 * file, and stays the spool's; at the commit the file is sealed, so that nobody
 * can write to it any more.
 * Between commit and done() the message can be delivered as any other.
 *
 * done() runs with 0 when the message is done with, by spool_remove(), before
 * it ever was in the spool; with SPOOL_WANTS_FILE when it is to be kept for
 * another attempt, and from within spool_put_state(); with EBADMSG when it is
 * damaged, from within spool_set_aside().
 */
#define SPOOL_WANTS_FILE (-1)
int spool_create_memory(struct spool *, struct envelope *, uint64_t limit);

/*
 * A spool file for a message in memory, with the envelope as it was at first: a
 * descriptor as from spool_create(), for the same content.  It is committed as
 * other files are, once more if that was done in memory, and gets the marks
 * then; what is done with meanwhile is done() at that commit.  -1 with errno,
 * and the message stays as it was.
 */
int spool_file(struct spool *, struct envelope *);

/* Bytes of content in memory, or kept for those being written. */
uint64_t spool_memory_used(const struct spool *);
/* Whether the message is in memory: nobody was told that it is accepted. */
bool spool_in_memory(const struct spool *, const char *id);

/* A message that is in the spool, and where its content is. */
struct spool_source {
	const char *id;
	struct spool_content content;
	const char *head; /* lines that go in front of it, or NULL */
};

/*
 * A new message with the content of another: to has recipients and all that
 * the envelope says but the id.  done runs when it is durable; after an error
 * it is gone again.  False with errno, and done never runs.
 */
bool spool_copy(struct spool *, const struct spool_source *,
    struct envelope *to, syncer_done *done, void *arg);

/* Whether the message is being made by spool_copy(), and not done yet. */
bool spool_is_copying(const struct spool *, const char *id);

/*
 * Forgets a message that was never accepted.  One that was committed in memory
 * stays for those who deliver it, and ends with spool_remove().
 */
void spool_abort(struct spool *, const char *id);

/* As spool_file_read(); the envelope is initialised here, freed by the caller
 * when SPOOL_VALID. */
enum spool_state spool_load(struct spool *, const char *id, struct envelope *,
    struct spool_content *, struct spool_fault *);

/*
 * A descriptor to read with, the caller's to close; -1 with errno.  That of a
 * message in memory is sealed against writing, and shares its offset with all
 * others of it: readers use pread(2).
 */
int spool_reader(struct spool *, const char *id);

/*
 * Writes what changes in place: the status of recipient i, the state.  They
 * are not waited for: losing one costs a duplicate.  With the state, statuses
 * that were set before are synced a little later.  What cannot be written is
 * kept in memory and seen by spool_load() as if it were.
 */
void spool_mark(struct spool *, struct envelope *, size_t i, enum rcpt_status);
void spool_put_state(struct spool *, struct envelope *);

/* The message is done with; false (logged) when it cannot be removed now. */
bool spool_remove(struct spool *, const char *id);

/* Moves a damaged file out of the way, for the administrator, and says so. */
void spool_set_aside(
    struct spool *, const char *id, const struct spool_fault *);

/*
 * Walks over the names in the spool; a walk may last and meet files that come
 * or go meanwhile.  walk_next() gives the next id, of one directory mostly in
 * order, or false at the end.  Names
 * that are no ids of their directory are logged when complain is set.
 */
struct spool_walk;
struct spool_walk *spool_walk_new(struct spool *, bool complain);
bool spool_walk_next(struct spool_walk *, char id[ID_MAX + 1]);
void spool_walk_free(struct spool_walk *);

/* The incomplete file's age in seconds since its last write, or -1. */
int64_t spool_age(struct spool *, const char *id);

/* Those set aside: the least name after id; false when there is none. */
bool spool_damaged_after(struct spool *, const char *id, char next[ID_MAX + 1]);
/* A read-only descriptor and the file's size; -1 with errno. */
int spool_damaged_reader(struct spool *, const char *id, uint64_t *size);
bool spool_damaged_remove(struct spool *, const char *id);
size_t spool_damaged_count(struct spool *);

/* Bytes and files that the file system has left; false with errno. */
bool spool_free_space(struct spool *, uint64_t *bytes, uint64_t *files);

#endif
