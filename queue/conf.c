/*
 * conf: the text configuration of one directory.
 *
 * In postrider(8), with the administrator's rights.  Reads files and changes
 * none.
 */
#include <string.h>

#include "common/account_path.h"
#include "common/num.h"
#include "common/options.h"
#include "queue/conf.h"
#include "queue/conf_accounts.h"
#include "queue/conf_aliases.h"
#include "queue/conf_domains.h"
#include "queue/conf_forwards.h"
#include "queue/conf_options.h"
#include "queue/conf_passwords.h"
#include "queue/conf_relays.h"
#include "queue/conf_rewrite.h"
#include "queue/conf_sources.h"

static void
start(struct conf *c, const char *dir)
{
	memset(c, 0, sizeof(*c));
	c->dir = dir;
	conf_report_init(&c->report);
	conf_options_read(c);
}

bool
conf_user_mode(const struct conf *c)
{
	return strcmp(conf_option(c, "user-mode"), "yes") == 0;
}

size_t
conf_option_line(const struct conf *c, const char *name)
{
	const struct conf_entry *e = conf_map_get(&c->options, name);

	return e != NULL ? e->line : 0;
}

uint64_t
conf_option_number(const struct conf *c, const char *name)
{
	char canon[OPTION_VALUE_MAX + 1], wanted[TABLES_ERR];
	uint64_t n = 0;

	/* What it has was checked; a default is as good. */
	if (option_canon(
		option_find(name), conf_option(c, name), canon, wanted))
		(void)num_parse(canon, INT64_MAX, &n);
	return n;
}

/* Names would end at the first of them. */
static bool
has_letters(const char *s)
{
	for (; *s != '\0'; s++)
		if ((*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') ||
		    (*s >= 'A' && *s <= 'Z') || (unsigned char)*s >= 128)
			return true;
	return false;
}

/* Reports of what was forwarded would never come back from elsewhere. */
static void
check_srs_domain(struct conf *c)
{
	const char *name = conf_option(c, "srs-domain"), *near;
	char path[CONF_PATH_MAX], domain[DOMAIN_MAX + 1];

	if (!conf_fold_domain(name, domain) ||
	    conf_domain(c, domain) != CONF_DOMAIN_NONE ||
	    conf_sources_has(c, TABLES_DOMAIN))
		return;
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	near = conf_map_nearest(&c->domains, domain);
	conf_mistake(&c->report, path, conf_option_line(c, "srs-domain"),
	    "srs-domain: wanted a domain of the file domains, to which reports "
	    "come back, found \"%s\"%s%s",
	    name, near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

/* What a single value cannot say of itself. */
static void
check_options(struct conf *c)
{
	char path[CONF_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	if (strstr(conf_option(c, "virtual-maildir"), "%u") == NULL)
		conf_mistake(&c->report, path,
		    conf_option_line(c, "virtual-maildir"),
		    "virtual-maildir: wanted %%u for the user, found \"%s\"",
		    conf_option(c, "virtual-maildir"));
	if (strchr("/", conf_option(c, "system-aliases")[0]) == NULL)
		conf_mistake(&c->report, path,
		    conf_option_line(c, "system-aliases"),
		    "system-aliases: wanted an absolute path or nothing, found "
		    "\"%s\"",
		    conf_option(c, "system-aliases"));
	if (has_letters(conf_option(c, "tag-separators")))
		conf_mistake(&c->report, path,
		    conf_option_line(c, "tag-separators"),
		    "tag-separators: wanted signs that are no letters or "
		    "digits, found \"%s\"",
		    conf_option(c, "tag-separators"));
	if (!account_path_safe(conf_option(c, "unix-maildir")))
		conf_mistake(&c->report, path,
		    conf_option_line(c, "unix-maildir"),
		    "unix-maildir: wanted a path below the home directory "
		    "without dots in front, found \"%s\"",
		    conf_option(c, "unix-maildir"));
}

bool
conf_read_options(struct conf *c, const char *dir)
{
	start(c, dir);
	check_options(c);
	return c->report.mistakes == 0;
}

bool
conf_read(struct conf *c, const char *dir)
{
	start(c, dir);
	check_options(c);
	conf_sources_read(c);
	conf_domains_read(c);
	check_srs_domain(c);
	conf_users_read(c);
	conf_passwords_read(c);
	conf_aliases_read(c);
	conf_forwards_read(c);
	conf_rewrite_read(c);
	conf_relays_read(c);
	conf_sources_check(c);
	return c->report.mistakes == 0;
}

const char *
conf_file(struct conf *c, const char *path)
{
	const struct conf_entry *e;
	bool added;

	e = conf_map_add(&c->files, path, "", 0, &added);
	return e != NULL ? e->key : NULL;
}

bool
conf_add(struct conf *c, const struct conf_lines *l, struct conf_map *m,
    const char *key, const char *value)
{
	struct conf_entry *e;
	bool added;

	e = conf_map_add(m, key, value, l->start, &added);
	if (e == NULL)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else if (added)
		e->path = conf_file(c, l->path);
	else if (e->path == NULL || strcmp(e->path, l->path) == 0)
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\" is on line %zu already", key, e->line);
	else
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\" is on line %zu of %s already", key, e->line,
		    e->path);
	return e != NULL && added;
}

void
conf_free(struct conf *c)
{
	struct conf_map *const maps[] = { &c->options, &c->profiles,
		&c->domains, &c->accounts, &c->maildirs, &c->recipients,
		&c->limits, &c->passwords, &c->certificates, &c->aliases,
		&c->system_aliases, &c->forwards, &c->rewrites,
		&c->sender_routes, &c->routes, &c->policies, &c->relays,
		&c->files, &c->lookups, &c->sources };

	conf_report_free(&c->report);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		conf_map_free(maps[i]);
}
