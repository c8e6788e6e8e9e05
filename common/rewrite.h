/*
 * rewrite: addresses that the administrator replaces by others, as mail comes
 * in; postrider-rewrite(5).
 */
#ifndef COMMON_REWRITE_H
#define COMMON_REWRITE_H

#include "common/address.h"
#include "common/tables.h"

enum rewrite {
	REWRITE_NONE,  /* it stays as it is */
	REWRITE_DONE,  /* *a is another now */
	REWRITE_BROKEN /* the tables are damaged: try again later */
};

enum rewrite_rules {
	REWRITE_SENDER = 's',   /* of those who write: From, Reply-To */
	REWRITE_RECIPIENT = 'r' /* of those who are written to: To, Cc */
};

/*
 * By the first rule there is: for the address, for "@" and its domain, for a
 * "." and a domain that it lies below, the longest first.  What comes of it is
 * not looked at again, so there are no circles.  An address without a domain,
 * and the null path, stay as they are.
 */
enum rewrite rewrite_address(
    struct tables *, enum rewrite_rules, struct address *a);

#endif
