/*
 * envelope_lines: MAIL and RCPT as they are said to another server (RFC 5321
 * section 4.1.1, RFC 1870, RFC 3461, RFC 6152, RFC 6531).
 */
#ifndef DELIVERY_ENVELOPE_LINES_H
#define DELIVERY_ENVELOPE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "common/msg_job.h"
#include "delivery/extensions.h"
#include "delivery/mail_form.h"

/* Bytes of a line with its end and a NUL: an ORCPT made of an address grows. */
#define ENVELOPE_LINE 6144

/*
 * Both return the length.  Nothing is said that the server did not offer.
 * An ORCPT that is missing is made from the address (RFC 3461 section 5.2.1);
 * one that is internationalised is put into ASCII where utf8 is false (RFC 6533
 * section 3).
 */
size_t envelope_mail(char out[ENVELOPE_LINE], const struct msg_job_message *,
    const struct extensions *, const struct mail_form *, uint64_t octets);
size_t envelope_rcpt(char out[ENVELOPE_LINE], const struct msg_job_rcpt *,
    const struct extensions *, bool utf8);

#endif
