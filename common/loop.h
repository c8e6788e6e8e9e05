/*
 * loop: addresses that a message has already been delivered to, read from the
 * Delivered-To fields of its header.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/msg.h"

#define LOOP_FIELDS 50 /* more Delivered-To fields are a loop by themselves */
#define LOOP_FIELD_MAX 1000 /* bytes of a field that could name an address */

struct loop {
	bool done; /* the header has ended */
	bool many; /* over LOOP_FIELDS */
	size_t count;
	char found[LOOP_FIELDS][ADDR_MAX + 1];
	/* the line being gathered, and the field it may belong to */
	size_t line_len;  /* over the buffer when the line is */
	size_t field_len; /* over the buffer: not an address */
	bool in_field;
	char line[LOOP_FIELD_MAX];
	char field[LOOP_FIELD_MAX];
};

void loop_init(struct loop *);
/* The content's bytes in order, in pieces of any size, LF line ends. */
void loop_feed(struct loop *, const char *, size_t);
/* After the last piece: ends a header that no empty line ended. */
void loop_end(struct loop *);
/* Whether addr, in any case and spelling, is among the fields' addresses. */
bool loop_has(const struct loop *, const char *addr);
/*
 * The same of the address without its tag: what a user's ~/.forward passes on
 * says that it was with him, whatever tag it came by.
 */
bool loop_has_account(const struct loop *, const char *addr, const char *tag);

#endif
