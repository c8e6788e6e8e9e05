/*
 * t_mailfile: sizes and texts of messages, whatever lies under their names.
 * wrap: pread __pread_chk
 */
#include "tests/unit/pop3.h"
#include "tests/unit/talk.h"

#include <sys/types.h>

#include <errno.h>

#include "pop3d/crlf.h"
#include "pop3d/mailfile.h"

static int preads, pread_fails_at, pread_zero_at;

ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);
ssize_t __wrap___pread_chk(int, void *, size_t, off_t, size_t);

ssize_t
__wrap_pread(int fd, void *buf, size_t n, off_t at)
{
	if (++preads == pread_fails_at) {
		errno = EIO;
		return -1;
	}
	return preads == pread_zero_at ? 0 : __real_pread(fd, buf, n, at);
}

/* The same, as a fortified library has it. */
ssize_t
__wrap___pread_chk(int fd, void *buf, size_t n, off_t at, size_t room)
{
	assert_true(n <= room);
	return __wrap_pread(fd, buf, n, at);
}

static void
start(struct maildrop *md)
{
	pop3_open(md);
	talk_start("");
	preads = pread_fails_at = pread_zero_at = 0;
}

static enum mailfile_sent
send_one(struct maildrop *md, size_t i, uint64_t lines)
{
	uint64_t octets = 0;

	return mailfile_send(md, &md->messages[i], &client, lines, &octets);
}

static void
promised(void **state)
{
	(void)state;
	assert_int_equal(mailfile_promised_size("1.a,S=10,W=12"), 12);
	assert_true(mailfile_promised_size("1.a,S=10") == SIZE_UNKNOWN);
	assert_true(mailfile_promised_size("1.a,S=10,W=9") == SIZE_UNKNOWN);
}

static void
counted(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "h: 1\n\n.b");
	pop3_mail("new/2.b", "");
	start(&md);
	assert_true(mailfile_size(&md, &md.messages[0]));
	assert_int_equal(md.messages[0].size, 12);
	assert_true(mailfile_size(&md, &md.messages[1]));
	assert_int_equal(md.messages[1].size, 0);
	/* Once is enough. */
	preads = 0;
	assert_true(mailfile_size(&md, &md.messages[0]));
	assert_int_equal(preads, 0);
	assert_int_equal(send_one(&md, 0, CRLF_ALL), MAILFILE_SENT);
	assert_int_equal(send_one(&md, 1, CRLF_ALL), MAILFILE_SENT);
	talk_expect("+OK 12 octets\r\nh: 1\r\n\r\n..b\r\n.\r\n"
		    "+OK 0 octets\r\n.\r\n");
	maildrop_close(&md);
}

/* A promise is believed for lists and checked before it is sent. */
static void
untrue_promise(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a,S=4,W=6", "a\nb\nc\n");
	pop3_mail("new/2.a,S=4,W=6", "a\nb\n");
	start(&md);
	assert_true(mailfile_size(&md, &md.messages[0]));
	assert_int_equal(md.messages[0].size, 6);
	assert_int_equal(preads, 0);
	assert_int_equal(send_one(&md, 0, CRLF_ALL), MAILFILE_SENT);
	talk_expect("+OK 9 octets\r\na\r\nb\r\nc\r\n.\r\n");
	assert_int_equal(md.messages[0].size, 9);
	assert_non_null(strstr(pop3_log(), "new/1.a,S=4,W=6"));
	/* A small message is read once for both. */
	preads = 0;
	assert_int_equal(send_one(&md, 1, CRLF_ALL), MAILFILE_SENT);
	assert_int_equal(preads, 1);
	assert_null(strstr(pop3_log(), "new/2.a"));
	maildrop_close(&md);
}

static void
large_message(void **state)
{
	static char text[200001];
	struct maildrop md;
	const char *got;
	size_t n, len = 0;

	(void)state;
	/* Lines of all lengths, so that every piece ends somewhere else. */
	memset(text, 'x', sizeof(text) - 1);
	for (size_t at = 0; at < sizeof(text) - 1; at += ++len % 997 + 1)
		text[at] = '\n';
	text[sizeof(text) - 2] = '\n';
	pop3_mail("new/1.a", text);
	start(&md);
	assert_int_equal(send_one(&md, 0, CRLF_ALL), MAILFILE_SENT);
	got = strstr(talk_heard(&n), "\r\n") + 2;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n')
			assert_int_equal(*got++, '\r');
		assert_int_equal(*got++, *p);
	}
	assert_string_equal(got, ".\r\n");
	maildrop_close(&md);
}

