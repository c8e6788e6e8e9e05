/*
 * srs_sender: which mail gets a sender of this host when it leaves.
 */
#ifndef QUEUE_SRS_SENDER_H
#define QUEUE_SRS_SENDER_H

#include "common/tables.h"
#include "queue/srs.h"

struct srs_place {
	struct tables *tables;
	const char *mail_name;
	const struct srs *srs;
	const char *domain; /* of the addresses that are made */
	int64_t now;        /* seconds since 1970 */
};

enum srs_sender {
	SRS_MADE, /* the address is in out */
	SRS_OURS, /* it stays: it is of a domain of ours, or null */
	SRS_KEPT  /* it stays, since srs_forward() cannot make one */
};

/* The sender for a recipient of way VIA_FORWARDED, which leaves this host. */
enum srs_sender srs_sender(
    const struct srs_place *, const char *sender, char out[ADDR_MAX + 1]);

#endif
