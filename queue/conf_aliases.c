/*
 * conf_aliases: the files of aliases, "name: member, member".
 *
 * In postrider(8), with the administrator's rights.  The file of option
 * system-aliases is written by other packages, too: its mistakes keep nothing
 * from being applied but their own lines.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/msg.h"
#include "queue/conf_aliases.h"
#include "queue/conf_domains.h"
#include "queue/conf_members.h"
#include "queue/conf_sources.h"

/* One file of them. */
struct file {
	struct conf_lines lines;
	struct conf_map *into;
	const char *domain; /* that its names belong to; "": to any of ours */
};

static void
mistake(struct conf *c, const struct conf_lines *l, const char *name,
    const char *wanted, const char *found)
{
	conf_mistake(&c->report, l->path, l->start,
	    "alias \"%s\": wanted %s, found \"%s\"", name, wanted, found);
}

/* "@example.org", or "@" in a domain's own file; false: another name. */
static bool
catch_all(const char *name, const char *own, struct address *a)
{
	a->local[0] = '\0';
	if (name[0] != '@')
		return false;
	if (name[1] == '\0' && own[0] != '\0')
		return strlcpy(a->domain, own, sizeof(a->domain)) > 0;
	return conf_fold_domain(name + 1, a->domain);
}

/* The name as it is looked up; false after a mistake. */
static bool
alias_key(struct conf *c, const struct file *f, const char *name,
    char key[ADDR_MAX + 1])
{
	const struct conf_lines *l = &f->lines;
	struct address a;
	bool any = catch_all(name, f->domain, &a);

	if (!any && idn_address(name, &a) != ADDRESS_OK) {
		mistake(c, l, name,
		    "a user part, an address or @domain before the \":\"",
		    name);
		return false;
	}
	if (a.domain[0] == '\0')
		strlcpy(a.domain, f->domain, sizeof(a.domain));
	if (f->domain[0] != '\0' && strcmp(a.domain, f->domain) != 0) {
		mistake(c, l, name, "a name in this file's domain", a.domain);
		return false;
	}
	if (a.domain[0] != '\0' &&
	    !conf_domain_check(c, l, "alias", name, a.domain))
		return false;
	if (any)
		(void)snprintf(key, ADDR_MAX + 1, "@%s", a.domain);
	else if (!address_key(&a, key, ADDR_MAX + 1)) {
		mistake(c, l, name, "a shorter name", name);
		return false;
	}
	return true;
}

static void
read_alias(struct conf *c, const struct file *f, char *line)
{
	struct sbuf members = SBUF_INIT(CONF_LIST_MAX);
	const char *rest = conf_list_cut(line);
	char key[ADDR_MAX + 1];
	const struct conf_list list = {
		.kind = "alias", .name = line, .key = key, .domain = f->domain
	};

	if (rest == NULL)
		conf_mistake(&c->report, f->lines.path, f->lines.start,
		    "wanted \"name: member, member\", found \"%s\"", line);
	else if (alias_key(c, f, line, key) &&
	    conf_members(c, &f->lines, &list, rest, &members))
		(void)conf_add(
		    c, &f->lines, f->into, key, sbuf_str(&members)); /* told */
	sbuf_free(&members);
}

static void
read_file(struct conf *c, const char *path, const char *domain)
{
	struct file f = { .into = &c->aliases, .domain = domain };
	char *line;

	if (c->report.lenient)
		f.into = &c->system_aliases;
	conf_lines_open_list(&f.lines, path, &c->report);
	while ((line = conf_lines_next(&f.lines)) != NULL)
		read_alias(c, &f, line);
	conf_lines_close(&f.lines);
}

/* Not what editors and packages leave beside a file. */
int
conf_aliases_is_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && d->d_name[0] != '#' &&
	    d->d_name[n - 1] != '~' && strstr(d->d_name, ".dpkg-") == NULL;
}

static void
read_domain_file(struct conf *c, const char *dir, const char *name)
{
	char path[CONF_PATH_MAX + 257], domain[DOMAIN_MAX + 1]; /* d_name */
	const char *near;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (conf_fold_domain(name, domain) &&
	    (conf_map_get(&c->domains, domain) != NULL ||
		conf_sources_has(c, TABLES_DOMAIN))) {
		read_file(c, path, domain);
		return;
	}
	near = conf_map_nearest(&c->domains, name);
	conf_mistake(&c->report, path, 0,
	    "wanted the name of a domain in the file domains%s%s",
	    near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

static void
read_domain_files(struct conf *c)
{
	char dir[CONF_PATH_MAX];
	struct dirent **names;
	int n;

	(void)snprintf(dir, sizeof(dir), "%s/" CONF_ALIASES_DIR, c->dir);
	n = scandir(dir, &names, conf_aliases_is_file, alphasort);
	if (n == -1) {
		if (errno != ENOENT)
			conf_mistake(&c->report, dir, 0,
			    "wanted a readable directory, found: %s",
			    strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		read_domain_file(c, dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

const char *
conf_system_aliases(const struct conf *c)
{
	const char *path = conf_option(c, "system-aliases");

	if (path[0] != '/' ||
	    (conf_user_mode(c) && conf_option_line(c, "system-aliases") == 0))
		return NULL;
	return path;
}

void
conf_aliases_read(struct conf *c)
{
	const char *system = conf_system_aliases(c);
	char path[CONF_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/aliases", c->dir);
	read_file(c, path, "");
	read_domain_files(c);
	if (system != NULL) {
		c->report.lenient = true;
		read_file(c, system, "");
		c->report.lenient = false;
	}
}
