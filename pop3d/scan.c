/*
 * scan: the list of files in new/ and cur/.  In pop3-mailbox, as the mailbox
 * owner.  Other programs deliver, rename and remove while it reads; every
 * outcome of such a race leaves numbers that stand for one message each.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/deadline.h"
#include "pop3d/mailfile.h"
#include "pop3d/scan.h"
#include "pop3d/strmap.h"

#define SCANS_FREE 16 /* rescans before they are limited to one a second */
#define COMPLAINTS_MAX 10

typedef bool (*visitor)(
    struct maildrop *, enum subdir, const char *name, void *arg);

static void
complain(const struct maildrop *md, enum subdir sub, const char *name)
{
	char path[MAILFILE_NAME_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", subdir_names[sub], name);
	maildrop_complain(md, path, "a regular file", "something else");
}

/* By its type; counts what it logs. */
static bool
is_file(const struct maildrop *md, enum subdir sub, const struct dirent *e,
    unsigned int *complaints)
{
	struct stat st;

	if (e->d_type == DT_REG)
		return true;
	if (e->d_type == DT_UNKNOWN &&
	    fstatat(md->dir[sub], e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		return true;
	if ((*complaints)++ < COMPLAINTS_MAX)
		complain(md, sub, e->d_name);
	return false;
}

static bool
visit(struct maildrop *md, enum subdir sub, visitor v, void *arg)
{
	unsigned int complaints = 0;
	struct dirent *e;
	bool ok = true;
	DIR *d;
	int fd, saved;

	/* A descriptor of its own: reading moves its position. */
	fd = openat(md->dir[sub], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return false;
	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd); /* only opened to read */
		errno = ENOMEM;
		return false;
	}
	errno = 0;
	while (ok && (e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.' && is_file(md, sub, e, &complaints))
			ok = v(md, sub, e->d_name, arg);
		if (ok)
			errno = 0;
	}
	saved = errno;
	(void)closedir(d); /* only read */
	errno = saved;
	return saved == 0;
}

/* "BASE\0INFO\0" for "BASEINFO"; NULL without memory. */
static char *
split_name(const char *name, const char **info)
{
	size_t base = filename_base_len(name), all = strlen(name);
	char *s = malloc(all + 2);

	if (s == NULL)
		return NULL;
	memcpy(s, name, base);
	s[base] = '\0';
	memcpy(s + base + 1, name + base, all - base + 1);
	*info = s + base + 1;
	return s;
}

static bool
grow(struct maildrop *md)
{
	size_t room = md->room == 0 ? 64 : md->room * 2;
	struct message *m;

	if (md->count >= MESSAGES_MAX) {
		errno = E2BIG;
		return false;
	}
	m = reallocarray(md->messages, room, sizeof(*m));
	if (m == NULL)
		return false;
	md->messages = m;
	md->room = room;
	return true;
}

static bool
add(struct maildrop *md, enum subdir sub, const char *name, void *arg)
{
	struct message *m;

	(void)arg; /* a visitor's, not needed here */
	if (md->count == md->room && !grow(md))
		return false;
	m = &md->messages[md->count];
	memset(m, 0, sizeof(*m));
	m->sub = sub;
	if ((m->base = split_name(name, &m->info)) == NULL)
		return false;
	m->size = mailfile_promised_size(m->base);
	md->count++;
	return true;
}

static int
compare(const void *pa, const void *pb)
{
	const struct message *a = pa, *b = pb;
	int r = filename_compare(a->base, b->base);

	if (r != 0)
		return r;
	if (a->sub != b->sub)
		return a->sub < b->sub ? -1 : 1;
	return strcmp(a->info, b->info);
}

/*
 * Two names with one base: the same message, renamed while we read, or two
 * files.  Decides whether a is to be dropped for b.
 */
static bool
is_superseded(struct maildrop *md, struct message *a, struct message *b)
{
	struct stat sa, sb;

	if (mailfile_stat(md, a, &sa) == -1)
		return true;
	if (mailfile_stat(md, b, &sb) == 0 &&
	    (sa.st_dev != sb.st_dev || sa.st_ino != sb.st_ino)) {
		a->twin = b->twin = true;
		return false;
	}
	/* b is gone, or a link to the same file: b takes a's place. */
	free(b->base);
	b->base = NULL;
	return false;
}

static void
drop_doubles(struct maildrop *md)
{
	struct message *m = md->messages;
	size_t kept = 0;

	for (size_t i = 1; i < md->count; i++) {
		if (strcmp(m[kept].base, m[i].base) != 0) {
			m[++kept] = m[i];
			continue;
		}
		if (is_superseded(md, &m[kept], &m[i])) {
			free(m[kept].base);
			m[kept] = m[i];
		} else if (m[i].base != NULL)
			m[++kept] = m[i];
	}
	if (md->count > 0)
		md->count = kept + 1;
}

bool
scan_first(struct maildrop *md)
{
	/*
	 * new/ first: a message that moves to cur/ meanwhile is then seen
	 * twice, not missed.
	 */
	if (!visit(md, SUB_NEW, add, NULL) || !visit(md, SUB_CUR, add, NULL))
		return false;
	if (md->count > 1)
		qsort(md->messages, md->count, sizeof(*md->messages), compare);
	drop_doubles(md);
	return true;
}

static bool
relocate(struct maildrop *md, enum subdir sub, const char *name, void *arg)
{
	const struct strmap *map = arg;
	const char *info;
	struct message *m;
	char *s;
	size_t i;

	if ((s = split_name(name, &info)) == NULL)
		return false;
	if (!strmap_get(map, s, &i)) {
		free(s); /* came later */
		return true;
	}
	m = &md->messages[i];
	m->sub = sub;
	if (strcmp(m->info, info) == 0) {
		free(s);
		return true;
	}
	/* base stays where it is: it is the map's key. */
	free(m->renamed);
	m->renamed = s;
	m->info = info;
	return true;
}

static bool
too_soon(struct maildrop *md)
{
	if (md->scans++ < SCANS_FREE || deadline_left(md->next_scan) == 0)
		return false;
	errno = EAGAIN;
	return true;
}

bool
scan_again(struct maildrop *md, bool must)
{
	struct strmap map;
	bool ok;

	if (too_soon(md) && !must)
		return false;
	if (!strmap_init(&map, md->count)) {
		errno = ENOMEM;
		return false;
	}
	for (size_t i = 0; i < md->count; i++)
		if (!md->messages[i].twin)
			/* Always new: drop_doubles() left no equal bases. */
			(void)strmap_put(&map, md->messages[i].base, i);
	ok = visit(md, SUB_NEW, relocate, &map) &&
	    visit(md, SUB_CUR, relocate, &map);
	strmap_free(&map);
	md->next_scan = deadline_in(1);
	return ok;
}
