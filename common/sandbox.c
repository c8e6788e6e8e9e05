/*
 * sandbox: what bounds a process from here to its end.  Library code; the last
 * thing every main file calls before it reads a foreign byte.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <sysexits.h>

#include "common/sandbox.h"

#define MB (1024UL * 1024)

struct bounds {
	rlim_t files;  /* descriptors, 0: leave */
	rlim_t memory; /* bytes of address space, 0: leave */
};

/* clang-format off */
static const struct bounds bounds[] = {
	/* As much as the most that a session of its kind may have. */
	[SANDBOX_LISTENER]	= { 4096,	256 * MB },
	[SANDBOX_SMTPD]		= { 16,		256 * MB },
	/* The kernel compares all descriptors that a user has in flight with
	 * the sender's bound: pop3d sends its client's at login. */
	[SANDBOX_POP3D]		= { 4096,	256 * MB },
	[SANDBOX_QUEUED]	= { 0,		0 },
	[SANDBOX_AUTHD]		= { 0,		0 },
	[SANDBOX_HASHER]	= { 16,		512 * MB },
	[SANDBOX_LOCAL]		= { 512,	512 * MB },
	[SANDBOX_MAILBOX]	= { 32,		2048 * MB },
	[SANDBOX_BOUNCE]	= { 64,		256 * MB },
};
/* clang-format on */

static void
bound(int resource, rlim_t value)
{
	struct rlimit r = { value, value }, now;

	if (setrlimit(resource, &r) == 0)
		return;
	/* Not root, and the bound that holds is tighter already. */
	if (errno != EPERM || getrlimit(resource, &now) == -1)
		err(EX_OSERR, "setrlimit");
	r.rlim_cur = r.rlim_max = now.rlim_max;
	if (setrlimit(resource, &r) == -1)
		err(EX_OSERR, "setrlimit");
}

static void
close_in(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		err(EX_OSERR, "no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		err(EX_OSERR, "dumpable");
	bound(RLIMIT_CORE, 0);
}

void
sandbox(enum sandbox_profile profile)
{
	static struct bounds in_force; /* from this call or the parent's */
	static bool closed_in;
	const struct bounds *b = &bounds[profile];

	if (!closed_in)
		close_in();
	closed_in = true;
	if (b->files != 0 && b->files != in_force.files)
		bound(RLIMIT_NOFILE, b->files);
#ifndef __SANITIZE_ADDRESS__
	/* AddressSanitizer reserves terabytes of address space. */
	if (b->memory != 0 && b->memory != in_force.memory)
		bound(RLIMIT_AS, b->memory);
#endif
	in_force = *b;
}
