/*
 * conf_inline: rows in a line of postrider.conf.
 *
 * In postrider(8), with the administrator's rights.  What is compiled of them
 * is what the file of their kind would give.
 */
#include <stddef.h>
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/map_source.h"
#include "common/map_value.h"
#include "common/msg.h"
#include "common/resolve.h"
#include "queue/conf_accounts.h"
#include "queue/conf_domains.h"
#include "queue/conf_inline.h"
#include "queue/conf_rewrite.h"
#include "queue/conf_routes.h"
#include "queue/conf_sources.h"

#define KEY (MAP_KEY_MAX + 1)

static bool
domain_key(const char *s, char key[KEY])
{
	return conf_fold_domain(s, key);
}

static bool
address_key_of(const char *s, char key[KEY])
{
	struct address a;

	return idn_address(s, &a) == ADDRESS_OK && a.domain[0] != '\0' &&
	    a.domain[0] != '[' && address_key(&a, key, KEY);
}

/* Of a virtual or a Unix user. */
static bool
account_key(const char *s, char key[KEY])
{
	struct address a;

	if (strchr(s, '@') != NULL)
		return address_key_of(s, key);
	return idn_address(s, &a) == ADDRESS_OK && address_key(&a, key, KEY) &&
	    resolve_unix_name_valid(key);
}

static bool
alias_key(const char *s, char key[KEY])
{
	struct address a;

	key[0] = '@';
	if (s[0] == '@')
		return conf_fold_domain(s + 1, key + 1);
	return idn_address(s, &a) == ADDRESS_OK && address_key(&a, key, KEY);
}

static bool
rewrite_key(const char *s, char key[KEY])
{
	key[0] = s[0];
	return (s[0] == 's' || s[0] == 'r') && conf_rewrite_key(s + 1, key + 1);
}

static bool
sender_key(const char *s, char key[KEY])
{
	return conf_sender_key(s, key);
}

static bool
route_key(const char *s, char key[KEY])
{
	return conf_route_key(s, key);
}

/* clang-format off */
static const struct row {
	enum tables_space space;
	bool (*key)(const char *, char key[KEY]);
	size_t map;	/* of struct conf */
	const char *wanted;	/* as key */
} rows[] = {
	{ TABLES_DOMAIN,	domain_key,	offsetof(struct conf, domains),
	  "a domain" },
	{ TABLES_ACCOUNT,	address_key_of,	offsetof(struct conf, accounts),
	  "an address" },
	{ TABLES_ALIAS,		alias_key,	offsetof(struct conf, aliases),
	  "a user part, an address or @domain" },
	{ TABLES_FORWARD,	account_key,	offsetof(struct conf, forwards),
	  "an account's address or a Unix user" },
	{ TABLES_LIMITS,	account_key,	offsetof(struct conf, limits),
	  "an account's address or a Unix user" },
	{ TABLES_RECIPIENT,	address_key_of,	offsetof(struct conf, recipients),
	  "an address" },
	{ TABLES_REWRITE,	rewrite_key,	offsetof(struct conf, rewrites),
	  "s or r and an address, @domain or .domain" },
	{ TABLES_ROUTE,		route_key,	offsetof(struct conf, routes),
	  "a domain, .domain, [address] or *" },
	{ TABLES_SENDER_ROUTE,	sender_key,	offsetof(struct conf,
	  sender_routes), "an address, a domain or .domain" },
};
/* clang-format on */

static const struct row *
row_of(enum tables_space space)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].space == space)
			return &rows[i];
	return NULL;
}

struct reading {
	struct conf *conf;
	const struct conf_lines *lines;
	const struct row *row;
	const char *kind;
	char *p;
};

static bool
mistake(const struct reading *r, const char *key, const char *wanted,
    const char *found)
{
	conf_mistake(&r->conf->report, r->lines->path, r->lines->start,
	    "lookup %s inline: %s%swanted %s, found \"%s\"", r->kind, key,
	    *key != '\0' ? ": " : "", wanted, found);
	return false;
}

