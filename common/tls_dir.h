/*
 * tls_dir: the names in tls-dir.
 */
#ifndef COMMON_TLS_DIR_H
#define COMMON_TLS_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/tls_identity.h"

struct tls_dir {
	size_t n;
	char names[TLS_IDENTITIES][TLS_NAME + 1]; /* in no order */
};

/* What was reported, so that it is not again. */
struct tls_dir_state {
	int error;        /* errno of a directory that could not be read */
	size_t passed_by; /* files */
};

/*
 * The NAMEs of all files NAME.pem; false when the directory cannot be read.
 * That, and files with other names that end in ".pem" or too many of them, is
 * logged when it begins.
 */
bool tls_dir_list(struct tls_dir *, const char *path, struct tls_dir_state *);

bool tls_dir_has(const struct tls_dir *, const char *name);

#endif
