/*
 * conf_routes: the lines of postrider.conf on mail to other hosts.
 *
 * In postrider(8), with the administrator's rights.  What is compiled of them
 * is canonical, so that queued compares bytes.
 */
#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/msg.h"
#include "common/near.h"
#include "common/num.h"
#include "queue/conf_domains.h"
#include "queue/conf_routes.h"

#define FOR_DOMAIN "a domain, .domain for all below it, [address] or *"

bool
conf_hop(const char *text, char out[HOP_MAX + 1], const char **wanted)
{
	struct hop h;

	return hop_parse(text, &h, wanted) && hop_format(&h, out);
}

/* An address literal has no port and no scheme, unlike a next hop. */
static bool
literal_key(const char *text, char key[HOP_MAX + 1])
{
	const char *wanted;
	struct hop h;

	return text[0] == '[' && text[strlen(text) - 1] == ']' &&
	    hop_parse(text, &h, &wanted) && h.kind == HOP_ADDRESS &&
	    hop_format(&h, key);
}

/* Digits and dots alone are an address without its brackets. */
static bool
is_number(const char *domain)
{
	return domain[strspn(domain, "0123456789.")] == '\0';
}

bool
conf_route_key(const char *text, char key[HOP_MAX + 1])
{
	char domain[DOMAIN_MAX + 1];
	size_t dot = text[0] == '.';

	if (strcmp(text, "*") == 0 || literal_key(text, key)) {
		if (text[0] == '*')
			strlcpy(key, text, HOP_MAX + 1);
		return true;
	}
	if (is_number(text) || !conf_fold_domain(text + dot, domain))
		return false;
	(void)snprintf(key, HOP_MAX + 1, "%s%s", dot ? "." : "", domain);
	return true;
}

static void
add(struct conf *c, const struct conf_lines *l, struct conf_map *m,
    const struct conf_entry *new)
{
	const char *what = "a tls-policy";
	const struct conf_entry *e;
	bool added;

	if (m == &c->routes)
		what = "a route";
	else if (m == &c->sender_routes)
		what = "a sender-route";
	e = conf_map_add(m, new->key, new->value, l->start, &added);
	if (e == NULL)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else if (!added)
		conf_mistake(&c->report, l->path, l->start,
		    "%s for \"%s\" is on line %zu already", what, new->key,
		    e->line);
}

void
conf_route(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *to = conf_word(&rest), *wanted;
	char key[HOP_MAX + 1], hop[HOP_MAX + 1];

	if (to == NULL || *rest != '\0')
		conf_mistake(&c->report, l->path, l->start,
		    "wanted: route DOMAIN NEXTHOP");
	else if (!conf_route_key(name, key))
		conf_mistake(&c->report, l->path, l->start,
		    "route: wanted " FOR_DOMAIN ", found \"%s\"", name);
	else if (!conf_hop(to, hop, &wanted))
		conf_mistake(&c->report, l->path, l->start,
		    "route %s: wanted %s, found \"%s\"", name, wanted, to);
	else
		add(c, l, &c->routes,
		    &(struct conf_entry){ .key = key, .value = hop });
}

/* An address, a domain or ".domain", as queued(8) looks a sender up. */
bool
conf_sender_key(const char *text, char key[HOP_MAX + 1])
{
	struct address a;

	if (strchr(text, '@') == NULL)
		return strcmp(text, "*") != 0 && text[0] != '[' &&
		    conf_route_key(text, key);
	return idn_address(text, &a) == ADDRESS_OK && a.domain[0] != '\0' &&
	    address_key(&a, key, HOP_MAX + 1);
}

void
conf_sender_route(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *to = conf_word(&rest), *wanted;
	char key[HOP_MAX + 1], hop[HOP_MAX + 1];

	if (to == NULL || *rest != '\0')
		conf_mistake(&c->report, l->path, l->start,
		    "wanted: sender-route ADDRESS|DOMAIN|.DOMAIN NEXTHOP");
	else if (!conf_sender_key(name, key))
		conf_mistake(&c->report, l->path, l->start,
		    "sender-route: wanted an address, a domain or .domain for "
		    "all below it, found \"%s\"",
		    name);
	else if (!conf_hop(to, hop, &wanted))
		conf_mistake(&c->report, l->path, l->start,
		    "sender-route %s: wanted %s, found \"%s\"", name, wanted,
		    to);
	else
		add(c, l, &c->sender_routes,
		    &(struct conf_entry){ .key = key, .value = hop });
}

static void
unknown_word(
    struct conf *c, const struct conf_lines *l, const char *name, const char *s)
{
	struct near n;

	near_init(&n, s);
	for (int i = HOP_TLS_NONE; i <= HOP_TLS_VERIFY; i++)
		near_offer(&n, hop_tls_text((enum hop_tls)i));
	conf_mistake(&c->report, l->path, l->start,
	    "tls-policy %s: wanted none, may, encrypt or verify, found "
	    "\"%s\"%s%s",
	    name, s, n.best != NULL ? "; nearest: " : "",
	    n.best != NULL ? n.best : "");
}

