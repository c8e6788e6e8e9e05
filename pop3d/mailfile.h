/*
 * mailfile: one message of a maildrop: its size and its text.
 */
#ifndef POP3D_MAILFILE_H
#define POP3D_MAILFILE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stdint.h>

#include "pop3d/client.h"
#include "pop3d/maildrop.h"

#define MAILFILE_SIZE_MAX (INT64_C(16) << 30) /* larger files are not mail */
#define MAILFILE_NAME_MAX 512 /* "cur/" and any file name, with NUL */

/* What the base of a name promises; SIZE_UNKNOWN. */
uint64_t mailfile_promised_size(const char *base);

/* "BASEINFO", below the directory of m->sub; in room, or of the message. */
const char *mailfile_name(const struct message *, char room[MAILFILE_NAME_MAX]);

/* maildrop_complain() about the message's file. */
void mailfile_complain(const struct maildrop *, const struct message *,
    const char *wanted, const char *found);

/* fstatat(2), no link followed. */
int mailfile_stat(
    const struct maildrop *, const struct message *, struct stat *);

/*
 * Makes m->size known, reading the file when its name does not tell.  False
 * when there is nothing to read; the message is then lost.
 */
bool mailfile_size(struct maildrop *, struct message *);

/*
 * The octets of a message that lies where it was seen, and the bytes of its
 * file.  False, in silence, for whatever reason; nothing is changed.
 */
bool mailfile_peek(const struct maildrop *, const struct message *,
    uint64_t *octets, uint64_t *bytes);
/* Such octets become the size of the message. */
void mailfile_learn(
    struct maildrop *, struct message *, uint64_t octets, uint64_t bytes);

enum mailfile_sent {
	MAILFILE_SENT,
	MAILFILE_GONE,  /* nothing was sent: removed by somebody else */
	MAILFILE_UNFIT, /* nothing was sent: not readable, not a file */
	MAILFILE_BROKEN /* reading failed behind the +OK: hang up */
};

/*
 * Sends the +OK line, the text and the final dot.  lines: CRLF_ALL for
 * RETR, whose first line names the exact octets; else for TOP.  *octets is
 * what was sent of the text.
 */
enum mailfile_sent mailfile_send(struct maildrop *, struct message *,
    struct client *, uint64_t lines, uint64_t *octets);

#endif
