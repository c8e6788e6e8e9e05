/*
 * via: how a recipient in the queue is delivered, other than by looking its
 * address up.
 *
 * A word of one letter and what belongs to it, which queued writes into
 * the envelope and nobody outside can: no address names a file or a program.
 */
#ifndef COMMON_VIA_H
#define COMMON_VIA_H

#include "common/members.h"

#define VIA_MAX (MEMBER_MAX + 1) /* bytes */

enum via {
	VIA_NONE = 0, /* "": by its address */
	/* By its address, and whoever wrote did not write to it: see srs.h. */
	VIA_FORWARDED = 'F',
	/* The account of that address: no alias, no forward list. */
	VIA_MAILBOX = 'M',
	/* The Unix user of that address, by pipe, with his rights: */
	VIA_COMMAND = 'C', /* then the command */
	VIA_FILE = 'B',    /* then the path of an mbox */
	/* An alias, by pipe, as postrider-pipe: */
	VIA_ALIAS_COMMAND = 'c',
	VIA_ALIAS_FILE = 'b',
	VIA_ALIAS_INCLUDE = 'i' /* the path of a list of addresses */
};

#endif
