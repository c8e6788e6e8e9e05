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

#include "queue/conf_lines.h"

void
conf_lines_open(struct conf_lines *l, const char *dir, const char *name,
    struct conf_report *report)
{
	struct stat st;
	int fd;

	memset(l, 0, sizeof(*l));
	sbuf_init(&l->text, CONF_LINE_MAX);
	l->report = report;
	(void)snprintf(l->path, sizeof(l->path), "%s/%s", dir, name);
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

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without comment, line end and the blanks in front of them. */
static size_t
useful_length(const char *s, size_t n, bool whole)
{
	size_t first = strspn(s, " \t");

	for (size_t i = 0; i < n; i++)
		if (s[i] == '#' &&
		    (i == first || (!whole && is_blank(s[i - 1]))))
			n = i;
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
	len = useful_length(l->raw, (size_t)n, l->whole);
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
			    "wanted at most %d bytes in a line", CONF_LINE_MAX);
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
