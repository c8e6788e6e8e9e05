/*
 * dirlist: the entries of a directory, read in bulk.
 */
#ifndef POP3D_DIRLIST_H
#define POP3D_DIRLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dirlist_entry {
	const char *name; /* NUL-terminated, valid during the call */
	size_t len;
	uint64_t ino;
	unsigned char type; /* DT_REG, ..., DT_UNKNOWN */
};

/* False with errno ends the list. */
typedef bool (*dirlist_fn)(void *arg, const struct dirlist_entry *);

/*
 * Every entry but those that begin with a dot, in no order.  dir may be a
 * descriptor that others use too.  False with errno.
 */
bool dirlist_read(int dir, dirlist_fn, void *arg);

#endif
