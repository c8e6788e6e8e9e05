/*
 * syncer: directories (and copies of files) made durable by a thread, so that
 * the event loop never waits for the disk.  All requests that come while it
 * works are served by the next round, with one fsync for each directory.
 */
#ifndef QUEUE_SYNCER_H
#define QUEUE_SYNCER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#define SYNCER_DIRS 300        /* at most */
#define SYNCER_NO_DIR SIZE_MAX /* instead of a number: only the work */

struct syncer;

/* Runs in the event loop's thread; error is 0 or an errno. */
typedef void syncer_done(void *arg, int error);

/*
 * fds are n directories, the caller's, open as long as the syncer is.  NULL
 * with errno.
 */
struct syncer *syncer_new(struct event_base *, const int *fds, size_t n);

/* Ends the thread when it has done all that was asked; no more callbacks. */
void syncer_free(struct syncer *);

/*
 * Asks for directory number dir.  done may be NULL: then a failure is only
 * logged.  False without memory, and done never runs.
 */
bool syncer_ask(struct syncer *, size_t dir, syncer_done *, void *arg);

/*
 * The same, with work to do before in the thread: it returns 0 or an errno,
 * and touches nothing that the event loop touches until done runs.
 */
typedef int syncer_work(void *arg);
bool syncer_ask_work(
    struct syncer *, size_t dir, syncer_work *, syncer_done *, void *arg);

/* Requests whose callback has not run yet. */
size_t syncer_pending(const struct syncer *);

#endif
