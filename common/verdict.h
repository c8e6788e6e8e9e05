/*
 * verdict: what came of one recipient, with the words of the other host.
 */
#ifndef COMMON_VERDICT_H
#define COMMON_VERDICT_H

#include <stdint.h>

#include "common/address.h"
#include "common/outcome.h"

struct verdict {
	struct diag diag;
	uint32_t flags; /* OUTCOME_* of msg_job.h */
	uint32_t code;  /* of the other host's reply; 0: the text is ours */
	char mta[DOMAIN_MAX + 1]; /* the other host's name, or "" */
};

#endif
