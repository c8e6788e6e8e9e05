/*
 * targets: the addresses to try for a next hop, in order.
 *
 * In remote, as postrider-out.  Asks dnsd and believes none of its answers
 * further than they make sense: names and addresses are checked and counted.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/net.h"
#include "delivery/targets_private.h"

/* Nobody's mail host, whatever DNS says; IPv4 in IPv6 is looked at as IPv4. */
#define LOOPBACK "127.0.0.0/8 ::1"
#define NOWHERE                                                                \
	"0.0.0.0/8 169.254.0.0/16 224.0.0.0/3 ::/96 fe80::/10 ff00::/8 "       \
	"64:ff9b::7f00:0/104"
#define PORT_SMTP 25

static uint16_t
port_of(const struct search *s)
{
	if (s->hop->port != 0)
		return s->hop->port;
	/* What is named in brackets is no MX host. */
	return s->hop->kind == HOP_DOMAIN ? (uint16_t)s->config->port
					  : PORT_SMTP;
}

static bool
is_us(const struct search *s, const char *ip)
{
	return own_has(&s->config->interfaces, ip) ||
	    net_in_list(ip, s->config->own);
}

/* The address in one spelling, IPv4 as itself; false for what is none. */
static bool
canonical(const char *text, char ip[IP_MAX + 1])
{
	static const uint8_t mapped[12] = { [10] = 255, [11] = 255 };
	uint8_t bin[16];

	if (inet_pton(AF_INET, text, bin) == 1)
		return inet_ntop(AF_INET, bin, ip, IP_MAX + 1) != NULL;
	if (inet_pton(AF_INET6, text, bin) != 1)
		return false;
	if (memcmp(bin, mapped, sizeof(mapped)) == 0)
		return inet_ntop(AF_INET, bin + 12, ip, IP_MAX + 1) != NULL;
	return inet_ntop(AF_INET6, bin, ip, IP_MAX + 1) != NULL;
}

static bool
may_be_reached(const struct search *s, const char *ip)
{
	if (s->named)
		return true;
	if (net_in_list(ip, LOOPBACK))
		return s->config->loopback;
	return !net_in_list(ip, NOWHERE);
}

/* --- the hosts of a domain */

static void
add_host(struct search *s, uint32_t preference, const char *name)
{
	struct host *h;

	if (s->hosts == DNS_RECORDS || !address_domain_valid(name) ||
	    strspn(name, "0123456789.") == strlen(name))
		return; /* an address is no host name (RFC 1035 3.3.9) */
	h = &s->host[s->hosts++];
	memset(h, 0, sizeof(*h));
	h->preference = preference;
	strlcpy(h->name, name, sizeof(h->name));
}

/* In random order among equals (RFC 5321 section 5.1). */
static void
sort_hosts(struct search *s)
{
	struct host h;
	size_t j;

	for (size_t i = s->hosts; i > 1; i--) {
		j = arc4random_uniform((uint32_t)i);
		h = s->host[i - 1];
		s->host[i - 1] = s->host[j];
		s->host[j] = h;
	}
	for (size_t i = 1; i < s->hosts; i++) {
		h = s->host[i];
		for (j = i; j > 0 && s->host[j - 1].preference > h.preference;
		     j--)
			s->host[j] = s->host[j - 1];
		s->host[j] = h;
	}
}

/* Leaves only hosts that are better than this; whether there are any. */
static bool
cut(struct search *s, uint32_t preference)
{
	size_t n = 0;

	while (n < s->hosts && s->host[n].preference < preference)
		n++;
	s->hosts = n;
	return n > 0;
}

/*
 * The first that is ourselves ends the list: whoever is not better would give
 * the mail back to us (RFC 5321 section 5.1).
 */
static bool
cut_ours(struct search *s)
{
	for (size_t i = 0; i < s->hosts; i++)
		if (s->host[i].ours)
			return cut(s, s->host[i].preference);
	return true;
}

/* --- their addresses */

