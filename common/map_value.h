/*
 * map_value: what a source says, as the compiled tables would have it.
 */
#ifndef COMMON_MAP_VALUE_H
#define COMMON_MAP_VALUE_H

#include <stdbool.h>

#include "common/sbuf.h"
#include "common/tables.h"

/* What is said of a key, and who says it. */
struct map_said {
	enum tables_space space;
	const char *key, *text;
	const char *virtual_maildir; /* the option */
	/*
	 * A file of this host's administrator: its lists of members may name
	 * commands, files and other lists, too.
	 */
	bool ours;
};

/*
 * The text is as an administrator writes it: see "Lookups" in
 * postrider.conf(5).  Appends to out, which is empty, the value of tables.h for
 * that space and key; false with a text of what was wanted.  Whatever is said,
 * no path that comes of it leads out of virtual-root.
 */
bool map_value(const struct map_said *, struct sbuf *out, const char **wanted);

/* Whether a space may have sources; rows of these are TABLES_SOURCES. */
bool map_value_known(enum tables_space);

#endif
