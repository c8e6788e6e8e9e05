/*
 * expand: aliases of a new message's recipients, before its envelope is
 * written.
 */
#ifndef QUEUE_EXPAND_H
#define QUEUE_EXPAND_H

#include "common/outcome.h"
#include "common/tables.h"
#include "queue/spool_envelope.h"

#define EXPAND_DEPTH 10    /* aliases that lead to one another */
#define EXPAND_MOST 1000   /* addresses that aliases of a message add */
#define EXPAND_STEPS 20000 /* members looked at for one recipient */

/*
 * Adds the recipients of from to to, which is empty: an alias is replaced by
 * what it leads to, an address that came before is left out.  What an alias
 * leads to has the alias as its original recipient (RFC 3461 section 5.2.7.3)
 * unless the client named another.  When the sender wants success confirmed and
 * the alias leads to several, it becomes a recipient, too, that is RCPT_EXPANDED
 * (section 5.2.7.3).  An alias that leads back to itself, or to
 * too much, stays as it is, and fails when it is to be delivered.
 * OUT_TEMP when the tables are damaged or memory is short.
 */
enum outcome expand(struct tables *, const char *mail_name,
    const struct envelope *from, struct envelope *to, struct diag *);

/* Why an alias cannot be expanded: for the report. */
#define EXPAND_FAILED_DSN "5.4.6"
#define EXPAND_FAILED_TEXT                                                     \
	"The alias leads back to itself or to more than 1000 addresses"

#endif
