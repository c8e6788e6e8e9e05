/*
 * sock: the suite's own Unix sockets.
 */
#ifndef COMMON_SOCK_H
#define COMMON_SOCK_H

#include <sys/types.h>

#include <stdbool.h>

/*
 * A close-on-exec descriptor, or -1 with errno; type is SOCK_SEQPACKET or
 * SOCK_STREAM.  A channel (SOCK_SEQPACKET) is not waited for: where a daemon
 * does not accept and its line is full, EAGAIN comes at once, and the
 * descriptor stays nonblocking.
 */
int sock_connect(const char *dir, const char *name, int type);

/*
 * Of the same kind.  Replaces what is at dir/name.  Everybody may connect as far as the file
 * system goes; who may stay is decided by sock_peer_uid().
 */
int sock_listen(const char *dir, const char *name, int type);
/* The same, SOCK_SEQPACKET, but only uid and members of gid may connect. */
int sock_listen_for(const char *dir, const char *name, uid_t uid, gid_t gid);

/*
 * On a listening socket: peers that connect cannot pass descriptors.  Closing
 * one may sleep as long as its owner likes (SO_LINGER, FUSE), and what a
 * stranger passes is closed by whoever receives it.
 */
void sock_refuse_descriptors(int fd);

/* A connected pair, both ends close-on-exec; 0, or -1 with errno. */
int sock_pair(int fd[2]);

/* The uid of the process that connected; false with errno. */
bool sock_peer_uid(int fd, uid_t *);

#endif
