/*
 * compile: the text configuration as CDB.
 *
 * In postrider(8), with the administrator's rights.  Writes descriptors that
 * it is given; compile_publish.h decides where they become visible.
 */
#include <cdb.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/options.h"
#include "common/tables.h"
#include "queue/compile.h"
#include "queue/compile_system.h"
#include "queue/compile_tls.h"
#include "queue/conf_sources.h"

struct out {
	struct cdb_make make;
	const struct conf *conf;
	enum tables_space space;
};

static int
put(struct out *out, enum tables_space space, const char *key,
    const char *value)
{
	char k[TABLES_KEY_MAX + 1];
	size_t n = strlen(key);

	if (n > TABLES_KEY_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	k[0] = (char)space;
	memcpy(k + 1, key, n);
	return cdb_make_add(&out->make, k, (unsigned int)n + 1, value,
	    (unsigned int)strlen(value) + 1);
}

static bool
put_entry(const struct conf_entry *e, void *arg)
{
	struct out *out = arg;

	return put(out, out->space, e->key, e->value) == 0;
}

static bool
put_map(struct out *out, enum tables_space space, const struct conf_map *m)
{
	out->space = space;
	return conf_map_each(m, put_entry, out);
}

/* A default of the list is written as an administrator would write it. */
static int
put_option(
    struct out *out, const char *key, const struct option *o, const char *value)
{
	char canon[OPTION_VALUE_MAX + 1], wanted[TABLES_ERR];

	if (!option_canon(o, value, canon, wanted)) {
		errno = EINVAL;
		return -1;
	}
	return put(out, TABLES_OPTION, key, canon);
}

static int
put_options(struct out *out, const struct host *h)
{
	const struct option *o;
	const char *value;

	for (size_t i = 0; i < options_count; i++) {
		o = &options[i];
		value = conf_option(out->conf, o->name);
		if (strcmp(o->name, "hostname") == 0)
			value = h->hostname;
		else if (strcmp(o->name, "mail-name") == 0)
			value = h->mail_name;
		if (put_option(out, o->name, o, value) == -1)
			return -1;
	}
	return 0;
}

static int
put_profile(struct out *out, const char *name, const char *base)
{
	char key[TABLES_KEY_MAX];
	const char *value;
	size_t line;

	(void)snprintf(key, sizeof(key), "%s.profile", name);
	if (put(out, TABLES_OPTION, key, base) == -1)
		return -1;
	for (size_t i = 0; i < options_count; i++) {
		if (!options[i].per_profile ||
		    (value = conf_profile_option(
			 out->conf, name, options[i].name, &line)) == NULL)
			continue;
		(void)snprintf(
		    key, sizeof(key), "%s.%s", name, options[i].name);
		if (put_option(out, key, &options[i], value) == -1)
			return -1;
	}
	return 0;
}

static bool
put_declared(const struct conf_entry *e, void *arg)
{
	return put_profile(arg, e->key, e->value) == 0;
}

static int
put_profiles(struct out *out)
{
	const struct profile_builtin *b;

	for (b = profiles_builtin; b->name != NULL; b++)
		if (put_profile(out, b->name,
			b->base != NULL ? b->base : b->name) == -1)
			return -1;
	return conf_map_each(&out->conf->profiles, put_declared, out) ? 0 : -1;
}

static int
put_users(struct out *out, const struct host *h)
{
	char ids[32];

	for (size_t i = 0; i < HOST_USERS; i++) {
		(void)snprintf(ids, sizeof(ids), "%u %u",
		    (unsigned int)h->users[i].uid,
		    (unsigned int)h->users[i].gid);
		if (put(out, TABLES_USER, h->users[i].name, ids) == -1)
			return -1;
	}
	return 0;
}

static bool
is_virtual(const struct conf_entry *e, void *arg)
{
	(void)arg; /* the type of conf_map_each() */
	return strcmp(e->value, "unix") != 0;
}

/* Without one of them a session has nothing to ask authd about recipients. */
static int
put_unix_domains(struct out *out)
{
	bool none = conf_map_each(&out->conf->domains, is_virtual, NULL) &&
	    !conf_sources_has(out->conf, TABLES_DOMAIN);

	return put(out, TABLES_META, "unix-domains", none ? "no" : "yes");
}

static int
put_tls(struct out *out, const struct host *h)
{
	char mechs[MECHS_MAX], why[COMPILE_WHY];

	compile_mechanisms(out->conf, h, mechs);
	if (put(out, TABLES_META, "mechanisms", mechs) == -1 ||
	    (compile_no_scram(out->conf, why) &&
		put(out, TABLES_META, "no-scram", why) == -1))
		return -1;
	return put(
	    out, TABLES_META, "certificates", h->certificates ? "yes" : "no");
}

/* That there are credentials is for queued to know, and no more. */
static bool
put_known_relay(const struct conf_entry *e, void *arg)
{
	char key[TABLES_KEY_MAX];

	(void)snprintf(key, sizeof(key), "relay:%s", e->key);
	return put(arg, TABLES_META, key, "yes") == 0;
}

static int
put_iterations(struct out *out)
{
	char text[20];

	(void)snprintf(text, sizeof(text), "%u", compile_iterations(out->conf));
	return put(out, TABLES_META, "iterations", text);
}

static bool
put_letter(const struct conf_entry *e, void *letters)
{
	return strlcat(letters, e->key, TABLES_KEY_MAX) < TABLES_KEY_MAX;
}

/* None at all where there are none: then a program asks only for this. */
static bool
put_sources(struct out *out)
{
	char letters[TABLES_KEY_MAX] = "";

	if (out->conf->sources.count == 0)
		return true;
	return conf_map_each(&out->conf->sources, put_letter, letters) &&
	    put(out, TABLES_SOURCES, "", letters) == 0 &&
	    put_map(out, TABLES_SOURCES, &out->conf->sources);
}

/* clang-format off */
static const struct {
	enum tables_space	space;
	size_t			map;	/* of struct conf */
} maps[] = {
	{ TABLES_DOMAIN,	offsetof(struct conf, domains) },
	{ TABLES_ACCOUNT,	offsetof(struct conf, accounts) },
	{ TABLES_RECIPIENT,	offsetof(struct conf, recipients) },
	{ TABLES_FORWARD,	offsetof(struct conf, forwards) },
	{ TABLES_LIMITS,	offsetof(struct conf, limits) },
	{ TABLES_REWRITE,	offsetof(struct conf, rewrites) },
	{ TABLES_SENDER_ROUTE,	offsetof(struct conf, sender_routes) },
	{ TABLES_ROUTE,		offsetof(struct conf, routes) },
	{ TABLES_TLS,		offsetof(struct conf, policies) },
	/* The system's come behind them. */
	{ TABLES_ALIAS,		offsetof(struct conf, aliases) },
};
/* clang-format on */

static bool
put_maps(struct out *out)
{
	const char *base = (const char *)out->conf;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (!put_map(
			out, maps[i].space, (const void *)(base + maps[i].map)))
			return false;
	return true;
}

/* cdb_make_finish() also frees, so it is called on every way out. */
static int
finish(struct out *out, bool good)
{
	int saved = errno;

	if (cdb_make_finish(&out->make) == -1)
		good = false;
	else
		errno = saved;
	explicit_bzero(&out->make, sizeof(out->make)); /* may hold verifiers */
	return good ? 0 : -1;
}

int
compile_tables(const struct conf *c, const struct host *h, int fd)
{
	struct out out = { .conf = c };
	bool good;

	if (cdb_make_start(&out.make, fd) == -1)
		return -1;
	good = put(&out, TABLES_META, "version", TABLES_VERSION) == 0 &&
	    put(&out, TABLES_META, "source", c->dir) == 0 &&
	    put_unix_domains(&out) == 0 && put_tls(&out, h) == 0 &&
	    put_options(&out, h) == 0 && put_profiles(&out) == 0 &&
	    put_users(&out, h) == 0 && put_sources(&out) && put_maps(&out) &&
	    compile_system_each(c, h, put_entry, &out) &&
	    conf_map_each(&c->relays, put_known_relay, &out);
	return finish(&out, good);
}

int
compile_verifiers(const struct conf *c, const struct host *h, int fd)
{
	struct out out = { .conf = c };
	bool good;

	(void)h; /* of the same type as compile_tables() */
	if (cdb_make_start(&out.make, fd) == -1)
		return -1;
	good = put(&out, TABLES_META, "version", TABLES_VERSION) == 0 &&
	    put_iterations(&out) == 0 &&
	    put_map(&out, TABLES_VERIFIER, &c->passwords) &&
	    put_map(&out, TABLES_CERTIFICATE, &c->certificates) &&
	    put_map(&out, TABLES_RELAY, &c->relays);
	return finish(&out, good);
}
