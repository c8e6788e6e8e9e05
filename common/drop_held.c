/*
 * drop_held: files of drop/ that are left alone for a while.  In postriderd;
 * memory only, and a bounded one: everybody can make names.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/drop_held.h"

void
drop_held_add(struct drop_held *h, const char *name)
{
	strlcpy(h->files[h->next].name, name, DROP_NAME + 1);
	h->files[h->next].until = deadline_in(DROP_HELD_TIME);
	h->next = (h->next + 1) % DROP_HELD_MOST;
}

bool
drop_held_has(const struct drop_held *h, const char *name)
{
	for (size_t i = 0; i < DROP_HELD_MOST; i++)
		if (strcmp(h->files[i].name, name) == 0 &&
		    deadline_left(h->files[i].until) != 0)
			return true;
	return false;
}

bool
drop_held_room(const struct drop_held *h)
{
	return h->files[h->next].name[0] == '\0' ||
	    deadline_left(h->files[h->next].until) == 0;
}
