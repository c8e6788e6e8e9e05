/*
 * msg_intake: the generated half of the intake channel.  The protocol is in
 * msg_intake.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_intake.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(intake_##name, FIELDS)
INTAKE_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(intake_##name, #name, SIDE, STATES, NEXT)
	INTAKE_MESSAGES(M)
#undef M
};

const struct msg_channel intake_channel = {
	"intake", specs, INTAKE_T_COUNT, sizeof(union msg_intake), INTAKE_IDLE
};
