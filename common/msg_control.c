/*
 * msg_control: the generated half of the control channel.  The protocol is in
 * msg_control.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_control.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(control_##name, FIELDS)
CONTROL_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(control_##name, #name, SIDE, STATES, NEXT)
	CONTROL_MESSAGES(M)
#undef M
};

const struct msg_channel control_channel = {
	"control", specs, CONTROL_T_COUNT, sizeof(union msg_control), CONTROL_IDLE
};
