/*
 * flight: what goes out to the other side in one piece: commands and content,
 * gathered, and written so that neither end waits for the other for ever (RFC
 * 2920 section 3.1).
 */
#ifndef DELIVERY_FLIGHT_H
#define DELIVERY_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/lineio.h"

#define FLIGHT_ROOM 65536 /* bytes gathered */

/*
 * The other side has said something while it does not read: it is to be read
 * now, or nothing of the rest is sent (false).
 */
typedef bool flight_heard(void *arg);

struct flight {
	struct lineio *io; /* not owned; its own output is not used */
	flight_heard *heard;
	void *arg;
	int64_t seconds;  /* for what is gathered, each time */
	deadline_t whole; /* for all of it */
	uint64_t sent;    /* bytes since the start */
	bool failed;      /* nothing more is sent; error says why */
	int error;        /* errno; 0: heard() did not want it */
	size_t used;
	char buf[FLIGHT_ROOM];
};

void flight_init(struct flight *, struct lineio *, flight_heard *, void *arg);

/* How long the other side may take to read what follows. */
void flight_pace(struct flight *, int64_t seconds, deadline_t whole);

/* All of them: false when it has failed, now or before. */
bool flight_put(struct flight *, const char *, size_t n);
bool flight_flush(struct flight *);

/* Room for n bytes, at most FLIGHT_ROOM, to be put by hand; NULL: failed. */
char *flight_room(struct flight *, size_t n);
/* n bytes were put there. */
void flight_took(struct flight *, size_t n);

/* Bytes since the start, with those that are not sent yet. */
uint64_t flight_end(const struct flight *);

#endif
