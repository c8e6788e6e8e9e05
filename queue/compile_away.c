/*
 * compile_away: what is allowed and hardly meant about mail to other hosts.
 *
 * In postrider(8), with the administrator's rights.  Looks at the configuration
 * and at this host's addresses; connects to nobody.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/hop.h"
#include "queue/compile_away.h"
#include "queue/conf_domains.h"
#include "queue/conf_relays.h"
#include "queue/conf_routes.h"

#define PORT_SMTP 25

struct away {
	struct conf *conf;
	const struct host *host;
	char path[CONF_PATH_MAX], relays[CONF_PATH_MAX]; /* the files */
	const char *hop; /* one that is looked for */
	struct hop like; /* the same in parts, for one that is like it */
};

static void
warn_option(struct away *a, const char *option, const char *what)
{
	conf_warning(&a->conf->report, a->path,
	    conf_option_line(a->conf, option), "%s: %s", option, what);
}

/* A host that is sent mail for others by itself has it for ever. */
static bool
is_this_host(const struct away *a, const char *text)
{
	const char *wanted;
	struct hop h;

	return *text != '\0' && hop_parse(text, &h, &wanted) && !h.lmtp &&
	    ((h.kind == HOP_DOMAIN && h.port == 0) ||
		(h.kind == HOP_HOST && h.port == PORT_SMTP)) &&
	    (strcmp(h.name, a->host->hostname) == 0 ||
		strcmp(h.name, a->host->mail_name) == 0);
}

static void
check_hop(struct away *a, const char *line, const struct conf_entry *e)
{
	if (is_this_host(a, e->value))
		conf_warning(&a->conf->report, a->path, e->line,
		    "%s %s: \"%s\" is this host, and the mail would come back",
		    line, e->key, e->value);
}

/* Of our domains, those that are passed on may have one. */
static bool
check_route(const struct conf_entry *e, void *arg)
{
	struct away *a = arg;

	switch (conf_domain(a->conf, e->key)) {
	case CONF_DOMAIN_VIRTUAL:
	case CONF_DOMAIN_UNIX:
	case CONF_DOMAIN_ALIAS:
		conf_warning(&a->conf->report, a->path, e->line,
		    "route %s: is one of our own domains (file domains), whose "
		    "mail is delivered here; the route is not used",
		    e->key);
		break;
	case CONF_DOMAIN_NONE:
	case CONF_DOMAIN_RELAY:
	case CONF_DOMAIN_LISTED:
		check_hop(a, "route", e);
		break;
	}
	return true;
}

static bool
check_sender_route(const struct conf_entry *e, void *arg)
{
	check_hop(arg, "sender-route", e);
	return true;
}

/* Goes through what names next hops, until fn is false. */
static bool
each_route(struct away *a, bool (*fn)(const struct conf_entry *, void *))
{
	return conf_map_each(&a->conf->routes, fn, a) &&
	    conf_map_each(&a->conf->sender_routes, fn, a);
}

/* To go on is true. */
static bool
is_other_hop(const struct conf_entry *e, void *arg)
{
	const struct away *a = arg;

	return strcmp(e->value, a->hop) != 0;
}

static bool
leads_to(struct away *a, const char *hop)
{
	a->hop = hop;
	return strcmp(conf_option(a->conf, "smart-host"), hop) == 0 ||
	    !each_route(a, is_other_hop);
}

bool
compile_leads_to(struct conf *c, const char *hop)
{
	struct away a = { .conf = c };

	return leads_to(&a, hop);
}

static bool
is_like(const struct away *a, const char *hop)
{
	const char *wanted;
	struct hop h;

	return *hop != '\0' && hop_parse(hop, &h, &wanted) &&
	    strcmp(h.name, a->like.name) == 0;
}

/* To go on is true; it ends with the hop that was found. */
static bool
is_unlike_hop(const struct conf_entry *e, void *arg)
{
	struct away *a = arg;

	if (!is_like(a, e->value))
		return true;
	a->hop = e->value;
	return false;
}

/*
 * A next hop that mail goes to and that is the same host as text, which leads
 * nowhere: another port, other brackets or another scheme.  NULL: none.
 */
