/*
 * trailer: the end of a spool file.  Library code: written by the sessions
 * that write content, judged by queued.
 */
#include <string.h>

#include "common/crc32c.h"
#include "common/num.h"
#include "common/trailer.h"

static const char magic[] = "\nPostrider-End: 1 ";

#define MAGIC_LEN (sizeof(magic) - 1)

/* Where the numbers are; a blank stands between two of them. */
#define SIZE_AT MAGIC_LEN
#define LINES_AT (SIZE_AT + 17)
#define ENVCRC_AT (LINES_AT + 17)
#define CRC_AT (ENVCRC_AT + 9)
#define CHECK_AT (CRC_AT + 9)

_Static_assert(CHECK_AT + 9 == TRAILER_LEN, "a line of that length");

void
trailer_format(const struct trailer *t, char buf[TRAILER_LEN])
{
	memset(buf, ' ', TRAILER_LEN);
	memcpy(buf, magic, MAGIC_LEN);
	num_put_hex(buf + SIZE_AT, 16, t->size);
	num_put_hex(buf + LINES_AT, 16, t->lines);
	num_put_hex(buf + ENVCRC_AT, 8, t->envcrc);
	num_put_hex(buf + CRC_AT, 8, t->crc);
	num_put_hex(buf + CHECK_AT, 8, crc32c(0, buf, CHECK_AT));
	buf[TRAILER_LEN - 1] = '\n';
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

	if (!num_parse_hex(buf + SIZE_AT, 16, &t->size) ||
	    !num_parse_hex(buf + LINES_AT, 16, &t->lines) ||
	    !num_parse_hex(buf + ENVCRC_AT, 8, &envcrc) ||
	    !num_parse_hex(buf + CRC_AT, 8, &crc))
		return resembles(buf);
	t->envcrc = (uint32_t)envcrc;
	t->crc = (uint32_t)crc;
	/* One spelling only: whatever differs from it has been changed. */
	trailer_format(t, again);
	if (memcmp(buf, again, TRAILER_LEN) != 0)
		return resembles(buf);
	return TRAILER_VALID;
}