static void
look_at(struct search *s, struct host *h)
{
	char ip[IP_MAX + 1];
	size_t kept = 0;

	for (size_t i = 0; i < h->answer.count; i++) {
		if (!canonical(h->answer.address[i], ip) ||
		    !may_be_reached(s, ip))
			continue;
		if (!s->named && is_us(s, ip))
			h->ours = true;
		strlcpy(h->answer.address[kept++], ip, IP_MAX + 1);
	}
	h->refused = h->answer.count - kept;
	h->answer.count = kept;
}

/* Of the best hosts that were not asked for yet, all at once. */
static void
ask_addresses(struct search *s)
{
	struct host *first = &s->host[s->asked];
	struct dns_answer answers[TARGETS_HOSTS];
	const char *names[TARGETS_HOSTS] = { NULL };
	size_t n = s->hosts - s->asked;

	if (n > TARGETS_HOSTS)
		n = TARGETS_HOSTS;
	for (size_t i = 0; i < n; i++)
		names[i] = first[i].name;
	memset(answers, 0, sizeof(answers));
	dns_client_ask_all(s->dns, DNS_ADDRESS, names, n, answers);
	s->asked += n;
	for (size_t i = 0; i < n; i++) {
		first[i].answer = answers[i];
		look_at(s, &first[i]);
	}
}

static void
free_addresses(struct search *s)
{
	for (size_t i = 0; i < s->asked; i++)
		dns_answer_free(&s->host[i].answer);
}

static void
add_target(struct search *s, const struct host *h, const char *ip)
{
	struct targets *to = s->to;
	struct target *t;

	for (size_t i = 0; i < to->count; i++)
		if (strcmp(to->target[i].ip, ip) == 0)
			return; /* a better host has it, too */
	if (to->count == TARGETS_MOST)
		return;
	t = &to->target[to->count++];
	memset(t, 0, sizeof(*t));
	strlcpy(t->host, h->name, sizeof(t->host));
	strlcpy(t->ip, ip, sizeof(t->ip));
	t->port = port_of(s);
	t->secure = s->secure && h->answer.status == DNS_SECURE;
}

static void
shuffle(const char *ip[], size_t n)
{
	const char *tmp;
	size_t j;

	for (; n > 1; n--) {
		j = arc4random_uniform((uint32_t)n);
		tmp = ip[n - 1];
		ip[n - 1] = ip[j];
		ip[j] = tmp;
	}
}

/* Alternating between the families (RFC 3974 section 3, RFC 8305 section 4). */
static void
add_targets(struct search *s, const struct host *h)
{
	const char *ip[2][DNS_RECORDS];
	size_t n[2] = { 0, 0 }, next[2] = { 0, 0 };
	int which, ipv6 = 1, pref = s->config->ip;

	for (size_t i = 0; i < h->answer.count; i++) {
		which = strchr(h->answer.address[i], ':') != NULL;
		ip[which][n[which]++] = h->answer.address[i];
	}
	if (pref == IP_6_ONLY)
		n[0] = 0;
	if (pref == IP_4_ONLY)
		n[1] = 0;
	shuffle(ip[0], n[0]);
	shuffle(ip[1], n[1]);
	which = pref == IP_6_FIRST || pref == IP_6_ONLY ? ipv6 : !ipv6;
	for (size_t i = 0; i < TARGETS_EACH && i < n[0] + n[1]; i++) {
		if (next[which] == n[which])
			which = !which;
		add_target(s, h, ip[which][next[which]++]);
		which = !which;
	}
}

static enum outcome
find_hosts(struct search *s)
{
	size_t first;

	do {
		first = s->asked;
		ask_addresses(s);
		if (!cut_ours(s))
			return targets_fail(s, "5.4.6",
			    "mail would come back here: its best mail host is "
			    "this one",
			    "");
		for (size_t i = first; i < targets_known(s); i++)
			add_targets(s, &s->host[i]);
	} while (s->to->count == 0 && s->asked < s->hosts &&
	    s->asked < TARGETS_ASKED);
	return s->to->count > 0 ? OUT_OK : targets_none(s);
}

/* --- the kinds of hops */

/* The one that says "no mail here" (RFC 7505), or several that do. */
static bool
is_null(const struct dns_answer *a)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->mx[i].name[0] != '\0')
			return false;
	return true;
}

