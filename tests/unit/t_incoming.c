/*
 * t_incoming: content on its way into the queue's file, and why it may not
 * get there.
 *
 * wrap: intake_write intake_commit intake_abort
 */
#include "tests/unit/cdb.h"

#include "smtpd/incoming.h"

enum outcome __wrap_intake_write(
    struct intake *, const void *, size_t, struct diag *);
enum outcome __wrap_intake_commit(struct intake *, struct diag *);
void __wrap_intake_abort(struct intake *);

static char file[4 << 20]; /* what queued's file holds */
static size_t file_len;
static int commits, aborts;
static const char *write_fails, *commit_fails; /* with this code */

enum outcome
__wrap_intake_write(struct intake *in, const void *p, size_t n, struct diag *d)
{
	(void)in;
	assert_int_equal(aborts, 0);
	if (write_fails != NULL)
		return diag_set(d, write_fails, "disk");
	assert_true(n <= sizeof(file) - file_len);
	memcpy(file + file_len, p, n);
	file_len += n;
	return OUT_OK;
}

enum outcome
__wrap_intake_commit(struct intake *in, struct diag *d)
{
	(void)in;
	assert_int_equal(aborts, 0);
	commits++;
	if (commit_fails != NULL)
		return diag_set(d, commit_fails, "no");
	return OUT_OK;
}

void
__wrap_intake_abort(struct intake *in)
{
	(void)in;
	aborts++;
}

static struct incoming in;
static struct intake intake;
static struct config cfg;
static const struct trace trace = { .hostname = "mx.test",
	.id = "2ab",
	.helo = "t",
	.client = "192.0.2.1",
	.esmtp = true,
	.now = 1795320000 };

#define RECEIVED                                                               \
	"Received: from t ([192.0.2.1])\n"                                     \
	"\tby mx.test (Postrider) with ESMTP id 2ab;\n"                        \
	"\tSun, 22 Nov 2026 04:00:00 +0000\n"

static enum incoming_form form;
static struct tables tables;
static bool rewriting;

static void
begin(void)
{
	file_len = 0;
	commits = aborts = 0;
	cfg.message_size = 1 << 20;
	cfg.header_size = 4096;
	cfg.hops = 10;
	incoming_begin(&in, &intake, &cfg, &trace, form);
	if (rewriting)
		incoming_rewrite(&in, &tables, "here.test");
}

static void
defaults(void)
{
	cfg.complete = rewriting = false;
	cfg.newline = NEWLINE_REJECT;
	form = INCOMING_DATA;
	write_fails = commit_fails = NULL;
}

/* All of s, cut into pieces of step bytes; returns the code, or "2.0.0". */
static const char *
run(const char *s, size_t n, size_t step)
{
	static struct diag d;
	size_t at = 0, piece, used;

	d = (struct diag)DIAG_INIT;
	begin();
	while (at < n && !in.body.ended) {
		piece = step < n - at ? step : n - at;
		used = incoming_feed(&in, s + at, piece);
		assert_true(used == piece || in.body.ended);
		at += used;
	}
	assert_true(in.body.ended);
	assert_int_equal(at, n);
	if (incoming_end(&in, &d) == OUT_OK)
		assert_int_equal(commits, 1);
	else if (commit_fails == NULL)
		assert_int_equal(aborts, 1);
	return d.dsn;
}

struct row {
	bool complete, normalize;
	const char *in;
	size_t len;
	const char *dsn, *out; /* out begins behind Received */
	size_t outlen;
};

/* clang-format off */
#define S(s)	s, sizeof(s) - 1
#define NONE	NULL, 0

static const struct row rows[] = {
	{ false, false, S(".\r\n"),			"2.0.0",  S("") },
	{ false, false, S("A: b\r\n\r\nx\r\n.\r\n"),	"2.0.0",  S("A: b\n\nx\n") },
	{ false, false, S("no header\r\n.\r\n"),	"2.0.0",  S("no header\n") },
	{ false, false, S("\r\n.\r\n"),			"2.0.0",  S("\n") },
	{ false, false, S("\0\0\0\r\n.\r\n"),		"2.0.0",  S("\0\0\0\n") },
	{ false, false, S("\xff\x80\r\n.\r\n"),		"2.0.0",  S("\xff\x80\n") },
	{ false, false, S("A: b\r\n\r\n..\r\n.\r\n"),	"2.0.0",  S("A: b\n\n.\n") },
	{ false, false, S("A: b\n\r\n.\r\n"),		"5.6.11", NONE },
	{ false, false, S("A: b\r\n\r\nx\ry\r\n.\r\n"),	"5.6.11", NONE },
	{ false, true,  S("A: b\n\r\nx\ry\r\n.\r\n"),	"2.0.0",  S("A: b\n\nx y\n") },
	{ true, true,   S("Date: x\r\nMessage-ID: y\r\n\r\nz\r\n.\r\n"), "2.0.0",
	    S("Date: x\nMessage-ID: y\n\nz\n") },
	{ true, true,   S("Message-ID: y\r\n\r\nz\r\n.\r\n"), "2.0.0",
	    S("Date: Sun, 22 Nov 2026 04:00:00 +0000\nMessage-ID: y\n\nz\n") },
	{ true, true,   S("Message-ID: y\r\n.\r\n"),	"2.0.0",
	    S("Date: Sun, 22 Nov 2026 04:00:00 +0000\nMessage-ID: y\n") },
	{ true, true,   S("Message-ID: y\r\nno field\r\n.\r\n"), "2.0.0",
	    S("Date: Sun, 22 Nov 2026 04:00:00 +0000\nMessage-ID: y\nno field\n") },
};
/* clang-format on */

