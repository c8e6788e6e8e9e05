/*
 * content_head: what stands above a message, and what is said of damage.
 *
 * Part of local and pipe, which run as the owner of what they write to.
 * Addresses are strangers': they are no more than the value of their field.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "common/msg_job.h"
#include "common/text.h"
#include "delivery/content_head.h"

size_t
content_head(const char *sender, const char *rcpt, bool delivered,
    char head[CONTENT_HEAD], struct failure *f)
{
	int n = snprintf(head, CONTENT_HEAD, "Return-Path: <%s>\n%s%s%s",
	    sender, delivered ? "Delivered-To: " : "", delivered ? rcpt : "",
	    delivered ? "\n" : "");

	if (n < CONTENT_HEAD && !text_has_control(sender) &&
	    !text_has_control(rcpt))
		return (size_t)n;
	(void)failure_found(f, "an address cannot be written into the header",
	    "envelope", "printable", "controls");
	return 0;
}

void
content_failed(struct failure *f, enum content_result result, const char *path)
{
	if (result == CONTENT_DAMAGED)
		(void)diag_set(
		    &f->diag, JOB_DAMAGED, "the queued message is damaged");
	else if (result == CONTENT_UNFIT)
		(void)diag_set(&f->diag, "5.6.3",
		    "the message is binary, and cannot be made text");
	else
		(void)failure_errno(f, path, "content", errno);
}

void
content_log_damaged(const struct content *c, const char *id)
{
	char wanted[9], found[9];

	(void)snprintf(wanted, sizeof(wanted), "%08" PRIx32, c->crc);
	(void)snprintf(found, sizeof(found), "%08" PRIx32, c->got_crc);
	log_error(id, "damaged=content size=%ju wanted=%s found=%s",
	    (uintmax_t)c->size, wanted, found);
}
