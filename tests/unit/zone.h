/*
 * zone: what DNS says, for tests that look next hops up and wrap dns_client_ask,
 * dns_client_ask_all, dns_answer_free and arc4random_uniform.
 */
#ifndef TESTS_UNIT_ZONE_H
#define TESTS_UNIT_ZONE_H

#include "tests/unit/unit.h"

#include <arpa/inet.h>

#include "delivery/targets.h"

/* --- DNS, as rows "MX name preference host" and "A name address" */

struct zone {
	const char *name;
	enum dns_status status; /* of the answer without records */
	const char *mx;         /* "10 a.example 20 b.example"; "." is null */
	const char *addresses;
	bool insecure;
};

static const struct zone *zone;
static size_t zones;
static int freed, asked_mx, asked_at_once, asked_names;
static bool reverse; /* what "random" does */

uint32_t __wrap_arc4random_uniform(uint32_t);
void __wrap_dns_answer_free(struct dns_answer *);
void __wrap_dns_client_ask(
    struct dns_client *, uint32_t, const char *, struct dns_answer *);
void __wrap_dns_client_ask_all(struct dns_client *, uint32_t,
    const char *const[], size_t, struct dns_answer[]);

/* Without "random" everything stays where it is. */
uint32_t
__wrap_arc4random_uniform(uint32_t n)
{
	return reverse ? 0 : n - 1;
}

void
__wrap_dns_answer_free(struct dns_answer *a)
{
	free(a->mx);
	free(a->address);
	memset(a, 0, sizeof(*a));
	freed++;
}

static const struct zone *
find(const char *name)
{
	for (size_t i = 0; i < zones; i++)
		if (zone[i].name != NULL && strcmp(zone[i].name, name) == 0)
			return &zone[i];
	return NULL;
}

/* The next word of *s, or NULL. */
static char *
word(char **s)
{
	char *w;

	while ((w = strsep(s, " ")) != NULL && *w == '\0')
		continue;
	return w;
}

static void
answer(const struct zone *z, uint32_t kind, struct dns_answer *a)
{
	const char *text = kind == DNS_MX ? z->mx : z->addresses;
	char *copy, *s, *w;

	memset(a, 0, sizeof(*a));
	a->status = z->insecure ? DNS_INSECURE : DNS_SECURE;
	a->proved = !z->insecure;
	if (text == NULL) {
		a->status = z->status != 0 ? z->status : DNS_NODATA;
		snprintf(a->text, sizeof(a->text), "because");
		return;
	}
	a->mx = calloc(DNS_RECORDS, sizeof(*a->mx));
	a->address = calloc(DNS_RECORDS, sizeof(*a->address));
	s = copy = strdup(text);
	while ((w = word(&s)) != NULL) {
		if (kind == DNS_MX) {
			a->mx[a->count].preference =
			    (uint32_t)strtoul(w, NULL, 10);
			w = word(&s);
			snprintf(a->mx[a->count].name, DOMAIN_MAX + 1, "%s",
			    strcmp(w, ".") == 0 ? "" : w);
		} else
			snprintf(a->address[a->count], IP_MAX + 1, "%s", w);
		a->count++;
	}
	free(copy);
}

static void
ask(uint32_t kind, const char *name, struct dns_answer *a)
{
	const struct zone *z = find(name);
	const struct zone none = { .status = DNS_NXDOMAIN };

	answer(z != NULL ? z : &none, kind, a);
}

void
__wrap_dns_client_ask(
    struct dns_client *c, uint32_t kind, const char *name, struct dns_answer *a)
{
	(void)c;
	assert_int_equal(kind, DNS_MX);
	asked_mx++;
	ask(kind, name, a);
}

void
__wrap_dns_client_ask_all(struct dns_client *c, uint32_t kind,
    const char *const names[], size_t n, struct dns_answer a[])
{
	(void)c;
	assert_int_equal(kind, DNS_ADDRESS);
	assert_true(n <= DNS_WINDOW);
	asked_at_once++;
	asked_names += (int)n;
	for (size_t i = 0; i < n; i++)
		ask(kind, names[i], &a[i]);
}

static struct targets to;
static struct remote_config config;
static struct diag d;

#define US "us.example"
#define NET "192.0.2." /* a part of an address */

/* RCPT: the hop in brackets is a recipient's domain, no route. */
enum { LOOPBACK_YES = 1, REVERSE = 2, OWN = 4, RCPT = 8 };

static inline void
prepare(int ip, int flags)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ifaddrs lo = { .ifa_addr = (struct sockaddr *)&in };

	memset(&config, 0, sizeof(config));
	snprintf(config.hostname, sizeof(config.hostname), US);
	if ((flags & OWN) != 0)
		snprintf(config.own, sizeof(config.own), "203.0.113.0/28");
	own_take(&config.interfaces, &lo);
	config.loopback = (flags & LOOPBACK_YES) != 0;
	config.ip = ip;
	config.port = 25;
	reverse = (flags & REVERSE) != 0;
	freed = asked_mx = asked_at_once = asked_names = 0;
}

static inline enum outcome
look_up(const char *hop, bool routed)
{
	struct dns_client dns;
	const char *wanted;
	struct hop h;
	const struct targets_wish w = { &h, routed, &config, &dns };

	memset(&to, 'x', sizeof(to));
	d = (struct diag){ OUT_PERM, "5.9.9", "of before" };
	assert_true(hop_parse(hop, &h, &wanted));
	return targets_find(&to, &w, &d);
}

#endif
