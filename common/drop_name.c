/*
 * drop_name: the names of files in spool-dir/drop.  Library code, in sendmail
 * and postriderd; memory only.
 */
#include <stdio.h>
#include <string.h>

#include "common/drop_name.h"

static const char *const ends[] = {
	[DROP_FOREIGN] = "",
	[DROP_WHOLE] = ".msg",
	[DROP_INCOMPLETE] = ".tmp",
	[DROP_REFUSED] = ".bad",
};

#define KINDS (sizeof(ends) / sizeof(ends[0]))

enum drop_kind
drop_kind(const char *name)
{
	static const char good[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	if (strspn(name, good) != ID_MAX)
		return DROP_FOREIGN;
	for (size_t i = 1; i < KINDS; i++)
		if (strcmp(name + ID_MAX, ends[i]) == 0)
			return (enum drop_kind)i;
	return DROP_FOREIGN;
}

void
drop_name(const char *id, enum drop_kind kind, char *out)
{
	(void)snprintf(out, DROP_NAME + 1, "%.*s%s", ID_MAX, id, ends[kind]);
}
