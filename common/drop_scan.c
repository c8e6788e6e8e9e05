/*
 * drop_scan: which files of drop/ are to be submitted next.  In postriderd;
 * memory only: it knows names and owners, and nothing of what is in them.
 */
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/drop_scan.h"

#define TRIES 4 /* to find somebody with too much */

void
drop_scan_clear(struct drop_scan *s)
{
	s->count = 0;
	s->more = false;
}

static size_t
count_of(const struct drop_scan *s, uid_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->found[i].uid == uid;
	return n;
}

/*
 * The place of somebody who has at least two more than uid, or one of uid's own,
 * so that those behind are chosen one day; DROP_SCAN_MOST: none this time.
 */
static size_t
place_for(const struct drop_scan *s, uid_t uid)
{
	size_t at;
	uid_t other;

	for (int i = 0; i < TRIES; i++) {
		at = (size_t)arc4random_uniform(DROP_SCAN_MOST);
		other = s->found[at].uid;
		if (other == uid || count_of(s, other) > count_of(s, uid) + 1)
			return at;
	}
	return DROP_SCAN_MOST;
}

bool
drop_scan_has(const struct drop_scan *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->found[i].name, name) == 0)
			return true;
	return false;
}

void
drop_scan_add(struct drop_scan *s, const char *name, const struct stat *st)
{
	size_t at = s->count;

	if (at == DROP_SCAN_MOST) {
		s->more = true;
		if ((at = place_for(s, st->st_uid)) == DROP_SCAN_MOST)
			return;
	} else
		s->count++;
	strlcpy(s->found[at].name, name, sizeof(s->found[at].name));
	s->found[at].uid = st->st_uid;
	s->found[at].size = st->st_size;
}

bool
drop_scan_take(struct drop_scan *s, bool (*may)(uid_t, void *), void *arg,
    struct drop_found *out)
{
	struct drop_found *first = NULL, *f;

	for (f = s->found; f < s->found + s->count; f++)
		if ((first == NULL || strcmp(f->name, first->name) < 0) &&
		    may(f->uid, arg))
			first = f;
	if (first == NULL)
		return false;
	*out = *first;
	*first = s->found[--s->count];
	return true;
}
