/*
 * mac_key: a key that two daemons share, and digests with it.
 *
 * postriderd makes it at its start and gives it to both in a sealed memory
 * file.  What one of them has to say to the other goes through the hands of a
 * process that may have been taken over: this one carries it and cannot make it.
 * A daemon that starts again gets the same key.
 */
#ifndef COMMON_MAC_KEY_H
#define COMMON_MAC_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "common/hmac.h"

/* Where they are found. */
#define WITNESS_FD 5   /* by tlsd and authd: witness.h */
#define HOPS_AUTH_FD 6 /* by authd: hop_token.h */
#define HOPS_FD 7      /* the same, by queued */

struct mac_key {
	uint8_t bytes[HMAC_KEY];
};

/*
 * A sealed memory file with a new random key, or -1 with errno.  The name is
 * what /proc shows.
 */
int mac_key_make(const char *name);
/*
 * Reads and closes it; NULL with errno when it is not what it should be.  The
 * key stays until the process ends.  Its page is no child's: whoever is forked
 * cannot read it.
 */
const struct mac_key *mac_key_read(int fd);

/*
 * HMAC of the label, with its NUL, and of n bytes.  Each purpose has a label of
 * its own, so that no digest is taken for one of another kind.  What the work
 * leaves in registers and on the stack is wiped.
 */
void mac_key_sign(const struct mac_key *, const char *label, const void *,
    size_t n, uint8_t out[HMAC_LEN]);

#endif
