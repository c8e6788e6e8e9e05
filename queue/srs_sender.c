/*
 * srs_sender: senders of mail that is passed on.  In queued, and in postrider
 * when it explains; reads the compiled tables.
 */
#include "common/resolve.h"
#include "queue/srs_sender.h"

/* Whether a sender's domain is another's, who may say which hosts send for it. */
static bool
is_foreign(const struct srs_place *p, const char *sender)
{
	struct resolved r;
	struct address a;

	if (address_parse(sender, &a) != ADDRESS_OK || a.domain[0] == '\0')
		return false;
	resolve_address(p->tables, &a, p->mail_name, &r);
	return r.kind == RESOLVE_FOREIGN || r.kind == RESOLVE_RELAY;
}

enum srs_sender
srs_sender(
    const struct srs_place *p, const char *sender, char out[ADDR_MAX + 1])
{
	if (!is_foreign(p, sender))
		return SRS_OURS;
	return srs_forward(p->srs, sender, p->domain, p->now, out) ? SRS_MADE
								   : SRS_KEPT;
}
