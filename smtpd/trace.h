/*
 * trace: the fields that smtpd adds to a message.
 */
#ifndef SMTPD_TRACE_H
#define SMTPD_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/utc.h"

#define HELO_MAX 255   /* bytes kept of what a client calls itself */
#define TRACE_MAX 1600 /* bytes of all that is added */
#define DATE_MAX UTC_DATE

struct trace {
	const char *hostname, *id;
	const char *helo;   /* as trace_helo() left it */
	const char *client; /* "" when not IP */
	const char *rcpt;   /* the one recipient, told if ASCII; or NULL */
	/* "TLSv1.3", "TLS_AES_256_GCM_SHA384", of no other signs than such
	 * words have; of tls only */
	const char *tls_version, *tls_cipher;
	bool esmtp, utf8, authenticated, tls; /* utf8: by SMTPUTF8 */
	bool local;   /* submitted here: uid instead of helo and client */
	uint32_t uid; /* of a local submitter */
	time_t now;
};

/* RFC 5322 section 3.3, in UTC; needs no locale and no zone file. */
void trace_date(time_t, char out[DATE_MAX]);

/* Printable ASCII without brackets and quotes, the rest as '?'; cut. */
void trace_helo(const char *, char out[HELO_MAX + 1]);

/* The Received field (RFC 5321 section 4.4) with LF ends; its length. */
size_t trace_received(const struct trace *, char out[TRACE_MAX]);

/* Date and Message-ID, those that are missing; the length. */
size_t trace_missing(
    const struct trace *, bool date, bool message_id, char out[TRACE_MAX]);

#endif
