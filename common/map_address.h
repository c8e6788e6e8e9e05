/*
 * map_address: where a server of the socketmap protocol is, as numbers.
 */
#ifndef COMMON_MAP_ADDRESS_H
#define COMMON_MAP_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>

#include "common/map_source.h"

struct map_address {
	struct sockaddr_storage to;
	socklen_t len;
};

/* Without asking anybody: false for a host's name. */
bool map_address_of(const struct map_source *, struct map_address *);

#endif
