/*
 * msg_certs: the generated half of the certs channel.  The protocol is in
 * msg_certs.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_certs.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(certs_##name, FIELDS)
CERTS_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(certs_##name, #name, SIDE, STATES, NEXT)
	CERTS_MESSAGES(M)
#undef M
};

const struct msg_channel certs_channel = {
	"certs", specs, CERTS_T_COUNT, sizeof(union msg_certs), CERTS_ANY
};
