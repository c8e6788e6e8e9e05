/*
 * uidl: the unique-ids of a maildrop.  In pop3-mailbox, as the mailbox owner.
 * An id must stay the same for ever and never be given to another message,
 * because clients that leave mail on the server compare nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include "pop3d/dovecot.h"
#include "pop3d/strmap.h"
#include "pop3d/uidl.h"

/*
 * Only names that no delivery program makes come here: they differ in nothing
 * but their S and W fields, or lie twice in the Maildir.
 */
static void
make_unique(struct strmap *used, const char *base, char *uidl, size_t i)
{
	for (unsigned int nth = 0; !strmap_put(used, uidl, i); nth++)
		filename_uidl_hash(base, nth, uidl);
}

static void
fill(struct maildrop *md, const struct dovecot *d, struct strmap *used)
{
	const char *base;
	char *uidl;

	for (size_t i = 0; i < md->count; i++) {
		base = md->messages[i].base;
		uidl = md->uidls[i];
		if (!dovecot_uidl(d, base, uidl))
			filename_uidl(base, uidl);
		make_unique(used, base, uidl, i);
	}
}

bool
uidl_build(struct maildrop *md)
{
	struct strmap used;
	struct dovecot d;

	if (md->uidls != NULL || md->count == 0)
		return true;
	if (!strmap_init(&used, md->count))
		return false;
	if ((md->uidls = calloc(md->count, sizeof(*md->uidls))) != NULL) {
		if (dovecot_read(&d, md->root) == DOVECOT_BROKEN) {
			maildrop_complain(md, DOVECOT_LIST,
			    "Dovecot's list of uids, version 3",
			    "something else");
			dovecot_free(&d);
		}
		fill(md, &d, &used);
		dovecot_free(&d);
	}
	strmap_free(&used);
	return md->uidls != NULL;
}
