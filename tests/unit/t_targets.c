/*
 * t_targets: which addresses a next hop has, by what DNS says.
 *
 * wrap: dns_client_ask dns_client_ask_all dns_answer_free arc4random_uniform
 */
#include "tests/unit/zone.h"

static const struct row {
	const char *hop;
	struct zone zone[6];
	const char *want; /* "host[ip]:port ..." in order, or a DSN */
	int ip, flags;
	const char *secure; /* of each target: y or n; NULL: all y */
} rows[] = {
	/* clang-format off */
	/* by MX */
	{ .hop = "a.example", { { .name = "a.example", 0, "10 m.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1" } },
	    "m.example[192.0.2.1]:25" },
	{ .hop = "a.example", { { .name = "a.example", 0, "20 n.example 10 m.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1" },
	    { .name = "n.example", 0, NULL, "192.0.2.2" } },
	    "m.example[192.0.2.1]:25 n.example[192.0.2.2]:25" },
	{ .hop = "a.example:2525", { { .name = "a.example", 0, "10 m.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1" } },
	    "m.example[192.0.2.1]:2525" },
	/* equal ones in random order, others not */
	{ .hop = "a.example", { { "a.example", 0,
	    "10 l.example 10 m.example 5 k.example", NULL },
	    { .name = "k.example", 0, NULL, "192.0.2.1" },
	    { .name = "l.example", 0, NULL, "192.0.2.2" },
	    { .name = "m.example", 0, NULL, "192.0.2.3" } },
	    "k.example[192.0.2.1]:25 l.example[192.0.2.2]:25 "
	    "m.example[192.0.2.3]:25" },
	{ .hop = "a.example", { { .name = "a.example", 0, "10 l.example 10 m.example", NULL },
	    { .name = "l.example", 0, NULL, "192.0.2.2" },
	    { .name = "m.example", 0, NULL, "192.0.2.3" } },
	    "m.example[192.0.2.3]:25 l.example[192.0.2.2]:25", 0, REVERSE },
	/* none: the domain is its own host, but only if that is certain */
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "192.0.2.1" } },
	    "a.example[192.0.2.1]:25" },
	{ .hop = "a.example", { { .name = "a.example", DNS_NXDOMAIN, NULL, "192.0.2.1" } },
	    "5.1.2" },
	{ .hop = "a.example", { { .name = "a.example", DNS_TEMPFAIL, NULL, "192.0.2.1" } },
	    "4.4.3" },
	{ .hop = "a.example", { { .name = "a.example", DNS_BOGUS, NULL, "192.0.2.1" } },
	    "4.7.5" },
	{ .hop = "a.example", { { .name = "a.example", 0, "", "192.0.2.1" } },
	    "a.example[192.0.2.1]:25" },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, NULL } }, "5.4.4" },
	/* none that take mail (RFC 7505) */
	{ .hop = "a.example", { { .name = "a.example", 0, "0 .", "192.0.2.1" } }, "5.1.10" },
	{ .hop = "a.example", { { .name = "a.example", 0, "0 . 5 .", "192.0.2.1" } },
	    "5.1.10" },
	{ .hop = "a.example", { { .name = "a.example", 0, "0 . 5 m.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1" } },
	    "m.example[192.0.2.1]:25" },
	/* names that are none */
	{ .hop = "a.example", { { .name = "a.example", 0, "5 192.0.2.1 6 x_y 7 a..b", NULL } },
	    "5.4.4" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 192.0.2.1 6 m.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.9" } },
	    "m.example[192.0.2.9]:25" },
	/* hosts without addresses: the worst that time can mend counts */
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 6 n.example", NULL } },
	    "5.4.4" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 6 n.example", NULL },
	    { .name = "n.example", DNS_TEMPFAIL, NULL, NULL } }, "4.4.3" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 6 n.example", NULL },
	    { .name = "m.example", DNS_BOGUS, NULL, NULL } }, "4.7.5" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 6 n.example", NULL },
	    { .name = "m.example", DNS_BOGUS, NULL, NULL },
	    { .name = "n.example", 0, NULL, "192.0.2.1" } },
	    "n.example[192.0.2.1]:25" },
	/* families */
	{ .hop = "a.example", { { .name = "a.example", 0, NULL,
	    "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1" } },
	    "a.example[2001:db8::1]:25 a.example[192.0.2.1]:25 "
	    "a.example[192.0.2.2]:25 a.example[192.0.2.3]:25", IP_6_FIRST },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL,
	    "2001:db8::1 2001:DB8::2 192.0.2.1" } },
	    "a.example[192.0.2.1]:25 a.example[2001:db8::1]:25 "
	    "a.example[2001:db8::2]:25", IP_4_FIRST },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "192.0.2.1 2001:db8::1" } },
	    "a.example[192.0.2.1]:25", IP_4_ONLY },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "192.0.2.1 2001:db8::1" } },
	    "a.example[2001:db8::1]:25", IP_6_ONLY },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "192.0.2.1" } }, "4.4.4",
	    IP_6_ONLY },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "::ffff:192.0.2.1" } },
	    "a.example[192.0.2.1]:25", IP_4_ONLY },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "192.0.2.1 192.0.2.2" } },
	    "a.example[192.0.2.2]:25 a.example[192.0.2.1]:25", 0, REVERSE },
	/* the same address twice, and what is no address */
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 6 n.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1" },
	    { .name = "n.example", 0, NULL, "192.0.2.1 nonsense ::ffff:192.0.2.1" } },
	    "m.example[192.0.2.1]:25" },
	/* at most four of a host */
	{ .hop = "a.example", { { .name = "a.example", 0, NULL,
	    NET "1 " NET "2 " NET "3 " NET "4 " NET "5" } },
	    "a.example[192.0.2.1]:25 a.example[192.0.2.2]:25 "
	    "a.example[192.0.2.3]:25 a.example[192.0.2.4]:25" },
	/* where no mail host is */
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "127.0.0.2" } }, "5.4.4" },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "::1 0.0.0.0 :: 169.254.1.1 "
	    "fe80::1 ::ffff:127.0.0.2 ::127.0.0.2 224.0.0.1 255.255.255.255 "
	    "ff02::1 64:ff9b::127.0.0.1 0.1.2.3" } }, "5.4.4" },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "127.0.0.2 192.0.2.1" } },
	    "a.example[192.0.2.1]:25" },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "127.0.0.2" } },
	    "a.example[127.0.0.2]:25", 0, LOOPBACK_YES },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "::ffff:127.0.0.2" } },
	    "a.example[127.0.0.2]:25", 0, LOOPBACK_YES },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "0.0.0.0 ::" } }, "5.4.4", 0,
	    LOOPBACK_YES },
	/* ourselves, by name, by interface, by own-addresses */
	{ .hop = US, { { .name = US, 0, NULL, "192.0.2.1" } }, "5.4.6" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 Us.Example", NULL } }, "5.4.6" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 10 us.example "
	    "10 n.example 20 o.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1" },
	    { .name = "n.example", 0, NULL, "192.0.2.2" },
	    { .name = "o.example", 0, NULL, "192.0.2.3" } },
	    "m.example[192.0.2.1]:25" },
	{ .hop = "a.example", { { .name = "a.example", 0, "10 us.example 5 us.example "
	    "7 n.example", NULL }, { .name = "n.example", 0, NULL, "192.0.2.2" } },
	    "5.4.6" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 10 o.example "
	    "10 n.example 20 p.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1" },
	    { .name = "n.example", 0, NULL, "192.0.2.2" },
	    { .name = "o.example", 0, NULL, "192.0.2.3 203.0.113.5" },
	    { .name = "p.example", 0, NULL, "192.0.2.4" } },
	    "m.example[192.0.2.1]:25", 0, OWN },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "203.0.113.5" } }, "5.4.6", 0,
	    OWN },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "127.0.0.1" } }, "5.4.6", 0,
	    LOOPBACK_YES },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "127.0.0.1" } }, "5.4.4" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 10 us.example", NULL },
	    { .name = "m.example", DNS_TEMPFAIL, NULL, NULL } }, "4.4.3" },
	/* names in brackets: no MX, and whatever they are */
	{ .hop = "[h.example]", { { .name = "h.example", 0, "5 m.example", "192.0.2.1" } },
	    "h.example[192.0.2.1]:25" },
	{ .hop = "[h.example]:587", { { .name = "h.example", 0, NULL,
	    "127.0.0.1 203.0.113.5" } },
	    "h.example[127.0.0.1]:587 h.example[203.0.113.5]:587", 0, OWN },
	{ .hop = "[" US "]", { { .name = US, 0, NULL, "192.0.2.1" } },
	    US "[192.0.2.1]:25" },
	{ .hop = "[h.example]", { { .name = "h.example", DNS_NXDOMAIN, NULL, NULL } },
	    "4.4.4" },
	{ .hop = "[h.example]", { { .name = "h.example", DNS_BOGUS, NULL, NULL } }, "4.7.5" },
	{ .hop = "smtps:[h.example]", { { .name = "h.example", 0, NULL, "192.0.2.1" } },
	    "h.example[192.0.2.1]:465" },
	{ .hop = "lmtp:[h.example]", { { .name = "h.example", 0, NULL, "192.0.2.1" } },
	    "h.example[192.0.2.1]:24" },
	/* and addresses */
	{ .hop = "[127.0.0.1]:2525", { { .name = NULL } }, "127.0.0.1[127.0.0.1]:2525" },
	{ .hop = "[203.0.113.5]", { { .name = NULL } }, "203.0.113.5[203.0.113.5]:25", 0, OWN },
	{ .hop = "[IPv6:2001:DB8::1]", { { .name = NULL } }, "2001:db8::1[2001:db8::1]:25",
	    IP_4_ONLY },
	{ .hop = "[IPv6:::ffff:192.0.2.1]", { { .name = NULL } }, "192.0.2.1[192.0.2.1]:25" },
	{ .hop = "lmtp:/run/x", { { .name = NULL } }, "[]:0" },
	/* the same as recipients write them */
	{ .hop = "[192.0.2.1]", { { .name = NULL } }, "192.0.2.1[192.0.2.1]:25", 0, RCPT },
	{ .hop = "[IPv6:2001:DB8::1]", { { .name = NULL } }, "2001:db8::1[2001:db8::1]:25",
	    IP_4_ONLY, RCPT },
	{ .hop = "[127.0.0.1]", { { .name = NULL } }, "5.4.4", 0, RCPT },
	{ .hop = "[127.0.0.1]", { { .name = NULL } }, "5.4.6", 0, RCPT | LOOPBACK_YES },
	{ .hop = "[127.0.0.2]", { { .name = NULL } }, "127.0.0.2[127.0.0.2]:25", 0,
	    RCPT | LOOPBACK_YES },
	{ .hop = "[0.0.0.0]", { { .name = NULL } }, "5.4.4", 0, RCPT | LOOPBACK_YES },
	{ .hop = "[IPv6:::1]", { { .name = NULL } }, "5.4.4", 0, RCPT },
	{ .hop = "[IPv6:::]", { { .name = NULL } }, "5.4.4", 0, RCPT | LOOPBACK_YES },
	{ .hop = "[::ffff:127.0.0.1]", { { .name = NULL } }, "5.4.4", 0, RCPT },
	{ .hop = "[64:ff9b::7f00:1]", { { .name = NULL } }, "5.4.4", 0, RCPT },
	{ .hop = "[169.254.169.254]", { { .name = NULL } }, "5.4.4", 0, RCPT },
	{ .hop = "[203.0.113.5]", { { .name = NULL } }, "5.4.6", 0, RCPT | OWN },
	{ .hop = "[::ffff:203.0.113.5]", { { .name = NULL } }, "5.4.6", 0, RCPT | OWN },
	/* proved by DNSSEC, all the way */
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example 6 n.example", NULL },
	    { .name = "m.example", 0, NULL, "192.0.2.1", true },
	    { .name = "n.example", 0, NULL, "192.0.2.2" } },
	    "m.example[192.0.2.1]:25 n.example[192.0.2.2]:25", 0, 0, "ny" },
	{ .hop = "a.example", { { .name = "a.example", 0, "5 m.example", NULL, true },
	    { .name = "m.example", 0, NULL, "192.0.2.1" } },
	    "m.example[192.0.2.1]:25", 0, 0, "n" },
	{ .hop = "a.example", { { .name = "a.example", 0, NULL, "192.0.2.1", true } },
	    "a.example[192.0.2.1]:25", 0, 0, "n" },
	/* clang-format on */
};

