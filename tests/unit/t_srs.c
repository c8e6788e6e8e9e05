/*
 * t_srs: senders of mail that is passed on, there and back.
 */
#include "tests/unit/unit.h"

#include <strings.h>

#include "common/address.h"
#include "queue/srs.h"

#define DAY 86400
#define NOW (20000LL * DAY + 777)
#define OURS "our.example"
#define A10 "aaaaaaaaaa"

static struct srs srs;

static int
fresh(void **state)
{
	(void)state;
	srs = (struct srs){ .keys = 1 };
	for (size_t i = 0; i < HMAC_KEY; i++)
		srs.key[0][i] = (uint8_t)(7 * i);
	return 0;
}

/* clang-format off */
static const struct {
	const char *sender;
	const char *back;	/* NULL: the same */
	const char *shape;	/* '*': any eight */
} rows[] = {
	{ "alice@example.net", NULL, "SRS0=*=RA=example.net=alice@our.example" },
	{ "Alice@Example.NET", "Alice@example.net", "SRS0=*=RA=example.net=Alice@our.example" },
	{ "a=b=c@x.test", NULL, "SRS0=*=RA=x.test=a=b=c@our.example" },
	{ "=@x.test", NULL, "SRS0=*=RA=x.test==@our.example" },
	{ "a+b-c_d@x.test", NULL, "SRS0=*=RA=x.test=a+b-c_d@our.example" },
	{ "\"a b\"@x.test", NULL, "\"SRS0=*=RA=x.test=a b\"@our.example" },
	{ "\"a\\\"\\\\b\"@x.test", NULL, "\"SRS0=*=RA=x.test=a\\\"\\\\b\"@our.example" },
	{ "\"a@b\"@x.test", NULL, "\"SRS0=*=RA=x.test=a@b\"@our.example" },
	{ "\"a.b\"@x.test", "a.b@x.test", "SRS0=*=RA=x.test=a.b@our.example" },
	{ "a@[192.0.2.1]", NULL, "\"SRS0=*=RA=[192.0.2.1]=a\"@our.example" },
	{ "b\xc3\xb6" "b@x.test", NULL, "SRS0=*=RA=x.test=b\xc3\xb6" "b@our.example" },
	/* 47 bytes fit */
	{ A10 A10 A10 A10 "@x.test", NULL, "SRS0=*=RA=x.test=" A10 A10 A10 A10 "@our.example" },
	/* rewritten by another */
	{ "SRS0=Ab3d=XY=x.test=bob@fwd.test", NULL, "SRS1=*RA=fwd.test==Ab3d=XY=x.test=bob@our.example" },
	{ "SRS0+Ab3d=XY=x.test=bob@fwd.test", NULL, "SRS1=*RA=fwd.test=+Ab3d=XY=x.test=bob@our.example" },
	{ "srs0-Ab=XY=x.test=bob@fwd.test", "SRS0-Ab=XY=x.test=bob@fwd.test", "SRS1=*RA=fwd.test=-Ab=XY=x.test=bob@our.example" },
	{ "SRS1=Zz=fwd.test==Ab=XY=x.test=b@two.test", "SRS0=Ab=XY=x.test=b@fwd.test", "SRS1=*RA=fwd.test==Ab=XY=x.test=b@our.example" },
	{ "SRS1+Zz=fwd.test=-Ab=XY=x.test=b@two.test", "SRS0-Ab=XY=x.test=b@fwd.test", "SRS1=*RA=fwd.test=-Ab=XY=x.test=b@our.example" },
	/* that only look like it */
	{ "SRS0=bob@x.test", NULL, "SRS0=*=RA=x.test=SRS0=bob@our.example" },
	{ "SRS0=a=b=c=@x.test", NULL, "SRS0=*=RA=x.test=SRS0=a=b=c=@our.example" },
	{ "SRS1=a==b=c=d=e@x.test", NULL, "SRS0=*=RA=x.test=SRS1=a==b=c=d=e@our.example" },
	{ "SRS1=a=b@x.test", NULL, "SRS0=*=RA=x.test=SRS1=a=b@our.example" },
	{ "SRS1@x.test", NULL, "SRS0=*=RA=x.test=SRS1@our.example" },
	{ "srs@x.test", NULL, "SRS0=*=RA=x.test=srs@our.example" },
	{ "SRS2=a=b=c=d@x.test", NULL, "SRS0=*=RA=x.test=SRS2=a=b=c=d@our.example" },
};

