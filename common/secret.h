/*
 * secret: comparing what must not be guessed byte by byte.
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the same time wherever the two differ. */
bool secret_equal(const void *, const void *, size_t);

#endif