void
conf_tls_policy(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *word = conf_word(&rest), *wanted;
	char key[HOP_MAX + 1];
	enum hop_tls tls;

	if (word == NULL || *rest != '\0')
		conf_mistake(&c->report, l->path, l->start,
		    "wanted: tls-policy [DOMAIN|NEXTHOP] "
		    "none|may|encrypt|verify");
	else if (!conf_route_key(name, key) && !conf_hop(name, key, &wanted))
		conf_mistake(&c->report, l->path, l->start,
		    "tls-policy: wanted " FOR_DOMAIN ", or a next hop (%s), "
		    "found \"%s\"",
		    wanted, name);
	else if (!hop_tls_parse(word, &tls))
		unknown_word(c, l, name, word);
	else
		add(c, l, &c->policies,
		    &(struct conf_entry){ .key = key, .value = word });
}

static bool
smart_host(char *canon, size_t size, const char **wanted)
{
	char hop[HOP_MAX + 1];

	return conf_hop(canon, hop, wanted) && strlcpy(canon, hop, size) < size;
}

/* An IP address as inet_ntop(3) has it. */
static bool
take_address(const char *s, char out[INET6_ADDRSTRLEN], int *family)
{
	unsigned char bin[16];

	*family = strchr(s, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(*family, s, bin) == 1 &&
	    inet_ntop(*family, bin, out, INET6_ADDRSTRLEN) != NULL;
}

/* The words of a list one after another; false for one that is too long. */
static bool
next_word(const char **list, char word[80], size_t *n)
{
	*list += strspn(*list, " ,\t");
	*n = strcspn(*list, " ,\t");
	if (*n >= 80)
		return false;
	memcpy(word, *list, *n);
	word[*n] = '\0';
	*list += *n;
	return true;
}

/* One that a connection can come from. */
static bool
is_some_host(const char *ip)
{
	struct in6_addr in6;
	struct in_addr in;

	if (inet_pton(AF_INET6, ip, &in6) == 1)
		return !IN6_IS_ADDR_UNSPECIFIED(&in6) &&
		    !IN6_IS_ADDR_MULTICAST(&in6) && !IN6_IS_ADDR_V4MAPPED(&in6);
	return inet_pton(AF_INET, ip, &in) == 1 &&
	    in.s_addr != htonl(INADDR_ANY) && !IN_MULTICAST(ntohl(in.s_addr)) &&
	    in.s_addr != htonl(INADDR_BROADCAST);
}

static bool
append(char *out, size_t size, const char *word)
{
	if (*out != '\0' && strlcat(out, " ", size) >= size)
		return false;
	return strlcat(out, word, size) < size;
}

static bool
sources(char *canon, size_t size, const char **wanted)
{
	char out[2 * INET6_ADDRSTRLEN + 2] = "", word[80];
	char address[INET6_ADDRSTRLEN];
	bool seen[2] = { false, false };
	const char *list = canon;
	int family;
	size_t n;

	*wanted = "at most one IPv4 and one IPv6 address of this host";
	while (next_word(&list, word, &n) && n > 0) {
		if (!take_address(word, address, &family) ||
		    !is_some_host(address) || seen[family == AF_INET6] ||
		    !append(out, sizeof(out), address))
			return false;
		seen[family == AF_INET6] = true;
	}
	return n == 0 && strlcpy(canon, out, size) < size;
}

/* ADDRESS or ADDRESS@PORT. */
static bool
is_server(char *word)
{
	char *at = strchr(word, '@'), address[INET6_ADDRSTRLEN];
	uint64_t port;
	int family;

	if (at != NULL) {
		if (!num_parse(at + 1, UINT16_MAX, &port) || port == 0)
			return false;
		*at = '\0';
	}
	if (!take_address(word, address, &family))
		return false;
	if (at != NULL)
		*at = '@';
	return true;
}

static bool
servers(char *canon, size_t size, const char **wanted)
{
	const char *list = canon;
	char out[1001] = "", word[80];
	size_t n;

	*wanted = "system, recursive, or addresses of resolvers, each with "
		  "@PORT or without";
	if (strcmp(canon, "system") == 0 || strcmp(canon, "recursive") == 0)
		return true;
	while (next_word(&list, word, &n) && n > 0)
		if (!is_server(word) || !append(out, sizeof(out), word))
			return false;
	return n == 0 && *out != '\0' && strlcpy(canon, out, size) < size;
}

/* clang-format off */
static const struct {
	const char *name;
	bool (*check)(char *canon, size_t size, const char **wanted);
} values[] = {
	{ "smart-host",		smart_host },
	{ "source-address",	sources },
	{ "dns-server",		servers },
};
/* clang-format on */

bool
conf_away_value(const char *name, char *canon, size_t size, const char **wanted)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(values[i].name, name) == 0 && *canon != '\0')
			return values[i].check(canon, size, wanted);
	return true;
}
