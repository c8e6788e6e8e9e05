/*
 * conf_map: what a text file declares: names with their values and lines, in
 * the order of the names.
 */
#ifndef QUEUE_CONF_MAP_H
#define QUEUE_CONF_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct conf_entry {
	const char *key, *value;
	const char *path;                /* conf_file(); NULL: not told */
	size_t line;                     /* 0: not from a file */
	char *key_memory, *value_memory; /* private */
};

struct conf_map {
	void *root; /* of tsearch(3) */
	size_t count;
};

/*
 * Adds a copy of key and value unless the key is there; returns the entry of
 * that key and says in *added whether it is new.  NULL: no memory.
 */
struct conf_entry *conf_map_add(struct conf_map *, const char *key,
    const char *value, size_t line, bool *added);
/* Replaces an entry's value; false: no memory. */
bool conf_map_set(struct conf_entry *, const char *value, size_t line);
const struct conf_entry *conf_map_get(const struct conf_map *, const char *key);
/* Calls fn for each entry in the order of strcmp(3), until it returns false. */
bool conf_map_each(const struct conf_map *,
    bool (*fn)(const struct conf_entry *, void *), void *arg);
/*
 * The key that is nearest to a misspelt one; NULL if none is near or when
 * there are too many to look at.
 */
const char *conf_map_nearest(const struct conf_map *, const char *key);
void conf_map_free(struct conf_map *);

#endif
