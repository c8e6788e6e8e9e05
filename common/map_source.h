/*
 * map_source: where to look for what the compiled tables do not have, as text.
 *
 *	cdb:/path			a CDB file of plain keys and values
 *	socketmap:unix:/path:NAME	a server of the socketmap protocol, and
 *	socketmap:inet:HOST:PORT:NAME	what it calls the table; HOST is a
 *					name, 192.0.2.1 or [2001:db8::1]
 */
#ifndef COMMON_MAP_SOURCE_H
#define COMMON_MAP_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#define MAP_SOURCE_MAX 400 /* bytes of the text */
#define MAP_PATH_MAX 107   /* bytes of a socket's path: sun_path */
#define MAP_NAME_MAX 100   /* bytes of a table's name */
#define MAP_KEY_MAX 400    /* bytes of a key: TABLES_KEY_MAX */
#define MAP_VALUE_MAX 8192 /* bytes that a source may say of a key */

enum map_kind { MAP_CDB, MAP_UNIX, MAP_INET };

struct map_source {
	enum map_kind kind;
	/* A file, a socket, or a host as its name or address, no brackets. */
	char place[MAP_SOURCE_MAX + 1];
	uint16_t port;               /* MAP_INET */
	char name[MAP_NAME_MAX + 1]; /* "" of MAP_CDB */
};

/* False with a text of what was wanted. */
bool map_source_parse(const char *, struct map_source *, const char **wanted);

#endif
