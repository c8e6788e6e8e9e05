/*
 * resolve_private: what the parts of resolve share.
 */
#ifndef COMMON_RESOLVE_PRIVATE_H
#define COMMON_RESOLVE_PRIVATE_H

#include "common/resolve.h"

/* A local part as a key: all of it may be quoted. */
#define RESOLVE_LOCAL (2 * LOCAL_MAX + 3)

/* What TABLES_DOMAIN says; bits, since a look may hold in several. */
enum resolve_domain {
	DOMAIN_VIRTUAL = 1,
	DOMAIN_UNIX = 2,
	DOMAIN_RELAY = 4,
	DOMAIN_LISTED = 8,
	DOMAIN_OWN = DOMAIN_VIRTUAL | DOMAIN_UNIX,
	DOMAIN_ANY = 15
};

/* The search for one address. */
struct resolve_query {
	struct tables *tables;
	struct resolved *r;
	struct address a; /* with the domain that counts */
	enum resolve_domain domain;
	bool aliases; /* they count, and forward lists */
	/* the spelling that is tried now */
	char local[RESOLVE_LOCAL];
	char key[ADDR_MAX + 1];
};

/*
 * Each puts what it finds into the answer and returns its kind; UNKNOWN is to
 * go on.
 */

/* The first cut bytes of the local part as a name, in all tables. */
enum resolve resolve_name(struct resolve_query *, size_t cut);
/* An account alone; the spelling is set. */
enum resolve resolve_account(struct resolve_query *);
enum resolve resolve_unix(struct resolve_query *);
/* The alias for whoever was not found. */
enum resolve resolve_catch_all(struct resolve_query *);
/* A role without a domain. */
enum resolve resolve_bare_role(struct resolve_query *);

/* Sets the spelling; false if it cannot be in a table. */
bool resolve_spell(struct resolve_query *, size_t cut);
/* An option's text; NULL, and the answer is BROKEN, with damaged tables. */
const char *resolve_option(struct resolve_query *, const char *name);

#endif
