/*
 * cmd_drop: drop/, as "postrider status" and "postrider queue list" tell of it.
 *
 * With the caller's rights: only root can list it.  Everybody chooses the names
 * there, so none reaches a terminal as it is.
 */
#include <stdio.h>
#include <stdlib.h>

#include <bsd/string.h>

#include "queue/cmd_drop.h"
#include "queue/cmd_tables.h"
#include "queue/compile_publish.h"
#include "queue/drop_place.h"

static bool
look(const struct cmd *cmd, struct drop_count *c)
{
	struct submit_settings *s = malloc(sizeof(*s));
	char path[CONF_PATH_MAX], e[TABLES_ERR];
	bool known;

	cmd_tables_path(cmd, TABLES_FILE, path);
	known = s != NULL && submit_settings_load(s, path, e) &&
	    drop_count(s->spool_dir, c);
	free(s);
	return known;
}

void
cmd_drop_look(const struct cmd *cmd, char *text, size_t size, bool *warn)
{
	struct drop_count c;
	int n;

	*warn = false;
	if (!look(cmd, &c)) {
		strlcpy(text, "not looked at (root can)", size);
		return;
	}
	*warn = c.refused > 0 || c.strange > 0;
	n = snprintf(text, size, "%zu to be submitted, %zu refused", c.waiting,
	    c.refused);
	if (c.strange > 0 && n > 0 && (size_t)n < size)
		(void)snprintf(text + n, size - (size_t)n,
		    ", %zu foreign or older than a week: uid %u has %.100s of "
		    "%llu bytes",
		    c.strange, (unsigned int)c.uid, c.name,
		    (unsigned long long)c.size);
}

void
cmd_drop_print(const struct cmd *cmd)
{
	struct drop_count c;

	if (look(cmd, &c))
		drop_count_print(&c, stdout);
}
