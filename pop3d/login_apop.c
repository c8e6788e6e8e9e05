/*
 * login_apop: the timestamp of a greeting and its answer.  In pop3d, as
 * postrider-net; pure functions but for clock and chance.  Does not judge the
 * digest, whose secret it never sees.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "pop3d/login_apop.h"

void
login_apop_stamp(char out[APOP_STAMP_MAX + 1], const char *hostname)
{
	uint64_t chance[2];

	arc4random_buf(chance, sizeof(chance));
	/* Who knows process and clock knows nothing of the rest. */
	(void)snprintf(out, APOP_STAMP_MAX + 1,
	    "<%d.%jd-%016" PRIx64 "%016" PRIx64 "@%s>", (int)getpid(),
	    (intmax_t)time(NULL), chance[0], chance[1], hostname);
}

static bool
put(struct msg_auth_start *m, const char *s, size_t n)
{
	if (n > sizeof(m->token) - m->token_len)
		return false;
	memcpy(m->token + m->token_len, s, n);
	m->token_len += (uint32_t)n;
	return true;
}

bool
login_apop_start(const char *stamp, char *arg, struct msg_auth_start *m)
{
	char *digest = strrchr(arg, ' ');

	if (digest == NULL || digest == arg)
		return false;
	*digest++ = '\0';
	if (strlen(digest) != APOP_DIGITS ||
	    strspn(digest, "0123456789abcdef") != APOP_DIGITS)
		return false;
	strlcpy(m->mech, "APOP", sizeof(m->mech));
	m->flags |= AUTH_INITIAL;
	m->token_len = 0;
	return put(m, stamp, strlen(stamp) + 1) &&
	    put(m, arg, strlen(arg) + 1) && put(m, digest, APOP_DIGITS);
}
