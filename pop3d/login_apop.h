/*
 * login_apop: the timestamp of a greeting and its answer (RFC 1939 section 7).
 */
#ifndef POP3D_LOGIN_APOP_H
#define POP3D_LOGIN_APOP_H

#include <stdbool.h>

#include "common/msg_auth.h"

#define APOP_DIGITS 32 /* of a digest: hexadecimal, in lower case */
#define APOP_STAMP_MAX (DOMAIN_MAX + 80)

/* "<...@hostname>": never the same twice, and not to be foretold. */
void login_apop_stamp(char out[APOP_STAMP_MAX + 1], const char *hostname);

/*
 * What authd wants of APOP's argument, "name digest", which is changed: stamp
 * NUL name NUL digest, as an initial response.  False when it is none.
 */
bool login_apop_start(const char *stamp, char *arg, struct msg_auth_start *);

#endif
