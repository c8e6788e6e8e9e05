/*
 * compile_circle: lists that lead to each other round and round, or too far.
 *
 * In postrider(8), with the administrator's rights.  Reads compiled tables in
 * memory.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/compile_circle.h"
#include "queue/expand.h"

#define MOST (1U << 30) /* sums stop there */

/* A list that was looked at. */
struct node {
	bool done;            /* there is no circle behind it */
	unsigned char height; /* done: lists behind one another, with itself */
	unsigned char small;  /* the most room that was too small for it */
	unsigned int lists, members;
};

struct circles {
	struct lists *lists;
	struct strset ids; /* their numbers are those of nodes */
	struct node *nodes;
	size_t n, room;
	struct sbuf *out;
	const struct lists_one *path[EXPAND_DEPTH];
};

struct circles *
circles_new(struct lists *l)
{
	struct circles *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->lists = l;
	strset_init(&c->ids);
	return c;
}

void
circles_free(struct circles *c)
{
	if (c == NULL)
		return;
	strset_free(&c->ids);
	free(c->nodes);
	free(c);
}

/* The number of a node, which moves when others are made; -1: no memory. */
static long
node_of(struct circles *c, const char *id)
{
	struct node *more;

	switch (strset_add(&c->ids, id)) {
	case STRSET_MEMORY:
		return -1;
	case STRSET_PRESENT:
		return (long)*strset_value(&c->ids, id);
	case STRSET_ADDED:
		break;
	}
	*strset_value(&c->ids, id) = c->n;
	if (c->n == c->room) {
		c->room = 2 * c->room + 64;
		more = reallocarray(c->nodes, c->room, sizeof(*more));
		if (more == NULL)
			return -1;
		c->nodes = more;
	}
	memset(&c->nodes[c->n], 0, sizeof(c->nodes[c->n]));
	return (long)c->n++;
}

static bool
is_ahead(struct circles *c, const char *id, size_t depth)
{
	for (size_t i = 0; i < depth; i++) {
		if (strcmp(c->path[i]->id, id) != 0)
			continue;
		for (size_t k = i; k < depth; k++)
			sbuf_fmt(c->out, "%s, ", c->path[k]->address);
		sbuf_puts(c->out, c->path[i]->address);
		return true;
	}
	return false;
}

static unsigned int
sum(unsigned int a, unsigned int b)
{
	return a + b > MOST ? MOST : a + b;
}

static void
take(struct node *n, const struct node *child)
{
	if (child->height >= n->height)
		n->height = (unsigned char)(child->height + 1);
	n->lists = sum(n->lists, child->lists);
	n->members = sum(n->members, child->members);
}

static enum circle look(struct circles *, const struct lists_one *, size_t);

/* Fills node, which is not in its place: that may move. */
static enum circle
look_members(
    struct circles *c, const char *members, size_t depth, struct node *node)
{
	enum circle r = CIRCLE_NONE;
	struct lists_one next;
	struct member m;

	while (r == CIRCLE_NONE && members_next(&members, &m)) {
		node->members = sum(node->members, 1);
		if (lists_look(c->lists, &m, &next) != LISTS_LIST)
			continue;
		r = look(c, &next, depth);
		if (r == CIRCLE_NONE)
			take(node, &c->nodes[node_of(c, next.id)]);
	}
	return r;
}

static enum circle
look(struct circles *c, const struct lists_one *list, size_t depth)
{
	struct node node = { .height = 1, .lists = 1 };
	size_t room = EXPAND_DEPTH - depth;
	enum circle r;
	long i;

	if (depth > 0 && strcmp(c->path[depth - 1]->id, list->id) == 0)
		return CIRCLE_NONE; /* who names himself means his mailbox */
	if (is_ahead(c, list->id, depth))
		return CIRCLE_FOUND;
	if ((i = node_of(c, list->id)) == -1)
		return CIRCLE_MEMORY;
	if (room == 0 || room <= c->nodes[i].small ||
	    (c->nodes[i].done && c->nodes[i].height > room))
		return CIRCLE_DEEP;
	if (c->nodes[i].done)
		return CIRCLE_NONE;
	c->path[depth] = list;
	r = look_members(c, list->members, depth + 1, &node);
	if (r == CIRCLE_DEEP)
		c->nodes[i].small = (unsigned char)room;
	if (r != CIRCLE_NONE)
		return r;
	node.done = true;
	c->nodes[i] = node;
	return CIRCLE_NONE;
}

enum circle
circles_look(struct circles *c, const struct lists_one *list, struct sbuf *out)
{
	c->out = out;
	return look(c, list, 0);
}

void
circles_most(struct circles *c, const char *id, size_t *lists, size_t *members)
{
	const size_t *i = strset_value(&c->ids, id);

	*lists = i != NULL ? c->nodes[*i].lists : 0;
	*members = i != NULL ? c->nodes[*i].members : 0;
}
