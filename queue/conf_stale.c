/*
 * conf_stale: text files that are newer than what was compiled of them.
 *
 * In postrider(8), with the caller's rights.  Looks at times only.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/conf.h"
#include "queue/conf_aliases.h"
#include "queue/conf_forwards.h"
#include "queue/conf_relays.h"
#include "queue/conf_stale.h"

static const char *const files[] = { "postrider.conf", "domains", "users",
	"passwords", "aliases", CONF_FORWARDS, "rewrite", RELAYS_FILE };

static bool
is_newer(const char *path, const struct timespec *since)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mtim.tv_sec > since->tv_sec ||
		(st.st_mtim.tv_sec == since->tv_sec &&
		    st.st_mtim.tv_nsec > since->tv_nsec));
}

static bool
below(const char *dir, const char *name, const struct timespec *since,
    char path[CONF_PATH_MAX])
{
	return (size_t)snprintf(path, CONF_PATH_MAX, "%s/%s", dir, name) <
	    CONF_PATH_MAX &&
	    is_newer(path, since);
}

static bool
aliases_of_domains(
    const char *dir, const struct timespec *since, char path[CONF_PATH_MAX])
{
	char sub[CONF_PATH_MAX];
	const struct dirent *d;
	bool found = false;
	DIR *open;

	(void)snprintf(sub, sizeof(sub), "%s/" CONF_ALIASES_DIR, dir);
	open = opendir(sub);
	while (open != NULL && !found && (d = readdir(open)) != NULL)
		found = conf_aliases_is_file(d) &&
		    below(sub, d->d_name, since, path);
	if (open != NULL)
		(void)closedir(open); /* was only read */
	return found;
}

static bool
systems(const char *dir, const struct timespec *since, char path[CONF_PATH_MAX])
{
	const char *system;
	struct conf c;
	bool found;

	(void)conf_read_options(&c, dir); /* mistakes are told by apply */
	system = conf_system_aliases(&c);
	found = system != NULL && is_newer(system, since) &&
	    strlcpy(path, system, CONF_PATH_MAX) < CONF_PATH_MAX;
	conf_free(&c);
	return found;
}

bool
conf_stale(
    const char *dir, const struct timespec *since, char path[CONF_PATH_MAX])
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (below(dir, files[i], since, path))
			return true;
	return aliases_of_domains(dir, since, path) ||
	    systems(dir, since, path);
}
