/*
 * msg_sign: the generated half of the sign channel.  The protocol is in
 * msg_sign.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_sign.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(sign_##name, FIELDS)
SIGN_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(sign_##name, #name, SIDE, STATES, NEXT)
	SIGN_MESSAGES(M)
#undef M
};

const struct msg_channel sign_channel = {
	"sign", specs, SIGN_T_COUNT, sizeof(union msg_sign), SIGN_IDLE
};
