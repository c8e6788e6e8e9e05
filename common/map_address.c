/*
 * map_address: where a server of the socketmap protocol is, as numbers.
 *
 * Library code in mapd and postrider(8); pure.
 */
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string.h>

#include <bsd/string.h>

#include "common/map_address.h"

bool
map_address_of(const struct map_source *s, struct map_address *a)
{
	struct sockaddr_in6 *in6 = (void *)&a->to;
	struct sockaddr_un *sun = (void *)&a->to;
	struct sockaddr_in *in = (void *)&a->to;

	memset(a, 0, sizeof(*a));
	if (s->kind == MAP_UNIX) {
		sun->sun_family = AF_UNIX;
		a->len = sizeof(*sun);
		return strlcpy(sun->sun_path, s->place, sizeof(sun->sun_path)) <
		    sizeof(sun->sun_path);
	}
	if (inet_pton(AF_INET, s->place, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(s->port);
		a->len = sizeof(*in);
		return true;
	}
	memset(a, 0, sizeof(*a));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(s->port);
	a->len = sizeof(*in6);
	return inet_pton(AF_INET6, s->place, &in6->sin6_addr) == 1;
}
