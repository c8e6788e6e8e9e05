/*
 * t_submit_message: recipients and header of what programs submit.
 */
#include "tests/unit/unit.h"

#include <sysexits.h>

#include "queue/submit_message.h"

static const struct submit_settings settings = { .hostname = "mx.example.org",
	.mail_name = "example.org",
	.message_size = 100000,
	.header_size = 4096,
	.recipients = 5 };

static struct submit_message m;

static int
read_text(const char *text, bool from_header)
{
	int fd[2], status;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(
	    write(fd[1], text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd[1]);
	status = submit_message_read(
	    &m, fd[0], &(struct submit_options){ .from_header = from_header });
	(void)close(fd[0]);
	return status;
}

static void
begin(const char *sender, const char *name)
{
	submit_message_init(&m, &settings);
	assert_int_equal(submit_person_find(&m, sender, name), 0);
}

/* clang-format off */
static const struct {
	const char *text;
	bool from_header;
	int status;
	const char *rcpts, *has, *lacks;
} rows[] = {
	{ "To: a@x\nCc: b@y\nBcc: c@z\n\nhi\n", true, 0,
	    "a@x b@y c@z", "To: a@x\nCc: b@y\n", "Bcc" },
	{ "To: a@x\nBcc: c@z\n\nhi\n", false, 0, "", "Bcc: c@z\n", NULL },
	{ "Bcc: c@z,\n\td@w\nSubject: s\n\n", true, 0, "c@z d@w", "Subject: s\n", "d@w" },
	{ "TO : alice, Bob <bob@y>\n\n", true, 0, "alice@example.org bob@y", "TO : alice", NULL },
	{ "To: a@x\nResent-To: r@x\nResent-Bcc: s@x\n\n", true, 0,
	    "r@x s@x", "Resent-To: r@x\n", "Resent-Bcc" },
	/* Only the newest fields of who sent it again count. */
	{ "Resent-From: u\nResent-To: r@x\nResent-From: v\nResent-To: s@x\nTo: a@x\n\n",
	    true, 0, "r@x", "Resent-From: v\nResent-To: s@x\n", NULL },
	{ "Resent-To: r@x\nResent-Cc: q@x\nReceived: z\nResent-Cc: s@x\nTo: a@x\n\n",
	    true, 0, "r@x q@x", "Resent-Cc: s@x\n", NULL },
	{ "Received: z\nRESENT-bcc : r@x,\n q@x\nBcc: a@x\nResent-bcc: s@x\n\n",
	    true, 0, "r@x q@x", "Received: z\nResent-From: ", "@x" },
	{ "Resent-Date: now\nTo: a@x\n\n", true, 0, "", "Resent-Message-ID: <", "\nDate: " },
	{ "To: a: b@x,,c@y;, d@z (a, (b)\\) c)\n\n", true, 0, "b@x c@y d@z", NULL, NULL },
	{ "To: undisclosed-recipients: ;, a@x\n\n", true, 0, "a@x", NULL, NULL },
	{ "To: undisclosed-recipients:;\n\n", true, 0, "", "To: und", NULL },
	{ "To: two words\n\n", true, EX_DATAERR, "", NULL, NULL },
	{ "To: a,b,c,d,e,f\n\n", true, EX_DATAERR, NULL, NULL, NULL },
	{ "To: a@x\nX: =?utf-8?q?a=0D=0ABcc:x?=\n\n", true, 0, "a@x", "=0D=0A", NULL },
	/* It may be a field behind another system's line end. */
	{ "Subject: x\rBcc: y@z\n\n", true, EX_DATAERR, NULL, NULL, NULL },
	{ "Subject: x\ry\n\n", true, 0, "", "Subject: x y\n", NULL },
};
/* clang-format on */

static void
finds_recipients(void **state)
{
	char rcpts[500];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(NULL, NULL);
		assert_int_equal(read_text(rows[i].text, rows[i].from_header),
		    rows[i].status);
		rcpts[0] = '\0';
		for (size_t r = 0; r < m.nrcpts; r++)
			(void)snprintf(rcpts + strlen(rcpts),
			    sizeof(rcpts) - strlen(rcpts), "%s%s",
			    r > 0 ? " " : "", m.rcpts[r]);
		if (rows[i].rcpts != NULL)
			assert_string_equal(rcpts, rows[i].rcpts);
		if (rows[i].has != NULL)
			assert_non_null(
			    strstr(sbuf_str(&m.header), rows[i].has));
		if (rows[i].lacks != NULL)
			assert_null(strstr(sbuf_str(&m.header), rows[i].lacks));
		submit_message_free(&m);
	}
}

/* clang-format off */
static const struct {
	const char *sender, *name, *envelope, *from;
} people[] = {
	{ "a@x",	"Alice",	"a@x",	"\nFrom: Alice <a@x>\n" },
	{ "<a@x>",	"A. B",		"a@x",	"\nFrom: \"A. B\" <a@x>\n" },
	{ "Al <a@x>",	"",		"a@x",	"\nFrom: a@x\n" },
	{ "al",		"",		"al@example.org", "\nFrom: al@example.org\n" },
};
/* clang-format on */

static void
completes_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(people); i++) {
		begin(people[i].sender, people[i].name);
		assert_string_equal(m.person.sender, people[i].envelope);
		assert_int_equal(read_text("Subject: s\n\nhi\n", false), 0);
		assert_non_null(strstr(sbuf_str(&m.header), people[i].from));
		assert_non_null(strstr(sbuf_str(&m.header), "\nDate: "));
		assert_non_null(strstr(sbuf_str(&m.header), "\nMessage-ID: <"));
		submit_message_free(&m);
	}
	begin("<>", NULL);
	assert_string_equal(m.person.sender, "");
	assert_string_not_equal(m.person.from, "");
	submit_message_free(&m);
	begin("", NULL);
	assert_string_equal(m.person.sender, "");
	submit_message_free(&m);
}

