/*
 * report_make: what is chosen anew for each report.  In bounce, as postrider,
 * and in sendmail(8), with the rights of the owner of a refused message.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/report_make.h"

static void
random_hex(char *out, size_t size)
{
	uint8_t byte;

	for (size_t i = 0; i + 2 < size; i += 2) {
		arc4random_buf(&byte, 1);
		(void)snprintf(out + i, size - i, "%02x", byte);
	}
}

/* A line that no original can hold: by chance, and made sure of. */
static void
choose_boundary(struct report *r, const struct original *o)
{
	char hex[33];

	do {
		random_hex(hex, sizeof(hex));
		(void)snprintf(
		    r->boundary, sizeof(r->boundary), "=_report_%s", hex);
	} while (original_has(o, r->boundary));
}

/*
 * What is returned, and how.  RFC 3461 section 4.3: RET is about failures, and
 * other reports have the header.  A header of SMTPUTF8 goes as it is to somebody
 * whose address is of that kind; others may have servers that do not know it
 * (RFC 6533 section 4.5).
 */
static bool
choose_part(struct report *r, struct original *o)
{
	bool odd = original_header_8bit(o);
	bool global = odd && (r->msg->flags & INTAKE_UTF8);

	if (o->full && odd && !(global && r->utf8))
		original_only_header(o);
	original_message_id(o, r->about, sizeof(r->about));
	r->part = o->full ? REPORT_WHOLE : REPORT_HEADER;
	if (o->damaged)
		r->part = REPORT_NOTHING;
	r->part_8bit = o->eight_bit;
	r->part_global = global;
	if (r->part == REPORT_HEADER &&
	    (o->odd || (o->eight_bit && !(global && r->utf8)))) {
		r->part_quoted = true;
		return original_quote(o);
	}
	return true;
}

bool
report_prepare(struct report *r, struct original *o)
{
	if (!choose_part(r, o))
		return false;
	random_hex(r->id, sizeof(r->id) - 14);
	choose_boundary(r, o);
	return true;
}
