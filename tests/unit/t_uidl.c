/*
 * t_uidl: the unique-ids of a mailbox.
 */
#include "tests/unit/pop3.h"

#include <bsd/string.h>

#include "pop3d/dovecot.h"
#include "pop3d/uidl.h"

#define LONG                                                                   \
	"1.M1P1.a-host-name-that-is-much-too-long-for-a-unique-id-of-pop3."    \
	"example.org"

static void
from_names(void **state)
{
	struct maildrop md;
	char u[UIDL_MAX + 1];

	(void)state;
	pop3_mail("new/" LONG, "x");
	pop3_mail("new/2.M1P1.h,S=1,W=3", "x");
	pop3_mail("cur/3.M1P1.h:2,S", "x");
	pop3_open(&md);
	assert_true(uidl_build(&md));
	filename_uidl_hash(LONG, 0, u);
	assert_string_equal(md.uidls[0], u);
	assert_string_equal(md.uidls[1], "2.M1P1.h");
	assert_string_equal(md.uidls[2], "3.M1P1.h");
	maildrop_close(&md);
	/* Flags and directories do not change them. */
	pop3_rename("new/2.M1P1.h,S=1,W=3", "cur/2.M1P1.h,S=1,W=3:2,RS");
	pop3_rename("cur/3.M1P1.h:2,S", "cur/3.M1P1.h:2,");
	pop3_open(&md);
	assert_true(uidl_build(&md));
	assert_string_equal(md.uidls[1], "2.M1P1.h");
	assert_string_equal(md.uidls[2], "3.M1P1.h");
	maildrop_close(&md);
}

static void
from_dovecot(void **state)
{
	static const char list[] =
	    "3 V16 N5\n1 :1.a,S=1\n2 P1.c :2.b:2,S\n4 :9.z\n";
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a,S=1", "x");
	pop3_mail("cur/2.b:2,F", "x");
	pop3_mail("new/3.c", "x");
	pop3_mail("new/1.c", "x"); /* a name that Dovecot has given away */
	unit_file(BOX "/" DOVECOT_LIST, list, sizeof(list) - 1);
	pop3_open(&md);
	assert_true(uidl_build(&md));
	assert_string_equal(md.messages[1].base, "1.c");
	assert_string_equal(md.uidls[0], "0000000100000010");
	assert_string_equal(md.uidls[3], "3.c");
	assert_int_not_equal(strcmp(md.uidls[1], md.uidls[2]), 0);
	maildrop_close(&md);
}

static void
broken_list(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "x");
	unit_file(BOX "/" DOVECOT_LIST, "3 V16 N5\nx :1.a\n", 16);
	pop3_open(&md);
	assert_true(uidl_build(&md));
	assert_string_equal(md.uidls[0], "1.a");
	assert_non_null(strstr(pop3_log(), BOX "/" DOVECOT_LIST));
	maildrop_close(&md);
}

/* All different and the same at every look. */
static void
clashes(void **state)
{
	char first[5][UIDL_MAX + 1];
	struct maildrop md;

	(void)state;
	pop3_mail("new/1.a", "x");
	pop3_mail("cur/1.a:2,", "y");
	pop3_mail("cur/1.a:2,S", "z");
	pop3_mail("new/1.a,S=1", "x");
	pop3_mail("new/1.a,S=2", "x");
	for (int round = 0; round < 2; round++) {
		pop3_open(&md);
		assert_int_equal(md.count, 5);
		assert_true(uidl_build(&md));
		for (size_t i = 0; i < 5; i++) {
			assert_true(filename_uidl_valid(md.uidls[i]));
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(
				    md.uidls[i], md.uidls[j]);
			if (round == 1)
				assert_string_equal(md.uidls[i], first[i]);
			(void)strlcpy(first[i], md.uidls[i], sizeof(first[i]));
		}
		maildrop_close(&md);
	}
	assert_string_equal(first[0], "1.a");
}

static void
empty(void **state)
{
	struct maildrop md;

	(void)state;
	pop3_open(&md);
	assert_true(uidl_build(&md));
	maildrop_close(&md);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(from_names, pop3_clean),
		cmocka_unit_test_setup(from_dovecot, pop3_clean),
		cmocka_unit_test_setup(broken_list, pop3_clean),
		cmocka_unit_test_setup(clashes, pop3_clean),
		cmocka_unit_test_setup(empty, pop3_clean),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
