/*
 * tls_file: one file of tls-dir, and what is wrong with it.
 */
#ifndef COMMON_TLS_FILE_H
#define COMMON_TLS_FILE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg.h"

#define TLS_PATH 1100      /* bytes of a path, with NUL */
#define TLS_FILE_MAX 65536 /* bytes of a file */

/* For one line that says what to do: path=, wanted=, found=. */
struct tls_wrong {
	char path[TLS_PATH];
	char wanted[TEXT_MAX + 1];
	char found[TEXT_MAX + 1];
	bool passing; /* it may be good the next time, as it is */
};

/* Always false, for the caller to return; what is wrong is in the file. */
bool tls_wrong(struct tls_wrong *, const char *path, const char *wanted,
    const char *found);

/* The same of what is wrong with this machine, just now. */
bool tls_wrong_now(struct tls_wrong *, const char *path, const char *wanted,
    const char *found);

struct tls_file {
	uint8_t *p; /* owned */
	size_t n;
	mode_t mode;
	bool there;
};

/*
 * Reads a whole regular file; symbolic links are followed.  True also when
 * there is none.  Otherwise false with what is wrong, and nothing to free.
 */
bool tls_file_read(const char *path, struct tls_file *, struct tls_wrong *);

/* Wipes the bytes, too: they may be a private key's. */
void tls_file_free(struct tls_file *);

#endif
