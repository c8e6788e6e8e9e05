/*
 * spool_private: what the files of the spool module share.
 */
#ifndef QUEUE_SPOOL_PRIVATE_H
#define QUEUE_SPOOL_PRIVATE_H

#include <bsd/sys/queue.h>

#include <limits.h>

#include "queue/spool.h"
#include "queue/spool_id.h"

#define SPOOL_DAMAGED_DIR SPOOL_DIRS /* its number */

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

struct spool {
	char *path; /* of the spool directory, for the log */
	int root, queue, lock;
	int dirs[SPOOL_DIRS + 1]; /* by number, and damaged */
	struct syncer *syncer;
	LIST_HEAD(, unwritten) unwritten;
	LIST_HEAD(, copy) copies; /* being made */
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

#endif
