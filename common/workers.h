/*
 * workers: a pool of child processes that do what would block an event loop.
 */
#ifndef COMMON_WORKERS_H
#define COMMON_WORKERS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/sandbox.h"

struct workers_kind {
	const char *name;      /* for logs */
	size_t request, reply; /* bytes of either struct */
	/* In the child; reply is zeroed before. */
	void (*work)(const void *request, void *reply);
	enum sandbox_profile profile;
};

struct workers;
struct job;

/* reply is NULL when the worker died; it is wiped after the call. */
typedef void job_done(void *arg, const void *reply);

/* count processes, at most waiting jobs in each line.  NULL with errno. */
struct workers *workers_new(struct event_base *, const struct workers_kind *,
    size_t count, size_t waiting);

/*
 * Queues a copy of the request; done(arg) runs once, from the event loop.  NULL
 * when the line is full or without memory.
 */
struct job *workers_submit(
    struct workers *, const void *request, job_done *, void *arg);

/*
 * The same for what strangers can ask for as often as they like and nobody waits
 * for: at most half of the processes, one at least, are ever at work on it, it
 * has half as long a line, and takes turns with the others.
 */
struct job *workers_submit_apart(
    struct workers *, const void *request, job_done *, void *arg);

/* Ends the processes and waits for them; done of what they had never runs. */
void workers_free(struct workers *);

/* The job's done never runs. */
void workers_cancel(struct job *);

#endif
