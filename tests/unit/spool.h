/*
 * spool: files of a spool, for the tests of what reads them.
 */
#ifndef TESTS_UNIT_SPOOL_H
#define TESTS_UNIT_SPOOL_H

#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/trailer.h"
#include "queue/spool_envelope.h"

#define SPOOL_ID "1k0tw8hh3ydynhahmyda"
#define SPOOL_CONTENT "Subject: x\n\nbody\n"

/* An envelope with two recipients. */
static inline void
spool_envelope(struct envelope *e, const char *id)
{
	env_init(e);
	strlcpy(e->id, id, sizeof(e->id));
	e->arrival = 1795326681321421;
	strlcpy(e->sender, "alice@example.org", sizeof(e->sender));
	assert_true(env_add(e, "bob@example.org", "", 0));
	assert_true(env_add(e, "carol@example.org", "", 0));
}

/* Appends a whole file: envelope, content, trailer. */
static inline void
spool_text(struct envelope *e, const char *content, struct sbuf *out)
{
	struct trailer t = { .size = strlen(content) };
	char trailer[TRAILER_LEN];

	assert_true(env_format(e, out));
	t.envcrc = e->crc;
	t.crc = crc32c(0, content, t.size);
	for (const char *p = content; *p != '\0'; p++)
		t.lines += *p == '\n';
	trailer_format(&t, trailer);
	sbuf_puts(out, content);
	sbuf_put(out, trailer, TRAILER_LEN);
	assert_true(sbuf_ok(out));
}

#endif
