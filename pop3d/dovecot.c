/*
 * dovecot: the names that Dovecot gave to messages.  In pop3-mailbox, as the
 * mailbox owner; reads one file that any program of the user may have written
 * and believes it only when all of it makes sense.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"
#include "pop3d/dovecot.h"

static bool
parse_u32(const char *s, uint32_t *v)
{
	uint64_t n;

	if (!num_parse(s, UINT32_MAX, &n) || n == 0)
		return false;
	*v = (uint32_t)n;
	return true;
}

static bool
parse_header(struct dovecot *d, char *line)
{
	char *word = strsep(&line, " ");

	if (strcmp(word, "3") != 0)
		return false;
	while ((word = strsep(&line, " ")) != NULL)
		if (*word == 'V')
			return parse_u32(word + 1, &d->validity);
	return false;
}

static bool
parse_entry(struct dovecot *d, char *line)
{
	struct dovecot_entry *e = &d->entries[d->count];
	char *word = strsep(&line, " ");

	e->uidl = NULL;
	if (!parse_u32(word, &e->uid) || (d->count > 0 && e->uid <= e[-1].uid))
		return false;
	while (line != NULL && *line != ':') {
		word = strsep(&line, " ");
		if (*word == 'P' && filename_uidl_valid(word + 1))
			e->uidl = word + 1;
	}
	if (line == NULL)
		return false;
	line++; /* the colon */
	line[filename_base_len(line)] = '\0';
	if (*line == '\0')
		return false;
	/* A name listed twice keeps its first uid. */
	(void)strmap_put(&d->names, line, d->count++);
	return true;
}

static size_t
count_lines(const char *s, size_t n)
{
	const char *end = s + n;
	size_t lines = 0;

	while ((s = memchr(s, '\n', (size_t)(end - s))) != NULL) {
		lines++;
		s++;
	}
	return lines;
}

enum dovecot_result
dovecot_parse(struct dovecot *d, char *text, size_t n)
{
	size_t lines = count_lines(text, n);
	char *line, *next = text;

	memset(d, 0, sizeof(*d));
	d->text = text;
	if (lines == 0 || memchr(text, '\0', n) != NULL)
		return DOVECOT_BROKEN;
	if ((d->entries = calloc(lines, sizeof(*d->entries))) == NULL ||
	    !strmap_init(&d->names, lines))
		return DOVECOT_BROKEN;
	for (size_t i = 0; i < lines; i++) {
		line = strsep(&next, "\n");
		if (!(i == 0 ? parse_header(d, line) : parse_entry(d, line)))
			return DOVECOT_BROKEN;
	}
	return DOVECOT_READ;
}

static enum dovecot_result
read_all(struct dovecot *d, int fd)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > DOVECOT_LIST_MAX)
		return DOVECOT_BROKEN;
	if ((text = malloc((size_t)st.st_size + 1)) == NULL)
		return DOVECOT_BROKEN;
	if (fd_preadall(fd, text, (size_t)st.st_size, 0) == -1) {
		free(text);
		return DOVECOT_BROKEN;
	}
	text[st.st_size] = '\0';
	return dovecot_parse(d, text, (size_t)st.st_size);
}

enum dovecot_result
dovecot_read(struct dovecot *d, int maildir)
{
	enum dovecot_result r;
	struct stat st;
	int fd;

	memset(d, 0, sizeof(*d));
	if (fstatat(maildir, DOVECOT_LIST, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return DOVECOT_NONE;
	fd = openat(maildir, DOVECOT_LIST,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return DOVECOT_BROKEN;
	r = read_all(d, fd);
	(void)close(fd); /* nothing was written through it */
	return r;
}

void
dovecot_free(struct dovecot *d)
{
	strmap_free(&d->names);
	free(d->entries);
	free(d->text);
	memset(d, 0, sizeof(*d));
}

static char *
put_hex(char *p, uint32_t v)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[v >> shift & 0xf];
	return p;
}

bool
dovecot_uidl(const struct dovecot *d, const char *base, char uidl[UIDL_MAX + 1])
{
	const struct dovecot_entry *e;
	size_t i;

	if (d->names.slots == NULL || !strmap_get(&d->names, base, &i))
		return false;
	e = &d->entries[i];
	if (e->uidl != NULL)
		(void)snprintf(uidl, UIDL_MAX + 1, "%s", e->uidl);
	else
		*put_hex(put_hex(uidl, e->uid), d->validity) = '\0';
	return true;
}
