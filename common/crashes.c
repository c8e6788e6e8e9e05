/*
 * crashes: what sessions that died of a fault mean for those who come next.
 * In the accepting parent of smtpd and pop3d, as postrider-net; pure.
 */
#include <sys/wait.h>

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include <bsd/string.h>

#include "common/crashes.h"
#include "common/net.h"

struct crash {
	char client[IP_MAX + 1];
	deadline_t when;
};

static struct crash crash[CRASHES]; /* in the order of time */
static size_t count;

bool
crashes_is(int status)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT,
		SIGTRAP, SIGSYS };

	if (!WIFSIGNALED(status))
		return false;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (WTERMSIG(status) == faults[i])
			return true;
	return false;
}

void
crashes_note(const char *client, deadline_t now)
{
	if (count == CRASHES)
		return;
	strlcpy(crash[count].client, client, sizeof(crash[count].client));
	crash[count++].when = now;
}

bool
crashes_refused(const char *client, deadline_t now)
{
	deadline_t last[CRASHES_OF_CLIENT]; /* its last ones, in a ring */
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(crash[i].client, client) != 0)
			continue;
		last[n++ % CRASHES_OF_CLIENT] = crash[i].when;
		if (n >= CRASHES_OF_CLIENT &&
		    crash[i].when - last[n % CRASHES_OF_CLIENT] <=
			CRASHES_WITHIN &&
		    now - crash[i].when < CRASHES_REFUSE)
			return true;
	}
	return false;
}

bool
crashes_enough(void)
{
	return count == CRASHES;
}
