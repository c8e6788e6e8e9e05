/*
 * fault: the end of a session whose tables vanished under it.
 */
#ifndef COMMON_FAULT_H
#define COMMON_FAULT_H

/*
 * Prepares for signals: SIGBUS, which reading a mapped file that somebody
 * truncated raises, says text, a reply with CRLF that stays, to the client and
 * ends the process; a full pipe or file size limit is an error of write(2) and
 * no signal.  What is prepared holds in children, too.
 */
void fault_prepare(const char *text);

/* Who is told; before it, or with -1, nobody. */
void fault_client(int fd);

#endif
