/*
 * conf_edit: one line of a text file is added, replaced or taken away.
 */
#ifndef QUEUE_CONF_EDIT_H
#define QUEUE_CONF_EDIT_H

#include <sys/types.h>

#include <stdbool.h>

#include "common/tables.h"

/*
 * Waits for the lock that keeps two editors apart; returns a descriptor that
 * holds it until closed, or -1 with errno.
 */
int conf_lock(const char *dir);

#define CONF_BEFORE 4 /* files that one command changes */

/* Files as they were before the first change of each; starts as zeros. */
struct conf_before {
	struct {
		const char *name; /* static */
		int fd;           /* -1: there was none */
	} file[CONF_BEFORE];
	size_t n;
};

struct conf_edit {
	const char *dir, *name;
	struct conf_before
	    *before;      /* what is there now is kept in it; or NULL */
	mode_t mode;      /* of a new file; an old one keeps owner and mode */
	const char *key;  /* an address or domain in lower case */
	const char *line; /* without its end; NULL: take away only */
	/* Whether a word means the key; NULL: as addresses and domains do. */
	bool (*means)(const char *word, const char *key);
	/*
	 * A file of lists: the first word ends at a colon, and lines that begin
	 * with a blank belong to the one before them.
	 */
	bool lists;
};

/*
 * Takes out every line whose first word means key and puts line in the place
 * of the first, or at the end.  Comments and everything else stay as they
 * are.  The file is replaced whole and synced.  False with one line in err.
 */
bool conf_edit(const struct conf_edit *, char err[TABLES_ERR]);

/*
 * Puts back what was kept, each file whole, with owner and mode, and synced.
 * False with one line in err, which names what stays changed.
 */
bool conf_undo(struct conf_before *, const char *dir, char err[TABLES_ERR]);
/* The changes are to stay. */
void conf_before_free(struct conf_before *);

#endif
