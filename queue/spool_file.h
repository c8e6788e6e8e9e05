/*
 * spool_file: what one file of the spool means.  spool(5) has the table.
 */
#ifndef QUEUE_SPOOL_FILE_H
#define QUEUE_SPOOL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/trailer.h"
#include "queue/spool_envelope.h"

enum spool_state {
	SPOOL_VALID,      /* accepted; is to be delivered */
	SPOOL_INCOMPLETE, /* never accepted: the writer did not finish */
	SPOOL_DAMAGED,    /* was accepted; has changed since */
	SPOOL_ALIEN,      /* not a file of this spool: left alone */
	SPOOL_GONE,       /* no such file */
	SPOOL_FAILED      /* cannot be told now: errno */
};

#define SPOOL_FOUND 160 /* bytes */

struct spool_fault {
	const char *wanted;
	char found[SPOOL_FOUND];
};

struct spool_content {
	uint64_t offset; /* in the file */
	uint64_t size;   /* bytes */
	uint64_t lines;
	uint32_t crc;
};

/*
 * Opens name below the directory for reading (or writing in place as well),
 * without following links or waiting for a FIFO: SPOOL_VALID and *fd; else
 * SPOOL_ALIEN (fault set), SPOOL_GONE or SPOOL_FAILED.
 */
enum spool_state spool_file_open(
    int dir, const char *name, bool writable, int *fd, struct spool_fault *);

/*
 * Reads envelope and trailer of an open file that should be message id.  The
 * envelope is initialised by the caller and holds something only when the
 * state is SPOOL_VALID.  The content itself is not read.
 */
enum spool_state spool_file_read(int fd, const char *id, struct envelope *,
    struct spool_content *, struct spool_fault *);

/* A message's file, as far as it is of interest before its content is. */
struct spool_loaded {
	struct envelope env; /* SPOOL_VALID: the owner's to env_free() */
	struct spool_content content;
	int64_t written; /* seconds since 1970 when the file was last */
	struct spool_fault fault;
};

/*
 * Both at once, with as few system calls as can be, and nothing open
 * afterwards.  Needs no other thread to stand still.
 */
enum spool_state spool_file_load(
    int dir, const char *id, struct spool_loaded *);

/*
 * Whether a file just written holds this envelope (its len and crc) and the
 * content that said names: SPOOL_VALID, or why not.
 */
enum spool_state spool_file_committed(int fd, const struct envelope *,
    const struct spool_content *said, struct spool_fault *);

#endif
