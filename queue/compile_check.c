/*
 * compile_check: what is allowed and hardly meant.
 *
 * In postrider(8), with the administrator's rights.  Asks the compiled tables
 * in memory with the functions that smtpd(8) and queued(8) use, so that the
 * answers are theirs.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/options.h"
#include "queue/compile_away.h"
#include "queue/compile_check.h"
#include "queue/compile_files.h"
#include "queue/compile_lists.h"
#include "queue/compile_members.h"
#include "queue/compile_names.h"
#include "queue/compile_publish.h"
#include "queue/compile_tls.h"
#include "queue/conf_domains.h"
#include "queue/conf_sources.h"

struct check {
	struct conf *conf;
	const struct host *host;
	struct lists lists;
	struct tables tables;
	const char *domain; /* one of ours, to complete local parts with */
};

static bool
check_domain(const struct conf_entry *e, void *arg)
{
	char postmaster[DOMAIN_MAX + 12];
	struct check *k = arg;
	const char *option = conf_option(k->conf, "postmaster");

	(void)snprintf(postmaster, sizeof(postmaster), "postmaster@%s", e->key);
	if (conf_domain(k->conf, e->key) == CONF_DOMAIN_ALIAS ||
	    lists_read(&k->lists, postmaster))
		return true;
	if (*option == '\0')
		conf_warning(&k->conf->report, e->path, e->line,
		    "nobody gets mail to %s: set option postmaster",
		    postmaster);
	else if (!lists_read(&k->lists, option))
		conf_warning(&k->conf->report, e->path, e->line,
		    "nobody gets mail to %s: option postmaster is \"%s\", "
		    "which leads to nobody",
		    postmaster, option);
	else
		conf_warning(&k->conf->report, e->path, e->line,
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
	if (e != NULL && !lists_read(&k->lists, "root"))
		conf_warning(&k->conf->report, path, 0,
		    "nobody gets mail to root@%s: make an alias for root",
		    e->key);
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

/* What other tables would have to say is not asked here. */
static bool
is_sure(struct tables *t)
{
	static const enum tables_space spaces[] = { TABLES_DOMAIN,
		TABLES_ACCOUNT, TABLES_ALIAS, TABLES_FORWARD,
		TABLES_RECIPIENT };

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (tables_sources(t, spaces[i]))
			return false;
	return true;
}

static bool
check_lists(struct check *k)
{
	bool sure = is_sure(&k->tables);
	bool good;

	tables_alone(&k->tables);
	(void)conf_map_each(
	    &k->conf->domains, take_domain, k); /* always true */
	if (k->domain == NULL)
		return true;
	good = compile_members(k->conf, k->host, &k->lists, k->domain, sure);
	compile_names(k->conf, k->host, &k->lists, sure);
	if (sure) {
		/* always true */
		(void)conf_map_each(&k->conf->domains, check_domain, k);
		check_root(k);
	}
	return good;
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
	compile_files(c);
	conf_sources_reach(c);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	good = fd != -1 && tables_open(&k.tables, path, false, err);
	if (good) {
		lists_init(&k.lists, &k.tables, h->mail_name,
		    conf_option_number(c, "min-uid"));
		good = check_lists(&k);
		lists_free(&k.lists);
		tables_close(&k.tables);
	}
	if (!good)
		conf_warning(&c->report, c->dir, 0, "cannot be looked over");
	if (fd != -1)
		(void)close(fd); /* memory only */
}
