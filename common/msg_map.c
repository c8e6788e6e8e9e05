/*
 * msg_map: the generated half of the map channel.  The protocol is in
 * msg_map.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_map.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(map_##name, FIELDS)
MAP_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(map_##name, #name, SIDE, STATES, NEXT)
	MAP_MESSAGES(M)
#undef M
};

const struct msg_channel map_channel = {
	"map", specs, MAP_T_COUNT, sizeof(union msg_map), MAP_ANY
};
