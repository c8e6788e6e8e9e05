/*
 * sandbox: the last step before a process reads a foreign byte, and the bounds
 * that hold from there to its end.
 *
 * `grep 'sandbox('` lists these places in the whole suite.  What a process may
 * open or connect to is decided by its user and by the descriptors it was
 * given; system calls are not filtered.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

enum sandbox_profile {
	SANDBOX_SMTPD, /* one SMTP session, or the parent that accepts them */
	SANDBOX_POP3D, /* the same of POP3 sessions before login */
	SANDBOX_QUEUED,
	SANDBOX_AUTHD,
	SANDBOX_HASHER, /* authd's password hashing child */
	SANDBOX_LOCAL,
	SANDBOX_MAILBOX,
	SANDBOX_BOUNCE
};

/*
 * Not dumpable, no new privileges, no core, and the profile's bounds on
 * descriptors and memory.  A failure ends the process (EX_OSERR).  All of it
 * is inherited by children, where calling it again costs nothing.
 */
void sandbox(enum sandbox_profile);

#endif
