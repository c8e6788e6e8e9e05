/*
 * t_dns_config: the zone of a trust anchor, and files that have changed.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/dns_config.h"

static char anchor[64], hosts[64], resolv_conf[64];

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
begin(struct dns_config *c)
{
	dns_config_init(c);
	assert_string_equal(c->resolv_conf, "/etc/resolv.conf");
	assert_string_equal(c->hosts, "/etc/hosts");
	c->resolv_conf = resolv_conf;
	c->hosts = hosts;
	strlcpy(c->anchor, anchor, sizeof(c->anchor));
}

static void
zone(void **state)
{
	static const struct {
		const char *text, *zone; /* NULL: none */
	} rows[] = {
		{ ". 172800 IN DNSKEY 257 3 8 AwEAA ;{id = 20326}\n", "." },
		{ ".\t172800\tIN\tDS\t20326 8 2 E06D\n", "." },
		{ "signed.example. DS 1 13 2 aa\n", "signed.example" },
		{ "signed.example IN DNSKEY 257 3 13 aa\n", "signed.example" },
		{ "; comment\n\n$TTL 60\na.example. ds 1 2 3 a\n",
		    "a.example" },
		{ "a.example. A 192.0.2.1\nb.example. DS 1 13 2 aa\n",
		    "b.example" },
		{ "; . IN DS\n", NULL },
		{ "", NULL },
		{ "DS\n", NULL },
		{ "a..b DS 1 13 2 aa\n", NULL },
		{ "binary\x01\xff\n", NULL },
	};
	char out[DOMAIN_MAX + 1], why[TEXT_MAX + 1];
	struct dns_config c;
	bool is;

	(void)state;
	begin(&c);
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file(anchor, rows[i].text);
		is = dns_config_zone(&c, out, why);
		if (is != (rows[i].zone != NULL))
			fail_msg("%s", rows[i].text);
		if (is)
			assert_string_equal(out, rows[i].zone);
		else
			assert_non_null(strstr(why, anchor));
	}
	assert_int_equal(unlink(anchor), 0);
	assert_false(dns_config_zone(&c, out, why));
	assert_non_null(strstr(why, "No such file"));
}

/* Files are told apart by their size here, whatever the clock is. */
static void
changes(void **state)
{
	struct dns_config c;

	(void)state;
	begin(&c);
	write_file(hosts, "a");
	write_file(resolv_conf, "a");
	strlcpy(c.servers, DNS_SYSTEM, sizeof(c.servers));
	assert_true(dns_config_changed(&c, NULL));
	assert_false(dns_config_changed(&c, NULL));
	write_file(hosts, "aa");
	assert_true(dns_config_changed(&c, NULL));
	write_file(resolv_conf, "aa");
	assert_true(dns_config_changed(&c, NULL));
	write_file(anchor, "aa");
	assert_true(dns_config_changed(&c, NULL));
	assert_false(dns_config_changed(&c, NULL));
	/* It is nobody's who names his servers. */
	strlcpy(c.servers, DNS_RECURSIVE, sizeof(c.servers));
	write_file(resolv_conf, "aaa");
	assert_false(dns_config_changed(&c, NULL));
	assert_int_equal(unlink(anchor), 0);
	assert_true(dns_config_changed(&c, NULL));
	assert_false(dns_config_changed(&c, NULL));
}

static int
name_files(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	snprintf(anchor, sizeof(anchor), "%s/anchor", unit_dir);
	snprintf(hosts, sizeof(hosts), "%s/hosts", unit_dir);
	snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", unit_dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zone),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, name_files, unit_teardown);
}
