/*
 * drop_name: the names of files in spool-dir/drop, where sendmail(8) leaves
 * messages while nobody takes them.  drop.h has what is in them.
 */
#ifndef COMMON_DROP_NAME_H
#define COMMON_DROP_NAME_H

#include "common/msg.h"

#define DROP_DIR "drop" /* below spool-dir */
#define DROP_MODE 01733 /* of it: anybody adds, nobody lists or removes */
#define DROP_NAME (ID_MAX + 4)
#define DROP_OLD 86400 /* seconds after which nobody finishes a file */

/* What stands before the content at most. */
#define DROP_RCPTS 50000          /* the most of option recipients */
#define DROP_LINE (ADDR_MAX + 20) /* bytes */
#define DROP_ENVELOPE ((DROP_RCPTS + 8) * DROP_LINE)

enum drop_kind {
	DROP_FOREIGN,    /* none of these */
	DROP_WHOLE,      /* "<id>.msg": to be submitted */
	DROP_INCOMPLETE, /* "<id>.tmp": somebody is, or was, writing it */
	DROP_REFUSED     /* "<id>.bad": kept, since nobody could be told */
};

/* The id has ID_MAX characters of 0-9 and a-z. */
enum drop_kind drop_kind(const char *name);

/* out has DROP_NAME + 1 bytes; id may be a name, of which the kind changes. */
void drop_name(const char *id, enum drop_kind, char *out);

#endif
