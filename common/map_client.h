/*
 * map_client: an asker's end of the channel to mapd (msg_map.h).
 */
#ifndef COMMON_MAP_CLIENT_H
#define COMMON_MAP_CLIENT_H

#include <sys/types.h>

#include <stdbool.h>

#include "common/chan.h"
#include "common/deadline.h"
#include "common/msg_map.h"
#include "common/tables.h"

#define MAP_WAIT 500 /* ms that one question may take */
/* ms of each second that a process in a hurry waits for slow answers */
#define MAP_HURRY 250
#define MAP_REST 2000 /* ms that a mapd that did not answer is left alone */

struct map_client {
	struct chan chan; /* fd is -1: not connected */
	pid_t owner;      /* whose connection it is: children have their own */
	bool fixed;       /* connects no more */
	uint32_t serial;  /* the last one given */
	deadline_t rest;  /* nobody is asked before */
	char why[TEXT_MAX + 1]; /* of the rest */
	char path[108];         /* run-dir */
};

/* Remembers where mapd is; the first question connects. */
void map_client_init(struct map_client *, const char *run_dir);
void map_client_close(struct map_client *);

/* Connects now, and never again: for who is about to enter a sandbox. */
void map_client_connect(struct map_client *);

/*
 * This process serves many, one after another: it waits no more than MAP_HURRY of
 * a second for answers that take MAP_SLOW or longer, and has TABLES_BROKEN for the
 * rest of it.  Holds for all clients of the process.
 */
void map_client_hurry(void);

/*
 * Asks a source for a key and waits at most MAP_WAIT.  TABLES_FOUND with what
 * it says in *answer; TABLES_NONE; TABLES_BROKEN with the reason in
 * answer->text, also for a mapd that is gone, stopped or breaks the rules:
 * then nobody waits again for a while.
 */
enum tables_result map_client_ask(struct map_client *, const char *source,
    const char *key, struct msg_map_answer *answer);

#endif
