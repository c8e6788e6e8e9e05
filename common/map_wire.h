/*
 * map_wire: the socketmap protocol, as sendmail's and Postfix's clients speak
 * it: a query "NAME KEY" and a reply, each a netstring ("5:hello,").
 *
 *	OK data		NOTFOUND	TEMP reason	TIMEOUT reason	PERM reason
 */
#ifndef COMMON_MAP_WIRE_H
#define COMMON_MAP_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/map_source.h"
#include "common/msg_map.h"

/* Bytes of a reply that may be believed, with its length and comma. */
#define MAP_WIRE_MAX (MAP_VALUE_MAX + 20)
/* Of a query: "NAME KEY" and the netstring around it, with NUL. */
#define MAP_WIRE_QUERY (MAP_NAME_MAX + MAP_KEY_MAX + 20)

struct map_reply {
	enum map_status status;
	char value[MAP_VALUE_MAX + 1]; /* of MAP_FOUND */
	char text[TEXT_MAX + 1];       /* of MAP_LATER: why, printable */
};

enum map_wire {
	MAP_WIRE_MORE, /* not all of it is there */
	MAP_WIRE_REPLY,
	MAP_WIRE_LONG,   /* over MAP_WIRE_MAX: no use in reading on */
	MAP_WIRE_GARBAGE /* no reply; text says what it was */
};

/* Writes a query; how many bytes, without the NUL behind them. */
size_t map_wire_query(
    char out[MAP_WIRE_QUERY], const char *name, const char *key);

/*
 * Reads a reply of len bytes or their beginning; *used, of MAP_WIRE_REPLY, is
 * how many of them it had.  All but MAP_WIRE_MORE fill in *r, with MAP_LATER
 * and a reason if it is none that can be used.
 */
enum map_wire map_wire_reply(
    const char *, size_t len, size_t *used, struct map_reply *r);

/* MAP_LATER with a reason; what is not printable becomes "?". */
void map_reply_later(struct map_reply *, const char *why);

#endif
