/*
 * control_pack: items and recipients of a list, many to a message.  In queued,
 * and in the tools that it answers.
 */
#include <endian.h>
#include <string.h>

#include "queue/control_pack.h"

static bool
may_be_packed(unsigned int type)
{
	return type == CONTROL_T_ITEM || type == CONTROL_T_RCPT;
}

bool
control_pack(struct msg_control_pack *p, unsigned int type, const void *msg)
{
	size_t left = PACK_MAX - p->bytes_len;
	uint8_t *start = p->bytes + p->bytes_len;
	struct wire w = { start + 4, left - 4, false };
	uint16_t head[2];
	size_t n;

	if (left < sizeof(head) || !may_be_packed(type))
		return false;
	control_channel.specs[type].put(&w, msg);
	if (w.bad)
		return false;
	n = (size_t)(w.p - start);
	head[0] = htobe16((uint16_t)(n - 2));
	head[1] = htobe16((uint16_t)type);
	memcpy(start, head, sizeof(head));
	p->bytes_len += (uint32_t)n;
	return true;
}

unsigned int
control_unpack(
    const struct msg_control_pack *p, size_t *at, union msg_control *m)
{
	uint8_t one[PACK_MAX];
	struct wire w = { one, 0, false };
	uint16_t head[2];
	unsigned int type;

	if (*at == p->bytes_len)
		return CONTROL_T_END;
	if (p->bytes_len - *at < sizeof(head))
		return CONTROL_T_COUNT;
	memcpy(head, p->bytes + *at, sizeof(head));
	type = be16toh(head[1]);
	*at += sizeof(head);
	w.left = be16toh(head[0]);
	if (w.left < 2 || w.left - 2 > p->bytes_len - *at ||
	    !may_be_packed(type))
		return CONTROL_T_COUNT;
	w.left -= 2;
	memcpy(one, p->bytes + *at, w.left);
	*at += w.left;
	memset(
	    m, 0, type == CONTROL_T_ITEM ? sizeof(m->item) : sizeof(m->rcpt));
	control_channel.specs[type].get(&w, m);
	return w.bad || w.left != 0 ? CONTROL_T_COUNT : type;
}
