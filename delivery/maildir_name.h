/*
 * maildir_name: names of files in a Maildir.
 *
 * In new/, where a name lasts and POP3 clients remember it:
 *
 *	sec.MusecPpidQcountVdevIino.host,S=size,W=wire
 *
 * size is the file's in bytes, wire with each LF counted as CRLF.  All before
 * the comma is at most MAILDIR_BASE characters, and the whole too as long as
 * sizes and numbers leave room for it: a host that does not fit is replaced by
 * eight hexadecimal digits.
 *
 * In tmp/ until the delivery is complete:
 *
 *	sec.MusecPpidQcountRrandom.host.postrider
 *
 * random is drawn once per process, so such a name is never used twice.
 */
#ifndef DELIVERY_MAILDIR_NAME_H
#define DELIVERY_MAILDIR_NAME_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define MAILDIR_BASE 70  /* characters, RFC 1939 section 7 (UIDL) */
#define MAILDIR_NAME 176 /* room for any name made here, with NUL */
#define MAILDIR_HOST 40  /* room for an escaped host, with NUL */

/* What makes names of this process different from all others. */
struct maildir_namer {
	char host[MAILDIR_HOST]; /* escaped, cut to its hash when long */
	char hash[9];            /* stands for a host that does not fit */
	pid_t pid;
	uint32_t random;
	uint32_t count; /* of names given out */
};

/* host may be any string: bytes unfit for names are escaped. */
void maildir_namer_init(struct maildir_namer *, const char *host);

struct maildir_facts {
	struct timespec when; /* of CLOCK_REALTIME */
	dev_t dev;
	ino_t ino;
	uint64_t size, wire; /* bytes */
};

void maildir_name_final(struct maildir_namer *, const struct maildir_facts *,
    char name[MAILDIR_NAME]);
void maildir_name_tmp(
    struct maildir_namer *, const struct timespec *, char name[MAILDIR_NAME]);

/* Whether a name is one that this suite gives to files in tmp/ on this host. */
bool maildir_name_ours(const struct maildir_namer *, const char *name);

#endif
