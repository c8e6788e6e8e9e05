/*
 * spool_read: the envelopes of many messages.  In queued, as postrider.
 *
 * A thread opens and reads files, and touches nothing else but the batch.
 * What only the event loop knows, messages in memory and marks that the disk
 * did not take, is added before and after.
 */
#include <errno.h>
#include <stdlib.h>

#include <bsd/string.h>

#include "common/log.h"
#include "queue/spool_private.h"
#include "queue/spool_read.h"

struct spool_batch *
spool_batch_new(struct spool *s)
{
	struct spool_batch *b = malloc(sizeof(*b));

	if (b == NULL)
		return NULL;
	b->n = 0;
	b->spool = s;
	b->busy = b->dropped = false;
	return b;
}

void
spool_batch_clear(struct spool_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->at[i].state == SPOOL_VALID)
			env_free(&b->at[i].file.env);
	b->n = 0;
}

void
spool_batch_free(struct spool_batch *b)
{
	if (b->busy) {
		b->dropped = true;
		return;
	}
	spool_batch_clear(b);
	free(b);
}

bool
spool_batch_add(struct spool_batch *b, const char *id)
{
	struct spool_read *r;

	if (b->n == SPOOL_BATCH)
		return false;
	r = &b->at[b->n++];
	strlcpy(r->id, id, sizeof(r->id));
	r->state = SPOOL_GONE; /* nothing is known of it */
	r->file.written = 0;
	return true;
}

/* In the thread. */
static int
read_files(void *arg)
{
	struct spool_batch *b = arg;

	for (size_t i = 0; i < b->n; i++) {
		struct spool_read *r = &b->at[i];

		if (r->state != SPOOL_GONE)
			continue; /* it is in memory */
		r->state = spool_file_load(
		    spool_dir(b->spool, r->id), r->id, &r->file);
		r->error = errno;
	}
	return 0;
}

static void
complain(const struct spool *s, const struct spool_read *r)
{
	log_error(r->id, "path=%s wanted=%s found=%s",
	    spool_path(s, spool_id_dir(r->id), r->id).s, r->file.fault.wanted,
	    r->file.fault.found);
}

static void
files_read(void *arg, int error)
{
	struct spool_batch *b = arg;

	b->busy = false;
	if (b->dropped) {
		spool_batch_free(b);
		return;
	}
	for (size_t i = 0; i < b->n; i++) {
		if (b->at[i].state == SPOOL_VALID)
			spool_overlay(b->spool, &b->at[i].file.env);
		if (b->at[i].state == SPOOL_ALIEN)
			complain(b->spool, &b->at[i]);
	}
	b->done(b->arg, error);
}

bool
spool_batch_read(struct spool_batch *b, syncer_done *done, void *arg)
{
	struct spool *s = b->spool;
	struct syncer *reader = s->readers[s->turn++ % SPOOL_READERS];
	struct spool_read *r;

	for (size_t i = 0; i < b->n; i++) {
		r = &b->at[i];
		if (!spool_in_memory(s, r->id))
			continue;
		r->state = spool_load(
		    s, r->id, &r->file.env, &r->file.content, &r->file.fault);
		r->error = errno;
	}
	b->done = done;
	b->arg = arg;
	b->busy =
	    syncer_ask_work(reader, SYNCER_NO_DIR, read_files, files_read, b);
	return b->busy;
}
