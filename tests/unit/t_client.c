/*
 * t_client: replies gathered, cut and given up; the end of a conversation.
 */
#include "tests/unit/talk.h"

static void
gathered(void **state)
{
	char line[100];

	(void)state;
	talk_start("one\r\ntwo\r\n");
	client_reply(&client, "+OK %d", 1);
	assert_int_equal(recv(talk_fd, line, 1, MSG_DONTWAIT), -1);
	assert_int_equal(
	    client_get(&client, line, sizeof(line), deadline_in(5)), LINE_OK);
	talk_expect("+OK 1\r\n");
	/* Another command waits already: its answer goes out with this one. */
	client_reply(&client, "+OK %d", 2);
	assert_int_equal(
	    client_get(&client, line, sizeof(line), deadline_in(5)), LINE_OK);
	assert_string_equal(line, "two");
	assert_int_equal(recv(talk_fd, line, 1, MSG_DONTWAIT), -1);
	talk_expect("+OK 2\r\n");
}

/* Half a command is no reason to hold a reply back. */
static void
half_a_command(void **state)
{
	char line[100];

	(void)state;
	talk_start("one\r\ntw");
	assert_int_equal(
	    client_get(&client, line, sizeof(line), deadline_in(5)), LINE_OK);
	client_reply(&client, "+OK");
	assert_int_equal(
	    client_get(&client, line, sizeof(line), deadline_in_ms(50)),
	    LINE_TIMEOUT);
	assert_int_equal(recv(talk_fd, line, sizeof(line), MSG_DONTWAIT), 5);
}

static void
cut(void **state)
{
	char longer[2000];
	size_t n;

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	talk_start("");
	client_reply(&client, "+OK %s", longer);
	assert_string_equal(talk_heard(&n) + REPLY_MAX - 2, "\r\n");
	assert_int_equal(n, REPLY_MAX);
	client_reply(&client, "-ERR");
	talk_expect("-ERR\r\n");
}

static void
large(void **state)
{
	static char data[100000];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i % 26);
	talk_start("");
	client_put(&client, data, sizeof(data));
	assert_memory_equal(talk_heard(&n), data, sizeof(data));
	assert_int_equal(n, sizeof(data));
	assert_false(client.broken);
}

/* Written in place, in pieces that fill the buffer again and again. */
static void
room(void **state)
{
	static char data[7 * CLIENT_ROOM];
	size_t n, part;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i % 23);
	talk_start("");
	for (size_t at = 0; at < sizeof(data); at += part) {
		part = at % 2 == 0 ? CLIENT_ROOM + REPLY_MAX : 4097;
		if (part > sizeof(data) - at)
			part = sizeof(data) - at;
		memcpy(client_room(&client, part), data + at, part);
		client_took(&client, part);
	}
	/* All that was given goes out before more than the buffer is kept. */
	assert_true(client.outlen <= CLIENT_OUT);
	assert_memory_equal(talk_heard(&n), data, sizeof(data));
	assert_int_equal(n, sizeof(data));
}

static void
decimals(void **state)
{
	static const uint64_t rows[] = { 0, 1, 9, 10, 99, 100, 12345,
		UINT32_MAX, UINT64_MAX - 1, UINT64_MAX };
	char expected[30], got[CLIENT_DECIMAL + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)snprintf(
		    expected, sizeof(expected), "%ju", (uintmax_t)rows[i]);
		*client_decimal(got, rows[i]) = '\0';
		assert_string_equal(got, expected);
	}
}

/* Who does not read is given up, once, without waiting again. */
static void
deaf(void **state)
{
	static char data[1 << 20];
	char line[10];

	(void)state;
	talk_start("NOOP\r\n");
	client.patience = 0;
	/* More than any socket holds. */
	for (int i = 0; i < 64 && !client.broken; i++)
		client_put(&client, data, sizeof(data));
	assert_true(client.broken);
	client_put(&client, data, sizeof(data));
	client_reply(&client, "+OK");
	assert_int_equal(
	    client_get(&client, line, sizeof(line), deadline_in(5)),
	    LINE_ERROR);
	client_end(&client);
}

static void
patience(void **state)
{
	/* clang-format off */
	static const struct {
		int64_t rate, most, seconds;
	} rows[] = {
		{ 0,	600,	600 },
		{ 100,	600,	30 + 163 },
		{ 1,	600,	600 },
		{ 1 << 20, 600,	30 },
		{ 100,	10,	10 },
	};
	/* clang-format on */
	struct client c;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		client_init(&c, 0, 1, rows[i].rate, rows[i].most);
		assert_int_equal(c.patience, rows[i].seconds);
	}
}

/* Unread input must not destroy the last words on their way. */
static void
last_words(void **state)
{
	(void)state;
	talk_start("LOTS\r\nOF\r\nINPUT\r\n");
	talk_hang_up();
	client_reply(&client, "-ERR Go");
	client_end(&client);
	talk_expect("-ERR Go\r\n");
	assert_int_equal(recv(client.io.in, &client, 1, MSG_DONTWAIT), 0);
}

/* The client hears the end, whoever else has its socket. */
static void
ends(void **state)
{
	char byte;

	(void)state;
	for (int broken = 0; broken < 2; broken++) {
		talk_start("");
		client_reply(&client, "+OK Bye");
		client_flush(&client);
		client.broken = broken;
		client_end(&client);
		talk_expect("+OK Bye\r\n");
		assert_int_equal(recv(talk_fd, &byte, 1, MSG_DONTWAIT), 0);
	}
}

static void
texts(void **state)
{
	(void)state;
	assert_string_equal(client_line_text(LINE_EOF), "closed");
	assert_string_equal(client_line_text(LINE_TIMEOUT), "timeout");
	assert_string_equal(client_line_text(LINE_ERROR), "error");
	assert_string_equal(client_line_text(LINE_OK), "quit");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gathered),
		cmocka_unit_test(half_a_command),
		cmocka_unit_test(cut),
		cmocka_unit_test(large),
		cmocka_unit_test(room),
		cmocka_unit_test(decimals),
		cmocka_unit_test(deaf),
		cmocka_unit_test(patience),
		cmocka_unit_test(last_words),
		cmocka_unit_test(ends),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
