/*
 * pipe_status: what the end of a command means for the mail.
 */
#ifndef DELIVERY_PIPE_STATUS_H
#define DELIVERY_PIPE_STATUS_H

#include "common/outcome.h"

/*
 * The outcome of a command whose status, as of waitpid(2), is that.  text is
 * what it wrote, of which one printable line becomes the text, or "" for words
 * of our own.
 */
enum outcome pipe_status(int status, const char *text, struct diag *);

/*
 * The lines of n bytes as one, of at most size - 1 bytes, for reports and logs:
 * printable ASCII, blanks only between words.
 */
void pipe_status_line(const char *text, size_t n, char *out, size_t size);

#endif