static const char *
as_text(void)
{
	static char text[4000];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < to.count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s[%s]:%u",
		    i > 0 ? " " : "", to.target[i].host, to.target[i].ip,
		    to.target[i].port);
	return text;
}

static void
table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *w = &rows[i];
		bool ok = strchr(w->want, '[') != NULL;
		enum outcome r;

		zone = w->zone;
		zones = COUNT(w->zone);
		prepare(w->ip, w->flags);
		r = look_up(w->hop, (w->flags & RCPT) == 0);
		assert_int_equal(r, d.outcome);
		assert_int_equal(to.down, r == OUT_TEMP);
		if (strcmp(ok ? as_text() : d.dsn, w->want) != 0 ||
		    (r == OUT_OK) != ok)
			fail_msg("row %zu %s: wanted %s, found %s %s", i,
			    w->hop, w->want, ok ? as_text() : d.dsn, d.text);
		if (!ok)
			assert_int_equal(to.count, 0);
		for (size_t k = 0; ok && k < to.count; k++)
			assert_int_equal(to.target[k].secure,
			    w->secure == NULL || w->secure[k] == 'y');
		assert_int_equal(freed, asked_mx + asked_names);
		assert_true(asked_at_once <= 1);
	}
}

/* A thousand hosts, all tarpits (M17), of which a hundred are told. */
static void
capped(void **state)
{
	static char mx[DNS_RECORDS * 24], all[400];
	static struct zone many[DNS_RECORDS + 1];
	static char names[DNS_RECORDS][24], ips[DNS_RECORDS][160];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < DNS_RECORDS; i++) {
		snprintf(names[i], sizeof(names[i]), "h%zu.example", i);
		n += (size_t)snprintf(
		    mx + n, sizeof(mx) - n, "%zu %s ", i, names[i]);
		snprintf(ips[i], sizeof(ips[i]),
		    "10.0.%zu.1 10.0.%zu.2 10.0.%zu.3 2001:db8::%zx 10.0.%zu.5",
		    i, i, i, i + 1, i);
		many[i] =
		    (struct zone){ .name = names[i], .addresses = ips[i] };
	}
	many[DNS_RECORDS] = (struct zone){ .name = "a.example", .mx = mx };
	zone = many;
	zones = COUNT(many);
	prepare(IP_6_FIRST, 0);
	assert_int_equal(look_up("a.example", false), OUT_OK);
	assert_int_equal(to.count, TARGETS_MOST);
	assert_int_equal(asked_names, TARGETS_HOSTS);
	snprintf(all, sizeof(all), "%s", as_text());
	assert_non_null(strstr(all, "h0.example[2001:db8::1]"));
	assert_non_null(strstr(all, "h3.example"));
	assert_null(strstr(all, "h4.example"));
	/* We are among them, far behind those that are looked at. */
	snprintf(config.hostname, sizeof(config.hostname), "h1.example");
	assert_int_equal(look_up("a.example", false), OUT_OK);
	assert_int_equal(to.count, TARGETS_EACH);
}

