/*
 * msg_tls: the generated half of the tls channel.  The protocol is in
 * msg_tls.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_tls.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(tls_##name, FIELDS)
TLS_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(tls_##name, #name, SIDE, STATES, NEXT)
	TLS_MESSAGES(M)
#undef M
};

const struct msg_channel tls_channel = {
	"tls", specs, TLS_T_COUNT, sizeof(union msg_tls), TLS_IDLE
};
