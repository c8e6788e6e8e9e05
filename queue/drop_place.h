/*
 * drop_place: spool-dir/drop, a directory to which everybody may add and in
 * which nobody but postriderd(8) sees names (mode 1733).
 */
#ifndef QUEUE_DROP_PLACE_H
#define QUEUE_DROP_PLACE_H

#include <limits.h>
#include <stdio.h>

#include "common/drop_name.h"
#include "queue/drop.h"

/*
 * Leaves the message in a file of its own.  0, with the name of the file, when
 * it is durable; then signals that end a process are blocked.  Else an exit
 * status, with the reason behind what err holds already, and no file.
 */
int drop_leave(struct submit_message *, const struct submit_options *,
    time_t arrival, char name[DROP_NAME + 1]);

/* Takes a file of that name away again; true when it is gone. */
bool drop_take_back(const struct submit_settings *, const char *name);

/*
 * How many whole messages lie there, how many refused ones, and what should not
 * be there: nobody removes it but its owner and root.  False with errno for
 * those who may not know.
 */
struct drop_count {
	char path[SPOOL_DIR_MAX + 8];
	size_t waiting, refused;
	size_t strange; /* foreign names; also others older than a week */
	/* The largest of the last. */
	char name[NAME_MAX + 1]; /* fit for a terminal */
	uid_t uid;
	uint64_t size;
};

bool drop_count(const char *spool_dir, struct drop_count *);

/* A line for those that wait and one for the refused, if there are any. */
void drop_count_print(const struct drop_count *, FILE *);

#endif
