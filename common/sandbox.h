/*
 * sandbox: what a process keeps the right to do, from here to its end.
 *
 * `grep 'sandbox('` lists the rights of the whole suite.
 */
#ifndef COMMON_SANDBOX_H
#define COMMON_SANDBOX_H

enum sandbox_profile {
	SANDBOX_SMTPD,    /* one SMTP session */
	SANDBOX_POP3D,    /* one POP3 session before login */
	SANDBOX_LISTENER, /* the accepting parent of either: may fork */
	SANDBOX_QUEUED,
	SANDBOX_AUTHD,
	SANDBOX_HASHER, /* authd's password hashing child */
	SANDBOX_LOCAL,
	SANDBOX_MAILBOX,
	SANDBOX_BOUNCE
};

/*
 * Not dumpable, no new privileges, no core, and the profile's bounds on
 * descriptors, memory and file size.  A failure ends the process (EX_OSERR).
 */
void sandbox(enum sandbox_profile);

#endif
