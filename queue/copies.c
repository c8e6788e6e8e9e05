/*
 * copies: how often, and how widely, one message that was accepted may be made
 * anew.  In queued; pure: numbers in, numbers out.
 */
#include "common/msg_intake.h"
#include "queue/copies.h"

#define CODE_MAX 255u

/*
 * What a share's byte stands for: four bits and an exponent, so that it is at
 * most a sixteenth less than what was to be written.  0 is a message that was
 * accepted.
 */
static uint32_t
share_of(uint32_t code)
{
	uint32_t n = code - 1;

	if (code == 0)
		return COPIES_MOST;
	return n < 16 ? n : (16 | (n & 15)) << (n / 16 - 1);
}

static uint32_t
code_of(uint32_t share)
{
	uint32_t code = CODE_MAX;

	while (share_of(code) > share) /* that of 1 is 0 */
		code--;
	return code;
}

bool
copies_count(uint32_t *flags, bool by_user, size_t n, struct diag *d)
{
	uint32_t depth = (*flags & INTAKE_COPIES) >> INTAKE_COPIES_SHIFT;
	uint32_t share =
	    share_of((*flags & INTAKE_SHARE) >> INTAKE_SHARE_SHIFT);

	if (by_user && share > COPIES_USER)
		share = COPIES_USER;
	if (depth >= COPIES_DEPTH) {
		(void)diag_set(d, "5.4.6",
		    "A mail loop: it was passed on %d times", COPIES_DEPTH);
		return false;
	}
	if (n > share) {
		(void)diag_set(d, "5.4.6",
		    "Passed on to %zu lists and users here, and no more than "
		    "%u of the message's may be left",
		    n, (unsigned int)share);
		return false;
	}
	if (n > 0)
		share = (share - (uint32_t)n) / (uint32_t)n;
	*flags = (*flags & ~(INTAKE_COPIES | INTAKE_SHARE)) |
	    (depth + 1) << INTAKE_COPIES_SHIFT |
	    code_of(share) << INTAKE_SHARE_SHIFT;
	return true;
}