/* In quotes, where a backslash takes the next sign as it is. */
static bool
take_quoted(struct reading *r, char *out, size_t size)
{
	size_t n = 0;
	char *p = r->p + 1;

	for (; *p != '\0' && *p != '"' && n + 1 < size; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		out[n++] = *p;
	}
	out[n] = '\0';
	if (*p != '"')
		return false;
	r->p = p + 1 + strspn(p + 1, " \t");
	return true;
}

/* A word up to one of the ends, or in quotes; blanks around it are none of it. */
static bool
take(struct reading *r, const char *ends, char *out, size_t size)
{
	size_t n;

	r->p += strspn(r->p, " \t");
	if (*r->p == '"')
		return take_quoted(r, out, size);
	n = strcspn(r->p, ends);
	if (r->p[n] == '\0' || n >= size)
		return false;
	memcpy(out, r->p, n);
	r->p += n;
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\t'))
		n--;
	out[n] = '\0';
	return true;
}

static bool
add(struct reading *r, const char *key, const char *value)
{
	struct conf *c = r->conf;
	struct conf_map *m = (void *)((char *)c + r->row->map);

	if (r->row->space == TABLES_ACCOUNT)
		return conf_account_add(c, r->lines, key, value);
	return conf_add(c, r->lines, m, key, value);
}

static bool
take_row(struct reading *r)
{
	char text[MAP_KEY_MAX + 1], said[MAP_VALUE_MAX + 1], key[KEY];
	struct sbuf value = SBUF_INIT(2 * MAP_VALUE_MAX);
	const struct map_said what = { r->row->space, key, said,
		conf_option(r->conf, "virtual-maildir"), true };
	const char *wanted;
	bool good;

	if (!take(r, "=,}", text, sizeof(text)) || *r->p != '=')
		return mistake(r, "", "key=value, ... and \"}\"", r->p);
	r->p++;
	if (!take(r, ",}", said, sizeof(said)) ||
	    (*r->p != ',' && *r->p != '}'))
		return mistake(r, text, "a value, and \",\" or \"}\"", r->p);
	if (!r->row->key(text, key))
		return mistake(r, "", r->row->wanted, text);
	good = map_value(&what, &value, &wanted);
	if (!good)
		(void)mistake(r, text, wanted, said);
	else
		good = add(r, key, sbuf_str(&value));
	sbuf_free(&value);
	return good;
}

bool
conf_inline(struct conf *c, const struct conf_lines *l, enum tables_space space,
    const char *kind, char **rest)
{
	struct reading r = { c, l, row_of(space), kind,
		*rest + strlen(CONF_INLINE) };
	bool good;

	do {
		good = take_row(&r);
	} while (good && *r.p++ == ',');
	*rest = r.p;
	return good;
}

struct check {
	struct conf *conf;
	const char *path;
};

static bool
check_account(const struct conf_entry *e, void *arg)
{
	struct check *k = arg;
	const char *domain = strrchr(e->key, '@') + 1; /* it is an address */
	const struct conf_entry *d = conf_map_get(&k->conf->domains, domain);

	if (e->path == NULL || strcmp(e->path, k->path) != 0 ||
	    (d == NULL && conf_sources_has(k->conf, TABLES_DOMAIN)) ||
	    (d != NULL && strcmp(d->value, "virtual") == 0))
		return true;
	conf_mistake(&k->conf->report, e->path, e->line,
	    "lookup users inline: %s: wanted a virtual domain of the file "
	    "domains, found \"%s\"",
	    e->key, d != NULL ? d->value : "none");
	return true;
}

void
conf_inline_check(struct conf *c, const char *path)
{
	struct check k = { c, path };

	(void)conf_map_each(&c->accounts, check_account, &k); /* all of it */
}
