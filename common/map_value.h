/*
 * map_value: what a source says, as the compiled tables would have it.
 */
#ifndef COMMON_MAP_VALUE_H
#define COMMON_MAP_VALUE_H

#include <stdbool.h>

#include "common/sbuf.h"
#include "common/tables.h"

struct map_rules {
	const char *virtual_maildir; /* the option */
	/*
	 * A file of this host's administrator: its lists of members may name
	 * commands, files and other lists, too.
	 */
	bool ours;
};

/*
 * said is as an administrator writes it: see "Lookups" in postrider.conf(5).
 * Appends to out, which is empty, the value of tables.h for that space and key;
 * false with a text of what was wanted.  Whatever said is, no path that comes
 * of it leads out of virtual-root.
 */
bool map_value(enum tables_space, const char *key, const char *said,
    const struct map_rules *, struct sbuf *out, const char **wanted);

/* Whether a space may have sources; rows of these are TABLES_SOURCES. */
bool map_value_known(enum tables_space);

#endif
