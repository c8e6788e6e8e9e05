/*
 * t_dovecot: the list as Dovecot writes it, and as somebody
 * with bad intentions does.
 */
#include "tests/unit/unit.h"

#include "pop3d/dovecot.h"

static enum dovecot_result
parse(struct dovecot *d, const char *text, size_t n)
{
	char *copy = malloc(n + 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	copy[n] = '\0';
	return dovecot_parse(d, copy, n);
}

static void
good(void **state)
{
	static const char list[] =
	    "3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n"
	    "25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,\n"
	    "25017 W2481 :1276533073.M242911P3632.kurkku:2,F\n"
	    "25020 Gabc POld-Id W1 :1276533074.M1P1.kurkku\n"
	    "25021 P :empty\n"
	    "25022 P\x80 :unfit\n"
	    "25023 :a name with spaces\n"
	    "25024 :25006\n"
	    "4294967295 :last\n"
	    "4294967295 :being writ";
	/* clang-format off */
	static const struct {
		const char *base, *uidl;
	} rows[] = {
		{ "1276528487.M364837P9451.kurkku,S=1355,W=1394",
		    "000061ae4c0907b0" },
		{ "1276533073.M242911P3632.kurkku", "000061b94c0907b0" },
		{ "1276533074.M1P1.kurkku", "Old-Id" },
		{ "empty",		"000061bd4c0907b0" },
		{ "unfit",		"000061be4c0907b0" },
		{ "a name with spaces",	"000061bf4c0907b0" },
		{ "25006",		"000061c04c0907b0" },
		{ "last",		"ffffffff4c0907b0" },
		{ "1276528487.M364837P9451.kurkku", NULL },
		{ "being writ",		NULL },
		{ "",			NULL },
	};
	/* clang-format on */
	char u[UIDL_MAX + 1];
	struct dovecot d;

	(void)state;
	assert_int_equal(parse(&d, list, sizeof(list) - 1), DOVECOT_READ);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		    dovecot_uidl(&d, rows[i].base, u), rows[i].uidl != NULL);
		if (rows[i].uidl != NULL)
			assert_string_equal(u, rows[i].uidl);
	}
	dovecot_free(&d);
	assert_false(dovecot_uidl(&d, "last", u));
}

static void
header_order(void **state)
{
	static const char list[] = "3 N2 Gx V16\n1 :a\n1\n";
	char u[UIDL_MAX + 1];
	struct dovecot d;

	(void)state;
	assert_int_equal(parse(&d, list, sizeof(list) - 3), DOVECOT_READ);
	assert_true(dovecot_uidl(&d, "a", u));
	assert_string_equal(u, "0000000100000010");
	dovecot_free(&d);
	assert_int_equal(parse(&d, "3 V1\n", 5), DOVECOT_READ);
	assert_false(dovecot_uidl(&d, "a", u));
	dovecot_free(&d);
}

/* A name that comes twice keeps its first id, the second stays unused. */
static void
twice(void **state)
{
	static const char list[] = "3 V1 N4\n1 :a:2,S\n2 :a\n3 :b\n";
	char u[UIDL_MAX + 1];
	struct dovecot d;

	(void)state;
	assert_int_equal(parse(&d, list, sizeof(list) - 1), DOVECOT_READ);
	assert_true(dovecot_uidl(&d, "a", u));
	assert_string_equal(u, "0000000100000001");
	assert_true(dovecot_uidl(&d, "b", u));
	assert_string_equal(u, "0000000300000001");
	dovecot_free(&d);
}

#define BAD(s)                                                                 \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}

static void
broken(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} rows[] = {
		BAD(""),
		BAD("3 V1 N1"),
		BAD("\n"),
		BAD("1 1275660208 25022\n1 a\n"),
		BAD("4 V1 N1\n"),
		BAD("3\n"),
		BAD("3 N1\n"),
		BAD("3 V0 N1\n"),
		BAD("3 V N1\n"),
		BAD("3 V4294967296 N1\n"),
		BAD("3 V-1 N1\n"),
		BAD("3 V1 N1\n\n"),
		BAD("3 V1 N1\n0 :a\n"),
		BAD("3 V1 N1\nx :a\n"),
		BAD("3 V1 N1\n1\n"),
		BAD("3 V1 N1\n1 \n"),
		BAD("3 V1 N1\n1 W5\n"),
		BAD("3 V1 N1\n1 :\n"),
		BAD("3 V1 N1\n1 ::2,S\n"),
		BAD("3 V1 N1\n4294967296 :a\n"),
		BAD("3 V1 N1\n18446744073709551617 :a\n"),
		BAD("3 V1 N1\n2 :a\n1 :b\n"),
		BAD("3 V1 N1\n2 :a\n2 :b\n"),
		BAD("3 V1 N1\n1 :a\0b\n"),
		BAD("3 V1 N1\n+1 :a\n"),
	};
	struct dovecot d;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		    parse(&d, rows[i].text, rows[i].n), DOVECOT_BROKEN);
		dovecot_free(&d);
	}
}

/* Whatever single byte goes wrong or missing: an answer, never a crash. */
static void
any_damage(void **state)
{
	static const char list[] =
	    "3 V9 N4 Gx\n1 Pq W2 :a,S=1:2,\n2 :b\n3 :c\n";
	char copy[sizeof(list)], u[UIDL_MAX + 1];
	struct dovecot d;

	(void)state;
	for (size_t at = 0; at < sizeof(list) - 1; at++)
		for (int c = 0; c < 256; c++) {
			memcpy(copy, list, sizeof(list));
			copy[at] = (char)c;
			if (parse(&d, copy, sizeof(list) - 1) == DOVECOT_READ &&
			    dovecot_uidl(&d, "b", u))
				assert_true(filename_uidl_valid(u));
			dovecot_free(&d);
		}
	for (size_t n = 0; n < sizeof(list); n++) {
		assert_int_not_equal(parse(&d, list, n), DOVECOT_NONE);
		dovecot_free(&d);
	}
}

static int
open_unit(void)
{
	int fd = open(unit_dir, O_RDONLY | O_DIRECTORY);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
files(void **state)
{
	int dir = open_unit();
	char u[UIDL_MAX + 1];
	struct dovecot d;

	(void)state;
	assert_int_equal(dovecot_read(&d, dir), DOVECOT_NONE);
	dovecot_free(&d);

	unit_file(DOVECOT_LIST, "3 V1 N2\n1 :a\n", 13);
	assert_int_equal(dovecot_read(&d, dir), DOVECOT_READ);
	assert_true(dovecot_uidl(&d, "a", u));
	dovecot_free(&d);

	assert_int_equal(truncate(unit_path(DOVECOT_LIST), 1LL << 40), 0);
	assert_int_equal(dovecot_read(&d, dir), DOVECOT_BROKEN);
	dovecot_free(&d);

	/* What would block or lead elsewhere is not opened. */
	assert_int_equal(unlink(unit_path(DOVECOT_LIST)), 0);
	assert_int_equal(symlink("/etc/passwd", unit_path(DOVECOT_LIST)), 0);
	assert_int_equal(dovecot_read(&d, dir), DOVECOT_BROKEN);
	dovecot_free(&d);
	assert_int_equal(unlink(unit_path(DOVECOT_LIST)), 0);
	assert_int_equal(mkfifo(unit_path(DOVECOT_LIST), 0600), 0);
	assert_int_equal(dovecot_read(&d, dir), DOVECOT_BROKEN);
	dovecot_free(&d);
	close(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(header_order),
		cmocka_unit_test(twice),
		cmocka_unit_test(broken),
		cmocka_unit_test(any_damage),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
