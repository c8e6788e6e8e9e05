/*
 * sandbox: the last step before a process reads a foreign byte, and the bounds
 * that hold from there to its end.
 *
 * `grep 'sandbox('` lists these places in the whole suite.  What a process may
 * open or connect to is decided by its user and by the descriptors it was
 * given; system calls are not filtered.  A TLS connection, whose user may read
 * private keys, and remote, which needs none, open no file at all where the
 * kernel has landlock(7).
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

#include <stdbool.h>

enum sandbox_profile {
	SANDBOX_LISTENER, /* accepts connections and forks; reads no client */
	SANDBOX_SMTPD,    /* one SMTP session, connected to its daemons */
	SANDBOX_POP3D,    /* one POP3 session before login, the same */
	SANDBOX_QUEUED,
	SANDBOX_AUTHD,
	SANDBOX_HASHER, /* authd's password hashing child */
	SANDBOX_KEEPER, /* tlsd's keeper of private keys */
	SANDBOX_TLSD,   /* tlsd's acceptor, which forks */
	SANDBOX_DNSD,   /* reads files, writes none; nobody connects to it */
	SANDBOX_MAPD,   /* the same */
	SANDBOX_TLS,    /* one TLS connection; opens nothing more */
	SANDBOX_LOCAL,
	SANDBOX_PIPE, /* runs users' commands, which have the same bounds */
	SANDBOX_MAILBOX,
	SANDBOX_BOUNCE,
	SANDBOX_REMOTE /* connects to the suite and to others; opens no file */
};

/*
 * Not dumpable, no new privileges, no core, and the profile's bounds on
 * descriptors and memory, which are never wider than those of a call before.  A
 * failure ends the process (EX_OSERR).  Children inherit all of it; one that
 * enters a profile of its own asks only for what is different.
 */
void sandbox(enum sandbox_profile);

/*
 * Whether SANDBOX_TLS keeps a process from files; false with errno where the
 * kernel, or a container's filter, has no landlock(7) for us.
 */
bool sandbox_can_close_files(void);

#endif
