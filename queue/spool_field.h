/*
 * spool_field: the fields of an envelope's text form, and reading them
 * back.  Part of spool_envelope; nothing else includes this.
 */
#ifndef QUEUE_SPOOL_FIELD_H
#define QUEUE_SPOOL_FIELD_H

#include "queue/spool_envelope.h"

/*
 * A string as a field: bytes outside '!'..'~', the backslash, and a lone "-"
 * become "\xx" with lower-case hex digits; the empty string is "-".
 */
void field_put(struct sbuf *, const char *);

/* All fields between state line and recipients. */
void fields_put(struct sbuf *, const struct envelope *);

struct reader {
	const char *p;
	size_t left;
};

/* Each takes what it names from the front, or is false. */
bool reader_word(struct reader *, const char *);
bool reader_byte(struct reader *, char *);
/* A field of at most bound bytes of meaning, and the byte that ends it. */
bool reader_field(struct reader *, char end, char *out, size_t bound);
bool reader_number(struct reader *, char end, uint64_t max, uint64_t *);

/* NULL, or the name of the field that was wanted. */
const char *fields_get(struct reader *, struct envelope *);

#endif
