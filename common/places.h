/*
 * places: the directories, the lock and the log file of a running suite.
 *
 * All return false, or -1, after one line on stderr that names the path, what
 * was wanted and what was found.
 */
#ifndef COMMON_PLACES_H
#define COMMON_PLACES_H

#include <sys/types.h>

#include <stdbool.h>

struct owner {
	uid_t uid;
	gid_t gid;
};

/*
 * A directory that only its owner may change: created for owner with the mode
 * when missing (its parent must exist), else checked; then it may also be
 * other's, unless that is NULL.
 */
bool places_directory(
    const char *path, const struct owner *, const struct owner *other, mode_t);

/*
 * A directory of owner's to which others may add; the mode has the sticky bit.
 * Created when missing, and finished when its making was interrupted.  Returns a
 * descriptor for reading.
 */
int places_open_sticky(const char *path, const struct owner *, mode_t);

/*
 * dir/lock, locked against other instances; returns the descriptor to keep.
 * An instance that was killed leaves processes that end in a moment, so the
 * lock is waited for: a short time if its holder lives, longer if not.
 */
int places_lock(const char *dir);

/*
 * Opens the log file for appending, created so that gid may append too, and
 * puts it on stderr.  An existing one must be a regular file with one name.
 */
bool places_log(const char *path, gid_t gid);

#endif
