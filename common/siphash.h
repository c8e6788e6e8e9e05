/*
 * siphash: SipHash-2-4 (Aumasson and Bernstein, 2012), a short hash with a key.
 * Who does not know the key cannot choose two texts with one number.
 */
#ifndef COMMON_SIPHASH_H
#define COMMON_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY 16 /* bytes */

uint64_t siphash(const uint8_t key[SIPHASH_KEY], const void *, size_t);

#endif
