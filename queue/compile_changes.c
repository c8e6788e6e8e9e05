/*
 * compile_changes: options whose new values running programs do not see.
 *
 * In postrider(8), with the administrator's rights.  Reads compiled tables.
 */
#include <stdio.h>
#include <string.h>

#include "common/options.h"
#include "queue/compile_changes.h"

static const char *
value(struct tables *t, const char *key)
{
	const char *v;

	return tables_get(t, TABLES_OPTION, key, &v) == TABLES_FOUND ? v : "";
}

void
compile_changes(struct conf *c, struct tables *before, struct tables *now)
{
	const struct option_start *start = option_starts;
	char path[CONF_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	for (size_t i = 0; i < option_starts_count; i++, start++)
		if (strcmp(value(before, start->option),
			value(now, start->option)) != 0)
			conf_warning(&c->report, path,
			    conf_option_line(c, start->option),
			    "%s: the change waits for a new start of %s",
			    start->option, start->programs);
}
