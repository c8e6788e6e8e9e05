/*
 * header: the fields of a message header (RFC 5322 section 2.2), as text in
 * memory with LF line ends.
 */
#ifndef COMMON_HEADER_H
#define COMMON_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* A field with its folded lines; points into the header. */
struct header_field {
	const char *start; /* of the name */
	size_t len;        /* to behind its last LF */
	size_t name_len;
	const char *value; /* behind the colon */
	size_t value_len;  /* without the last LF */
};

/* Whether a line begins as "Name:"; blanks before the colon are allowed. */
bool header_is_field(const char *line, size_t n);

/*
 * The field at *p, which moves behind it; false at end.  Every line from *p
 * to end is a field or goes on one, and ends in LF.
 */
bool header_next(const char **p, const char *end, struct header_field *);

bool header_named(const struct header_field *, const char *name);

#endif
