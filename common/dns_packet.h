/*
 * dns_packet: the answer of a DNS message (RFC 1035 section 4).
 */
#ifndef COMMON_DNS_PACKET_H
#define COMMON_DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns_name.h"

#define DNS_CHAIN 16 /* aliases followed for one name */

/* Types that are asked for or looked at. */
#define DNS_RR_A 1u
#define DNS_RR_CNAME 5u
#define DNS_RR_SOA 6u
#define DNS_RR_PTR 12u
#define DNS_RR_MX 15u
#define DNS_RR_TXT 16u
#define DNS_RR_AAAA 28u
#define DNS_RR_TLSA 52u

#define DNS_RCODE_OK 0u
#define DNS_RCODE_NXDOMAIN 3u

/* A message and what it answers; it points into the message. */
struct dns_packet {
	const uint8_t *message;
	size_t len;
	unsigned int type;  /* that was asked for */
	unsigned int rcode; /* of the header */
	uint32_t ttl;       /* seconds that all of it holds */
	size_t records;     /* of the type, at the end of all aliases */
	/* private */
	struct dns_name owner; /* of these records */
	size_t answers, first; /* the answer section */
	size_t next, left;
};

/* A record's data, within its message. */
struct dns_rdata {
	const uint8_t *message;
	size_t len; /* of the message */
	size_t at;  /* where the data begin */
	size_t n;   /* bytes of data */
};

/*
 * False when it is not a whole answer to this question: not even the records
 * before the fault are to be believed.
 */
bool dns_packet_read(struct dns_packet *, const uint8_t *message, size_t len,
    const struct dns_name *asked, unsigned int type);

/* The next of the records; false after the last. */
bool dns_packet_next(struct dns_packet *, struct dns_rdata *);

#endif
