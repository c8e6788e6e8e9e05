/*
 * t_submit_uucp: paths of hosts as addresses.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "queue/submit_uucp.h"

#define LONG "a23456789b123456789c123456789d123456789e"

/* clang-format off */
static const struct {
	const char *lines, *address;
} senders[] = {
	{ "From u Thu Jan  1 00:00:00 1970 remote from a\n",	"u@a" },
	{ "From u Thu Jan  1 00:00:00 1970\n",			"u" },
	{ "From u\n",						"u" },
	{ "From u@x.example now remote from a\n",		"u@x.example" },
	{ "From b!c!u now remote from a\n",			"b!c!u@a" },
	{ "From b!u now\n",					"u@b" },
	{ "From uucp now remote from a\n"
	  ">From v now remote from b\n>From u now\n",		"b!u@a" },
	{ ">From u now remote from a\n",			"u@a" },
	{ "From  u now remote from a \n",			"u@a" },
	/* The last is the one that uux has put there. */
	{ "From u now remote from b remote from a\n",		"u@a" },
	/* Too long for an address: where it began. */
	{ "From " LONG "!" LONG "!u now remote from a\n",	"u@" LONG },
	{ "From \n",						NULL },
	{ "From a! now\n",					NULL },
	{ "From !u now\n",					NULL },
	{ "X u now\n",						NULL },
	{ "",							NULL },
};

static const struct {
	const char *arg, *address;
} recipients[] = {
	{ "u",			"u" },
	{ "u@x",		"u@x" },
	{ "a!u",		"u@a" },
	{ "a!b!c!u",		"b!c!u@a" },
	{ "a!u@x",		"a!u@x" },
	{ "",			NULL },
	{ "!",			NULL },
	{ "a!",			NULL },
	{ "!u",			NULL },
};
/* clang-format on */

static void
who_has_sent_it(void **state)
{
	char out[UUCP_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++) {
		if (uucp_sender(senders[i].lines, out) !=
		    (senders[i].address != NULL))
			fail_msg("%s", senders[i].lines);
		if (senders[i].address != NULL)
			assert_string_equal(out, senders[i].address);
	}
}

static void
who_is_to_have_it(void **state)
{
	char out[UUCP_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(recipients); i++) {
		if (uucp_recipient(recipients[i].arg, out) !=
		    (recipients[i].address != NULL))
			fail_msg("%s", recipients[i].arg);
		if (recipients[i].address != NULL)
			assert_string_equal(out, recipients[i].address);
	}
}

static void
bounds(void **state)
{
	char out[UUCP_TEXT], text[2 * UUCP_LINES];

	(void)state;
	for (size_t n = 100; n < sizeof(text); n += 97) {
		memset(text, '!', n);
		memcpy(text, "From ", 5);
		text[n] = '\0';
		(void)uucp_sender(text, out);
		(void)uucp_recipient(text, out);
		memset(text, 'x', n);
		memcpy(text, "From ", 5);
		assert_int_equal(uucp_sender(text, out), n - 5 < UUCP_TEXT);
	}
	text[0] = '\0';
	for (int i = 0; i < 300; i++)
		strlcat(text, "From u now remote from aaaa\n", sizeof(text));
	assert_false(uucp_sender(text, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_sent_it),
		cmocka_unit_test(who_is_to_have_it),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
