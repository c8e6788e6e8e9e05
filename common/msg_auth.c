/*
 * msg_auth: the generated half of the auth channel.  The protocol is in
 * msg_auth.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_auth.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(auth_##name, FIELDS)
AUTH_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(auth_##name, #name, SIDE, STATES, NEXT)
	AUTH_MESSAGES(M)
#undef M
};

const struct msg_channel auth_channel = {
	"auth", specs, AUTH_T_COUNT, sizeof(union msg_auth), AUTH_IDLE
};
