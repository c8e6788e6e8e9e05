/*
 * conf_lines: the lines of a text file that say something.
 *
 * In postrider(8), with the administrator's rights.  Reads one file.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/conf_lines.h"

static void
open_path(struct conf_lines *l)
{
	struct conf_report *report = l->report;
	struct stat st;
	int fd;

	fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1) {
		if (errno != ENOENT)
			conf_mistake(report, l->path, 0,
			    "wanted a readable file, found: %s",
			    strerror(errno));
		return;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    (l->file = fdopen(fd, "r")) == NULL) {
		conf_mistake(report, l->path, 0,
		    "wanted a regular file, found something else");
		(void)close(fd); /* was not read */
	}
}

void
conf_lines_open(struct conf_lines *l, const char *dir, const char *name,
    struct conf_report *report)
{
	memset(l, 0, sizeof(*l));
	sbuf_init(&l->text, CONF_LINE_MAX);
	l->report = report;
	(void)snprintf(l->path, sizeof(l->path), "%s/%s", dir, name);
	open_path(l);
}

void
conf_lines_open_list(
    struct conf_lines *l, const char *path, struct conf_report *report)
{
	memset(l, 0, sizeof(*l));
	sbuf_init(&l->text, CONF_LIST_MAX);
	l->joins = true;
	l->report = report;
	strlcpy(l->path, path, sizeof(l->path)); /* a longer one is not there */
	open_path(l);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where a comment begins; n: there is none. */
static size_t
find_comment(const struct conf_lines *l, const char *s, size_t n)
{
	size_t first = strspn(s, " \t");
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (l->joins && s[i] == '"')
			quoted = !quoted;
		else if (quoted && s[i] == '\\' && i + 1 < n)
			i++;
		else if (s[i] == '#' && !quoted &&
		    (i == first || (!l->whole && is_blank(s[i - 1]))))
			return i;
	}
	return n;
}

/* Without comment, line end and the blanks in front of them. */
static size_t
useful_length(const struct conf_lines *l, const char *s, size_t n)
{
	n = find_comment(l, s, n);
	while (n > 0 &&
	    (is_blank(s[n - 1]) || s[n - 1] == '\n' || s[n - 1] == '\r'))
		n--;
	return n;
}

/* One physical line appended to the text; false at the end of the file. */
static bool
read_line(struct conf_lines *l)
{
	ssize_t n = getline(&l->raw, &l->raw_size, l->file);
	size_t len;

	if (n <= 0) {
		if (ferror(l->file))
			conf_mistake(l->report, l->path, l->line,
			    "cannot be read on: %s", strerror(errno));
		return false;
	}
	l->line++;
	if (memchr(l->raw, '\0', (size_t)n) != NULL) {
		conf_mistake(l->report, l->path, l->line,
		    "wanted text, found a NUL byte");
		return true;
	}
	len = useful_length(l, l->raw, (size_t)n);
	if (len == 0)
		return true;
	if (l->text.len == 0)
		l->start = l->line;
	sbuf_put(&l->text, l->raw, len);
	return true;
}

static bool
goes_on(struct conf_lines *l)
{
	int c;

	if (!l->joins || (c = getc(l->file)) == EOF)
		return false;
	(void)ungetc(c, l->file); /* one byte always fits */
	return c == ' ' || c == '\t';
}

char *
conf_lines_next(struct conf_lines *l)
{
	bool more = l->file != NULL;

	while (more) {
		sbuf_clear(&l->text);
		more = read_line(l);
		while (more && goes_on(l))
			more = read_line(l);
		if (!sbuf_ok(&l->text))
			conf_mistake(l->report, l->path, l->line,
			    "wanted at most %zu bytes in a line", l->text.max);
		else if (l->text.len > 0)
			return l->text.s + strspn(l->text.s, " \t");
	}
	return NULL;
}

void
conf_lines_close(struct conf_lines *l)
{
	if (l->file != NULL)
		(void)fclose(l->file); /* was only read */
	if (l->raw != NULL)
		explicit_bzero(l->raw, l->raw_size); /* may hold verifiers */
	if (l->text.s != NULL)
		explicit_bzero(l->text.s, l->text.size);
	free(l->raw);
	sbuf_free(&l->text);
	l->file = NULL;
	l->raw = NULL;
}

char *
conf_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	size_t n = strcspn(word, " \t");

	if (n == 0)
		return NULL;
	*rest = word + n;
	if (**rest != '\0') {
		*(*rest)++ = '\0';
		*rest += strspn(*rest, " \t");
	}
	return word;
}
