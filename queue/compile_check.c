/*
 * compile_check: what is allowed and hardly meant.
 *
 * In postrider(8), with the administrator's rights.  Asks the compiled tables
 * in memory the same way as smtpd(8) and queued(8) will.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"
#include "common/resolve.h"
#include "queue/compile_check.h"
#include "queue/compile_publish.h"

#define ALIAS_DEPTH 10 /* aliases of aliases that are followed */

struct check {
	struct conf *conf;
	const struct host *host;
	struct tables tables;
	uint64_t min_uid;
};

static bool
is_user(const struct check *k, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	return pw != NULL && pw->pw_uid >= k->min_uid;
}

static enum resolve
resolve(struct check *k, const char *text, struct resolved *r)
{
	struct address a;

	if (address_parse(text, &a) != ADDRESS_OK)
		return RESOLVE_UNKNOWN;
	resolve_address(&k->tables, &a, k->host->mail_name, r);
	if (r->kind == RESOLVE_UNIX && !is_user(k, r->account))
		r->kind = RESOLVE_UNKNOWN;
	return r->kind;
}

/* Whether mail to the first member of an alias ends somewhere. */
static bool
leads_somewhere(struct check *k, const char *text)
{
	char next[ADDR_MAX + 1];
	struct resolved r;
	size_t n;

	for (int depth = 0; depth < ALIAS_DEPTH; depth++) {
		switch (resolve(k, text, &r)) {
		case RESOLVE_VIRTUAL:
		case RESOLVE_UNIX:
		case RESOLVE_FOREIGN:
			return true;
		case RESOLVE_UNKNOWN:
		case RESOLVE_BROKEN:
			return false;
		case RESOLVE_ALIAS:
			break;
		}
		n = strcspn(r.members, ",");
		if (n >= sizeof(next))
			return false;
		memcpy(next, r.members, n);
		next[n] = '\0';
		text = next;
	}
	return false;
}

static bool
check_domain(const struct conf_entry *e, void *arg)
{
	char postmaster[DOMAIN_MAX + 12], path[CONF_PATH_MAX];
	struct check *k = arg;

	(void)snprintf(postmaster, sizeof(postmaster), "postmaster@%s", e->key);
	(void)snprintf(path, sizeof(path), "%s/domains", k->conf->dir);
	if (!leads_somewhere(k, postmaster))
		conf_warning(&k->conf->report, path, e->line,
		    "nobody gets mail to %s: set option postmaster",
		    postmaster);
	return true;
}

static bool
check_alias(const struct conf_entry *e, void *arg)
{
	char member[ADDR_MAX + 1], path[CONF_PATH_MAX];
	struct check *k = arg;
	const char *s = e->value;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/aliases", k->conf->dir);
	for (; *s != '\0'; s += n + (s[n] == ',')) {
		n = strcspn(s, ",");
		(void)snprintf(member, sizeof(member), "%.*s", (int)n, s);
		if (!leads_somewhere(k, member))
			conf_warning(&k->conf->report, path, e->line,
			    "alias \"%s\": \"%s\" leads to nobody", e->key,
			    member);
	}
	return true;
}

void
compile_check(struct conf *c, const struct host *h)
{
	struct check k = { .conf = c, .host = h };
	char path[40], err[TABLES_ERR];
	int fd = compile_memory(c, h, compile_tables);

	if (fd == -1 ||
	    !num_parse(conf_option(c, "min-uid"), UINT32_MAX, &k.min_uid)) {
		conf_warning(&c->report, c->dir, 0, "cannot be looked over");
		return;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (tables_open(&k.tables, path, false, err)) {
		(void)conf_map_each(&c->domains, check_domain, &k);
		(void)conf_map_each(&c->aliases, check_alias, &k);
		tables_close(&k.tables);
	}
	(void)close(fd); /* memory only */
}
