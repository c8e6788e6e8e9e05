/*
 * conf_sources: the lines "lookup KIND SOURCE..." of postrider.conf.
 *
 * In postrider(8), with the administrator's rights.  Opens the files that are
 * named, to see whether they are what they should be, and connects to the
 * servers, to which nothing is said.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/cdb_open.h"
#include "common/map_address.h"
#include "common/near.h"
#include "queue/conf_inline.h"
#include "queue/conf_sources.h"

#define TABLES 256      /* of hashes in a CDB file */
#define REACH_WAIT 1000 /* ms for a server to accept */

/* clang-format off */
static const struct kind {
	const char *word;
	enum tables_space space;
} kinds[] = {
	{ "domains",		TABLES_DOMAIN },
	{ "users",		TABLES_ACCOUNT },
	{ "aliases",		TABLES_ALIAS },
	{ "forwards",		TABLES_FORWARD },
	{ "limits",		TABLES_LIMITS },
	{ "recipients",		TABLES_RECIPIENT },
	{ "rewrite",		TABLES_REWRITE },
	{ "routes",		TABLES_ROUTE },
	{ "sender-routes",	TABLES_SENDER_ROUTE },
};
/* clang-format on */

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

void
conf_lookup(struct conf *c, const struct conf_lines *l, char *rest)
{
	struct conf_entry *e;
	char key[24];
	bool added;

	(void)snprintf(key, sizeof(key), "%020zu", l->start); /* in order */
	e = conf_map_add(&c->lookups, key, rest, l->start, &added);
	if (e == NULL)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else
		e->path = conf_file(c, l->path);
}

static const struct kind *
find_kind(struct conf *c, const struct conf_lines *l, const char *word)
{
	struct near n;

	near_init(&n, word);
	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
		near_offer(&n, kinds[i].word);
	}
	conf_mistake(&c->report, l->path, l->start,
	    "lookup: wanted domains, users, aliases, forwards, limits, "
	    "recipients, rewrite, routes or sender-routes, found \"%s\"%s%s",
	    word, n.best != NULL ? "; nearest: " : "",
	    n.best != NULL ? n.best : "");
	return NULL;
}

/* At the start 256 times a place in the file and a number of 8 bytes there. */
static bool
has_tables(int fd, off_t size)
{
	uint32_t pairs[2 * TABLES], at, n;

	if (pread(fd, pairs, sizeof(pairs), 0) != sizeof(pairs))
		return false;
	for (size_t i = 0; i < 2 * TABLES; i += 2) {
		at = le32toh(pairs[i]);
		n = le32toh(pairs[i + 1]);
		if (at < sizeof(pairs) || (off_t)at + (off_t)n * 8 > size)
			return false;
	}
	return true;
}

/* Almost any file passes for one until it is read. */
static bool
is_whole(struct cdb *cdb, int fd, off_t size)
{
	unsigned int pos;
	int r;

	if (!has_tables(fd, size))
		return false;
	cdb_seqinit(&pos, cdb);
	do {
		r = cdb_seqnext(&pos, cdb);
	} while (r > 0);
	return r == 0;
}

/* Whoever the programs run as must be able to read it, too. */
static void
check_cdb(struct conf *c, const struct conf_lines *l, const char *path)
{
	struct cdb_fault fault;
	struct stat st;
	struct cdb cdb;
	int fd;

	if ((fd = cdb_open(&cdb, path, false, &fault)) == -1) {
		conf_mistake(&c->report, l->path, l->start,
		    "lookup: %s: wanted %s, found: %s", path, fault.wanted,
		    fault.found);
		return;
	}
	if (fstat(fd, &st) == -1 || !is_whole(&cdb, fd, st.st_size))
		conf_mistake(&c->report, l->path, l->start,
		    "lookup: %s: wanted a CDB file, found something else or a "
		    "damaged one",
		    path);
	else if (!conf_user_mode(c) && (st.st_mode & S_IROTH) == 0)
		conf_warning(&c->report, l->path, l->start,
		    "lookup: %s: wanted readable for all users of the suite, "
		    "found mode 0%o",
		    path, (unsigned int)st.st_mode & 07777);
	cdb_free(&cdb);
	(void)close(fd); /* was only read */
}

/* Whether the text is among the lines, and how many these are. */
static bool
is_listed(const char *lines, const char *text, size_t *n)
{
	size_t len = strlen(text), one;
	bool found = false;

	for (*n = 0; *lines != '\0'; (*n)++) {
		one = strcspn(lines, "\n");
		found |= one == len && strncmp(lines, text, len) == 0;
		lines += one + (lines[one] == '\n');
	}
	return found;
}

