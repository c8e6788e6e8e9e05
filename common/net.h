/*
 * net: addresses of network peers, as numbers and as text; no names.
 */
#ifndef COMMON_NET_H
#define COMMON_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/msg.h"

struct net_peer {
	char ip[IP_MAX + 1]; /* "192.0.2.1", "2001:db8::1"; "" if not IP */
	bool loopback;
	unsigned int local_port; /* 0 if not IP */
};

/*
 * Who is at the other end of a connected socket.  IPv4 mapped into IPv6 is
 * told as IPv4.  A socket that is not IP (a Unix socket, a pipe) has ip "".
 */
void net_peer_get(int fd, struct net_peer *);

/*
 * accept4(2): a close-on-exec descriptor and who it is, or -1 with errno.
 * local_port stays what it is: that of the listening socket holds for all.
 */
int net_accept(int listener, struct net_peer *);

/*
 * What is written goes out without waiting for more; connections accepted
 * from a listening socket of which this was asked inherit it.
 */
void net_send_at_once(int fd);

/* True for an IPv4 or IPv6 address or prefix ("192.0.2.0/24"). */
bool net_valid_prefix(const char *);

/*
 * Whether ip lies in one of the prefixes of list, which are separated by
 * spaces or commas.  Entries that do not parse match nothing.
 */
bool net_in_list(const char *ip, const char *list);

/*
 * Writes what limits count by: the IPv4 address, or the /64 of an IPv6 one.
 */
void net_client_key(const char *ip, char key[IP_MAX + 1]);

#endif
