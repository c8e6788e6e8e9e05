/*
 * remote_config: what remote takes from the compiled tables at its start.
 *
 * In remote, as postrider-out, before its first foreign byte.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/startup.h"
#include "common/users.h"
#include "delivery/remote_config.h"

static bool
take_source(const char *text, char source[2][64])
{
	unsigned char bin[16];
	int v6 = strchr(text, ':') != NULL;
	int family = v6 ? AF_INET6 : AF_INET;

	return source[v6][0] == '\0' && inet_pton(family, text, bin) == 1 &&
	    inet_ntop(family, bin, source[v6], 64) != NULL;
}

bool
remote_config_source(const char *list, char source[2][64])
{
	char word[64];
	size_t n;

	source[0][0] = source[1][0] = '\0';
	for (; *(list += strspn(list, " ,\t")) != '\0'; list += n) {
		n = strcspn(list, " ,\t");
		if (n >= sizeof(word))
			return false;
		memcpy(word, list, n);
		word[n] = '\0';
		if (!take_source(word, source))
			return false;
	}
	return true;
}

static bool
refuse(const char *option, const char *wanted, const char *found)
{
	log_error("-", "option=%s wanted=%s found=%s", option, wanted, found);
	return false;
}

/* The strings, which the tables keep. */
struct texts {
	const char *hostname, *run_dir, *source, *own;
};

static bool
copy_texts(struct remote_config *c, const struct texts *t)
{
	/* It goes into EHLO: whatever is not a name is not said. */
	if (!address_domain_valid(t->hostname))
		return refuse("hostname", "a host name", t->hostname);
	if (!remote_config_source(t->source, c->source))
		return refuse("source-address",
		    "one IPv4 and one IPv6 address at most", t->source);
	strlcpy(c->hostname, t->hostname, sizeof(c->hostname)); /* fits */
	if (strlcpy(c->run_dir, t->run_dir, sizeof(c->run_dir)) >=
	    sizeof(c->run_dir))
		return refuse("run-dir", "a shorter path", t->run_dir);
	if (strlcpy(c->own, t->own, sizeof(c->own)) >= sizeof(c->own))
		return refuse("own-addresses", "a shorter list", t->own);
	return true;
}

/* For texts; no passwd(5) is read for it, wherever that may be. */
static void
name_user(struct remote_config *c, struct tables *tables)
{
	uid_t uid;
	gid_t gid;

	if (tables_user(tables, USER_OUT, &uid, &gid) && uid == geteuid())
		strlcpy(c->user, "user " USER_OUT, sizeof(c->user)); /* fits */
	else
		(void)snprintf(
		    c->user, sizeof(c->user), "uid %ju", (uintmax_t)geteuid());
}

bool
remote_config_load(struct remote_config *c, struct tables *tables)
{
	struct texts t = { "", "", "", "" };
	const struct option_bind binds[] = {
		{ "hostname", &t.hostname },
		{ "run-dir", &t.run_dir },
		{ "source-address", &t.source },
		{ "own-addresses", &t.own },
		{ "ip-preference", &c->ip },
		{ "remote-port", &c->port },
		{ "connect-timeout", &c->connect },
		{ "remote-timeout", &c->timeout },
		{ "connection-idle", &c->idle },
		{ "connection-messages", &c->messages },
		{ "loopback-delivery", &c->loopback },
	};

	memset(c, 0, sizeof(*c));
	if (!startup_options(
		tables, NULL, binds, sizeof(binds) / sizeof(binds[0])) ||
	    !copy_texts(c, &t))
		return false;
	name_user(c, tables);
	own_find(&c->interfaces);
	return true;
}
