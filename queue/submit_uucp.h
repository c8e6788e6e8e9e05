/*
 * submit_uucp: addresses as paths of hosts, and the lines that rmail(8) finds
 * before a message (RFC 976).
 */
#ifndef QUEUE_SUBMIT_UUCP_H
#define QUEUE_SUBMIT_UUCP_H

#include <stdbool.h>
#include <stddef.h>

#define UUCP_LINES 8192 /* bytes of such lines */
#define UUCP_TEXT 1024  /* bytes of an address, with NUL */

/* "From user date remote from host", or the same with ">" before it. */
bool uucp_is_from_line(const char *);

/*
 * The address of who wrote the message, from all such lines, each with its LF:
 * of user@host what it says, of host!user user@host, and of a!b!user b!user@a.
 * False when there are none that can be understood.
 */
bool uucp_sender(const char *lines, char out[UUCP_TEXT]);

/* The same of a recipient as rmail is given it; one with "@" stays as it is. */
bool uucp_recipient(const char *, char out[UUCP_TEXT]);

#endif
