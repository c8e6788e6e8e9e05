/*
 * expand: aliases and forward lists of a new message's recipients, before its
 * envelope is written.
 */
#ifndef QUEUE_EXPAND_H
#define QUEUE_EXPAND_H

#include "common/msg_job.h"
#include "common/outcome.h"
#include "common/tables.h"
#include "queue/spool_envelope.h"
#include "queue/srs.h"

#define EXPAND_DEPTH 10              /* lists that lead to one another */
#define EXPAND_OPENED 1000           /* and in all, for one recipient */
#define EXPAND_MOST JOB_FORWARD_MOST /* members, for one recipient */
#define EXPAND_STEPS EXPAND_MOST
/* Members looked at for one message; what is left has a message of its own. */
#define EXPAND_MESSAGE (2 * EXPAND_MOST)

/* What the addresses of this host mean. */
struct expander {
	struct tables *tables;
	const char *mail_name;
	const struct srs *srs; /* NULL: addresses of it stay */
	int64_t now;           /* seconds since 1970, for srs */
};

/* What the address of a recipient leads to when it is its turn. */
struct expand_list {
	const char *members; /* members.h; NULL: what the tables say */
	bool user;           /* of a Unix user, who runs its commands himself */
	bool owned;          /* who it leads to have no original recipient */
};

/*
 * Adds the recipients of from to to, which is empty: an alias is replaced by
 * what it leads to, as is a virtual user by his forward list, and a sender
 * that we rewrote by who it was.  What came before is left out.
 *
 * from's sender and flags say whose mail it is: a stranger's that is no report
 * does not get to who was rewritten.  That address stays, and fails when it is
 * to be delivered.
 *
 * What is found behind a list has a way of via.h: VIA_FORWARDED at another
 * host, VIA_MAILBOX of "\user" and of who names himself; and commands, files and
 * :include: lists are recipients with the list's address.
 *
 * What an alias leads to has the alias as its original recipient (RFC 3461
 * section 5.2.7.3) unless the client named another.  When the sender wants
 * success confirmed and the alias leads to several, it becomes a recipient, too,
 * that is RCPT_EXPANDED.  An alias that leads back to itself, or to too much,
 * stays as it is, and fails when it is to be delivered.  One that has an owner
 * (expand_owner.h) stays, too, for readdress(), as does what is too much for
 * the message.  OUT_TEMP when the tables are damaged or memory is short.
 */
enum outcome expand(const struct expander *, const struct envelope *from,
    struct envelope *to, struct diag *);

/*
 * The same of one recipient whose turn it is: an alias with an owner is
 * expanded.  False with why not; EXPAND_FAILED_DSN when it leads to no more than
 * itself.
 */
bool expand_one(const struct expander *, const struct expand_list *list,
    const struct envelope *from, struct envelope *to, struct diag *);

/* Why an alias cannot be expanded: for the report. */
#define EXPAND_FAILED_DSN "5.4.6"
#define EXPAND_FAILED_TEXT                                                     \
	"The alias or forward list leads back to itself or to too many "       \
	"addresses"

#endif
