/*
 * lines: how many lines a text has.
 */
#ifndef COMMON_LINES_H
#define COMMON_LINES_H

#include <stddef.h>
#include <stdint.h>

/* The LFs among the n bytes. */
uint64_t lines_count(const char *, size_t n);

#endif
