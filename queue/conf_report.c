/*
 * conf_report: every mistake of the text configuration.
 *
 * In postrider(8), with the administrator's rights.  Only gathers words.
 */
#include <stdarg.h>
#include <stdio.h>

#include "queue/conf_report.h"

#define LINE_MAX_BYTES 1000

void
conf_report_init(struct conf_report *r)
{
	sbuf_init(&r->text, REPORT_MAX);
	sbuf_init(&r->grave, REPORT_MAX);
	r->mistakes = r->warnings = 0;
	r->lenient = false;
}

void
conf_report_free(struct conf_report *r)
{
	sbuf_free(&r->text);
	sbuf_free(&r->grave);
}

static void
put(struct sbuf *b, const char *line)
{
	if (b->max - b->len > LINE_MAX_BYTES + 1) {
		sbuf_puts(b, line);
		sbuf_putc(b, '\n');
	}
}

static void
note(struct conf_report *r, const char *path, size_t line, const char *kind,
    const char *what)
{
	char text[LINE_MAX_BYTES], at[24] = "";
	int n;

	if (line != 0)
		(void)snprintf(at, sizeof(at), ":%zu", line);
	n = snprintf(text, sizeof(text), "%s%s: %s%s", path, at, kind, what);
	for (int i = 0; i < n && text[i] != '\0'; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 127)
			text[i] = '?';
	put(&r->text, text);
	if (*kind == '\0')
		put(&r->grave, text);
}

void
conf_mistake(
    struct conf_report *r, const char *path, size_t line, const char *fmt, ...)
{
	char what[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (r->lenient) {
		r->warnings++;
		note(r, path, line, "warning: ", what);
		return;
	}
	r->mistakes++;
	note(r, path, line, "", what);
}

void
conf_warning(
    struct conf_report *r, const char *path, size_t line, const char *fmt, ...)
{
	char what[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	r->warnings++;
	note(r, path, line, "warning: ", what);
}

void
conf_report_print(const struct conf_report *r, bool warnings)
{
	const struct sbuf *b = warnings ? &r->text : &r->grave;

	/* stderr is the last resort: nobody to tell when it is closed. */
	(void)fputs(sbuf_str(b), stderr);
	if (!sbuf_ok(b) || b->max - b->len <= LINE_MAX_BYTES + 1)
		(void)fputs("(more mistakes than can be shown)\n", stderr);
}
