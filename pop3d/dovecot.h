/*
 * dovecot: the names that Dovecot gave to messages, so that clients do not
 * download everything again when they are moved from it.
 *
 * The file dovecot-uidlist in the Maildir, format 3: a line
 *
 *	3 Vuidvalidity Nnextuid ...
 *
 * and one for each message, uids increasing:
 *
 *	uid [Xvalue ...] :name
 *
 * where P is the unique-id that a message was given before Dovecot.  Without
 * one it is "%08Xu%08Xv", Dovecot's default pop3_uidl_format.
 */
#ifndef POP3D_DOVECOT_H
#define POP3D_DOVECOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pop3d/filename.h"
#include "pop3d/strmap.h"

#define DOVECOT_LIST "dovecot-uidlist"
#define DOVECOT_LIST_MAX (INT64_C(1) << 30) /* bytes; longer is broken */

struct dovecot_entry {
	const char *uidl; /* of P, valid; or NULL */
	uint32_t uid;
};

struct dovecot {
	char *text;                    /* owned; entries and keys lie in it */
	struct dovecot_entry *entries; /* owned */
	size_t count;
	uint32_t validity;
	struct strmap names; /* base to index */
};

enum dovecot_result { DOVECOT_NONE, DOVECOT_READ, DOVECOT_BROKEN };

/*
 * text has n bytes and a NUL behind them, comes from malloc(3) and belongs
 * to d afterwards, whatever the answer; it is changed.  Bytes behind the last
 * LF are a line still being written and are left out.
 */
enum dovecot_result dovecot_parse(struct dovecot *, char *text, size_t n);

/* The file in a held Maildir.  dovecot_free() is due in every case. */
enum dovecot_result dovecot_read(struct dovecot *, int maildir);
void dovecot_free(struct dovecot *);

/* False when the list does not hold the base. */
bool dovecot_uidl(
    const struct dovecot *, const char *base, char uidl[UIDL_MAX + 1]);

#endif
