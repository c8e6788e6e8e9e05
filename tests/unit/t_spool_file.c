/*
 * t_spool_file: the table of spool(5): what every combination of file, marks
 * and damage means.
 */
#include "tests/unit/spool.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "queue/spool_file.h"

static int dir;
static struct envelope env;
static struct sbuf text; /* of a whole file */

static int
begin(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	dir = open(unit_dir, O_RDONLY | O_DIRECTORY);
	sbuf_init(&text, ENVELOPE_MAX);
	spool_envelope(&env, SPOOL_ID);
	spool_text(&env, SPOOL_CONTENT, &text);
	return dir == -1 ? -1 : 0;
}

static int
end(void **state)
{
	env_free(&env);
	sbuf_free(&text);
	(void)close(dir);
	return unit_teardown(state);
}

/* What a file of n bytes means; a valid one must hold the content, too. */
static enum spool_state
meaning(const char *bytes, size_t n)
{
	struct spool_fault f = { NULL, "" };
	struct spool_content c;
	enum spool_state state;
	struct envelope e;
	int fd;

	unit_file(SPOOL_ID, bytes, n);
	assert_int_equal(
	    spool_file_open(dir, SPOOL_ID, false, &fd, &f), SPOOL_VALID);
	env_init(&e);
	state = spool_file_read(fd, SPOOL_ID, &e, &c, &f);
	if (state == SPOOL_VALID &&
	    crc32c(0, bytes + c.offset, c.size) != c.crc)
		state = SPOOL_DAMAGED; /* the agent finds this */
	else if (state == SPOOL_DAMAGED || state == SPOOL_INCOMPLETE)
		assert_non_null(f.wanted);
	env_free(&e);
	(void)close(fd);
	return state;
}

static void
whole(void **state)
{
	struct spool_fault f;
	struct spool_content c;
	struct envelope e;
	int fd;

	(void)state;
	unit_file(SPOOL_ID, text.s, text.len);
	assert_int_equal(
	    spool_file_open(dir, SPOOL_ID, false, &fd, &f), SPOOL_VALID);
	env_init(&e);
	assert_int_equal(
	    spool_file_read(fd, SPOOL_ID, &e, &c, &f), SPOOL_VALID);
	assert_int_equal(e.nrcpt, 2);
	assert_string_equal(env_addr(&e, 1), "carol@example.org");
	assert_int_equal(c.offset, env.len);
	assert_int_equal(c.size, strlen(SPOOL_CONTENT));
	assert_int_equal(c.lines, 3);
	env_free(&e);
	(void)close(fd);
}

/* How the envelope may be, and how the end may be. */
enum head {
	HEAD_NEW,
	HEAD_ALIAS, /* of several, to be told of */
	HEAD_TRIED,
	HEAD_HELD,
	HEAD_WARNED,
	HEAD_DONE,
	HEAD_OWED,    /* delivered, to be told of */
	HEAD_RELAYED, /* the same */
	HEAD_BAD,
	HEADS
};
enum tail { TAIL_GOOD, TAIL_BAD, TAIL_NONE, TAIL_SHORT, TAIL_LONG, TAILS };

/* clang-format off */
static const enum spool_state table[HEADS][TAILS] = {
	/*		   good			bad		none */
	[HEAD_NEW]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_INCOMPLETE,
	/* content short, long */
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_ALIAS]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_INCOMPLETE,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_WARNED]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_DAMAGED,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_OWED]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_DAMAGED,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_RELAYED]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_DAMAGED,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_TRIED]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_DAMAGED,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_HELD]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_DAMAGED,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_DONE]	= { SPOOL_VALID,	SPOOL_DAMAGED,	SPOOL_DAMAGED,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
	[HEAD_BAD]	= { SPOOL_DAMAGED,	SPOOL_DAMAGED,	SPOOL_INCOMPLETE,
			    SPOOL_DAMAGED,	SPOOL_DAMAGED },
};
/* clang-format on */

static void
make_head(enum head head, char *bytes)
{
	struct envelope_state st = { .attempts = head == HEAD_TRIED,
		.held = head == HEAD_HELD,
		.warned = head == HEAD_WARNED };
	static const enum rcpt_status marks[HEADS] = {
		[HEAD_ALIAS] = RCPT_EXPANDED,
		[HEAD_DONE] = RCPT_DELIVERED,
		[HEAD_OWED] = RCPT_CONFIRM,
		[HEAD_RELAYED] = RCPT_RELAYED,
	};

	state_format(&st, bytes + STATE_AT);
	if (marks[head] != 0)
		bytes[env.rcpts[0].at] = (char)marks[head];
	if (head == HEAD_BAD)
		bytes[env.rcpts[0].at + 6]++;
}

/* Changes the end of n bytes; how many there are then. */
static size_t
make_tail(enum tail tail, char *bytes, size_t n)
{
	switch (tail) {
	case TAIL_GOOD:
		return n;
	case TAIL_BAD:
		bytes[n - 20] ^= 1;
		return n;
	case TAIL_NONE:
		return n - 1;
	case TAIL_SHORT: /* a byte of content is missing */
		memmove(bytes + n - TRAILER_LEN - 1, bytes + n - TRAILER_LEN,
		    TRAILER_LEN);
		return n - 1;
	default: /* one is too many */
		memmove(bytes + n - TRAILER_LEN + 1, bytes + n - TRAILER_LEN,
		    TRAILER_LEN);
		return n + 1;
	}
}

static void
combinations(void **state)
{
	char bytes[4096];
	size_t n;

	(void)state;
	assert_true(text.len + 1 < sizeof(bytes));
	for (enum head h = 0; h < HEADS; h++)
		for (enum tail t = 0; t < TAILS; t++) {
			memcpy(bytes, text.s, text.len);
			make_head(h, bytes);
			n = make_tail(t, bytes, text.len);
			assert_int_equal(meaning(bytes, n), table[h][t]);
		}
}