/* So many hosts, of which one has an address. */
static enum outcome
look_for_one(size_t hosts, size_t which)
{
	static char mx[30 * 20], names[30][16];
	static struct zone many[31];
	size_t n = 0;

	assert_true(hosts <= 30);
	for (size_t i = 0; i < hosts; i++) {
		snprintf(names[i], sizeof(names[i]), "h%zu.example", i);
		n += (size_t)snprintf(
		    mx + n, sizeof(mx) - n, "%zu %s ", i, names[i]);
		many[i] = (struct zone){ .name = names[i],
			.status = DNS_NXDOMAIN,
			.addresses = i == which ? "192.0.2.1" : NULL };
	}
	many[hosts] = (struct zone){ .name = "a.example", .mx = mx };
	zone = many;
	zones = hosts + 1;
	prepare(0, 0);
	return look_up("a.example", false);
}

/* That the best hosts are gone is no reason to send mail back. */
static void
many_without(void **state)
{
	(void)state;
	assert_int_equal(look_for_one(9, 8), OUT_OK);
	assert_string_equal(as_text(), "h8.example[192.0.2.1]:25");
	assert_int_equal(asked_at_once, 2);
	assert_int_equal(look_for_one(30, TARGETS_ASKED - 1), OUT_OK);
	assert_int_equal(look_for_one(30, TARGETS_ASKED), OUT_TEMP);
	assert_string_equal(d.dsn, "4.4.4");
	assert_int_equal(asked_names, TARGETS_ASKED);
	assert_int_equal(freed, asked_mx + asked_names);
	assert_int_equal(look_for_one(TARGETS_ASKED, 99), OUT_PERM);
	assert_string_equal(d.dsn, "5.4.4");
	/* We are among the others: whoever is behind us does not count. */
	(void)look_for_one(20, 15);
	snprintf(config.hostname, sizeof(config.hostname), "h12.example");
	assert_int_equal(look_up("a.example", false), OUT_PERM);
	assert_string_equal(d.dsn, "5.4.4");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(capped),
		cmocka_unit_test(many_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
