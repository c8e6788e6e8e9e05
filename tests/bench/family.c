/*
 * family: see family.h.
 *
 * In keep, which runs as root or as anybody.  Reads /proc; a process that goes
 * away while it is looked at counts as gone.
 */
#include <sys/resource.h>

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/family.h"

struct process {
	pid_t pid, parent;
	double cpu;
	bool ours;
};

static struct process all[FAMILY_MOST];

/* The fields of stat behind the name, which may hold anything; proc(5). */
static bool
look(const char *pid, struct process *p)
{
	char path[64], text[1024], *at;
	unsigned long ticks[4];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f); /* was only read */
	text[n] = '\0';
	if ((at = strrchr(text, ')')) == NULL ||
	    sscanf(at + 1,
		" %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
		&p->parent, &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 5)
		return false;
	p->pid = (pid_t)strtol(pid, NULL, 10);
	p->cpu = (double)(ticks[0] + ticks[1] + ticks[2] + ticks[3]) /
	    (double)sysconf(_SC_CLK_TCK);
	p->ours = p->parent == getpid();
	return true;
}

static bool
ours(pid_t pid, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].pid == pid)
			return all[i].ours;
	return false;
}

/* Children of ours are ours, until nobody is added any more. */
static size_t
survey(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	size_t n = 0, added;

	if (d == NULL)
		return 0;
	while (n < FAMILY_MOST && (e = readdir(d)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]) &&
		    look(e->d_name, &all[n]))
			n++;
	(void)closedir(d); /* was only read */
	do {
		added = 0;
		for (size_t i = 0; i < n; i++)
			if (!all[i].ours && ours(all[i].parent, n)) {
				all[i].ours = true;
				added++;
			}
	} while (added > 0);
	return n;
}

size_t
family_pids(pid_t *pids)
{
	size_t n = survey(), found = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].ours)
			pids[found++] = all[i].pid;
	return found;
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

double
family_cpu(void)
{
	size_t n = survey();
	struct rusage gone;
	double sum = 0;

	if (getrusage(RUSAGE_CHILDREN, &gone) == 0)
		sum = seconds(gone.ru_utime) + seconds(gone.ru_stime);
	for (size_t i = 0; i < n; i++)
		if (all[i].ours)
			sum += all[i].cpu;
	return sum;
}

static size_t
memory_of(pid_t pid)
{
	char path[64], line[256];
	size_t kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Pss: %zu kB", &kib) == 1)
			break;
	(void)fclose(f); /* was only read */
	return kib;
}

size_t
family_memory(void)
{
	size_t n = survey(), sum = 0;

	for (size_t i = 0; i < n; i++)
		if (all[i].ours)
			sum += memory_of(all[i].pid);
	return sum;
}
