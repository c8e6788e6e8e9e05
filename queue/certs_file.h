/*
 * certs_file: files of certificates and keys, written whole.
 */
#ifndef QUEUE_CERTS_FILE_H
#define QUEUE_CERTS_FILE_H

#include <sys/types.h>

#include <openssl/bio.h>
#include <stdbool.h>

#include "common/tables.h"
#include "common/tls_pem.h"

/* Where a file goes, and whose it is. */
struct certs_place {
	const char *dir, *file;
	gid_t gid; /* its group; (gid_t)-1: ours */
	mode_t mode;
	bool replace; /* else an old one is a reason to refuse */
};

/*
 * Makes the directory, when it is missing, for the group, or for us alone; one
 * that is there must be root's or ours, and nobody else's to write.  False with
 * why.
 */
bool certs_directory(const char *dir, gid_t gid, char why[TABLES_ERR]);

/*
 * Writes what the memory BIO holds: whole, synced, and only then under its
 * name; before that nobody but us can open it.  False with why.
 */
bool certs_write(
    const struct certs_place *, BIO *content, char why[TABLES_ERR]);

/* Key, leaf and chain in one file. */
bool certs_store(
    const struct certs_place *, const struct tls_pem *, char why[TABLES_ERR]);

#endif
