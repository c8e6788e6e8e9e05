/*
 * msg_dns: asking dnsd.
 *
 *	remote, smtpd, mapd (ASKER)  --ask-->  dnsd
 *	                             <--mx.., address.., name.., text.., tlsa.., done--
 *
 * Questions may overlap, DNS_WINDOW at once; everything about one carries its
 * serial.  Records are those of the question's type, aliases (CNAME) followed,
 * in no order that means anything.  The channel's socket is run-dir/dns; the
 * peer must be postrider-out, postrider-net or postrider-map, or root to ask for
 * the state.
 */
/* clang-format off */
#ifndef COMMON_MSG_DNS_H
#define COMMON_MSG_DNS_H

#include "common/address.h"
#include "common/msg.h"

#define DNS_WINDOW	16	/* questions without "done" */
#define DNS_RECORDS	100	/* of one answer; more are dropped */
#define DNS_TEXT_MAX	4096	/* bytes of one TXT record, strings joined */
#define DNS_DATA_MAX	512	/* bytes of a TLSA's data */
#define DNS_ANSWER	30	/* seconds at most until done */

/* Kinds of ask.  name is a domain name in ASCII, or of PTR an IP address. */
#define DNS_MX		1u
#define DNS_ADDRESS	2u	/* A and AAAA */
#define DNS_PTR		3u
#define DNS_TXT		4u
#define DNS_TLSA	5u
#define DNS_A		6u
#define DNS_AAAA	7u

/* What done says. */
enum dns_status {
	DNS_SECURE,	/* there are records, proved by DNSSEC */
	DNS_INSECURE,	/* there are records */
	DNS_BOGUS,	/* proved to be false */
	DNS_NXDOMAIN,	/* no such name */
	DNS_NODATA,	/* the name has no records of this type */
	DNS_TEMPFAIL	/* no answer now */
};

enum dns_side { DNS_ASKER, DNS_SERVER };

enum dns_state {
	DNS_ANY	= 1,	/* there is only one */
};

#define DNS_M_ASK(F, S, B)					\
	F(u32, serial)	/* the asker's */	\
	F(u32, kind)	\
	S(name, DOMAIN_MAX)

#define DNS_M_MX(F, S, B)					\
	F(u32, serial)	\
	F(u32, preference)	\
	S(name, DOMAIN_MAX)	/* lower case, no final dot; "" is "." (RFC 7505) */

#define DNS_M_ADDRESS(F, S, B)					\
	F(u32, serial)	\
	S(ip, IP_MAX)

#define DNS_M_NAME(F, S, B)					\
	F(u32, serial)	\
	S(name, DOMAIN_MAX)

#define DNS_M_TEXT(F, S, B)					\
	F(u32, serial)	\
	B(text, DNS_TEXT_MAX)

#define DNS_M_TLSA(F, S, B)					\
	F(u32, serial)	\
	F(u32, usage)	/* RFC 6698 section 2.1 */	\
	F(u32, selector)	\
	F(u32, matching)	\
	B(data, DNS_DATA_MAX)

#define DNS_M_DONE(F, S, B)					\
	F(u32, serial)	\
	F(u32, status)	/* enum dns_status */	\
	F(u32, proved)	/* 1: NXDOMAIN and NODATA are proved by DNSSEC */	\
	F(u32, ttl)	/* seconds */	\
	S(text, TEXT_MAX)	/* of BOGUS and TEMPFAIL: why, printable ASCII */

#define DNS_M_STATE(F, S, B)					\
	F(u64, questions)	/* since the start */	\
	F(u64, cached)	/* of them answered from the cache */	\
	F(u64, failures)	/* tempfail */	\
	F(u64, bogus)	\
	F(u32, open)	/* now */	\
	F(u32, oldest)	/* seconds that the oldest of them has waited */ \
	F(u32, validates)	/* 1: DNSSEC works */	\
	S(trouble, TEXT_MAX)	/* why not, or which resolvers do not answer */

/* type, name, fields, sender, states in which it may be sent, next state */
#define DNS_MESSAGES(M)							\
	M(ASK, ask, DNS_M_ASK, DNS_ASKER, DNS_ANY, 0)	\
	M(MX, mx, DNS_M_MX, DNS_SERVER, DNS_ANY, 0)	\
	M(ADDRESS, address, DNS_M_ADDRESS, DNS_SERVER, DNS_ANY, 0)	\
	M(NAME, name, DNS_M_NAME, DNS_SERVER, DNS_ANY, 0)	\
	M(TEXT, text, DNS_M_TEXT, DNS_SERVER, DNS_ANY, 0)	\
	M(TLSA, tlsa, DNS_M_TLSA, DNS_SERVER, DNS_ANY, 0)	\
	M(DONE, done, DNS_M_DONE, DNS_SERVER, DNS_ANY, 0)	\
	M(STATUS, status, MSG_EMPTY, DNS_ASKER, DNS_ANY, 0)	\
	M(STATE, state, DNS_M_STATE, DNS_SERVER, DNS_ANY, 0)

enum dns_type {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)	DNS_T_##TYPE,
	DNS_MESSAGES(M)
#undef M
	DNS_T_COUNT
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DECLARE(dns_##name, FIELDS)
DNS_MESSAGES(M)
#undef M

union msg_dns {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	struct msg_dns_##name name;
	DNS_MESSAGES(M)
#undef M
};

extern const struct msg_channel dns_channel;

#endif