static void
check(const struct row *r, size_t step)
{
	assert_string_equal(run(r->in, r->len, step), r->dsn);
	if (r->out == NULL) {
		assert_int_equal(commits, 0);
		return;
	}
	assert_int_equal(file_len, sizeof(RECEIVED) - 1 + r->outlen);
	assert_memory_equal(file, RECEIVED, sizeof(RECEIVED) - 1);
	assert_memory_equal(file + sizeof(RECEIVED) - 1, r->out, r->outlen);
}

static void
table(void **state)
{
	(void)state;
	defaults();
	for (size_t i = 0; i < COUNT(rows); i++) {
		cfg.complete = rows[i].complete;
		cfg.newline =
		    rows[i].normalize ? NEWLINE_NORMALIZE : NEWLINE_REJECT;
		for (size_t step = 1; step <= rows[i].len; step++)
			check(&rows[i], step);
	}
}

static void
adds_a_message_id(void **state)
{
	(void)state;
	defaults();
	cfg.complete = true;
	assert_string_equal(run(S("Date: x\r\n\r\nz\r\n.\r\n"), 100), "2.0.0");
	file[file_len] = '\0';
	assert_non_null(strstr(file, "0000\nMessage-ID: <2ab."));
	assert_non_null(strstr(file, "@mx.test>\nDate: x\n\nz\n"));
}

static char text[3 << 20];

/* n bytes of lines, CRLF counted, with the end of data behind them. */
static size_t
lines(const char *line, size_t n)
{
	size_t len = strlen(line), at;

	for (at = 0; at + len <= n; at += len)
		memcpy(text + at, line, len);
	assert_int_equal(at, n);
	memcpy(text + at, ".\r\n", 4);
	return at + 3;
}

/* B10: limit, limit + 1, and dots that count once. */
static void
sizes(void **state)
{
	static const size_t steps[] = { 1 << 20, 4096, 1001 };
	size_t n;

	(void)state;
	defaults();
	for (size_t i = 0; i < COUNT(steps); i++) {
		n = lines("12345678901234\r\n", 1 << 20);
		memcpy(text + n - 5, "x\r\n.\r\n", 7);
		assert_string_equal(run(text, n + 1, steps[i]), "5.3.4");
		assert_int_equal(in.body.octets, (1 << 20) + 1);
		n = lines("12345678901234\r\n", 1 << 20);
		assert_string_equal(run(text, n, steps[i]), "2.0.0");
		assert_int_equal(in.body.octets, 1 << 20);
		n = lines("..\r\n", 1 << 20);
		assert_string_equal(run(text, n, steps[i]), "2.0.0");
		assert_int_equal(in.body.octets, (1 << 20) / 4 * 3);
		n = lines("..\r\n", (1 << 20) / 3 * 4);
		assert_string_equal(run(text, n, steps[i]), "2.0.0");
		n = lines("..\r\n", (1 << 20) / 3 * 4 + 4);
		assert_string_equal(run(text, n, steps[i]), "5.3.4");
	}
}

static void
big_header(void **state)
{
	size_t n;

	(void)state;
	defaults();
	for (int complete = 0; complete < 2; complete++) {
		cfg.complete = complete;
		n = lines("A: 345\r\n", 4096 / 7 * 8);
		assert_string_equal(run(text, n, 1000), "2.0.0");
		n = lines("A: 345\r\n", 4096 / 7 * 8 + 8);
		assert_string_equal(run(text, n, 1000), "5.3.4");
		n = lines("A: 345\r\n", 1 << 20);
		assert_string_equal(run(text, n, 65536), "5.3.4");
	}
}

static void
loops(void **state)
{
	size_t n;

	(void)state;
	defaults();
	n = lines("Received: x\r\n", 130);
	assert_string_equal(run(text, n, 7), "2.0.0");
	n = lines("Received: x\r\n", 143);
	assert_string_equal(run(text, n, 7), "5.4.6");
}

/* The same reason whichever was seen first: bytes decide, not blocks. */
static void
one_order(void **state)
{
	size_t n;

	(void)state;
	defaults();
	n = lines("A\n34567\r\n34567\r\n", 2 << 20);
	for (size_t step = 1000; step < 1000000; step *= 10)
		assert_string_equal(run(text, n, step), "5.3.4");
}

