/*
 * trailer: the end of a spool file.  Library code: written by the sessions
 * that write content, judged by queued.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/crc32c.h"
#include "common/num.h"
#include "common/trailer.h"

static const char magic[] = "\nPostrider-End: 1 ";

#define MAGIC_LEN (sizeof(magic) - 1)
#define CHECK_AT (TRAILER_LEN - 9) /* "cccccccc\n" */

void
trailer_format(const struct trailer *t, char buf[TRAILER_LEN])
{
	char s[TRAILER_LEN + 32];

	(void)snprintf(s, sizeof(s),
	    "%s%016" PRIx64 " %016" PRIx64 " %08" PRIx32 " %08" PRIx32 " ",
	    magic, t->size, t->lines, t->envcrc, t->crc);
	(void)snprintf(
	    s + CHECK_AT, 10, "%08" PRIx32 "\n", crc32c(0, s, CHECK_AT));
	memcpy(buf, s, TRAILER_LEN);
}

/* Whether most of the magic is there: then it was a trailer once. */
static enum trailer_state
resembles(const char *buf)
{
	size_t same = 0;

	for (size_t i = 0; i < MAGIC_LEN; i++)
		same += buf[i] == magic[i];
	return same * 3 >= MAGIC_LEN * 2 ? TRAILER_DAMAGED : TRAILER_ABSENT;
}

enum trailer_state
trailer_parse(const char buf[TRAILER_LEN], struct trailer *t)
{
	char again[TRAILER_LEN];
	uint64_t envcrc, crc;

	if (!num_parse_hex(buf + 18, 16, &t->size) ||
	    !num_parse_hex(buf + 35, 16, &t->lines) ||
	    !num_parse_hex(buf + 52, 8, &envcrc) ||
	    !num_parse_hex(buf + 61, 8, &crc))
		return resembles(buf);
	t->envcrc = (uint32_t)envcrc;
	t->crc = (uint32_t)crc;
	/* One spelling only: whatever differs from it has been changed. */
	trailer_format(t, again);
	if (memcmp(buf, again, TRAILER_LEN) != 0)
		return resembles(buf);
	return TRAILER_VALID;
}
