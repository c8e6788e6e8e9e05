/*
 * strset: a set of strings.
 */
#ifndef QUEUE_STRSET_H
#define QUEUE_STRSET_H

#include <bsd/sys/tree.h>

#include <stdbool.h>
#include <stddef.h>

struct strset_member;
RB_HEAD(strset_tree, strset_member);

struct strset {
	struct strset_tree tree;
	size_t n;
};

enum strset_result { STRSET_ADDED, STRSET_PRESENT, STRSET_MEMORY };

void strset_init(struct strset *);
/* Adds a copy. */
enum strset_result strset_add(struct strset *, const char *);
/*
 * The number that a member has, 0 at first; NULL when it is none.  Valid until
 * strset_free().
 */
size_t *strset_value(struct strset *, const char *);
void strset_free(struct strset *);

#endif
