/*
 * msg_spawn: the generated half of the spawn channel.  The protocol is in
 * msg_spawn.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_spawn.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(spawn_##name, FIELDS)
SPAWN_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(spawn_##name, #name, SIDE, STATES, NEXT)
	SPAWN_MESSAGES(M)
#undef M
};

const struct msg_channel spawn_channel = {
	"spawn", specs, SPAWN_T_COUNT, sizeof(union msg_spawn), SPAWN_ANY
};
