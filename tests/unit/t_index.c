/*
 * t_index: the index in memory: there and back, every bit flipped, every
 * length, every lie that a right checksum can cover.
 */
#include "tests/unit/unit.h"

#include "common/crc32c.h"
#include "pop3d/index.h"

static const struct message examples[] = {
	{ .base = "",
	    .info = ":2,",
	    .size = SIZE_UNKNOWN,
	    .ino = 0,
	    .sub = SUB_CUR },
	{ .base = "1.a", .info = "", .size = 12, .ino = 7, .sub = SUB_NEW },
	{ .base = "2.b,S=1",
	    .info = ":2,S",
	    .size = 0,
	    .ino = UINT64_MAX,
	    .sub = SUB_CUR },
};

static char text[4096];
static struct index_head head;

static void
close_text(const char *end, size_t count)
{
	head.count = count;
	head.bytes = (uint64_t)(end - text);
	head.crc = crc32c(0, text, head.bytes);
}

static void
make(void)
{
	char *p = text;

	memset(&head, 0, sizeof(head));
	for (int i = 0; i < SUB_COUNT; i++)
		head.dir[i] = (struct stamp){ 1, 2, UINT64_MAX, 3 };
	head.settled = true;
	for (size_t i = 0; i < COUNT(examples); i++)
		p += index_put_entry(&examples[i], p);
	close_text(p, COUNT(examples));
}

static void
expect(const char *found, const char *wanted)
{
	if (wanted == NULL)
		assert_null(found);
	else {
		assert_non_null(found);
		assert_string_equal(found, wanted);
	}
}

static void
there_and_back(void **state)
{
	struct message m[COUNT(examples)];
	struct index_head h;
	char bytes[INDEX_HEAD];

	(void)state;
	make();
	for (int settled = 0; settled < 2; settled++) {
		head.settled = settled;
		index_put_head(&head, bytes);
		assert_null(index_get_head(&h, bytes));
		assert_memory_equal(h.dir, head.dir, sizeof(h.dir));
		assert_int_equal(h.settled, settled);
		assert_int_equal(h.count, COUNT(examples));
		assert_int_equal(h.bytes, head.bytes);
		assert_int_equal(h.crc, head.crc);
	}
	assert_null(index_get_entries(&h, text, m));
	for (size_t i = 0; i < COUNT(examples); i++) {
		assert_string_equal(m[i].base, examples[i].base);
		assert_string_equal(m[i].info, examples[i].info);
		assert_true(m[i].size == examples[i].size);
		assert_true(m[i].ino == examples[i].ino);
		assert_int_equal(m[i].sub, examples[i].sub);
		assert_false(m[i].counted || m[i].twin || m[i].deleted ||
		    m[i].removed || m[i].lost);
	}
}