/* Cut anywhere, it is nothing yet; or damage, once it has been tried. */
static void
truncations(void **state)
{
	char bytes[4096];

	(void)state;
	for (size_t n = 0; n < text.len; n++)
		assert_int_equal(meaning(text.s, n), SPOOL_INCOMPLETE);
	assert_int_equal(meaning(text.s, text.len), SPOOL_VALID);
	memcpy(bytes, text.s, text.len);
	make_head(HEAD_TRIED, bytes);
	for (size_t n = env.len; n < text.len; n++)
		assert_int_equal(meaning(bytes, n), SPOOL_DAMAGED);
}

static void
flips(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		text.s[bit / 8] = (char)(text.s[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(meaning(text.s, text.len), SPOOL_DAMAGED);
		text.s[bit / 8] = (char)(text.s[bit / 8] ^ 1 << bit % 8);
	}
}

/* Another message's file under this name, and a file that is none at all. */
static void
strangers(void **state)
{
	struct sbuf other = SBUF_INIT(ENVELOPE_MAX);
	char junk[3000];
	struct envelope e;

	(void)state;
	spool_envelope(&e, "1k0tw8hh3ydynhahmydb");
	spool_text(&e, SPOOL_CONTENT, &other);
	assert_int_equal(meaning(other.s, other.len), SPOOL_DAMAGED);
	env_free(&e);
	sbuf_free(&other);
	memset(junk, 'j', sizeof(junk));
	assert_int_equal(meaning(junk, sizeof(junk)), SPOOL_INCOMPLETE);
}

enum kind {
	KIND_FILE,
	KIND_LINK,
	KIND_HARD,
	KIND_FIFO,
	KIND_DIR,
	KIND_SOCKET,
	KIND_OWNER,
	KIND_NONE,
	KINDS
};

static void
make_kind(enum kind kind)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = unit_path(SPOOL_ID);
	int fd;

	unit_file("other", "x", 1);
	if (kind == KIND_FILE || kind == KIND_OWNER)
		unit_file(SPOOL_ID, text.s, text.len);
	if (kind == KIND_LINK)
		assert_int_equal(symlink(unit_path("other"), path), 0);
	if (kind == KIND_HARD)
		assert_int_equal(link(unit_path("other"), path), 0);
	if (kind == KIND_FIFO)
		assert_int_equal(mkfifo(path, 0600), 0);
	if (kind == KIND_DIR)
		assert_int_equal(mkdir(path, 0700), 0);
	if (kind == KIND_SOCKET) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		strlcpy(sun.sun_path, path, sizeof(sun.sun_path));
		assert_int_equal(
		    bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
		(void)close(fd);
	}
	if (kind == KIND_OWNER)
		assert_int_equal(chown(path, 65534, 65534), 0);
}

/* Nothing but a file of our own is opened, and nothing is waited for. */
static void
kinds(void **state)
{
	struct spool_fault f;
	enum spool_state want;
	int fd;

	(void)state;
	for (enum kind k = 0; k < KINDS; k++) {
		if (k == KIND_OWNER && geteuid() != 0)
			continue; /* only root can make one */
		(void)unlink(unit_path("other"));
		(void)remove(unit_path(SPOOL_ID));
		make_kind(k);
		want = k == KIND_FILE ? SPOOL_VALID
		    : k == KIND_NONE  ? SPOOL_GONE
				      : SPOOL_ALIEN;
		for (int writable = 0; writable <= 1; writable++) {
			assert_int_equal(
			    spool_file_open(dir, SPOOL_ID, writable, &fd, &f),
			    want);
			assert_int_equal(fd != -1, want == SPOOL_VALID);
			if (fd != -1)
				(void)close(fd);
		}
	}
}

static void
committed(void **state)
{
	struct spool_content said = { .size = strlen(SPOOL_CONTENT),
		.lines = 3,
		.crc = crc32c(0, SPOOL_CONTENT, strlen(SPOOL_CONTENT)) };
	struct spool_content other;
	struct spool_fault f;
	int fd;

	(void)state;
	(void)remove(unit_path(SPOOL_ID));
	unit_file(SPOOL_ID, text.s, text.len);
	assert_int_equal(
	    spool_file_open(dir, SPOOL_ID, false, &fd, &f), SPOOL_VALID);
	assert_int_equal(
	    spool_file_committed(fd, &env, &said, &f), SPOOL_VALID);
	other = said;
	other.size++;
	assert_int_equal(
	    spool_file_committed(fd, &env, &other, &f), SPOOL_DAMAGED);
	other = said;
	other.lines++;
	assert_int_equal(
	    spool_file_committed(fd, &env, &other, &f), SPOOL_DAMAGED);
	other = said;
	other.crc++;
	assert_int_equal(
	    spool_file_committed(fd, &env, &other, &f), SPOOL_DAMAGED);
	env.crc++;
	assert_int_equal(
	    spool_file_committed(fd, &env, &said, &f), SPOOL_DAMAGED);
	env.crc--;
	assert_int_equal(ftruncate(fd, 0), -1); /* opened for reading only */
	assert_int_equal(truncate(unit_path(SPOOL_ID), 100), 0);
	assert_int_equal(
	    spool_file_committed(fd, &env, &said, &f), SPOOL_INCOMPLETE);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(combinations),
		cmocka_unit_test(truncations),
		cmocka_unit_test(flips),
		cmocka_unit_test(strangers),
		cmocka_unit_test(kinds),
		cmocka_unit_test(committed),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