/* Who sends a message again is named before who wrote it, and once. */
static void
completes_resent_headers(void **state)
{
	static const char text[] = "Received: z\nResent-To: r@x\n"
				   "From: z@z\nTo: a@x\n\nhi\n";
	const char *h;

	(void)state;
	begin("me@x", "");
	assert_int_equal(read_text(text, false), 0);
	h = sbuf_str(&m.header);
	assert_ptr_equal(
	    strstr(h, "Received: z\nResent-From: me@x\nResent-Date: "), h);
	assert_non_null(strstr(h, "\nResent-Message-ID: <"));
	assert_true(strstr(h, "\nResent-Message-ID: <") <
	    strstr(h, "\nResent-To: r@x\nFrom: z@z\n"));
	assert_null(strstr(h, "\nDate: "));
	submit_message_free(&m);
	begin("me@x", "");
	assert_int_equal(
	    read_text("Resent-Date: a\nresent-from: b\nResent-MESSAGE-ID: "
		      "c\n\nx\n",
		false),
	    0);
	assert_string_equal(sbuf_str(&m.header),
	    "Resent-Date: a\nresent-from: b\nResent-MESSAGE-ID: c\n");
	submit_message_free(&m);
}

/* clang-format off */
static const struct {
	const char *text, *sender;
} paths[] = {
	{ "From u Mon Jan 1 00:00 1990 remote from a\nTo: x\n\n", "u@a" },
	{ "From uucp now remote from a\n>From u then remote from b\n\n", "b!u@a" },
	{ "From u now\n\n", "u@example.org" },
	{ "From a@b.c now remote from d\n\n", "a@b.c" },
	{ "To: x\n\n", "" },
	{ "From  \n\n", NULL },
	{ "From two)@x now remote from a\n\n", NULL },
};
/* clang-format on */

static void
paths_of_hosts(void **state)
{
	const struct submit_options o = { .uucp = true, .ignore_dots = true };
	int fd[2], status;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		begin("", NULL);
		assert_int_equal(pipe(fd), 0);
		assert_int_not_equal(
		    write(fd[1], paths[i].text, strlen(paths[i].text)), -1);
		(void)close(fd[1]);
		status = submit_message_read(&m, fd[0], &o);
		(void)close(fd[0]);
		assert_int_equal(
		    status, paths[i].sender != NULL ? 0 : EX_DATAERR);
		if (paths[i].sender != NULL)
			assert_string_equal(m.person.sender, paths[i].sender);
		submit_message_free(&m);
	}
	begin(NULL, NULL);
	assert_int_equal(submit_message_rcpt_path(&m, "a!b!c"), 0);
	assert_int_equal(submit_message_rcpt_path(&m, "a!b@c"), 0);
	assert_string_equal(m.rcpts[0], "b!c@a");
	assert_string_equal(m.rcpts[1], "a!b@c");
	assert_int_equal(submit_message_rcpt_path(&m, "a!"), EX_DATAERR);
	submit_message_free(&m);
}

/* Whoever is named twice gets it once. */
static void
everybody_once(void **state)
{
	(void)state;
	begin(NULL, NULL);
	submit_message_unique(&m);
	assert_int_equal(m.nrcpts, 0);
	assert_int_equal(submit_message_rcpt(&m, "b@x, a@x, B@X, a@x, c"), 0);
	submit_message_unique(&m);
	assert_int_equal(m.nrcpts, 3);
	assert_string_equal(m.rcpts[0], "a@x");
	assert_string_equal(m.rcpts[2], "c@example.org");
	submit_message_free(&m);
}

static void
leaves_complete_headers_alone(void **state)
{
	static const char header[] = "From: z@z\nDate: now\nMESSAGE-id: <x>\n";

	(void)state;
	begin("a@x", "Alice");
	assert_int_equal(
	    read_text("From: z@z\nDate: now\nMESSAGE-id: <x>\n\nhi\n", false),
	    0);
	assert_string_equal(sbuf_str(&m.header), header);
	submit_message_free(&m);
}

static void
refuses_bad_senders(void **state)
{
	static const char *const bad[] = { "two words", "@x", "a@", "a@x@y",
		"\"unclosed", "<a@x", "(comment)" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		submit_message_init(&m, &settings);
		assert_int_equal(
		    submit_person_find(&m, bad[i], NULL), EX_DATAERR);
		assert_non_null(strstr(m.err, "sender: wanted an address"));
		submit_message_free(&m);
	}
}

static void
bounds_what_it_takes(void **state)
{
	char *big = malloc(300000);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 300000);
	memcpy(big, "A: b\n\n", 6);
	big[299999] = '\0';
	begin(NULL, NULL);
	for (size_t i = 100; i < 299999; i += 100)
		big[i] = '\n';
	big[60000] = '\0';
	assert_int_equal(read_text(big, false), 0);
	submit_message_free(&m);
	free(big);
	begin(NULL, NULL);
	assert_int_equal(submit_message_rcpt(&m, "a, b; c@x"), 0);
	assert_int_equal(m.nrcpts, 3);
	assert_int_equal(submit_message_rcpt(&m, "d, e, f"), EX_DATAERR);
	assert_non_null(strstr(m.err, "at most 5 recipients"));
	submit_message_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_recipients),
		cmocka_unit_test(completes_headers),
		cmocka_unit_test(completes_resent_headers),
		cmocka_unit_test(paths_of_hosts),
		cmocka_unit_test(everybody_once),
		cmocka_unit_test(leaves_complete_headers_alone),
		cmocka_unit_test(refuses_bad_senders),
		cmocka_unit_test(bounds_what_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
