/*
 * sandbox: what bounds a process from here to its end.  Library code; the last
 * thing every main file calls before it reads a foreign byte.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/sandbox.h"

#define MB (1024UL * 1024)

struct bounds {
	rlim_t files;  /* descriptors, 0: leave */
	rlim_t memory; /* bytes of address space, 0: leave */
	enum {
		FREE,
		READS, /* files, and changes none; no TCP port is its own */
		ALONE  /* opens no file */
	} reach;       /* all but FREE signal nobody else */
};

/* clang-format off */
static const struct bounds bounds[] = {
	/* As much as the most that a session of its kind may have. */
	[SANDBOX_LISTENER]	= { 4096,	256 * MB },
	/* The kernel compares all descriptors that a user has in flight with
	 * the sender's bound: sessions send their client's to tlsd, pop3d at
	 * login too, and tlsd's connections one of theirs back. */
	[SANDBOX_SMTPD]		= { 4096,	256 * MB },
	[SANDBOX_POP3D]		= { 4096,	256 * MB },
	[SANDBOX_QUEUED]	= { 0,		0 },
	[SANDBOX_AUTHD]		= { 0,		0 },
	[SANDBOX_HASHER]	= { 16,		512 * MB },
	[SANDBOX_KEEPER]	= { 0,		0 },
	[SANDBOX_TLSD]		= { 0,		0 },
	/* Two contexts of libunbound, each with a cache, and their questions. */
	[SANDBOX_DNSD]		= { 0,		1024 * MB,	READS },
	/* A cache, and a reply and a question for each connection. */
	[SANDBOX_MAPD]		= { 0,		256 * MB,	READS },
	/* Its user may read private keys; what it has is open already. */
	[SANDBOX_TLS]		= { 4096,	512 * MB,	ALONE },
	[SANDBOX_LOCAL]		= { 512,	512 * MB },
	/* What it starts inherits them, and has work of any kind to do. */
	[SANDBOX_PIPE]		= { 0,		0 },
	[SANDBOX_MAILBOX]	= { 32,		2048 * MB },
	[SANDBOX_BOUNCE]	= { 64,		256 * MB },
	/* Its socket is in flight to tlsd, as a session's.  It binds to the
	 * source-address. */
	[SANDBOX_REMOTE]	= { 4096,	256 * MB,	ALONE },
};
/* clang-format on */

/*
 * A tighter bound stays, whoever could raise it.  *in_force is what this has
 * set before, or 0.
 */
static void
bound(int resource, rlim_t value, rlim_t *in_force)
{
	struct rlimit r = { .rlim_max = *in_force };

	if (*in_force == 0 && getrlimit(resource, &r) == -1)
		err(EX_OSERR, "getrlimit");
	if (value < r.rlim_max)
		r.rlim_max = value;
	if (r.rlim_max == *in_force && *in_force != 0)
		return;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(resource, &r) == -1)
		err(EX_OSERR, "setrlimit");
	*in_force = r.rlim_max;
}

static void
close_in(void)
{
	rlim_t core = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		err(EX_OSERR, "no_new_privs");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		err(EX_OSERR, "dumpable");
	bound(RLIMIT_CORE, 0, &core);
}

/* Of landlock(7); the C library's headers may be older than the kernel. */
struct rules {
	uint64_t files, network, scopes; /* what is forbidden, without rules */
};
#define FILES ((1u << 13) - 1) /* all of the first version */
#define READ_FILE (1u << 2)
#define READ_DIR (1u << 3)
#define NETWORK_SINCE 4 /* version */
#define BIND_TCP 1u
#define SCOPES_SINCE 6 /* version */
#define SCOPES 3u      /* abstract sockets and signals */
#define ASK_VERSION 1u

/* What is allowed below a directory. */
struct below {
	uint64_t files;
	int32_t directory;
} __attribute__((packed));
#define RULE_BELOW 1 /* kind of rule */

/* Neither is an error: it is as if it had never been invented. */
static bool
is_missing(void)
{
	return errno == ENOSYS ||  /* a kernel without it */
	    errno == EOPNOTSUPP || /* switched off */
	    errno == EPERM;        /* a container's filter, for ENOSYS */
}

/*
 * A new ruleset that forbids all of it, files and perhaps to have a TCP port,
 * or -1 with errno.
 */
static int
forbid_all(bool ports)
{
	static long version; /* children know it */
	struct rules rules = { .files = FILES };

	if (version == 0)
		version =
		    syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	if (version == -1) {
		version = 0;
		return -1;
	}
	if (ports && version >= NETWORK_SINCE)
		rules.network = BIND_TCP;
	if (version >= SCOPES_SINCE)
		rules.scopes = SCOPES;
	return (int)syscall(
	    SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
}

/* What its user may read. */
static bool
allow_reading(int rules)
{
	struct below b = { .files = READ_FILE | READ_DIR };
	long r;

	b.directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b.directory == -1)
		return false;
	r = syscall(SYS_landlock_add_rule, rules, RULE_BELOW, &b, 0);
	(void)close(b.directory); /* the rule has it */
	return r == 0;
}

bool
sandbox_can_close_files(void)
{
	int fd = forbid_all(false);

	if (fd == -1)
		return false;
	(void)close(fd); /* it is not in force */
	return true;
}

static void
leave(bool reads)
{
	int fd = forbid_all(reads);

	if (fd == -1 && is_missing())
		return;
	if (fd == -1 || (reads && !allow_reading(fd)) ||
	    syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		err(EX_OSERR, "landlock");
	(void)close(fd); /* it is in force */
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
	if (b->files != 0)
		bound(RLIMIT_NOFILE, b->files, &in_force.files);
	if (SANITIZED)
		return;
	if (b->memory != 0)
		bound(RLIMIT_AS, b->memory, &in_force.memory);
	if (b->reach != FREE)
		leave(b->reach == READS);
}
