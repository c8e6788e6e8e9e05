/*
 * cgroup: see cgroup.h.
 *
 * In keep.  Only root may usually make a group; the figures are better than
 * those of family_cpu(): finer, and nobody is missed who was not waited for.
 */
#include <sys/stat.h>

#include <bsd/string.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/cgroup.h"

static char group[PATH_MAX];
static bool second; /* version 2 */

/* Where a hierarchy is mounted: that of cpuacct before the unified one. */
static bool
find_mount(char *path, size_t size)
{
	char line[1024], at[512], type[64], options[256];
	FILE *f = fopen("/proc/self/mounts", "re");
	bool found = false;

	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*s %511s %63s %255s", at, type, options) !=
		    3)
			continue;
		if (strcmp(type, "cgroup") == 0 &&
		    strstr(options, "cpuacct") != NULL)
			second = false;
		else if (strcmp(type, "cgroup2") == 0 && !found)
			second = true;
		else
			continue;
		found = true;
		(void)strlcpy(path, at, size); /* a cut one is not there */
		if (!second)
			break;
	}
	(void)fclose(f); /* was only read */
	return found;
}

bool
cgroup_make(const char *name)
{
	char at[512];
	size_t n;

	if (!find_mount(at, sizeof(at)))
		return false;
	n = (size_t)snprintf(group, sizeof(group), "%s/", at);
	for (; *name != '\0' && n < sizeof(group) - 1; name++)
		group[n++] = *name == '/' ? '-' : *name;
	group[n] = '\0';
	if (mkdir(group, 0755) == 0)
		return true;
	group[0] = '\0';
	return false;
}

static FILE *
open_file(const char *name, const char *mode)
{
	char path[PATH_MAX + 64];

	if (group[0] == '\0')
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/%s", group, name);
	return fopen(path, mode);
}

bool
cgroup_enter(void)
{
	FILE *f = open_file("cgroup.procs", "we");
	bool said = f != NULL && fputs("0", f) != EOF;

	return f != NULL && fclose(f) == 0 && said;
}

double
cgroup_cpu(void)
{
	unsigned long long used = 0;
	FILE *f = open_file(second ? "cpu.stat" : "cpuacct.usage", "re");
	bool good;

	if (f == NULL)
		return -1;
	good = fscanf(f, second ? "usage_usec %llu" : "%llu", &used) == 1;
	(void)fclose(f); /* was only read */
	if (!good)
		return -1;
	return (double)used / (second ? 1e6 : 1e9);
}

void
cgroup_remove(void)
{
	/* The last member may be on its way out. */
	for (int i = 0; group[0] != '\0' && i < 20; i++) {
		if (rmdir(group) == 0)
			break;
		(void)usleep(50000); /* any wait will do */
	}
}
