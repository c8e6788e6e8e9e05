/*
 * spool_private: what the files of the spool module share.
 */
#ifndef QUEUE_SPOOL_PRIVATE_H
#define QUEUE_SPOOL_PRIVATE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include <limits.h>

#include "queue/spool.h"
#include "queue/spool_id.h"

#define SPOOL_DAMAGED_DIR SPOOL_DIRS /* its number */
#define SPOOL_READERS 4              /* threads that read files */
#define MARKS_MOST 64                /* files whose marks are synced at once */

/* Marks that the disk did not take. */
struct unwritten {
	LIST_ENTRY(unwritten) link;
	char id[ID_MAX + 1];
	bool state_too;
	struct envelope_state state;
	size_t n;
	struct {
		uint32_t index;
		char status;
	} marks[];
};

enum memory_phase {
	MEMORY_WRITING, /* the session writes */
	MEMORY_EARLY,   /* committed and sealed: to be delivered */
	MEMORY_FILING,  /* the session copies it into its spool file */
	MEMORY_SYNCING, /* that is whole; the helper thread has it */
	MEMORY_SETTLED, /* filing or syncing, but done with: no file any more */
	MEMORY_ORPHAN   /* nobody waits for it any more; never filed */
};

/* A message in memory, until it is done with or its file is durable. */
struct memory {
	RB_ENTRY(memory) by_id;
	struct spool *spool;
	char id[ID_MAX + 1];
	enum memory_phase phase;
	int result;       /* MEMORY_SETTLED: an errno, or 0 */
	int fd;           /* the memory file */
	bool has_marks;   /* since it was made */
	int marked;       /* its file, with marks to be synced; or -1 */
	uint64_t room;    /* bytes of content counted */
	struct sbuf text; /* the envelope, as in its file, with marks */
	struct spool_content content;
	syncer_done *done;
	void *arg;
};

RB_HEAD(memory_tree, memory);

/* A file whose marks the helper thread syncs; fd is -1: none. */
struct marks {
	int fd;
};

struct spool {
	char *path; /* of the spool directory, for the log */
	int root, queue, lock;
	int dirs[SPOOL_DIRS + 1]; /* by number, and damaged */
	struct syncer *syncer;
	struct syncer *readers[SPOOL_READERS]; /* threads, see spool_read.h */
	size_t turn;                           /* of these */
	LIST_HEAD(, unwritten) unwritten;
	LIST_HEAD(, copy) copies; /* being made */
	struct memory_tree memory;
	uint64_t memory_used; /* bytes of content */
	struct marks marks[MARKS_MOST];
};

/* For the log: where a name of directory number dir is, or ought to be. */
struct spool_path {
	char s[PATH_MAX];
};
struct spool_path spool_path(
    const struct spool *, unsigned int dir, const char *name);

/* The descriptor of an id's directory. */
int spool_dir(const struct spool *, const char *id);

/* Applies what could not be written, and tries to write it again. */
void spool_overlay(struct spool *, struct envelope *);
void spool_overlay_drop(struct spool *, const char *id);

/* spool_memory: the parts of spool_*() for messages in memory. */

/* Gives a new message its id, and a time of arrival if it has none. */
void spool_name(struct envelope *);
/* The message's object; NULL: it is a file, or nothing. */
struct memory *memory_find(const struct spool *, const char *id);
/* Whether there is a file of it that spool_create() or spool_file() made. */
bool memory_has_file(const struct memory *);
/* As the functions of spool.h of that name, without what concerns the file. */
enum spool_state memory_load(const struct memory *, struct envelope *,
    struct spool_content *, struct spool_fault *);
int memory_reader(const struct memory *);
void memory_abort(struct memory *);
void memory_remove(struct memory *);
void memory_set_aside(struct memory *, const struct spool_fault *);
/*
 * The first commit of a message, or the second of one that is done with: all
 * that spool_commit() has to do.
 */
enum spool_state memory_commit(
    struct memory *, const struct spool_content *, syncer_done *, void *arg);
/* Whether it is being filed, with the content that was committed in memory. */
bool memory_same(const struct memory *, const struct spool_content *);
/*
 * Writes the marks into its file fd, which is whole, and keeps a duplicate of
 * it for memory_sync() if there are any; false with errno.
 */
bool memory_marks(struct memory *, int fd);
/* Has the helper thread sync marks and name; as syncer_ask(). */
bool memory_sync(struct memory *, syncer_done *, void *arg);
/* Changes bytes of the envelope; false when its file is to have them too. */
bool memory_write(struct memory *, const void *, size_t n, uint32_t at);
/* The state was written: if it is only here, done() asks for a file. */
void memory_put_off(struct memory *);
void memory_free(struct memory *);

#endif