/* clang-format off */
static const struct row rewritten[] = {
	{ false, false, S("From: a\r\n\r\nTo: a\r\n.\r\n"), "2.0.0", S("From: a@here.test\n\nTo: a\n") },
	{ false, false, S("From: a\r\n.\r\n"),	"2.0.0", S("From: a@here.test\n") },
	{ false, false, S("From: a\r\nno field\r\nTo: a\r\n.\r\n"), "2.0.0", S("From: a@here.test\nno field\nTo: a\n") },
	{ false, false, S("To: x@old.test,\r\n\tb\r\n\r\n.\r\n"), "2.0.0", S("To: x@new.test,\n\tb@here.test\n\n") },
	{ true,  false, S("Message-ID: y\r\nFrom: a\r\n\r\n.\r\n"), "2.0.0",
	    S("Date: Sun, 22 Nov 2026 04:00:00 +0000\nMessage-ID: y\nFrom: a@here.test\n\n") },
	{ false, false, S("From: x@bad.test\r\n\r\n.\r\n"), "4.3.5", NONE },
	{ false, false, S(".\r\n"),			"2.0.0", S("") },
};
/* clang-format on */

static void
rewrites(void **state)
{
	(void)state;
	defaults();
	rewriting = true;
	for (size_t i = 0; i < COUNT(rewritten); i++) {
		cfg.complete = rewritten[i].complete;
		for (size_t step = 1; step <= rewritten[i].len; step++)
			check(&rewritten[i], step);
	}
}

/* Octets keep their line ends. */
static void
rewrites_octets(void **state)
{
	static const char octets[] = "To: x@old.test\r\n\r\nTo: x@old.test";
	static const char want[] = "\r\nTo: x@new.test\r\n\r\nTo: x@old.test";
	struct diag d = DIAG_INIT;
	size_t n = sizeof(want) - 1;

	(void)state;
	defaults();
	rewriting = true;
	form = INCOMING_BINARY;
	begin();
	for (size_t i = 0; i < sizeof(octets) - 1; i++)
		assert_int_equal(incoming_feed(&in, octets + i, 1), 1);
	assert_int_equal(incoming_end(&in, &d), OUT_OK);
	assert_memory_equal(file + file_len - n, want, n);
}

/* Addresses that become longer may make the header too long. */
static void
rewritten_header_too_big(void **state)
{
	size_t n;

	(void)state;
	defaults();
	rewriting = true;
	/* "@here.test" more, in a header of 4096 bytes at most */
	n = lines("To: 12\r\n", 4096 / 17 * 8);
	assert_string_equal(run(text, n, 1000), "2.0.0");
	n = lines("To: 12\r\n", 4096 / 17 * 8 + 8);
	assert_string_equal(run(text, n, 1000), "5.3.4");
	assert_string_equal(run(text, n, 7), "5.3.4");
	/* what stays as it is has all the room */
	n = lines("A: 345\r\n", 4096 / 7 * 8);
	assert_string_equal(run(text, n, 1000), "2.0.0");
}

/* The disk fails while the header is being written. */
static void
failing_disk_at_the_header(void **state)
{
	size_t n;

	(void)state;
	defaults();
	rewriting = true;
	begin();
	n = lines("To: x@old.test, y@old.test\r\n", 28 * 4000);
	memcpy(text + n - 3, "\r\n.\r\n", 6);
	cfg.header_size = 1 << 20;
	write_fails = "4.3.1";
	sbuf_init(&in.held, 1 << 20);
	(void)incoming_feed(&in, text, n + 2);
	assert_true(in.dropped);
	assert_string_equal(in.diag.dsn, "4.3.1");
	assert_int_equal(aborts, 1);
}

static void
failing_disk(void **state)
{
	size_t n;

	(void)state;
	defaults();
	n = lines("12345678901234\r\n", 1 << 20);
	write_fails = "4.3.1";
	assert_string_equal(run(text, n, 65536), "4.3.1");
	defaults();
	commit_fails = "4.3.0";
	assert_string_equal(run(".\r\n", 3, 3), "4.3.0");
	assert_int_equal(aborts, 0);
}

static void
drop(void **state)
{
	(void)state;
	defaults();
	begin();
	(void)incoming_feed(&in, "A: b\r\n", 6);
	incoming_drop(&in);
	incoming_drop(&in);
	assert_int_equal(aborts, 1);
	assert_int_equal(commits, 0);
}

/* clang-format off */
static const struct cdb_row rules[] = {
	{ TABLES_REWRITE, "r@old.test",	"@new.test" },
	{ TABLES_REWRITE, "s@bad.test",	"none" },
};
/* clang-format on */

static int
setup(void **state)
{
	char e[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	cdb_file("tables.cdb", rules, COUNT(rules));
	return tables_open(&tables, unit_path("tables.cdb"), false, e) ? 0 : -1;
}

static int
teardown(void **state)
{
	tables_close(&tables);
	return unit_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(adds_a_message_id),
		cmocka_unit_test(sizes),
		cmocka_unit_test(big_header),
		cmocka_unit_test(loops),
		cmocka_unit_test(one_order),
		cmocka_unit_test(rewrites),
		cmocka_unit_test(rewrites_octets),
		cmocka_unit_test(rewritten_header_too_big),
		cmocka_unit_test(failing_disk),
		cmocka_unit_test(failing_disk_at_the_header),
		cmocka_unit_test(drop),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