static void
append(struct conf *c, const struct conf_lines *l, const struct kind *kind,
    const char *text)
{
	const char key[2] = { (char)kind->space, '\0' };
	char all[CONF_SOURCES_MOST * (MAP_SOURCE_MAX + 1)];
	struct conf_entry *e;
	bool added;
	size_t n;

	e = conf_map_add(&c->sources, key, text, l->start, &added);
	if (e != NULL && added)
		return;
	if (e == NULL) {
		conf_mistake(&c->report, l->path, l->start, "out of memory");
		return;
	}
	if (is_listed(e->value, text, &n) || n == CONF_SOURCES_MOST) {
		conf_mistake(&c->report, l->path, l->start,
		    "lookup %s: wanted at most %d sources, each once, found "
		    "\"%s\" beside them",
		    kind->word, CONF_SOURCES_MOST, text);
		return;
	}
	(void)snprintf(all, sizeof(all), "%s\n%s", e->value, text);
	if (!conf_map_set(e, all, e->line))
		conf_mistake(&c->report, l->path, l->start, "out of memory");
}

static void
add_source(struct conf *c, const struct conf_lines *l, const struct kind *kind,
    const char *text)
{
	struct map_source s;
	const char *wanted;

	if (!map_source_parse(text, &s, &wanted)) {
		conf_mistake(&c->report, l->path, l->start,
		    "lookup %s: wanted %s, found \"%s\"", kind->word, wanted,
		    text);
		return;
	}
	if (s.kind == MAP_CDB)
		check_cdb(c, l, s.place);
	append(c, l, kind, text);
}

static void
read_line(struct conf *c, const struct conf_lines *l, char *rest)
{
	const struct kind *kind;
	const char *word = conf_word(&rest);

	if (word == NULL || *rest == '\0') {
		conf_mistake(&c->report, l->path, l->start,
		    "wanted: lookup KIND SOURCE...");
		return;
	}
	if ((kind = find_kind(c, l, word)) == NULL)
		return;
	while (*rest != '\0')
		if (strncmp(rest, CONF_INLINE, strlen(CONF_INLINE)) == 0) {
			if (!conf_inline(c, l, kind->space, kind->word, &rest))
				return;
			rest += strspn(rest, " \t");
		} else
			add_source(c, l, kind, conf_word(&rest));
}

static bool
read_entry(const struct conf_entry *e, void *arg)
{
	struct conf *c = arg;
	struct conf_lines l;
	char *line = strdup(e->value);

	memset(&l, 0, sizeof(l));
	l.start = e->line;
	(void)strlcpy(l.path, e->path != NULL ? e->path : "", sizeof(l.path));
	if (line == NULL)
		conf_mistake(&c->report, l.path, l.start, "out of memory");
	else
		read_line(c, &l, line);
	free(line);
	return true;
}

void
conf_sources_read(struct conf *c)
{
	(void)conf_map_each(&c->lookups, read_entry, c); /* all of it */
}

void
conf_sources_check(struct conf *c)
{
	char path[CONF_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	conf_inline_check(c, path);
}

bool
conf_sources_has(const struct conf *c, enum tables_space space)
{
	const char key[2] = { (char)space, '\0' };

	return conf_map_get(&c->sources, key) != NULL;
}

/* NULL, or why nobody answers there; nothing is said. */
static const char *
try(const struct sockaddr *to, socklen_t len)
{
	int fd = socket(
	    to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;

	if (fd == -1 || (connect(fd, to, len) == -1 && errno != EINPROGRESS))
		error = errno;
	else if (poll(&p, 1, REACH_WAIT) != 1)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		error = errno;
	if (fd != -1)
		(void)close(fd); /* nothing was said */
	return error == 0 ? NULL : strerror(error);
}

static const char *
try_name(const struct map_source *s)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *why = "no address";
	struct addrinfo *all, *a;
	char port[8];
	int r;

	(void)snprintf(port, sizeof(port), "%u", (unsigned int)s->port);
	if ((r = getaddrinfo(s->place, port, &hints, &all)) != 0)
		return gai_strerror(r);
	for (a = all; a != NULL && why != NULL; a = a->ai_next)
		why = try(a->ai_addr, a->ai_addrlen);
	freeaddrinfo(all);
	return why;
}

static void
reach_one(struct conf *c, const char *text, size_t line)
{
	struct map_address to;
	struct map_source s;
	char path[CONF_PATH_MAX];
	const char *why, *wanted;

	if (!map_source_parse(text, &s, &wanted) || s.kind == MAP_CDB)
		return;
	if (map_address_of(&s, &to))
		why = try((const void *)&to.to, to.len);
	else
		why = try_name(&s);
	if (why == NULL)
		return;
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	conf_warning(&c->report, path, line,
	    "lookup: %s cannot be reached: %s; mail that needs it will have to "
	    "wait",
	    text, why);
}

static bool
reach(const struct conf_entry *e, void *arg)
{
	char *all = strdup(e->value), *next = all, *text;

	while (all != NULL && (text = strsep(&next, "\n")) != NULL)
		reach_one(arg, text, e->line);
	free(all);
	return true;
}

void
conf_sources_reach(struct conf *c)
{
	(void)conf_map_each(&c->sources, reach, c); /* all of it */
}
