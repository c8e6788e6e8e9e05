/*
 * outcome: the three-way answer of everything that handles mail.  Library
 * code in every program; no rights, no I/O.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/outcome.h"

enum outcome
diag_set(struct diag *d, const char *dsn, const char *fmt, ...)
{
	va_list ap;

	if (d->outcome != OUT_OK)
		return d->outcome;
	d->outcome = dsn[0] == '5' ? OUT_PERM : OUT_TEMP;
	strlcpy(d->dsn, dsn, sizeof(d->dsn));
	va_start(ap, fmt);
	(void)vsnprintf(d->text, sizeof(d->text), fmt, ap);
	va_end(ap);
	for (char *p = d->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return d->outcome;
}

/* One to three digits; moves past them. */
static bool
number(const char **s)
{
	size_t n = strspn(*s, "0123456789");

	*s += n;
	return n >= 1 && n <= 3;
}

bool
dsn_valid(const char *s)
{
	if ((s[0] != '2' && s[0] != '4' && s[0] != '5') || s[1] != '.')
		return false;
	s += 2;
	return number(&s) && *s++ == '.' && number(&s) && *s == '\0';
}
