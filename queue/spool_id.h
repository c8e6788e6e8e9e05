/*
 * spool_id: names of messages: 11 characters of arrival time and 9 of chance.
 */
#ifndef QUEUE_SPOOL_ID_H
#define QUEUE_SPOOL_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/msg.h"

#define SPOOL_DIRS 256  /* directories that files are spread over */
#define SPOOL_ID_KEY 13 /* bytes of an id in its short form */

/*
 * A new id of ID_MAX characters.  Ids sort by the microsecond of their making
 * and never go back within a run, whatever the clock does; 45 random bits keep
 * those of two runs or two hosts apart.
 */
void spool_id_new(char id[ID_MAX + 1]);

/* What spool_id_new() does at a time given, in microseconds since 1970. */
void spool_id_at(char id[ID_MAX + 1], int64_t now);

bool spool_id_valid(const char *);

/*
 * The short form, for memory: it sorts (memcmp) as the text does.  False when
 * the text is no id.
 */
bool spool_id_pack(const char *id, uint8_t key[SPOOL_ID_KEY]);
void spool_id_unpack(const uint8_t key[SPOOL_ID_KEY], char id[ID_MAX + 1]);

/* Of a valid id: microseconds since 1970. */
int64_t spool_id_time(const char *);

/*
 * The directory of a valid id.  Changes every 4.2 seconds of arrival time, so
 * that one sync of a directory serves many messages.
 */
unsigned int spool_id_dir(const char *);

#endif
