/*
 * compile_changes: options whose new values running programs do not see.
 *
 * In postrider(8), with the administrator's rights.  Reads compiled tables.
 */
#include <stdio.h>
#include <string.h>

#include "common/options.h"
#include "queue/compile_changes.h"

struct compare {
	struct conf *conf;
	struct tables *before, *now;
	const struct option_start *start;
};

static const char *
value(struct tables *t, const char *key)
{
	const char *v;

	return tables_get(t, TABLES_OPTION, key, &v) == TABLES_FOUND ? v : "";
}

static void
compare(const struct compare *p, const char *profile)
{
	char key[TABLES_KEY_MAX], path[CONF_PATH_MAX];

	(void)snprintf(key, sizeof(key), "%s%s%s", profile,
	    *profile != '\0' ? "." : "", p->start->option);
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", p->conf->dir);
	if (strcmp(value(p->before, key), value(p->now, key)) != 0)
		conf_warning(&p->conf->report, path,
		    conf_option_line(p->conf, key),
		    "%s: the change waits for a new start of %s", key,
		    p->start->programs);
}

static bool
compare_declared(const struct conf_entry *e, void *arg)
{
	compare(arg, e->key);
	return true;
}

void
compile_changes(struct conf *c, struct tables *before, struct tables *now)
{
	struct compare p = { c, before, now, option_starts };

	for (size_t i = 0; i < option_starts_count; i++, p.start++) {
		compare(&p, "");
		if (!option_find(p.start->option)->per_profile)
			continue;
		for (size_t n = 0; profiles_builtin[n] != NULL; n++)
			compare(&p, profiles_builtin[n]);
		(void)conf_map_each(&c->profiles, compare_declared, &p);
	}
}
