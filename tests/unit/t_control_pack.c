/*
 * t_control_pack: many items in one message, and what is no pack.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "queue/control_pack.h"

static struct msg_control_pack pack;

/* As many as fit come out as they went in. */
static void
there_and_back(void **state)
{
	struct msg_control_item item = { .arrival = 1, .reason = "4.4.1 x" };
	struct msg_control_rcpt rcpt = { .status = 'Q' };
	uint32_t put = 0, got = 0;
	union msg_control m;
	unsigned int type;
	size_t at = 0;

	(void)state;
	pack.bytes_len = 0;
	strlcpy(rcpt.addr, "bob@example.org", sizeof(rcpt.addr));
	for (;; put++) {
		item.size = put;
		if (!control_pack(&pack, CONTROL_T_ITEM, &item) ||
		    !control_pack(&pack, CONTROL_T_RCPT, &rcpt))
			break;
	}
	assert_true(put > 100 && pack.bytes_len > PACK_MAX - 200);
	while ((type = control_unpack(&pack, &at, &m)) == CONTROL_T_ITEM) {
		assert_int_equal(m.item.size, got);
		assert_string_equal(m.item.reason, "4.4.1 x");
		if (got++ == put) /* the last has perhaps no recipient */
			continue;
		assert_int_equal(
		    control_unpack(&pack, &at, &m), CONTROL_T_RCPT);
		assert_string_equal(m.rcpt.addr, rcpt.addr);
	}
	assert_int_equal(type, CONTROL_T_END);
	assert_in_range(got, put, put + 1);
}

/* The largest of both fits into an empty one. */
static void
largest(void **state)
{
	struct msg_control_item item = { .arrival = UINT64_MAX };
	struct msg_control_rcpt rcpt = { .status = 'Q' };

	(void)state;
	memset(item.id, 'x', ID_MAX);
	memset(item.sender, 'x', ADDR_MAX);
	memset(item.login, 'x', LOGIN_MAX);
	memset(item.client, 'x', IP_MAX);
	memset(item.reason, 'x', TEXT_MAX);
	memset(item.envid, 'x', ENVID_MAX);
	memset(rcpt.addr, 'x', ADDR_MAX);
	memset(rcpt.orcpt, 'x', ORCPT_MAX);
	memset(rcpt.via, 'x', VIA_MAX);
	pack.bytes_len = 0;
	assert_true(control_pack(&pack, CONTROL_T_ITEM, &item));
	assert_true(pack.bytes_len <= 2000); /* as control_list.c thinks */
	pack.bytes_len = 0;
	assert_true(control_pack(&pack, CONTROL_T_RCPT, &rcpt));
	assert_true(pack.bytes_len <= 2000);
}

static void
only_these(void **state)
{
	const struct msg_control_end end = { 1, 0 };

	(void)state;
	pack.bytes_len = 0;
	assert_false(control_pack(&pack, CONTROL_T_END, &end));
	assert_int_equal(pack.bytes_len, 0);
}

/* Bytes that nobody packed end the reading. */
static void
breaches(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t n;
	} cases[] = {
		{ "\0", 1 },
		{ "\0\2\0", 3 },
		{ "\0\0\0\0", 4 },                 /* no type in it */
		{ "\0\2\0\1", 4 },                 /* an item without fields */
		{ "\0\2\0\0", 4 },                 /* a question */
		{ "\0\2\377\377", 4 },             /* nothing */
		{ "\0\3\0\2\0", 5 },               /* half a recipient */
		{ "\377\377\0\2\0\0\0Q\0\0", 10 }, /* longer than all */
		/* and one byte more */
		{ "\0\21\0\2\0\0\0Q\0\0\0\0\0\0\0\0\0\0x", 19 },
		/* a NUL inside */
		{ "\0\22\0\2\0\0\0Q\0\0\0\0\0\2\0x\0\0\0\0", 20 },
	};
	union msg_control m;

	(void)state;
	assert_int_equal(CONTROL_T_RCPT, 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t at = 0;

		memcpy(pack.bytes, cases[i].bytes, cases[i].n);
		pack.bytes_len = cases[i].n;
		assert_int_equal(
		    control_unpack(&pack, &at, &m), CONTROL_T_COUNT);
	}
	memcpy(pack.bytes, "\0\20\0\2\0\0\0Q\0\0\0\1\0\0\0\0\0\0", 18);
	for (size_t at = 0, i = 0; i < 1; i++) {
		pack.bytes_len = 18;
		assert_int_equal(
		    control_unpack(&pack, &at, &m), CONTROL_T_RCPT);
		assert_int_equal(m.rcpt.status, 'Q');
		assert_int_equal(m.rcpt.notify, 1);
		assert_int_equal(control_unpack(&pack, &at, &m), CONTROL_T_END);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(largest),
		cmocka_unit_test(only_these),
		cmocka_unit_test(breaches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
