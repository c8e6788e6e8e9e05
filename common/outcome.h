/*
 * outcome: the three-way answer of everything that handles mail, with the
 * words that go into the reply, the log and the delivery status notification.
 */
#ifndef COMMON_OUTCOME_H
#define COMMON_OUTCOME_H

#include <stdbool.h>

enum outcome {
	OUT_OK,
	OUT_TEMP, /* try again later */
	OUT_PERM  /* return to sender */
};

#define DSN_LEN 11    /* "5.999.999" and a little */
#define DIAG_TEXT 200 /* bytes */

/* The first failure is the one told to the sender. */
struct diag {
	enum outcome outcome;
	char dsn[DSN_LEN + 1];    /* RFC 3463, "4.2.2" */
	char text[DIAG_TEXT + 1]; /* one line, printable ASCII */
};

#define DIAG_INIT                                                              \
	{                                                                      \
		OUT_OK, "2.0.0", ""                                            \
	}

/*
 * Records a failure; the first digit of the code decides the outcome.  A diag
 * that already holds a failure stays as it is.  Bytes that are not printable
 * ASCII become '?'.  Returns d's outcome.
 */
enum outcome diag_set(struct diag *d, const char *dsn, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* True for "2.1.5", "5.7.999": class 2, 4 or 5, three numbers (RFC 3463 2). */
bool dsn_valid(const char *);

#endif