static const char *
meant(struct away *a, const char *text)
{
	const char *wanted, *smart = conf_option(a->conf, "smart-host");

	if (!hop_parse(text, &a->like, &wanted))
		return NULL;
	if (is_like(a, smart))
		return smart;
	return each_route(a, is_unlike_hop) ? NULL : a->hop;
}

static void
exposed(struct away *a, const struct conf_entry *policy, const char *hop)
{
	enum hop_tls tls;

	if (hop_tls_parse(policy->value, &tls) && tls < HOP_TLS_VERIFY)
		conf_warning(&a->conf->report, a->path, policy->line,
		    "tls-policy %s %s: lets the password for %s go to whoever "
		    "answers there; wanted verify",
		    policy->key, policy->value, hop);
}

static void
lost_relay(struct away *a, const struct conf_entry *e)
{
	const char *hop = meant(a, e->key), *hint = "; meant is perhaps ";

	if (hop == NULL) {
		hop = conf_option(a->conf, "smart-host");
		hint = *hop != '\0' ? "; smart-host is " : "";
	}
	conf_warning(&a->conf->report, a->relays, e->line,
	    "\"%s\": neither smart-host nor a route leads there%s%s", e->key,
	    hint, hop);
}

static bool
check_relay(const struct conf_entry *e, void *arg)
{
	struct away *a = arg;
	const struct conf_entry *policy;

	if (!leads_to(a, e->key))
		lost_relay(a, e);
	policy = conf_map_get(&a->conf->policies, e->key);
	if (policy != NULL)
		exposed(a, policy, e->key);
	return true;
}

/*
 * A domain gets mail whatever routes there are, and so may an address.  Where
 * one of these is the host of a next hop, that is what was meant.
 */
static void
check_reach(struct away *a, const struct conf_entry *e)
{
	char key[HOP_MAX + 1];
	bool domain = conf_route_key(e->key, key);
	const char *hop;

	if (leads_to(a, e->key) ||
	    (domain && conf_map_get(&a->conf->routes, e->key) != NULL))
		return;
	hop = meant(a, e->key);
	if (hop == NULL && !domain)
		conf_warning(&a->conf->report, a->path, e->line,
		    "tls-policy %s: neither smart-host nor a route leads there",
		    e->key);
	else if (hop != NULL)
		conf_warning(&a->conf->report, a->path, e->line,
		    "tls-policy %s: does not hold for the next hop %s%s",
		    e->key, hop,
		    domain ? ", only for mail to this domain" : "");
}

/* Of a domain with a route: it holds if there is none for the next hop. */
static bool
check_policy(const struct conf_entry *e, void *arg)
{
	struct away *a = arg;
	const struct conf_entry *route = conf_map_get(&a->conf->routes, e->key);
	const char *hop = route != NULL ? route->value : e->key;
	enum hop_tls tls;

	check_reach(a, e);
	if (route != NULL && conf_map_get(&a->conf->relays, hop) != NULL &&
	    conf_map_get(&a->conf->policies, hop) == NULL &&
	    strcmp(e->key, "*") != 0)
		exposed(a, e, hop);
	if (strncmp(hop, "lmtp:/", 6) == 0 && hop_tls_parse(e->value, &tls) &&
	    tls > HOP_TLS_MAY)
		conf_warning(&a->conf->report, a->path, e->line,
		    "tls-policy %s %s: there is no TLS to a Unix socket, and "
		    "none is wanted",
		    e->key, e->value);
	return true;
}

/* To go on is true. */
static bool
is_not_verified(const struct conf_entry *e, void *arg)
{
	(void)arg; /* the type of conf_map_each() */
	return strcmp(e->value, hop_tls_text(HOP_TLS_VERIFY)) != 0;
}

static bool
has_certificate(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *x = f != NULL ? PEM_read_X509_AUX(f, NULL, NULL, NULL) : NULL;
	bool is = x != NULL;

	X509_free(x);
	ERR_clear_error(); /* its absence is told by the caller */
	if (f != NULL)
		(void)fclose(f); /* was only read */
	return is;
}

