/*
 * expand_owner: who is told of mail that an alias could not be delivered with.
 * In queued; reads the compiled tables.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/expand_owner.h"

/* NAME without its domain, and the domain; false where nobody gave a name. */
static bool
find_name(const struct resolved *r, struct address *a)
{
	struct address whole;

	/* "" is a role's, "@domain" whoever's that is not found. */
	if (r->name[0] == '\0' || r->name[0] == '@' ||
	    address_parse(r->name, a) != ADDRESS_OK ||
	    address_parse(r->address, &whole) != ADDRESS_OK)
		return false;
	(void)strlcpy(a->domain, whole.domain, sizeof(a->domain));
	return true;
}

enum owner
expand_owner(
    const struct expander *x, const struct resolved *r, char out[ADDR_MAX + 1])
{
	struct resolved found;
	struct address a, owner;

	if (!find_name(r, &a))
		return OWNER_NONE;
	owner = a;
	if ((size_t)snprintf(owner.local, sizeof(owner.local), "owner-%s",
		a.local) >= sizeof(owner.local))
		return OWNER_NONE;
	resolve_address(x->tables, &owner, x->mail_name, &found);
	if (found.kind == RESOLVE_BROKEN)
		return OWNER_BROKEN;
	if ((found.kind != RESOLVE_ALIAS && found.kind != RESOLVE_VIRTUAL) ||
	    found.tag[0] != '\0' || found.name[0] == '@' ||
	    (out != NULL && !address_key(&owner, out, ADDR_MAX + 1)))
		return OWNER_NONE;
	return OWNER_IS;
}
