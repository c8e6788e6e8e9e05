/*
 * crc32c: the Castagnoli checksum of spool files (RFC 3720 appendix B.4).
 */
#ifndef COMMON_CRC32C_H
#define COMMON_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Start with 0; feed pieces in order. */
uint32_t crc32c(uint32_t crc, const void *, size_t);

#endif