static void
every_bit(void **state)
{
	struct message m[COUNT(examples)];
	struct index_head h;
	char bytes[INDEX_HEAD];

	(void)state;
	make();
	index_put_head(&head, bytes);
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		/* "postrider-pop3.index ", "1\n" and a NUL, what follows. */
		expect(index_get_head(&h, bytes),
		    bit < 8 * 21       ? "something else"
			: bit < 8 * 24 ? "another version"
				       : "a wrong checksum");
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_null(index_get_head(&h, bytes));
	for (size_t bit = 0; bit < 8 * head.bytes; bit++) {
		text[bit / 8] ^= (char)(1 << bit % 8);
		expect(index_get_entries(&head, text, m), "a wrong checksum");
		/* With a right checksum: a list, or none, but no overrun. */
		h = head;
		h.crc = crc32c(0, text, h.bytes);
		(void)index_get_entries(&h, text, m);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_null(index_get_entries(&head, text, m));
}

/* In memory of exactly that size, so that reading too far is seen. */
static void
every_length(void **state)
{
	struct message m[COUNT(examples)];
	struct index_head h;
	char *exact;

	(void)state;
	make();
	for (size_t n = 1; n < head.bytes; n++) {
		exact = malloc(n);
		assert_non_null(exact);
		memcpy(exact, text, n);
		h = head;
		h.bytes = n;
		h.crc = crc32c(0, exact, n);
		assert_non_null(index_get_entries(&h, exact, m));
		free(exact);
	}
	head.bytes++;
	head.crc = crc32c(0, text, head.bytes);
	assert_non_null(index_get_entries(&head, text, m));
}

static void
head_bounds(void **state)
{
	/* clang-format off */
	static const struct {
		uint64_t count, bytes;
		bool ok;
	} rows[] = {
		{ 0,			100,		false },
		{ 1,			20,		false },
		{ 1,			21,		true },
		{ 2,			41,		false },
		{ MESSAGES_MAX,		UINT64_MAX,	true },
		{ MESSAGES_MAX + 1,	UINT64_MAX,	false },
		{ UINT64_MAX,		UINT64_MAX,	false },
	};
	/* clang-format on */
	struct index_head h;
	char bytes[INDEX_HEAD];

	(void)state;
	make();
	for (size_t i = 0; i < COUNT(rows); i++) {
		head.count = rows[i].count;
		head.bytes = rows[i].bytes;
		index_put_head(&head, bytes);
		assert_int_equal(index_get_head(&h, bytes) == NULL, rows[i].ok);
	}
}

/* Names that no scan gives, and what else nobody would have put. */
static void
lies(void **state)
{
	/* clang-format off */
	static const struct {
		const char *base, *info;
		uint64_t size;
		int sub;
		bool ok;
	} rows[] = {
		{ "1.a",	":2,S",		5,	0,	true },
		{ "1.a",	":2,S",		SIZE_UNKNOWN, 1, true },
		{ "1.a",	":2,S",		UINT64_C(1) << 40, 1, false },
		{ "1.a",	":2,S",		SIZE_UNKNOWN - 1, 1, false },
		{ "1.a",	":2,S",		5,	2,	false },
		{ "1.a",	":2,S",		5,	255,	false },
		{ "../x",	"",		5,	0,	false },
		{ "x/../../y",	"",		5,	0,	false },
		{ "/etc/passwd", "",		5,	0,	false },
		{ "1/a",	"",		5,	0,	false },
		{ "1.a",	":2,/x",	5,	0,	false },
		{ "1.a",	"/../x",	5,	0,	false },
		{ ".",		"",		5,	0,	false },
		{ "..",		"",		5,	0,	false },
		{ ".hidden",	"",		5,	0,	false },
		{ "",		"",		5,	0,	false },
		{ "1:a",	"",		5,	0,	false },
		{ "1.a",	"2,S",		5,	0,	false },
	};
	/* clang-format on */
	struct message one = { 0 }, m;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		one.base = rows[i].base;
		one.info = rows[i].info;
		one.size = rows[i].size;
		n = index_put_entry(&one, text);
		text[18] = (char)rows[i].sub;
		close_text(text + n, 1);
		expect(index_get_entries(&head, text, &m),
		    rows[i].ok ? NULL : "contents that no mailbox has");
	}
	/* A name that ends early, and one that does not end. */
	for (int i = 0; i < 2; i++) {
		one.base = "1.abc";
		one.info = ":2,S";
		one.size = 5;
		n = index_put_entry(&one, text);
		text[19 + (i == 0 ? 2 : 5)] = i == 0 ? '\0' : 'x';
		close_text(text + n, 1);
		assert_non_null(index_get_entries(&head, text, &m));
	}
}

/* Two entries, in the order of messages and no other. */
static void
order(void **state)
{
	/* clang-format off */
	static const struct {
		struct message m[2];
		bool settled, unsettled;	/* fit in such a list */
	} rows[] = {
		{ { { .base = "1.a" }, { .base = "1.b" } }, true, true },
		{ { { .base = "1.b" }, { .base = "1.a" } }, false, false },
		{ { { .base = "9.a" }, { .base = "10.a" } }, true, true },
		{ { { .base = "10.a" }, { .base = "9.a" } }, false, false },
		{ { { .base = "1.M9" }, { .base = "1.M10" } }, true, true },
		{ { { .base = "1.M10" }, { .base = "1.M9" } }, false, false },
		{ { { .base = "1.a" }, { .base = "1.a" } }, false, false },
		{ { { .base = "1.a", .sub = SUB_NEW },
		    { .base = "1.a", .sub = SUB_CUR } }, false, true },
		{ { { .base = "1.a", .sub = SUB_CUR },
		    { .base = "1.a", .sub = SUB_NEW } }, false, false },
		{ { { .base = "1.a", .info = ":2,", .sub = SUB_CUR },
		    { .base = "1.a", .info = ":2,S", .sub = SUB_CUR } }, false, true },
		{ { { .base = "1.a", .info = ":2,S", .sub = SUB_CUR },
		    { .base = "1.a", .info = ":2,", .sub = SUB_CUR } }, false, false },
	};
	/* clang-format on */
	struct message m[2];
	char *p;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		p = text;
		for (size_t k = 0; k < 2; k++) {
			m[k] = rows[i].m[k];
			if (m[k].info == NULL)
				m[k].info = "";
			p += index_put_entry(&m[k], p);
		}
		close_text(p, 2);
		for (int settled = 0; settled < 2; settled++) {
			head.settled = settled;
			expect(index_get_entries(&head, text, m),
			    (settled ? rows[i].settled : rows[i].unsettled)
				? NULL
				: "contents that no mailbox has");
		}
	}
}

static void
long_names(void **state)
{
	char name[300], out[INDEX_ENTRY_MAX];
	struct message m = { .base = name, .info = "" };

	(void)state;
	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	assert_int_equal(index_put_entry(&m, out), INDEX_ENTRY_MAX);
	m.info = ":";
	assert_int_equal(index_put_entry(&m, out), 0);
	m.info = "";
	name[255] = 'x';
	name[256] = '\0';
	assert_int_equal(index_put_entry(&m, out), 0);
}

