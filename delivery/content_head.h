/*
 * content_head: what stands above a message that is delivered here, and what is
 * said of one that could not be written.
 */
#ifndef DELIVERY_CONTENT_HEAD_H
#define DELIVERY_CONTENT_HEAD_H

#include "delivery/content.h"
#include "delivery/failure.h"

/*
 * Return-Path first (RFC 5321 section 4.4), and Delivered-To unless delivered
 * is false, since there is one.  The length; 0 with the failure when an address
 * is not fit to be in a header.
 */
size_t content_head(const char *sender, const char *rcpt, bool delivered,
    char head[CONTENT_HEAD], struct failure *);

/*
 * Why the content could not be read or written, for one recipient: anything but
 * CONTENT_OK, CONTENT_ERROR with errno.
 */
void content_failed(struct failure *, enum content_result, const char *path);

/* Its checksum is not the one of the message with that id. */
void content_log_damaged(const struct content *, const char *id);

#endif
