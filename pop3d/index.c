/*
 * index: the form of the file that saves reading a mailbox again.  In
 * pop3-mailbox; pure.  The file lies where its owner may write anything, so
 * whatever is read is checked to the last bit and believed only for what a
 * Maildir may hold.
 */
#include <endian.h>
#include <limits.h>
#include <string.h>

#include "common/crc32c.h"
#include "pop3d/filename.h"
#include "pop3d/index.h"
#include "pop3d/mailfile.h"

#define NAME "postrider-pop3.index "
#define MAGIC NAME "1\n" /* with its NUL */
#define SIZE_MOST (2 * (uint64_t)MAILFILE_SIZE_MAX + 2)
#define NS INT64_C(1000000000)

static const char checksum[] = "a wrong checksum";
static const char contents[] = "contents that no mailbox has";

static char *
put(char *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static uint64_t
get(const char **p)
{
	uint64_t v;

	memcpy(&v, *p, sizeof(v));
	*p += sizeof(v);
	return le64toh(v);
}

/* Wraps around in the year 2554, which is as good a time as any. */
static uint64_t
ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * (uint64_t)NS + (uint64_t)t->tv_nsec;
}

void
index_stamp(struct stamp *s, const struct stat *st)
{
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	s->mtime = ns_of(&st->st_mtim);
	s->ctime = ns_of(&st->st_ctim);
}

bool
index_settled(const struct stamp *s, const struct timespec *now)
{
	uint64_t still = INDEX_STILL * (uint64_t)NS, t = ns_of(now);

	return t >= still && s->mtime <= t - still && s->ctime <= t - still;
}

void
index_put_head(const struct index_head *h, char out[INDEX_HEAD])
{
	uint32_t crc = htole32(h->crc);
	char *p = out;

	memcpy(p, MAGIC, sizeof(MAGIC));
	p += sizeof(MAGIC);
	for (int i = 0; i < SUB_COUNT; i++) {
		p = put(p, h->dir[i].dev);
		p = put(p, h->dir[i].ino);
		p = put(p, h->dir[i].mtime);
		p = put(p, h->dir[i].ctime);
	}
	p = put(p, h->settled);
	p = put(p, h->count);
	p = put(p, h->bytes);
	memcpy(p, &crc, sizeof(crc));
	p += sizeof(crc);
	crc = htole32(crc32c(0, out, (size_t)(p - out)));
	memcpy(p, &crc, sizeof(crc));
}

/* There is one way to write each head. */
static const char *
check_head(const struct index_head *h, const char in[INDEX_HEAD])
{
	char again[INDEX_HEAD];

	if (memcmp(in, NAME, strlen(NAME)) != 0)
		return "something else";
	if (memcmp(in, MAGIC, sizeof(MAGIC)) != 0)
		return "another version";
	index_put_head(h, again);
	if (memcmp(in, again, INDEX_HEAD) != 0)
		return checksum;
	if (h->count == 0 || h->count > MESSAGES_MAX ||
	    h->bytes / INDEX_ENTRY < h->count)
		return contents;
	return NULL;
}

const char *
index_get_head(struct index_head *h, const char in[INDEX_HEAD])
{
	const char *p = in + sizeof(MAGIC);
	uint64_t settled;

	for (int i = 0; i < SUB_COUNT; i++) {
		h->dir[i].dev = get(&p);
		h->dir[i].ino = get(&p);
		h->dir[i].mtime = get(&p);
		h->dir[i].ctime = get(&p);
	}
	settled = get(&p);
	h->settled = settled == 1;
	h->count = get(&p);
	h->bytes = get(&p);
	memcpy(&h->crc, p, sizeof(h->crc));
	h->crc = le32toh(h->crc);
	return check_head(h, in);
}

