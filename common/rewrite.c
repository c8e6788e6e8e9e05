/*
 * rewrite: addresses that are replaced by others.  Library code in smtpd and
 * the tools; reads the compiled tables.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/msg.h"
#include "common/rewrite.h"

static enum tables_result
look(struct tables *t, enum rewrite_rules rules, const char *prefix,
    const char *key, const char **v)
{
	char k[ADDR_MAX + 3];

	(void)snprintf(k, sizeof(k), "%c%s%s", (int)rules, prefix, key);
	return tables_get(t, TABLES_REWRITE, k, v);
}

/* The first rule that there is. */
static enum tables_result
find(struct tables *t, enum rewrite_rules rules, const struct address *a,
    const char **v)
{
	char key[ADDR_MAX + 1];
	enum tables_result r = TABLES_NONE;
	const char *parents[ADDRESS_PARENTS];
	size_t n = address_parents(a->domain, parents);

	if (address_key(a, key, sizeof(key)))
		r = look(t, rules, "", key, v);
	if (r == TABLES_NONE)
		r = look(t, rules, "@", a->domain, v);
	for (size_t i = 0; i < n && r == TABLES_NONE; i++)
		r = look(t, rules, "", parents[i], v);
	return r;
}

static enum rewrite
replace(struct address *a, const char *v)
{
	struct address new = *a;

	if (*v == '@') {
		if (!address_domain_valid(v + 1))
			return REWRITE_BROKEN;
		(void)strlcpy(
		    new.domain, v + 1, sizeof(new.domain)); /* it fits */
	} else if (address_parse(v, &new) != ADDRESS_OK ||
	    new.domain[0] == '\0')
		return REWRITE_BROKEN;
	if (strcmp(new.local, a->local) == 0 &&
	    strcmp(new.domain, a->domain) == 0)
		return REWRITE_NONE;
	*a = new;
	return REWRITE_DONE;
}

enum rewrite
rewrite_address(struct tables *t, enum rewrite_rules rules, struct address *a)
{
	const char *v;

	if (a->local[0] == '\0' || a->domain[0] == '\0')
		return REWRITE_NONE;
	switch (find(t, rules, a, &v)) {
	case TABLES_FOUND:
		return replace(a, v);
	case TABLES_NONE:
		return REWRITE_NONE;
	case TABLES_BROKEN:
		break;
	}
	return REWRITE_BROKEN;
}
