/*
 * t_own: the addresses of this host.
 *
 * wrap: getifaddrs log_error
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>

#include "common/log.h"
#include "delivery/own.h"

int __real_getifaddrs(struct ifaddrs **);
int __wrap_getifaddrs(struct ifaddrs **);
void __wrap_log_error(const char *, const char *, ...);

static bool broken;
static int errors;

int
__wrap_getifaddrs(struct ifaddrs **out)
{
	if (!broken)
		return __real_getifaddrs(out);
	errno = EMFILE;
	return -1;
}

void
__wrap_log_error(const char *id, const char *fmt, ...)
{
	(void)id;
	(void)fmt;
	errors++;
}

static struct own own;

static void
of_this_host(void **state)
{
	(void)state;
	own_find(&own);
	assert_true(own_has(&own, "127.0.0.1"));
	assert_true(own_has(&own, "::ffff:127.0.0.1"));
	assert_false(own_has(&own, "127.0.0.2"));
	assert_false(own_has(&own, "127.255.255.254"));
	assert_false(own_has(&own, "ff02::5"));
	assert_false(own_has(&own, "localhost"));
	assert_false(own_has(&own, ""));
	assert_int_equal(errors, 0);
}

static void
kernel_does_not_tell(void **state)
{
	(void)state;
	broken = true;
	own_find(&own);
	broken = false;
	assert_int_equal(errors, 1);
	assert_false(own_has(&own, "127.0.0.1"));
}

static void
of_any_kind_and_many(void **state)
{
	static struct ifaddrs list[OWN_MAX + 10];
	static struct sockaddr_in6 in6[OWN_MAX + 10];
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr packet = { .sa_family = AF_PACKET };
	size_t n = COUNT(list);

	(void)state;
	errors = 0;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &in.sin_addr), 1);
	for (size_t i = 0; i < n; i++) {
		in6[i].sin6_family = AF_INET6;
		in6[i].sin6_addr.s6_addr[0] = 0x20;
		in6[i].sin6_addr.s6_addr[14] = (uint8_t)(i >> 8);
		in6[i].sin6_addr.s6_addr[15] = (uint8_t)i;
		list[i].ifa_addr = (struct sockaddr *)&in6[i];
		list[i].ifa_next = i + 1 < n ? &list[i + 1] : NULL;
	}
	list[0].ifa_addr = NULL;
	list[1].ifa_addr = &packet;
	list[2].ifa_addr = (struct sockaddr *)&in;
	own_take(&own, list);
	assert_int_equal(own.n, OWN_MAX);
	assert_int_equal(errors, 1);
	assert_true(own_has(&own, "192.0.2.7"));
	assert_true(own_has(&own, "2000::3"));
	assert_true(own_has(&own, "2000:0:0::0003"));
	assert_false(own_has(&own, "2000::1"));
	own_take(&own, NULL);
	assert_false(own_has(&own, "2000::3"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_this_host),
		cmocka_unit_test(kernel_does_not_tell),
		cmocka_unit_test(of_any_kind_and_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
