/*
 * beneath: directories and files below a held directory, reached without
 * following any symbolic link.
 */
#ifndef COMMON_BENEATH_H
#define COMMON_BENEATH_H

#include <stdbool.h>

/*
 * A relative path of plain names: no empty one, no "." and no "..", each at
 * most NAME_MAX bytes.
 */
bool beneath_path_valid(const char *path);

/*
 * Opens the directory at path (valid in the sense above) below base for
 * reading; close-on-exec.  A symbolic link in any place is ELOOP, whatever
 * leads out is EXDEV.  -1 with errno.
 */
int beneath_open(int base, const char *path);

/*
 * The same, but creates what is missing with mode 0700.  Each directory made
 * here is durable when this returns; one that another process is just making
 * may not be.
 */
int beneath_make(int base, const char *path);

/*
 * Opens the file at path below base in the same way, with these flags of
 * open(2) and close-on-exec; makes none.  Waits neither for the other end of a
 * pipe nor for a device: the caller looks at what it is.  -1 with errno.
 */
int beneath_file(int base, const char *path, int flags);

#endif
