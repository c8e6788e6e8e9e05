/*
 * dns_record: a record's data as a message of the dns channel.
 */
#ifndef COMMON_DNS_RECORD_H
#define COMMON_DNS_RECORD_H

#include <stdbool.h>

#include "common/dns_packet.h"
#include "common/msg_dns.h"

/*
 * Reads data of one of the types DNS_RR_* that there is a message for into *m,
 * without the serial, and tells which message it is.  False when they have
 * another form than the type's, or hold a name that nobody should see.
 */
bool dns_record_read(unsigned int type, const struct dns_rdata *,
    union msg_dns *m, unsigned int *message);

#endif
