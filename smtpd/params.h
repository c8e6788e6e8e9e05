/*
 * params: the ESMTP parameters behind MAIL and RCPT.
 */
#ifndef SMTPD_PARAMS_H
#define SMTPD_PARAMS_H

#include <stdint.h>

#include "common/msg_intake.h"

#define PARAM_NAME_MAX 40 /* bytes of a wrong one that are told back */

struct mail_params {
	uint64_t size;             /* RFC 1870; 0: not given */
	uint32_t flags;            /* INTAKE_8BIT */
	uint32_t ret;              /* DSN_RET_*, RFC 3461 section 4.3 */
	char envid[ENVID_MAX + 1]; /* xtext as given, RFC 3461 section 4.4 */
	/* AUTH= (RFC 4954 section 5) is checked and not believed. */
};

struct rcpt_params {
	uint32_t notify;           /* DSN_*, RFC 3461 section 4.1 */
	char orcpt[ORCPT_MAX + 1]; /* as given, RFC 3461 section 4.2 */
};

enum params {
	PARAMS_OK,
	PARAMS_SYNTAX,  /* 501: not NAME or NAME=VALUE, a bad value, twice */
	PARAMS_UNKNOWN, /* 555 (RFC 5321 section 4.1.1.11) */
};

/*
 * s is what follows the path: empty, or begins with a space.  Unless
 * PARAMS_OK comes back, bad is the name that is wrong, as it was given.
 */
enum params params_mail(
    const char *s, struct mail_params *, char bad[PARAM_NAME_MAX + 1]);
enum params params_rcpt(
    const char *s, struct rcpt_params *, char bad[PARAM_NAME_MAX + 1]);

#endif
