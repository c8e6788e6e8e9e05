/*
 * hop_token: queued's word that a process of remote serves a next hop, for
 * authd's ears.
 *
 * Remote carries it and cannot make it: one that has been taken over gets at the
 * credentials of the next hop that it was started for, under the policy that
 * holds for that, and at no other's.  queued and authd share the key (mac_key.h),
 * which lives as long as postriderd.
 */
#ifndef COMMON_HOP_TOKEN_H
#define COMMON_HOP_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hop.h"
#include "common/mac_key.h"

/* What it is for. */
struct hop_leave {
	const char *hop; /* canonical, at most HOP_MAX bytes */
	uint32_t tls;    /* enum hop_tls */
};

/* A random nonce and a digest.  False without random numbers. */
bool hop_token_make(
    const struct mac_key *, const struct hop_leave *, uint8_t out[HOP_TOKEN]);
/* In constant time; n is the length of what came. */
bool hop_token_good(const struct mac_key *, const struct hop_leave *,
    const uint8_t *, uint32_t n);

#endif