static const char *const stay[] = {
	"",
	"root",
	"not an address",
	A10 A10 A10 A10 "a@x.test",
	A10 A10 A10 A10 A10 A10 "aaaa@x.test",
	"a@" A10 A10 A10 "." A10 A10 A10 ".test",
	"SRS0=Ab3d=XY=" A10 A10 ".test=bob@" A10 "fwd.test",
	"SRS1=Zz=" A10 "fwd.test==Ab=XY=" A10 A10 ".test=b@two.test",
};
/* clang-format on */

/* text with any eight where the shape has a star. */
static bool
has_shape(const char *text, const char *shape)
{
	size_t n = strcspn(shape, "*");

	return strlen(text) == strlen(shape) + SRS_HASH - 1 &&
	    strncmp(text, shape, n) == 0 &&
	    strcmp(text + n + SRS_HASH, shape + n + 1) == 0;
}

static const char *
reverse(const char *addr, int64_t now, char out[ADDR_MAX + 1])
{
	static struct diag d;

	d = (struct diag)DIAG_INIT;
	if (srs_reverse(&srs, addr, now, out, &d)) {
		assert_int_equal(d.outcome, OUT_OK);
		return "ok";
	}
	assert_int_equal(d.outcome, OUT_PERM);
	assert_string_equal(out, "");
	return d.dsn;
}

static void
round_trips(void **state)
{
	char there[ADDR_MAX + 1], back[ADDR_MAX + 1];
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *want =
		    rows[i].back != NULL ? rows[i].back : rows[i].sender;

		if (!srs_forward(&srs, rows[i].sender, OURS, NOW, there) ||
		    !has_shape(there, rows[i].shape))
			fail_msg("%s: %s", rows[i].sender, there);
		assert_int_equal(address_parse(there, &a), ADDRESS_OK);
		if (strcmp(reverse(there, NOW, back), "ok") != 0 ||
		    strcmp(back, want) != 0)
			fail_msg("%s: %s: %s", rows[i].sender, there, back);
	}
	for (size_t i = 0; i < COUNT(stay); i++)
		if (srs_forward(&srs, stay[i], OURS, NOW, there))
			fail_msg("%s: %s", stay[i], there);
}

/* What relays do to the case of a local part takes nothing away. */
static void
any_case(void **state)
{
	char there[ADDR_MAX + 1], back[ADDR_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *want =
		    rows[i].back != NULL ? rows[i].back : rows[i].sender;

		assert_true(
		    srs_forward(&srs, rows[i].sender, OURS, NOW, there));
		for (char *p = there; *p != '\0'; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p - 'A' + 'a');
		assert_string_equal(reverse(there, NOW, back), "ok");
		assert_int_equal(strcasecmp(back, want), 0);
		for (char *p = there; *p != '\0'; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 'a' + 'A');
		assert_string_equal(reverse(there, NOW, back), "ok");
		assert_int_equal(strcasecmp(back, want), 0);
	}
}

/* Each bit of each, up to the domain, which is not its business. */
static void
forged(void **state)
{
	char there[ADDR_MAX + 1], bent[ADDR_MAX + 1], back[ADDR_MAX + 1];
	size_t local;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(
		    srs_forward(&srs, rows[i].sender, OURS, NOW, there));
		local = strlen(there) - strlen("@" OURS);
		for (size_t bit = 0; bit < 8 * local; bit++) {
			memcpy(bent, there, sizeof(bent));
			bent[bit / 8] = (char)(bent[bit / 8] ^ (1 << bit % 8));
			if (strcasecmp(bent, there) != 0 &&
			    strcmp(reverse(bent, NOW, back), "ok") == 0)
				fail_msg("%s: %s", there, bent);
		}
	}
}

