/*
 * filename: what the name of a file in a Maildir says.
 *
 * A name is BASE or BASE:INFO.  The base never changes while the message lies
 * in the Maildir; INFO holds the flags.  The base may carry fields behind
 * commas, of which ,S=bytes (of the file) and ,W=octets (with CRLF line ends)
 * are understood, as other Maildir++ programs write them.
 */
#ifndef POP3D_FILENAME_H
#define POP3D_FILENAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UIDL_MAX 70 /* RFC 1939 section 7 */

/* Bytes of the base in a whole name. */
size_t filename_base_len(const char *name);

/*
 * The sizes a base promises.  False unless both are there once, in plain
 * digits, and the second lies where CRLF can have moved it: S <= W <= 2 S.
 */
bool filename_sizes(const char *base, uint64_t *stored, uint64_t *wire);

/*
 * Order of arrival as far as names tell it; 0 only for equal bases.  First by
 * filename_seconds(), the number a base begins with, then by the rest.
 */
int filename_compare(const char *a, const char *b);
uint64_t filename_seconds(const char *base);
int filename_compare_rest(const char *a, const char *b);

/* 1 to UIDL_MAX characters from 0x21 to 0x7e (RFC 1939 section 7). */
bool filename_uidl_valid(const char *);

/*
 * The unique-id that belongs to a base: the base without its S and W fields
 * when that is a valid one, else filename_uidl_hash(base, 0).
 */
void filename_uidl(const char *base, char uidl[UIDL_MAX + 1]);

/* Whether that is the base itself, as it is: nearly always. */
bool filename_is_uidl(const char *base);

/*
 * A dot and 32 hexadecimal digits: FNV-1a with 128 bits over the base, for
 * nth > 0 also over a slash and nth in decimal.  No base begins with a dot.
 */
void filename_uidl_hash(
    const char *base, unsigned int nth, char uidl[UIDL_MAX + 1]);

#endif