static void
check_cas(struct away *a)
{
	const char *path = conf_option(a->conf, "tls-ca-file");
	bool wanted = a->conf->relays.count > 0 ||
	    strcmp(conf_option(a->conf, "tls-policy"), "verify") == 0 ||
	    !conf_map_each(&a->conf->policies, is_not_verified, NULL);

	if (wanted && !has_certificate(path))
		conf_warning(&a->conf->report, a->path,
		    conf_option_line(a->conf, "tls-ca-file"),
		    "tls-ca-file: wanted CAs in %s, found none: what has to be "
		    "verified cannot be sent (Debian: ca-certificates)",
		    path);
}

/* Whether the kernel lets us come from there now. */
static bool
is_ours(const char *ip)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };
	bool v6 = strchr(ip, ':') != NULL, ours;
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return true; /* nobody knows */
	if (v6)
		ours = inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1 &&
		    bind(fd, (const struct sockaddr *)&in6, sizeof(in6)) == 0;
	else
		ours = inet_pton(AF_INET, ip, &in.sin_addr) == 1 &&
		    bind(fd, (const struct sockaddr *)&in, sizeof(in)) == 0;
	(void)close(fd); /* nothing was sent */
	return ours;
}

/* An address that ip-preference leaves without work. */
static void
check_family(struct away *a, const char *ip)
{
	const char *only = conf_option(a->conf, "ip-preference");
	bool v6 = strchr(ip, ':') != NULL;

	if (strcmp(only, v6 ? "ipv4-only" : "ipv6-only") == 0)
		conf_warning(&a->conf->report, a->path,
		    conf_option_line(a->conf, "source-address"),
		    "source-address: \"%s\" is not used: ip-preference is %s",
		    ip, only);
}

static void
check_source(struct away *a)
{
	const char *list = conf_option(a->conf, "source-address");
	char ip[INET6_ADDRSTRLEN];
	size_t n;

	/* Canonical: at most two, with a blank between. */
	for (; *list != '\0'; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (n >= sizeof(ip))
			return;
		memcpy(ip, list, n);
		ip[n] = '\0';
		check_family(a, ip);
		if (is_ours(ip))
			continue;
		conf_warning(&a->conf->report, a->path,
		    conf_option_line(a->conf, "source-address"),
		    "source-address: wanted an address of this host, found "
		    "\"%s\": nothing can be sent from there",
		    ip);
	}
}

/* A default that is more than a setting beside it means no harm. */
static void
check_numbers(struct away *a)
{
	struct conf *c = a->conf;

	if (conf_option_line(c, "destination-agents") != 0 &&
	    conf_option_number(c, "destination-agents") >
		conf_option_number(c, "remote-agents"))
		warn_option(a, "destination-agents",
		    "is more than remote-agents, which are for all "
		    "destinations together");
	if (conf_option_line(c, "retry-most") != 0 &&
	    conf_option_number(c, "retry-most") >=
		conf_option_number(c, "queue-lifetime"))
		warn_option(a, "retry-most",
		    "a retry may come after queue-lifetime has ended");
	if (conf_option_line(c, "delay-warning") != 0 &&
	    conf_option_number(c, "delay-warning") >=
		conf_option_number(c, "queue-lifetime"))
		warn_option(a, "delay-warning",
		    "nobody is warned: queue-lifetime ends before");
}

void
compile_check_away(struct conf *c, const struct host *h)
{
	struct away a = { .conf = c, .host = h };

	(void)snprintf(a.path, sizeof(a.path), "%s/postrider.conf", c->dir);
	(void)snprintf(a.relays, sizeof(a.relays), "%s/" RELAYS_FILE, c->dir);
	if (is_this_host(&a, conf_option(c, "smart-host")))
		warn_option(&a, "smart-host",
		    "is this host, and all mail to others would come back");
	(void)conf_map_each(&c->routes, check_route, &a); /* none of these */
	(void)conf_map_each(&c->sender_routes, check_sender_route, &a);
	(void)conf_map_each(&c->policies, check_policy, &a); /* stops */
	(void)conf_map_each(&c->relays, check_relay, &a);
	check_cas(&a);
	check_source(&a);
	check_numbers(&a);
}