static void
strangers(void **state)
{
	static const char *const addrs[] = { "", "srs0", "SRS0=@our.example",
		"SRS0=AAAAAAAA=RA=x.test=bob@our.example",
		"SRS1=AAAAAAAA=x.test==a=RA=x.test=bob@our.example",
		"SRS1=AAAAAAAARA=x.test==a=RA=x.test=bob@our.example",
		"SRS1=AAAAAAAARA=@our.example", "SRS1=AAAAAAAAR@our.example",
		"SRS0=AAAAAAAA=@our.example", "SRS0=AAAAAAA@our.example",
		"SRS0=AAAAAAAA=R@our.example", "SRS0========@our.example",
		"SRS0=11111111=RA=x.test=bob@our.example",
		"SRS0+AAAAAAAA=RA=x.test=bob@our.example", "alice@our.example",
		"\"SRS0=\"@our.example" };
	char back[ADDR_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(addrs); i++)
		assert_string_equal(reverse(addrs[i], NOW, back), SRS_UNKNOWN);
}

static void
days(void **state)
{
	static const struct {
		int day;
		const char *result;
	} ages[] = { { 0, "ok" }, { 1, "ok" }, { SRS_VALID, "ok" },
		{ SRS_VALID + 1, SRS_EXPIRED }, { 500, SRS_EXPIRED },
		{ -1, "ok" }, { -SRS_AHEAD, "ok" },
		{ -SRS_AHEAD - 1, SRS_EXPIRED },
		{ 1023 - SRS_AHEAD, SRS_EXPIRED } };
	/* What another host has dated is that one's to judge. */
	static const char *const senders[] = { "a@x.test",
		"SRS0=A=AA=x.test=b@fwd.test",
		"SRS1=Zz=fwd.test==Ab=XY=x.test=b@two.test" };
	char there[ADDR_MAX + 1], back[ADDR_MAX + 1];

	(void)state;
	for (int64_t n = 0; n < 1030 * (int64_t)COUNT(senders); n++) {
		int64_t start = 20000 + n / (int64_t)COUNT(senders);

		for (size_t i = 0; i < COUNT(ages); i++) {
			assert_true(srs_forward(&srs,
			    senders[(size_t)n % COUNT(senders)], OURS,
			    start * DAY + DAY - 1, there));
			assert_string_equal(
			    reverse(there, (start + ages[i].day) * DAY, back),
			    ages[i].result);
		}
	}
	/* A host that woke up in 1970, or before. */
	assert_true(srs_forward(&srs, "a@x.test", OURS, -DAY, there));
	assert_string_equal(reverse(there, 0, back), "ok");
}

static void
keys(void **state)
{
	char there[ADDR_MAX + 1], back[ADDR_MAX + 1];

	(void)state;
	assert_true(srs_forward(&srs, "a@x.test", OURS, NOW, there));
	srs.keys = 3;
	memcpy(srs.key[2], srs.key[0], HMAC_KEY);
	memset(srs.key[0], 5, HMAC_KEY);
	assert_string_equal(reverse(there, NOW, back), "ok");
	srs.keys = 2;
	assert_string_equal(reverse(there, NOW, back), SRS_UNKNOWN);
	srs_clear(&srs);
	assert_string_equal(reverse(there, NOW, back), SRS_UNKNOWN);
	assert_false(srs_forward(&srs, "a@x.test", OURS, NOW, there));
}

/* The two kinds are not taken for each other. */
static void
kinds(void **state)
{
	char there[ADDR_MAX + 1], back[ADDR_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *digit;

		assert_true(
		    srs_forward(&srs, rows[i].sender, OURS, NOW, there));
		digit = strstr(there, "SRS") + 3;
		*digit = *digit == '0' ? '1' : '0';
		assert_string_equal(reverse(there, NOW, back), SRS_UNKNOWN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(round_trips, fresh),
		cmocka_unit_test_setup(any_case, fresh),
		cmocka_unit_test_setup(forged, fresh),
		cmocka_unit_test_setup(strangers, fresh),
		cmocka_unit_test_setup(days, fresh),
		cmocka_unit_test_setup(keys, fresh),
		cmocka_unit_test_setup(kinds, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
