/*
 * recipients: lists of recipients as text, for the tests of what makes them.
 */
#ifndef TESTS_UNIT_RECIPIENTS_H
#define TESTS_UNIT_RECIPIENTS_H

#include "tests/unit/cdb.h"

#include "queue/spool_envelope.h"

/*
 * Adds "addr addr", by being the byte between them, or "via:addr" with "_" for
 * blanks of the way.
 */
static inline void
add_words(struct envelope *e, const char *words, char by)
{
	char one[100], *via;
	size_t n;

	for (; *words != '\0'; words += n + (words[n] == by)) {
		n = strcspn(words, (char[]){ by, '\0' });
		memcpy(one, words, n);
		one[n] = '\0';
		via = strchr(one, ':');
		if (via != NULL)
			*via++ = '\0';
		for (char *p = one; via != NULL && *p != '\0'; p++)
			if (*p == '_')
				*p = ' ';
		assert_true(env_add_via(
		    e, via != NULL ? via : one, "", 0, via != NULL ? one : ""));
	}
}

#endif
