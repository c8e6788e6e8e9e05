/*
 * t_net: addresses of peers and prefixes.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/net.h"

/* clang-format off */
static const struct {
	const char *text;
	bool good;
} prefixes[] = {
	{ "192.0.2.1",		true },
	{ "192.0.2.0/24",	true },
	{ "0.0.0.0/0",		true },
	{ "192.0.2.1/32",	true },
	{ "2001:db8::/32",	true },
	{ "::1/128",		true },
	{ "::/0",		true },
	{ "::ffff:192.0.2.0/120", true },
	{ "192.0.2.1/33",	false },
	{ "::1/129",		false },
	{ "192.0.2.1/",		false },
	{ "192.0.2.1/-1",	false },
	{ "192.0.2.1/+1",	false },
	{ "192.0.2.1/1x",	false },
	{ "192.0.2.1/99999999999999999999", false },
	{ "192.0.2.1/24/24",	false },
	{ "192.0.2",		false },
	{ "192.0.2.256",	false },
	{ "192.0.2.01",		false },
	{ "0x7f.0.0.1",		false },
	{ "fe80::1%lo",		false },
	{ "[::1]",		false },
	{ "localhost",		false },
	{ "/24",		false },
	{ "",			false },
	{ "0000000000000000000000000000000000000000000000000000000000000000000000", false },
};

static const struct {
	const char *ip, *list;
	bool in;
} lists[] = {
	{ "192.0.2.1",	"192.0.2.1",			true },
	{ "192.0.2.2",	"192.0.2.1",			false },
	{ "192.0.2.255", "192.0.2.0/24",		true },
	{ "192.0.3.0",	"192.0.2.0/24",			false },
	{ "192.0.2.7",	"192.0.2.0/29",			true },
	{ "192.0.2.8",	"192.0.2.0/29",			false },
	{ "192.0.2.127", "192.0.2.77/25",		true },	/* host bits */
	{ "192.0.2.128", "192.0.2.77/25",		false },
	{ "203.0.113.9", "0.0.0.0/0",			true },
	{ "2001:db8::1", "0.0.0.0/0",			false },
	{ "2001:db8::1", "2001:db8::/32",		true },
	{ "2001:db9::1", "2001:db8::/32",		false },
	{ "2001:db8::1", "2001:db8::1",			true },
	{ "2001:db8::2", "2001:db8::1",			false },
	{ "2001:DB8::1", "2001:db8:0:0::1",		true },
	{ "::1",	"192.0.2.1, 127.0.0.1\t::1",	true },
	{ "192.0.2.1",	" , ,192.0.2.1,",		true },
	{ "192.0.2.1",	"nonsense 192.0.2.1",		true },
	{ "192.0.2.1",	"192.0.2.1x",			false },
	{ "192.0.2.1",	"",				false },
	{ "",		"0.0.0.0/0",			false },
	{ "nonsense",	"0.0.0.0/0",			false },
	/* IPv4 is IPv4, however it is written. */
	{ "::ffff:192.0.2.1", "192.0.2.0/24",		true },
	{ "192.0.2.1",	"::ffff:192.0.2.0/120",		true },
};

static const struct {
	const char *ip, *key;
} keys[] = {
	{ "192.0.2.1",			"192.0.2.1" },
	{ "2001:db8:1:2:3:4:5:6",	"2001:db8:1:2::" },
	{ "2001:db8:1:2::",		"2001:db8:1:2::" },
	{ "::ffff:192.0.2.1",		"192.0.2.1" },
	{ "",				"" },
	{ "uid 1000",			"uid 1000" },
};
/* clang-format on */

static void
valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (net_valid_prefix(prefixes[i].text) != prefixes[i].good)
			fail_msg("\"%s\"", prefixes[i].text);
}

static void
in_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++)
		if (net_in_list(lists[i].ip, lists[i].list) != lists[i].in)
			fail_msg("%s in \"%s\"", lists[i].ip, lists[i].list);
}

static void
client_key(void **state)
{
	char key[IP_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		net_client_key(keys[i].ip, key);
		assert_string_equal(key, keys[i].key);
	}
}

static struct net_peer accepted;

/* A connection over loopback; the accepted end and its port. */
static int
connected(int family, const void *sa, socklen_t len, unsigned int *port)
{
	struct sockaddr_storage ss;
	socklen_t sslen = sizeof(ss);
	int l = socket(family, SOCK_STREAM, 0);
	int c = socket(family, SOCK_STREAM, 0), s;

	if (l == -1 || bind(l, sa, len) == -1 || listen(l, 1) == -1)
		return -1;
	assert_int_equal(getsockname(l, (struct sockaddr *)&ss, &sslen), 0);
	*port =
	    ntohs(family == AF_INET ? ((struct sockaddr_in *)&ss)->sin_port
				    : ((struct sockaddr_in6 *)&ss)->sin6_port);
	net_send_at_once(l);
	assert_int_equal(connect(c, (struct sockaddr *)&ss, sslen), 0);
	net_peer_get(l, &accepted); /* the port holds for all */
	s = net_accept(l, &accepted);
	assert_int_not_equal(s, -1);
	assert_int_equal(close(l), 0);
	assert_int_equal(close(c), 0);
	return s;
}

/* Both ways of asking say the same. */
static void
get_peer(int fd, struct net_peer *p)
{
	int on = 0;
	socklen_t len = sizeof(on);

	net_peer_get(fd, p);
	assert_string_equal(accepted.ip, p->ip);
	assert_int_equal(accepted.loopback, p->loopback);
	assert_int_equal(accepted.local_port, p->local_port);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(
	    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_int_not_equal(on, 0);
}

static void
peers(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct net_peer p;
	unsigned int port;
	int fd, pair[2];

	(void)state;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = connected(AF_INET, &in, sizeof(in), &port);
	assert_int_not_equal(fd, -1);
	get_peer(fd, &p);
	assert_string_equal(p.ip, "127.0.0.1");
	assert_true(p.loopback);
	assert_int_equal(p.local_port, port);
	assert_int_equal(close(fd), 0);

	in6.sin6_addr = in6addr_loopback;
	fd = connected(AF_INET6, &in6, sizeof(in6), &port);
	if (fd != -1) { /* not every kernel has IPv6 */
		get_peer(fd, &p);
		assert_string_equal(p.ip, "::1");
		assert_true(p.loopback);
		assert_int_equal(p.local_port, port);
		assert_int_equal(close(fd), 0);
	}

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	net_peer_get(pair[0], &p);
	assert_string_equal(p.ip, "");
	assert_false(p.loopback);
	assert_int_equal(p.local_port, 0);
	assert_int_equal(close(pair[0]), 0);
	assert_int_equal(close(pair[1]), 0);
	fd = open("/dev/null", O_RDONLY);
	net_peer_get(fd, &p);
	assert_string_equal(p.ip, "");
	assert_int_equal(close(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),
		cmocka_unit_test(in_list),
		cmocka_unit_test(client_key),
		cmocka_unit_test(peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
