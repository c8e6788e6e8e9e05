/*
 * params: the ESMTP parameters behind MAIL and RCPT.
 */
#ifndef SMTPD_PARAMS_H
#define SMTPD_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/msg_intake.h"

#define PARAM_NAME_MAX 40 /* bytes of a wrong one that are told back */

struct mail_params {
	uint64_t size;             /* RFC 1870; 0: not given */
	uint32_t flags;            /* INTAKE_8BIT, _UTF8 or _BINARY */
	uint32_t ret;              /* DSN_RET_*, RFC 3461 section 4.3 */
	char envid[ENVID_MAX + 1]; /* xtext as given, RFC 3461 section 4.4 */
	/* AUTH= (RFC 4954 section 5) is checked and not believed. */
};

struct rcpt_params {
	uint32_t notify;           /* DSN_*, RFC 3461 section 4.1 */
	char orcpt[ORCPT_MAX + 1]; /* as orcpt_take() has it */
	bool utf8;                 /* it may hold UTF-8 */
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
/* utf8: MAIL had SMTPUTF8, and so ORCPT may hold UTF-8 (RFC 6533 section 3). */
enum params params_rcpt(const char *s, bool utf8, struct rcpt_params *,
    char bad[PARAM_NAME_MAX + 1]);

#endif
