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
static bool
make_unique(struct maildrop *md, struct strmap *used, size_t i)
{
	char uidl[UIDL_MAX + 1], *s;
	unsigned int nth = 0;
	size_t n;

	if (strmap_put(used, md->uidls[i], i))
		return true;
	if ((s = arena_get(&md->names, sizeof(uidl))) == NULL)
		return false;
	do {
		filename_uidl_hash(md->messages[i].base, nth++, uidl);
		n = strlen(uidl) + 1;
		memcpy(s, uidl, n);
	} while (!strmap_put(used, s, i));
	md->uidls[i] = s;
	return true;
}

static bool
make_all_unique(struct maildrop *md)
{
	struct strmap used;
	bool ok = true;

	if (!strmap_init(&used, md->count))
		return false;
	for (size_t i = 0; i < md->count && ok; i++)
		ok = make_unique(md, &used, i);
	strmap_free(&used);
	return ok;
}

/* The base itself, where it can be, or a string beside it. */
static const char *
uidl_of(struct maildrop *md, const struct dovecot *d, const char *base)
{
	char uidl[UIDL_MAX + 1], *s;
	size_t n;

	if (!dovecot_uidl(d, base, uidl)) {
		if (filename_is_uidl(base))
			return base;
		filename_uidl(base, uidl);
	}
	n = strlen(uidl) + 1;
	if ((s = arena_get(&md->names, n)) != NULL)
		memcpy(s, uidl, n);
	return s;
}

static bool
fill(struct maildrop *md, const struct dovecot *d)
{
	for (size_t i = 0; i < md->count; i++) {
		md->uidls[i] = uidl_of(md, d, md->messages[i].base);
		if (md->uidls[i] == NULL)
			return false;
	}
	return strmap_differ(md->uidls, md->count) || make_all_unique(md);
}

bool
uidl_build(struct maildrop *md)
{
	struct dovecot d;
	bool ok;

	if (md->uidls != NULL || md->count == 0)
		return true;
	md->uidls = calloc(md->count, sizeof(*md->uidls));
	if (md->uidls == NULL)
		return false;
	if (dovecot_read(&d, md->root) == DOVECOT_BROKEN) {
		maildrop_complain(md, DOVECOT_LIST,
		    "Dovecot's list of uids, version 3", "something else");
		dovecot_free(&d);
	}
	ok = fill(md, &d);
	dovecot_free(&d);
	if (!ok) {
		free(md->uidls);
		md->uidls = NULL;
	}
	return ok;
}
