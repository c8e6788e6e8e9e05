/*
 * message: one message of a maildrop: its size and its text.
 */
#ifndef POP3D_MESSAGE_H
#define POP3D_MESSAGE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stdint.h>

#include "pop3d/client.h"
#include "pop3d/maildrop.h"

#define MESSAGE_SIZE_MAX (INT64_C(16) << 30) /* larger files are not mail */
#define MESSAGE_NAME_MAX 512 /* "cur/" and any file name, with NUL */

/* What the base of a name promises; SIZE_UNKNOWN. */
uint64_t message_promised_size(const char *base);

/* "BASEINFO", below the directory of m->sub. */
void message_name(const struct message *, char name[MESSAGE_NAME_MAX]);

/* maildrop_complain() about the message's file. */
void message_complain(const struct maildrop *, const struct message *,
    const char *wanted, const char *found);

/* fstatat(2), no link followed. */
int message_stat(
    const struct maildrop *, const struct message *, struct stat *);

/*
 * Makes m->size known, reading the file when its name does not tell.  False
 * when there is nothing to read; the message is then lost.
 */
bool message_size(struct maildrop *, struct message *);

enum message_sent {
	MESSAGE_SENT,
	MESSAGE_GONE,  /* nothing was sent: removed by somebody else */
	MESSAGE_UNFIT, /* nothing was sent: not readable, not a file */
	MESSAGE_BROKEN /* reading failed behind the +OK: hang up */
};

/*
 * Sends the +OK line, the text and the final dot.  lines: CRLF_ALL for
 * RETR, whose first line names the exact octets; else for TOP.  *octets is
 * what was sent of the text.
 */
enum message_sent message_send(struct maildrop *, struct message *,
    struct client *, uint64_t lines, uint64_t *octets);

#endif
