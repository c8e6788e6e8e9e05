/*
 * compile_files: the files of the configuration, as files.
 *
 * In postrider(8), with the administrator's rights.  Only looks at them.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/compile_files.h"
#include "queue/conf_aliases.h"
#include "queue/conf_forwards.h"

/* Users' private groups are nobody else's, so in user mode groups may write. */
static void
check_mode(struct conf *c, const char *path)
{
	mode_t others = S_IWOTH;
	struct stat st;

	if (stat(path, &st) == -1)
		return; /* told by whoever reads it */
	if (!conf_user_mode(c) && st.st_gid != 0)
		others |= S_IWGRP;
	if ((st.st_mode & others) != 0)
		conf_warning(&c->report, path, 0,
		    "wanted writable for its owner alone, found mode 0%o: who "
		    "writes it decides about mail",
		    (unsigned int)st.st_mode & 07777);
}

static void
check_domain_files(struct conf *c)
{
	char dir[CONF_PATH_MAX], path[CONF_PATH_MAX + 257]; /* d_name */
	struct dirent **names;
	int n;

	(void)snprintf(dir, sizeof(dir), "%s/" CONF_ALIASES_DIR, c->dir);
	check_mode(c, dir);
	n = scandir(dir, &names, conf_aliases_is_file, alphasort);
	if (n == -1)
		return; /* told by conf_aliases_read() */
	for (int i = 0; i < n; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		check_mode(c, path);
		free(names[i]);
	}
	free(names);
}

/* The default may be missing, and most often is in tests and containers. */
static void
check_system(struct conf *c)
{
	const char *path = conf_system_aliases(c);
	size_t line = conf_option_line(c, "system-aliases");
	char file[CONF_PATH_MAX];
	struct stat st;

	if (path == NULL || line == 0 || stat(path, &st) == 0)
		return;
	(void)snprintf(file, sizeof(file), "%s/postrider.conf", c->dir);
	conf_warning(&c->report, file, line,
	    "system-aliases: wanted a file of aliases, found %s: %s", path,
	    strerror(errno));
}

void
compile_files(struct conf *c)
{
	static const char *const names[] = { "", "/postrider.conf", "/domains",
		"/users", "/aliases", "/" CONF_FORWARDS, "/rewrite" };
	char path[CONF_PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", c->dir, names[i]);
		check_mode(c, path);
	}
	check_domain_files(c);
	check_system(c);
}
