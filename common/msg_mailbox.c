/*
 * msg_mailbox: the generated half of the mailbox channel.  The protocol is in
 * msg_mailbox.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_mailbox.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(mailbox_##name, FIELDS)
MAILBOX_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(mailbox_##name, #name, SIDE, STATES, NEXT)
	MAILBOX_MESSAGES(M)
#undef M
};

const struct msg_channel mailbox_channel = {
	"mailbox", specs, MAILBOX_T_COUNT, sizeof(union msg_mailbox), MAILBOX_ANY
};