static void
top(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "h: 1\n\n1\n2\n3\n");
	start(&md);
	assert_int_equal(send_one(&md, 0, 0), MAILFILE_SENT);
	assert_int_equal(send_one(&md, 0, 2), MAILFILE_SENT);
	assert_int_equal(send_one(&md, 0, 99999999), MAILFILE_SENT);
	talk_expect("+OK\r\nh: 1\r\n\r\n.\r\n"
		    "+OK\r\nh: 1\r\n\r\n1\r\n2\r\n.\r\n"
		    "+OK\r\nh: 1\r\n\r\n1\r\n2\r\n3\r\n.\r\n");
	maildrop_close(&md);
}

/* What replaces a file after the list was made is not sent. */
static void
replaced(void **state)
{
	struct maildrop md;

	(void)state;
	for (int kind = 0; kind < 5; kind++) {
		pop3_mail("new/1.a", "x\n");
		start(&md);
		assert_int_equal(unlink(BOX "/new/1.a"), 0);
		if (kind == 0)
			assert_int_equal(
			    symlink("/etc/passwd", BOX "/new/1.a"), 0);
		else if (kind == 1)
			assert_int_equal(mkfifo(BOX "/new/1.a", 0600), 0);
		else if (kind == 2)
			assert_int_equal(mkdir(BOX "/new/1.a", 0700), 0);
		else if (kind == 3) {
			pop3_mail("new/1.a", "");
			assert_int_equal(
			    truncate(BOX "/new/1.a", 1LL << 40), 0);
		}
		assert_int_equal(send_one(&md, 0, CRLF_ALL),
		    kind == 4 ? MAILFILE_GONE : MAILFILE_UNFIT);
		assert_false(mailfile_size(&md, &md.messages[0]));
		assert_true(md.messages[0].lost);
		assert_int_equal(send_one(&md, 0, 1), MAILFILE_GONE);
		talk_expect("");
		maildrop_close(&md);
		(void)pop3_clean(state);
	}
}

static void
renamed(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "x\n");
	pop3_mail("new/2.b", "y\n");
	start(&md);
	pop3_rename("new/1.a", "cur/1.a:2,S");
	pop3_rename("new/2.b", "cur/2.b:2,S");
	assert_int_equal(send_one(&md, 0, CRLF_ALL), MAILFILE_SENT);
	/* Found at the same time. */
	assert_int_equal(md.messages[1].sub, SUB_CUR);
	assert_int_equal(send_one(&md, 1, CRLF_ALL), MAILFILE_SENT);
	talk_expect("+OK 3 octets\r\nx\r\n.\r\n+OK 3 octets\r\ny\r\n.\r\n");
	maildrop_close(&md);
}

/* Half a message is never made to look like a whole one. */
static void
reading_fails(void **state)
{
	static char text[200000];
	struct maildrop md;
	size_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	pop3_mail("new/1.a", text);
	start(&md);
	pread_fails_at = 2; /* while counting: nothing was sent yet */
	assert_int_equal(send_one(&md, 0, CRLF_ALL), MAILFILE_UNFIT);
	talk_expect("");
	maildrop_close(&md);
	for (int i = 0; i < 2; i++) {
		start(&md);
		assert_true(mailfile_size(&md, &md.messages[0]));
		preads = 0;
		pread_fails_at = i == 0 ? 3 : 0;
		pread_zero_at = i == 1 ? 3 : 0; /* cut by somebody */
		assert_int_equal(send_one(&md, 0, CRLF_ALL), MAILFILE_BROKEN);
		assert_memory_equal(talk_heard(&n) + n - 3, "xxx", 3);
		maildrop_close(&md);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(promised, pop3_clean),
		cmocka_unit_test_setup(counted, pop3_clean),
		cmocka_unit_test_setup(untrue_promise, pop3_clean),
		cmocka_unit_test_setup(large_message, pop3_clean),
		cmocka_unit_test_setup(top, pop3_clean),
		cmocka_unit_test_setup(replaced, pop3_clean),
		cmocka_unit_test_setup(renamed, pop3_clean),
		cmocka_unit_test_setup(reading_fails, pop3_clean),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
