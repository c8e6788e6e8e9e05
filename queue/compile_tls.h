/*
 * compile_tls: what apply finds out about certificates and mechanisms.
 */
#ifndef QUEUE_COMPILE_TLS_H
#define QUEUE_COMPILE_TLS_H

#include "common/mechs.h"
#include "queue/compile_host.h"
#include "queue/conf.h"

/* The value of "mechanisms" in the tables. */
void compile_mechanisms(
    const struct conf *, const struct host *, char out[MECHS_MAX]);

/*
 * Why SCRAM is offered to nobody, when it is because of some and not of all;
 * one line, to be put behind "SCRAM-SHA-256 is not offered: ".
 */
#define COMPILE_WHY 500 /* bytes with NUL: more than any account's name */
bool compile_no_scram(const struct conf *, char why[COMPILE_WHY]);

/* The value of "iterations" in authd's tables. */
unsigned int compile_iterations(const struct conf *);

/* Whether any profile has this value of an option that is per profile. */
bool compile_any_profile(
    const struct conf *, const char *option, const char *value);

/*
 * Warns of what cannot be while there is no certificate, and of what keeps
 * everybody out.
 */
void compile_check_tls(struct conf *, const struct host *);

#endif
