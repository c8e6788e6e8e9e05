/*
 * srs: sender addresses of mail that is passed on (the Sender Rewriting
 * Scheme).
 *
 * Mail that leaves this host for somebody who was not written to keeps no
 * sender of another domain: its SPF would fail.  It gets one of ours that
 * carries the first, signed, so that what comes back can be sent on to it and
 * nobody else has this host send mail anywhere:
 *
 *	SRS0=HHHHHHHH=TT=example.net=alice@our.example
 *	SRS1=HHHHHHHHTT=first.example==HHHH=TT=example.net=alice@our.example
 *
 * H is a digest, T the day.  The second form is for what another host has
 * rewritten already; it names that host, which answers for the rest.  Our day
 * stands where others have only a digest, which nobody but us reads: who knows
 * the form finds the first host where it should be.
 *
 * Such an address is a return path and no more: only reports, which have the
 * null sender, and mail of this host's own clients go that way.  Whoever sees
 * one could else send anything to the first sender, in our name.
 */
#ifndef QUEUE_SRS_H
#define QUEUE_SRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hmac.h"
#include "common/msg.h"
#include "common/outcome.h"

#define SRS_KEYS 4   /* at most */
#define SRS_HASH 8   /* base32 digits: 40 bits */
#define SRS_VALID 21 /* days */
#define SRS_AHEAD 2  /* days that the clock may have been put back */

#define SRS_UNKNOWN "5.1.1" /* not an address that this host has made */
#define SRS_EXPIRED "5.7.1" /* one, and older than SRS_VALID */

struct srs {
	size_t keys; /* 0: there is none, nothing is rewritten or known */
	uint8_t key[SRS_KEYS][HMAC_KEY]; /* the first signs, all verify */
};

/*
 * The address under domain that stands for sender.  False: sender stays as it
 * is.  That is so for the null sender and one without a domain, without keys,
 * and where the local part would be over LOCAL_MAX (RFC 5321 section
 * 4.5.3.1.1): for senders of more than 47 bytes, and for most that two hosts
 * have rewritten before.  now is in seconds since 1970.
 */
bool srs_forward(const struct srs *, const char *sender, const char *domain,
    int64_t now, char out[ADDR_MAX + 1]);

/*
 * The sender that addr, at a domain of ours, stands for.  False with a diag of
 * SRS_UNKNOWN or SRS_EXPIRED.  Letters may have changed case on their way; what
 * comes back has the case that came.
 */
bool srs_reverse(const struct srs *, const char *addr, int64_t now,
    char out[ADDR_MAX + 1], struct diag *);

/* Wipes the keys. */
void srs_clear(struct srs *);

#endif
