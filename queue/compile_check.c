/*
 * compile_check: what is allowed and hardly meant.
 *
 * In postrider(8), with the administrator's rights.  Asks the compiled tables
 * in memory with the functions that smtpd(8) and queued(8) use, so that the
 * answers are theirs.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"
#include "common/options.h"
#include "common/resolve.h"
#include "queue/compile_away.h"
#include "queue/compile_check.h"
#include "queue/compile_circle.h"
#include "queue/compile_publish.h"
#include "queue/compile_tls.h"
#include "queue/expand.h"

struct check {
	struct conf *conf;
	const struct host *host;
	struct tables tables;
	uint64_t min_uid;
	const char *domain; /* one of ours, to complete local parts with */
};

static bool
is_user(const struct check *k, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	return pw != NULL && pw->pw_uid >= k->min_uid;
}

static enum resolve
resolve(struct check *k, const char *text)
{
	struct address a;
	struct resolved r;

	if (address_parse(text, &a) != ADDRESS_OK)
		return RESOLVE_UNKNOWN;
	resolve_address(&k->tables, &a, k->host->mail_name, &r);
	if (r.kind == RESOLVE_UNIX && !is_user(k, r.account))
		r.kind = RESOLVE_UNKNOWN;
	return r.kind;
}

/* Where mail to the address goes; the caller frees to in either case. */
static bool
expand_address(struct check *k, const char *text, struct envelope *to)
{
	struct diag d = DIAG_INIT;
	struct envelope from;
	bool good;

	env_init(&from);
	env_init(to);
	good = env_add(&from, text, "", 0) &&
	    expand(&k->tables, k->host->mail_name, &from, to, &d) == OUT_OK;
	env_free(&from);
	return good;
}

/* Whether somebody, here or elsewhere, gets mail to the address. */
static bool
is_read(struct check *k, const char *text)
{
	struct envelope to;
	enum resolve kind;
	bool read = false;

	if (expand_address(k, text, &to))
		for (size_t i = 0; i < to.nrcpt && !read; i++) {
			kind = resolve(k, env_addr(&to, i));
			read = kind != RESOLVE_UNKNOWN && kind != RESOLVE_ALIAS;
		}
	env_free(&to);
	return read;
}

static bool
check_domain(const struct conf_entry *e, void *arg)
{
	char postmaster[DOMAIN_MAX + 12], path[CONF_PATH_MAX];
	struct check *k = arg;
	const char *option = conf_option(k->conf, "postmaster");

	(void)snprintf(postmaster, sizeof(postmaster), "postmaster@%s", e->key);
	(void)snprintf(path, sizeof(path), "%s/domains", k->conf->dir);
	if (is_read(k, postmaster))
		return true;
	if (*option == '\0')
		conf_warning(&k->conf->report, path, e->line,
		    "nobody gets mail to %s: set option postmaster",
		    postmaster);
	else if (!is_read(k, option))
		conf_warning(&k->conf->report, path, e->line,
		    "nobody gets mail to %s: option postmaster is \"%s\", "
		    "which leads to nobody",
		    postmaster, option);
	else
		conf_warning(&k->conf->report, path, e->line,
		    "nobody gets mail to %s: it is an alias that leads to "
		    "nobody",
		    postmaster);
	return true;
}

/* cron(8) and others write to root. */
static void
check_root(struct check *k)
{
	const struct conf_entry *e =
	    conf_map_get(&k->conf->domains, k->host->mail_name);
	char path[CONF_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/aliases", k->conf->dir);
	if (e != NULL && !is_read(k, "root"))
		conf_warning(&k->conf->report, path, 0,
		    "nobody gets mail to root@%s: make an alias for root",
		    e->key);
}

static void
is_endless(struct check *k, const struct conf_entry *e, const char *path,
    const char *address)
{
	struct sbuf circle = SBUF_INIT(20 * ADDR_MAX);

	if (compile_circle(&k->tables, k->host->mail_name, address, &circle))
		conf_mistake(&k->conf->report, path, e->line,
		    "alias \"%s\" leads into a circle: %s", e->key,
		    sbuf_str(&circle));
	else
		conf_mistake(&k->conf->report, path, e->line,
		    "alias \"%s\" leads through more than %d aliases or to "
		    "more than %d addresses",
		    e->key, EXPAND_DEPTH, EXPAND_MOST);
	sbuf_free(&circle);
}

/* What queued cannot expand stays an alias. */
static void
check_members(
    struct check *k, const struct conf_entry *e, const struct envelope *to)
{
	char path[CONF_PATH_MAX];
	enum resolve kind;

	(void)snprintf(path, sizeof(path), "%s/aliases", k->conf->dir);
	for (size_t i = 0; i < to->nrcpt; i++) {
		kind = resolve(k, env_addr(to, i));
		if (kind == RESOLVE_ALIAS)
			is_endless(k, e, path, env_addr(to, i));
		else if (kind == RESOLVE_UNKNOWN)
			conf_warning(&k->conf->report, path, e->line,
			    "alias \"%s\": \"%s\" is nobody", e->key,
			    env_addr(to, i));
	}
}

static bool
check_alias(const struct conf_entry *e, void *arg)
{
	char whole[ADDR_MAX + DOMAIN_MAX + 2];
	struct check *k = arg;
	struct envelope to;
	bool good;

	(void)snprintf(whole, sizeof(whole), "%s%s%s", e->key,
	    strrchr(e->key, '@') == NULL ? "@" : "",
	    strrchr(e->key, '@') == NULL ? k->domain : "");
	good = expand_address(k, whole, &to);
	if (good)
		check_members(k, e, &to);
	env_free(&to);
	return good;
}

/* Room is kept for the largest message when none is declared. */
static void
check_early(struct conf *c)
{
	uint64_t size = conf_option_number(c, "early-delivery-size");
	uint64_t memory = conf_option_number(c, "early-delivery-memory");
	size_t line = conf_option_line(c, "early-delivery-memory");
	char path[CONF_PATH_MAX];

	if (memory == 0 || memory >= size ||
	    conf_option_number(c, "early-delivery-wait") == 0)
		return;
	if (line == 0)
		line = conf_option_line(c, "early-delivery-size");
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	conf_warning(&c->report, path, line,
	    "early-delivery-memory is less than early-delivery-size: mail of "
	    "clients that declare no size is always filed first");
}

/* An alias without domain holds in the mail name, if that is ours, or any. */
static bool
take_domain(const struct conf_entry *e, void *arg)
{
	struct check *k = arg;

	if (k->domain == NULL || strcmp(e->key, k->host->mail_name) == 0)
		k->domain = e->key;
	return true;
}

void
compile_check(struct conf *c, const struct host *h)
{
	struct check k = { .conf = c, .host = h };
	char path[40], err[TABLES_ERR];
	int fd = compile_memory(c, h, compile_tables);
	bool good;

	check_early(c);
	compile_check_tls(c, h);
	compile_check_away(c, h);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	good = fd != -1 &&
	    num_parse(conf_option(c, "min-uid"), UINT32_MAX, &k.min_uid) &&
	    tables_open(&k.tables, path, false, err);
	if (good) {
		(void)conf_map_each(&c->domains, take_domain, &k);
		good = conf_map_each(&c->domains, check_domain, &k) &&
		    (k.domain == NULL ||
			conf_map_each(&c->aliases, check_alias, &k));
		check_root(&k);
		tables_close(&k.tables);
	}
	if (!good)
		conf_warning(&c->report, c->dir, 0, "cannot be looked over");
	if (fd != -1)
		(void)close(fd); /* memory only */
}
