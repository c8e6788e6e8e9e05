/*
 * drop_place: spool-dir/drop, a directory to which everybody may add and in
 * which nobody but postriderd(8) sees names (mode 1733).
 */
#ifndef QUEUE_DROP_PLACE_H
#define QUEUE_DROP_PLACE_H

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
 * How many whole messages lie there, and how many refused ones.  False with
 * errno for those who may not know.
 */
struct drop_count {
	size_t waiting, refused;
};

bool drop_count(const struct submit_settings *, struct drop_count *);

#endif
