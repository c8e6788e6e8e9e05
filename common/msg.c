/*
 * msg: typed messages between the suite's processes.  Library code in every
 * program; decodes what a less trusted process wrote, so every length is
 * checked here and nowhere else.
 */
#include <endian.h>
#include <string.h>

#include "common/msg.h"

static void
put(struct wire *w, const void *p, size_t n)
{
	if (w->bad || n > w->left) {
		w->bad = true;
		return;
	}
	if (n > 0)
		memcpy(w->p, p, n);
	w->p += n;
	w->left -= n;
}

static void
get(struct wire *w, void *p, size_t n)
{
	if (w->bad || n > w->left) {
		w->bad = true;
		memset(p, 0, n);
		return;
	}
	if (n > 0)
		memcpy(p, w->p, n);
	w->p += n;
	w->left -= n;
}

void
wire_put_u32(struct wire *w, uint32_t v)
{
	v = htobe32(v);
	put(w, &v, sizeof(v));
}

void
wire_get_u32(struct wire *w, uint32_t *v)
{
	get(w, v, sizeof(*v));
	*v = be32toh(*v);
}

void
wire_put_u64(struct wire *w, uint64_t v)
{
	v = htobe64(v);
	put(w, &v, sizeof(v));
}

void
wire_get_u64(struct wire *w, uint64_t *v)
{
	get(w, v, sizeof(*v));
	*v = be64toh(*v);
}

static void
put_count(struct wire *w, size_t n, size_t bound)
{
	uint16_t be = htobe16((uint16_t)n);

	if (n > bound || n > UINT16_MAX)
		w->bad = true;
	put(w, &be, sizeof(be));
}

static size_t
get_count(struct wire *w, size_t bound)
{
	uint16_t be;

	get(w, &be, sizeof(be));
	if (be16toh(be) > bound) {
		w->bad = true;
		return 0;
	}
	return be16toh(be);
}

void
wire_put_str(struct wire *w, const char *s, size_t bound)
{
	size_t n = strnlen(s, bound + 1);

	put_count(w, n, bound);
	put(w, s, n);
}

void
wire_get_str(struct wire *w, char *s, size_t bound)
{
	size_t n = get_count(w, bound);

	get(w, s, n);
	s[n] = '\0';
	if (memchr(s, '\0', n) != NULL)
		w->bad = true;
}

void
wire_put_bytes(struct wire *w, const uint8_t *p, uint32_t n, size_t bound)
{
	put_count(w, n, bound);
	put(w, p, n);
}

void
wire_get_bytes(struct wire *w, uint8_t *p, uint32_t *n, size_t bound)
{
	size_t len = get_count(w, bound);

	get(w, p, len);
	*n = (uint32_t)len;
}
