/*
 * spool_read: the envelopes of many messages, read by threads of their own, so
 * that neither the event loop nor those who wait for a sync wait for it, and
 * the disk has more than one thing to do.
 */
#ifndef QUEUE_SPOOL_READ_H
#define QUEUE_SPOOL_READ_H

#include "queue/spool.h"

#define SPOOL_BATCH 32 /* messages */

struct spool_read {
	char id[ID_MAX + 1];
	enum spool_state state; /* as spool_load() says it */
	int error;              /* SPOOL_FAILED: an errno */
	struct spool_loaded file;
};

/* Made and freed by the functions below, which fill in what is public. */
struct spool_batch {
	size_t n; /* those asked for */
	struct spool_read at[SPOOL_BATCH];
	/* private */
	struct spool *spool;
	syncer_done *done;
	void *arg;
	bool busy, dropped;
};

struct spool_batch *spool_batch_new(struct spool *); /* NULL without memory */
/* Also one that is being read: done does not run then. */
void spool_batch_free(struct spool_batch *);

/* A message is added; false when it is full. */
bool spool_batch_add(struct spool_batch *, const char *id);

/*
 * Reads what was added; batches asked for one after the other may be done at
 * the same time, and in any order.  done runs in the event loop, never from within this;
 * until then the batch is not touched, and is not empty.  False without memory.
 */
bool spool_batch_read(struct spool_batch *, syncer_done *done, void *arg);

/* Frees the envelopes that it still holds: it is empty again. */
void spool_batch_clear(struct spool_batch *);

#endif
