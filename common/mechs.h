/*
 * mechs: which SASL mechanisms a client is offered: those that can succeed.
 *
 * What accounts have is found by "postrider apply" (tables.h, "mechanisms");
 * what a line allows is known to the session.
 */
#ifndef COMMON_MECHS_H
#define COMMON_MECHS_H

#include <stdbool.h>

#include "common/msg.h"
#include "common/tables.h"

#define MECHS_MAX (OFFERED_MAX + 1) /* bytes of a list with its NUL */

/* What is true of a client's line. */
struct mechs_line {
	bool secrets;     /* passwords may cross it: encrypted, or allowed */
	bool binding;     /* what is bound to the line is to be offered */
	bool exporter;    /* there is something to bind to (RFC 9266) */
	bool certificate; /* the client has shown one */
};

/*
 * The words that may be offered, with single spaces between, strongest first:
 * but CRAM-MD5 last, for clients that take the first word they know and whose
 * account may have no plain password; "" for none.  APOP is never among them:
 * see mechs_apop().
 */
void mechs_offered(
    struct tables *, const struct mechs_line *, char out[MECHS_MAX]);

/* Whether a word, in any case, is in a list. */
bool mechs_has(const char *list, const char *mech);

/* Whether a mechanism, in any case, can succeed for some account. */
bool mechs_possible(struct tables *, const char *mech);

/* Whether APOP (RFC 1939 section 7) can succeed for some account. */
bool mechs_apop(struct tables *);

#endif
