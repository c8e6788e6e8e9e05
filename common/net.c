/*
 * net: addresses of network peers.  Library code; asks the kernel about a
 * descriptor it is given, resolves nothing.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/net.h"
#include "common/num.h"

union any {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage ss;
};

/* An address as 16 bytes, IPv4 in the mapped form. */
struct ip16 {
	uint8_t b[16];
};

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

static bool
parse_ip(const char *s, struct ip16 *ip, bool *v4)
{
	memcpy(ip->b, mapped, sizeof(mapped));
	if ((*v4 = inet_pton(AF_INET, s, ip->b + 12) == 1))
		return true;
	return inet_pton(AF_INET6, s, ip->b) == 1;
}

static void
print_ip(const uint8_t b[16], char *s, socklen_t size)
{
	/* Both cannot fail: the family is known, the room enough. */
	if (memcmp(b, mapped, sizeof(mapped)) == 0)
		(void)inet_ntop(AF_INET, b + 12, s, size);
	else
		(void)inet_ntop(AF_INET6, b, s, size);
}

static unsigned int
local_port(int fd)
{
	union any a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len) == -1)
		return 0;
	if (a.sa.sa_family == AF_INET)
		return ntohs(a.in.sin_port);
	return a.sa.sa_family == AF_INET6 ? ntohs(a.in6.sin6_port) : 0;
}

static void
take_address(const union any *a, struct net_peer *p)
{
	static const uint8_t one[16] = { [15] = 1 };
	struct ip16 ip;

	p->ip[0] = '\0';
	p->loopback = false;
	if (a->sa.sa_family == AF_INET) {
		memcpy(ip.b, mapped, sizeof(mapped));
		memcpy(ip.b + 12, &a->in.sin_addr, 4);
	} else if (a->sa.sa_family == AF_INET6)
		memcpy(ip.b, &a->in6.sin6_addr, 16);
	else
		return;
	print_ip(ip.b, p->ip, sizeof(p->ip));
	p->loopback = memcmp(ip.b, one, 16) == 0 ||
	    (memcmp(ip.b, mapped, sizeof(mapped)) == 0 && ip.b[12] == 127);
}

void
net_peer_get(int fd, struct net_peer *p)
{
	union any a = { 0 };
	socklen_t len = sizeof(a);

	p->local_port = local_port(fd); /* a listening socket has one, too */
	if (getpeername(fd, &a.sa, &len) == -1)
		a.sa.sa_family = AF_UNSPEC;
	take_address(&a, p);
}

int
net_accept(int listener, struct net_peer *p)
{
	union any a = { 0 };
	socklen_t len = sizeof(a);
	int fd = accept4(listener, &a.sa, &len, SOCK_CLOEXEC);

	if (fd != -1)
		take_address(&a, p);
	return fd;
}

void
net_send_at_once(int fd)
{
	const int on = 1;

	/* What is no TCP socket has no such delay. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool
parse_prefix(const char *s, struct ip16 *ip, unsigned int *bits)
{
	char addr[IP_MAX + 1];
	const char *slash = strchr(s, '/');
	size_t n = slash != NULL ? (size_t)(slash - s) : strlen(s);
	uint64_t len;
	bool v4;

	if (n >= sizeof(addr))
		return false;
	memcpy(addr, s, n);
	addr[n] = '\0';
	if (!parse_ip(addr, ip, &v4))
		return false;
	if (slash == NULL)
		len = v4 ? 32 : 128;
	else if (!num_parse(slash + 1, v4 ? 32 : 128, &len))
		return false;
	*bits = (unsigned int)len + (v4 ? 96 : 0);
	return true;
}

bool
net_valid_prefix(const char *s)
{
	struct ip16 ip;
	unsigned int bits;

	return parse_prefix(s, &ip, &bits);
}

static bool
in_prefix(const struct ip16 *ip, const struct ip16 *net, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	if (memcmp(ip->b, net->b, whole) != 0)
		return false;
	return rest == 0 || ((ip->b[whole] ^ net->b[whole]) >> (8 - rest)) == 0;
}

bool
net_in_list(const char *text, const char *list)
{
	char entry[IP_MAX + 5];
	struct ip16 ip, net;
	unsigned int bits;
	bool v4;
	size_t n;

	if (!parse_ip(text, &ip, &v4))
		return false;
	for (; *(list += strspn(list, " ,\t")) != '\0'; list += n) {
		n = strcspn(list, " ,\t");
		if (n >= sizeof(entry))
			continue;
		memcpy(entry, list, n);
		entry[n] = '\0';
		if (parse_prefix(entry, &net, &bits) &&
		    in_prefix(&ip, &net, bits))
			return true;
	}
	return false;
}

void
net_client_key(const char *text, char key[IP_MAX + 1])
{
	struct ip16 ip;
	bool v4;

	strlcpy(key, text, IP_MAX + 1);
	if (!parse_ip(text, &ip, &v4) || v4)
		return;
	if (memcmp(ip.b, mapped, sizeof(mapped)) != 0)
		memset(ip.b + 8, 0, 8);
	print_ip(ip.b, key, IP_MAX + 1);
}
