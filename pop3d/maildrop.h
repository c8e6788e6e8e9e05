/*
 * maildrop: one mailbox, opened and locked for one session (RFC 1939 section
 * 3), and the messages that were in it then.
 *
 * Messages have numbers from 1 in the order of their arrival; the array index
 * is one less.  Other programs may deliver, rename and remove meanwhile: what
 * was renamed is found again by its base name, see filename.h.
 */
#ifndef POP3D_MAILDROP_H
#define POP3D_MAILDROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/deadline.h"
#include "pop3d/filename.h"

#define MAILDROP_LOCK "postrider-pop3.lock" /* in the Maildir */
#define MESSAGES_MAX 8000000                /* more are not looked at */
#define SIZE_UNKNOWN UINT64_MAX

enum subdir { SUB_NEW, SUB_CUR, SUB_COUNT };

extern const char *const subdir_names[SUB_COUNT];

struct message {
	char *base;       /* owned */
	const char *info; /* ":2,S" or ""; in the memory of base or renamed */
	char *renamed;    /* owned; NULL as long as it was not */
	uint64_t size;    /* octets as sent; SIZE_UNKNOWN */
	enum subdir sub;
	bool counted; /* size was counted, not promised by the name */
	bool twin;    /* another file has the same base: never looked up */
	bool deleted; /* by DELE */
	bool lost;    /* not to be read: removed by others, or no fit file */
};

struct maildrop {
	const char *account, *path; /* for logs */
	int root, lock;
	int dir[SUB_COUNT];
	struct message *messages; /* owned */
	size_t count, room;
	char (*uidls)[UIDL_MAX + 1]; /* owned; NULL until uidl_build() */
	/* private to scan.c */
	unsigned int scans;
	deadline_t next_scan;
};

enum maildrop_result {
	MAILDROP_OPEN,
	MAILDROP_IN_USE, /* another session has it */
	MAILDROP_TEMP,   /* try again later */
	MAILDROP_PERM    /* the administrator must repair something */
};

/*
 * Opens the Maildir at a path below the working directory, following no
 * symbolic link; makes it when it is missing.  What is wrong is logged with
 * path, wanted and found.  Waits up to LOCK_WAIT ms for another session to
 * end.  account and path must outlive the maildrop.
 */
enum maildrop_result maildrop_open(
    struct maildrop *, const char *account, const char *path);
#define LOCK_WAIT 1000

/* Lets the next session in; before the client hears that this one is over. */
void maildrop_unlock(struct maildrop *);
void maildrop_close(struct maildrop *);

/* Logs a mistake of one thing below the Maildir. */
void maildrop_complain(const struct maildrop *, const char *name,
    const char *wanted, const char *found);

#endif