static void
settled(void **state)
{
	/* clang-format off */
	static const struct {
		time_t now;
		long now_ns;
		time_t mtime, ctime;
		bool settled;
	} rows[] = {
		{ 1000, 0,	998, 998,	true },
		{ 1000, 0,	1, 998,		true },
		{ 1000, 0,	998, 999,	false },
		{ 1000, 0,	999, 998,	false },
		{ 1000, 999999999, 999, 999,	false },
		{ 1001, 0,	999, 999,	true },
		{ 1000, 0,	1000, 1000,	false },
		/* from the future: the clock was set */
		{ 1000, 0,	5000, 998,	false },
		{ 1000, 0,	998, 5000,	false },
		{ 1, 0,		0, 0,		false },
	};
	/* clang-format on */
	struct stat st;
	struct stamp s;

	(void)state;
	memset(&st, 0, sizeof(st));
	for (size_t i = 0; i < COUNT(rows); i++) {
		st.st_mtim.tv_sec = rows[i].mtime;
		st.st_ctim.tv_sec = rows[i].ctime;
		index_stamp(&s, &st);
		assert_int_equal(
		    index_settled(
			&s, &(struct timespec){ rows[i].now, rows[i].now_ns }),
		    rows[i].settled);
	}
}

/* Each nanosecond, device and inode makes another stamp. */
static void
stamps(void **state)
{
	struct stat st;
	struct stamp a, b;

	(void)state;
	memset(&st, 0, sizeof(st));
	index_stamp(&a, &st);
	for (int i = 0; i < 6; i++) {
		memset(&st, 0, sizeof(st));
		st.st_dev += i == 0;
		st.st_ino += i == 1;
		st.st_mtim.tv_sec += i == 2;
		st.st_mtim.tv_nsec += i == 3;
		st.st_ctim.tv_sec += i == 4;
		st.st_ctim.tv_nsec += i == 5;
		index_stamp(&b, &st);
		assert_memory_not_equal(&a, &b, sizeof(a));
	}
}

/* clang-format off */
static const struct message old[] = {
	{ .base = "1.a", .info = "", .ino = 1, .size = 11 },
	{ .base = "3.c", .info = ":2,", .ino = 3, .size = 13, .sub = SUB_CUR },
	{ .base = "4.d", .info = "", .ino = 4, .size = SIZE_UNKNOWN },
	{ .base = "10.e", .info = "", .ino = 5, .size = 15 },
};

static const struct merge {
	struct message m;
	uint64_t size; /* afterwards */
	size_t drift;  /* with this one message: and all others gone */
} merges[] = {
	{ { .base = "1.a", .info = "", .ino = 1, .size = SIZE_UNKNOWN },
	    11, 3 },
	{ { .base = "1.a", .info = "", .ino = 1, .size = 99 }, 99, 3 },
	{ { .base = "1.a", .info = "", .ino = 9, .size = SIZE_UNKNOWN },
	    SIZE_UNKNOWN, 4 },
	{ { .base = "1.a", .info = ":2,S", .sub = SUB_CUR, .ino = 1,
	    .size = SIZE_UNKNOWN }, 11, 4 },
	{ { .base = "2.x", .info = "", .ino = 1, .size = SIZE_UNKNOWN },
	    SIZE_UNKNOWN, 5 },
	{ { .base = "3.c", .info = ":2,", .ino = 3, .sub = SUB_CUR,
	    .size = SIZE_UNKNOWN }, 13, 3 },
	{ { .base = "4.d", .info = "", .ino = 4, .size = SIZE_UNKNOWN },
	    SIZE_UNKNOWN, 3 },
	{ { .base = "10.e", .info = "", .ino = 5, .size = SIZE_UNKNOWN },
	    15, 3 },
	{ { .base = "99.z", .info = "", .ino = 5, .size = SIZE_UNKNOWN },
	    SIZE_UNKNOWN, 5 },
};
/* clang-format on */

static void
merged(void **state)
{
	struct message m[COUNT(old)];
	struct maildrop md = { .messages = m };

	(void)state;
	for (size_t i = 0; i < COUNT(merges); i++) {
		m[0] = merges[i].m;
		md.count = 1;
		assert_int_equal(
		    index_merge(&md, old, COUNT(old)), merges[i].drift);
		assert_true(m[0].size == merges[i].size);
	}
	/* All together, and nothing has changed. */
	memcpy(m, old, sizeof(m));
	for (size_t i = 0; i < COUNT(old); i++)
		m[i].size = SIZE_UNKNOWN;
	md.count = COUNT(old);
	assert_int_equal(index_merge(&md, old, COUNT(old)), 0);
	for (size_t i = 0; i < COUNT(old); i++)
		assert_true(m[i].size == old[i].size);
	assert_int_equal(index_merge(&md, old, 0), COUNT(old));
	md.count = 0;
	assert_int_equal(index_merge(&md, old, COUNT(old)), COUNT(old));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(every_length),
		cmocka_unit_test(head_bounds),
		cmocka_unit_test(lies),
		cmocka_unit_test(order),
		cmocka_unit_test(long_names),
		cmocka_unit_test(settled),
		cmocka_unit_test(stamps),
		cmocka_unit_test(merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
