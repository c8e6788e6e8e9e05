/*
 * agent_spawn: starting agents for the daemons that ask (msg_spawn.h).
 */
#ifndef COMMON_AGENT_SPAWN_H
#define COMMON_AGENT_SPAWN_H

#include "common/master.h"
#include "common/msg_spawn.h"
#include "common/server.h"

/*
 * Starts what the daemon (DAEMON_*) at the other end of peer asks for and
 * answers on peer later: started when the program runs, failed otherwise.  A
 * request that is not this daemon's to make, or that comes with a descriptor
 * (else fd is -1), closes the peer.
 */
void agent_spawn(struct master *, struct peer *, size_t daemon,
    const struct msg_spawn_start *, int fd);

/*
 * The peer is done with an agent of its own: killed when it has not ended in
 * msg->grace milliseconds.
 */
void agent_stop(
    struct master *, const struct peer *, const struct msg_spawn_stop *);

/*
 * The peer is gone: answers to it are dropped, and its agents are stopped as
 * above, but for those that serve clients: their sessions go on.
 */
void agent_forget(struct master *, struct peer *);

/*
 * SIGTERM to all pop3-mailbox with their sessions; and how many processes were
 * started that have not ended.
 */
void agent_stop_sessions(struct master *);
size_t agent_sessions(const struct master *);

#endif
