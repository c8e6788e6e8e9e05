/*
 * msg_dns: the generated half of the dns channel.  The protocol is in
 * msg_dns.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_dns.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(dns_##name, FIELDS)
DNS_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(dns_##name, #name, SIDE, STATES, NEXT)
	DNS_MESSAGES(M)
#undef M
};

const struct msg_channel dns_channel = {
	"dns", specs, DNS_T_COUNT, sizeof(union msg_dns), DNS_ANY
};
