/*
 * own: the addresses of this host.
 *
 * In remote, as postrider-out, before its first foreign byte; asks the kernel
 * and nobody else.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "delivery/own.h"

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

static void
map(const void *v4, struct in6_addr *out)
{
	memcpy(out->s6_addr, mapped, sizeof(mapped));
	memcpy(out->s6_addr + sizeof(mapped), v4, 4);
}

static bool
take_one(const struct sockaddr *sa, struct in6_addr *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa == NULL)
		return false; /* an interface without addresses */
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		map(&in.sin_addr, out);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		*out = in6.sin6_addr;
	} else
		return false;
	return true;
}

void
own_take(struct own *o, const struct ifaddrs *list)
{
	struct in6_addr a;
	size_t left_out = 0;

	o->n = 0;
	for (; list != NULL; list = list->ifa_next) {
		if (!take_one(list->ifa_addr, &a))
			continue;
		if (o->n < OWN_MAX)
			o->addr[o->n++] = a;
		else
			left_out++;
	}
	if (left_out > 0)
		log_error("-", "wanted=%d-own-addresses found=%zu-more",
		    OWN_MAX, left_out);
}

void
own_find(struct own *o)
{
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) == -1) {
		log_error(
		    "-", "wanted=own-addresses found=%s", strerror(errno));
		list = NULL;
	}
	own_take(o, list);
	if (list != NULL)
		freeifaddrs(list);
}

bool
own_has(const struct own *o, const char *ip)
{
	struct in6_addr a;
	uint8_t v4[4];

	if (inet_pton(AF_INET, ip, v4) == 1)
		map(v4, &a);
	else if (inet_pton(AF_INET6, ip, &a) != 1)
		return false;
	for (size_t i = 0; i < o->n; i++)
		if (memcmp(&o->addr[i], &a, sizeof(a)) == 0)
			return true;
	return false;
}
