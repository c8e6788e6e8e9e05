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
#include "pop3d/arena.h"
#include "pop3d/filename.h"

#define MAILDROP_LOCK "postrider-pop3.lock" /* in the Maildir */
#define MESSAGES_MAX 8000000                /* more are not looked at */
#define SIZE_UNKNOWN UINT64_MAX

enum subdir { SUB_NEW, SUB_CUR, SUB_COUNT };

extern const char *const subdir_names[SUB_COUNT];

struct message {
	const char *base; /* in the maildrop's memory */
	const char *info; /* ":2,S" or ""; there, or renamed */
	char *renamed;    /* owned: the info it was given meanwhile; or NULL */
	uint64_t size;    /* octets as sent; SIZE_UNKNOWN */
	uint64_t ino;     /* of the directory entry */
	enum subdir sub;
	bool counted; /* size was counted, not promised by name or index */
	bool twin;    /* another file has the same base: never looked up */
	bool deleted; /* by DELE */
	bool removed; /* by QUIT */
	bool lost;    /* not to be read: removed by others, or no fit file */
};

/* A directory at one moment; times in ns since 1970. */
struct stamp {
	uint64_t dev, ino, mtime, ctime;
};

/* What the index did and what it missed; see index.h. */
struct maildrop_index {
	struct stamp dir[SUB_COUNT]; /* before anything was read */
	bool settled;                /* and no change can hide from them */
	bool due;                    /* to be looked after at the end */
	bool exists;                 /* a file of that name */
	bool unfit;                  /* and it is not an index: logged */
	bool read;                   /* or it is */
	bool fresh;                  /* and it was the whole list */
	bool untrue;                 /* and it told a size that was wrong */
	size_t drift;                /* messages that are not as it said */
	size_t learned;              /* sizes it did not know, or wrong */
	uint64_t learned_bytes;      /* read for them */
};

struct maildrop {
	const char *account, *path; /* for logs */
	int root, lock;
	int dir[SUB_COUNT];
	struct message *messages; /* owned */
	size_t count, room;
	const char **uidls; /* owned; NULL until uidl_build() */
	struct arena names; /* of messages, and ids that are no names */
	char *text;         /* owned; of the index the names came from */
	struct maildrop_index index;
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

/*
 * Lets the next session in; before the client hears that this one is over.
 * The index is written then.
 */
void maildrop_unlock(struct maildrop *);
void maildrop_close(struct maildrop *);

/* Logs a mistake of one thing below the Maildir. */
void maildrop_complain(const struct maildrop *, const char *name,
    const char *wanted, const char *found);

#endif