size_t
index_put_entry(const struct message *m, char out[INDEX_ENTRY_MAX])
{
	size_t base = strlen(m->base), info = strlen(m->info);
	char *p = out;

	if (base + info > NAME_MAX)
		return 0;
	p = put(p, m->size);
	p = put(p, m->ino);
	*p++ = (char)base;
	*p++ = (char)info;
	*p++ = (char)m->sub;
	memcpy(p, m->base, base + 1);
	memcpy(p + base + 1, m->info, info + 1);
	return INDEX_ENTRY + base + info;
}

static bool
is_text(const char *s, size_t n)
{
	return memchr(s, '\0', n) == NULL && memchr(s, '/', n) == NULL &&
	    s[n] == '\0';
}

/* What a directory may list and a scan would keep, cut where it would be. */
static bool
is_name(const char *base, size_t nbase, const char *info, size_t ninfo)
{
	return nbase + ninfo > 0 && nbase + ninfo <= NAME_MAX &&
	    base[0] != '.' && is_text(base, nbase) && is_text(info, ninfo) &&
	    memchr(base, ':', nbase) == NULL && (ninfo == 0 || info[0] == ':');
}

static bool
get_entry(struct message *m, const char **at, const char *end)
{
	size_t base, info, sub;
	const char *p = *at;

	if (end - p < INDEX_ENTRY)
		return false;
	memset(m, 0, sizeof(*m));
	m->size = get(&p);
	m->ino = get(&p);
	base = (unsigned char)*p++;
	info = (unsigned char)*p++;
	sub = (unsigned char)*p++;
	if (end - p < (ptrdiff_t)(base + info + 2))
		return false;
	m->sub = sub == SUB_NEW ? SUB_NEW : SUB_CUR;
	m->base = p;
	m->info = p + base + 1;
	*at = m->info + info + 1;
	return sub < SUB_COUNT && is_name(m->base, base, m->info, info) &&
	    (m->size <= SIZE_MOST || m->size == SIZE_UNKNOWN);
}

/*
 * As order_messages() puts them; a list that can be believed has no twins.
 * *seconds is the time in the name before.
 */
static bool
is_behind(const struct message *m, uint64_t *seconds, bool settled)
{
	const struct message *before = m - 1;
	uint64_t was = *seconds;
	int r;

	*seconds = filename_seconds(m->base);
	if (was != *seconds)
		return was < *seconds;
	r = filename_compare_rest(before->base, m->base);
	if (r != 0 || settled)
		return r < 0;
	if (before->sub != m->sub)
		return before->sub < m->sub;
	return strcmp(before->info, m->info) < 0;
}

const char *
index_get_entries(
    const struct index_head *h, const char *text, struct message *m)
{
	const char *at = text, *end = text + h->bytes;
	uint64_t seconds;

	if (crc32c(0, text, h->bytes) != h->crc)
		return checksum;
	if (!get_entry(m, &at, end))
		return contents;
	seconds = filename_seconds(m->base);
	for (uint64_t i = 1; i < h->count; i++)
		if (!get_entry(&m[i], &at, end) ||
		    !is_behind(&m[i], &seconds, h->settled))
			return contents;
	return at == end ? NULL : contents;
}

/* Both are one message; whether it lies as it lay. */
static bool
take_size(struct message *m, const struct message *old)
{
	if (m->ino != old->ino)
		return false;
	if (m->size == SIZE_UNKNOWN)
		m->size = old->size;
	return m->sub == old->sub && strcmp(m->info, old->info) == 0;
}

size_t
index_merge(struct maildrop *md, const struct message *old, size_t n)
{
	size_t i = 0, k = 0, drift = 0;
	struct message *m = md->messages;
	int r;

	while (i < md->count && k < n) {
		/* Nearly always equal, and then there is no more to compare. */
		r = strcmp(m[i].base, old[k].base);
		if (r != 0)
			r = filename_compare(m[i].base, old[k].base);
		drift += r != 0;
		if (r == 0 && !take_size(&m[i], &old[k]))
			drift++;
		i += r <= 0;
		k += r >= 0;
	}
	return drift + md->count - i + n - k;
}