static enum outcome
take_mx(struct search *s, const struct dns_answer *a)
{
	bool us = false;
	uint32_t best = 0;

	if (is_null(a))
		return targets_fail(
		    s, "5.1.10", "it takes no mail (null MX)", "");
	s->secure = a->status == DNS_SECURE;
	for (size_t i = 0; i < a->count; i++) {
		add_host(s, a->mx[i].preference, a->mx[i].name);
		if (strcasecmp(a->mx[i].name, s->config->hostname) != 0)
			continue;
		if (!us || a->mx[i].preference < best)
			best = a->mx[i].preference;
		us = true;
	}
	sort_hosts(s);
	if (us && !cut(s, best))
		return targets_fail(s, "5.4.6",
		    "mail would come back here: its best mail host is this "
		    "one",
		    "");
	if (s->hosts == 0)
		return targets_fail(s, "5.4.4", "its MX are no host names", "");
	return find_hosts(s);
}

/* No MX: the domain is its own host (RFC 5321 section 5.1). */
static enum outcome
take_itself(struct search *s)
{
	if (strcasecmp(s->hop->name, s->config->hostname) == 0)
		return targets_fail(s, "5.4.6",
		    "mail would come back here: it is this host", "");
	add_host(s, 0, s->hop->name);
	return find_hosts(s);
}

static enum outcome
find_domain(struct search *s)
{
	struct dns_answer a;
	enum outcome r;

	memset(&a, 0, sizeof(a));
	dns_client_ask(s->dns, DNS_MX, s->hop->name, &a);
	if (a.status <= DNS_INSECURE && a.count > 0)
		r = take_mx(s, &a);
	else if (a.status == DNS_NODATA || a.status <= DNS_INSECURE) {
		s->secure = a.proved || a.status == DNS_SECURE;
		r = take_itself(s);
	} else
		r = targets_unknown(s, &a, "5.1.2");
	dns_answer_free(&a);
	return r;
}

static enum outcome
find_named(struct search *s)
{
	s->secure = true;
	add_host(s, 0, s->hop->name);
	return find_hosts(s);
}

static struct target *
add_certain(struct search *s)
{
	struct target *t = &s->to->target[s->to->count++];

	memset(t, 0, sizeof(*t));
	t->secure = true;
	return t;
}

/* A recipient's domain may be one, too: [127.0.0.1] is no way to ourselves. */
static enum outcome
take_address(struct search *s)
{
	char ip[IP_MAX + 1];
	struct target *t;

	if (!canonical(s->hop->name, ip) || !may_be_reached(s, ip))
		return targets_fail(
		    s, "5.4.4", "no mail host can have this address", "");
	if (!s->named && is_us(s, ip))
		return targets_fail(s, "5.4.6",
		    "mail would come back here: it is this host", "");
	t = add_certain(s);
	strlcpy(t->host, ip, sizeof(t->host));
	strlcpy(t->ip, ip, sizeof(t->ip));
	t->port = port_of(s);
	return OUT_OK;
}

static enum outcome
take_socket(struct search *s)
{
	(void)add_certain(s); /* its path is the hop's */
	return OUT_OK;
}

enum outcome
targets_find(struct targets *to, const struct targets_wish *w, struct diag *d)
{
	static enum outcome (*const find[])(struct search *) = {
		[HOP_DOMAIN] = find_domain,
		[HOP_HOST] = find_named,
		[HOP_ADDRESS] = take_address,
		[HOP_UNIX] = take_socket,
	};
	static struct search s; /* too large for the stack */
	enum outcome r;

	memset(&s, 0, sizeof(s));
	to->count = 0;
	to->ours = false;
	*d = (struct diag)DIAG_INIT;
	s.to = to;
	s.hop = w->hop;
	s.config = w->config;
	s.dns = w->dns;
	s.diag = d;
	s.named = w->routed && w->hop->kind != HOP_DOMAIN;
	r = find[w->hop->kind](&s);
	free_addresses(&s);
	to->down = r == OUT_TEMP && !to->ours;
	return r;
}
