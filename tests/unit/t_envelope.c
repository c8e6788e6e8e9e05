/*
 * t_envelope: what is kept of a transaction and told to queued.
 *
 * wrap: intake_begin intake_rcpt intake_body
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "smtpd/envelope.h"

enum outcome __wrap_intake_begin(
    struct intake *, const struct msg_intake_open *, struct diag *);
enum outcome __wrap_intake_rcpt(
    struct intake *, const struct msg_intake_rcpt *, struct diag *);
enum outcome __wrap_intake_body(struct intake *, struct diag *);

static char said[1000]; /* what queued heard */
static int fails_at;    /* the recipient at which it is lost */
static int rcpts;

enum outcome
__wrap_intake_begin(
    struct intake *in, const struct msg_intake_open *m, struct diag *d)
{
	(void)in;
	(void)snprintf(said, sizeof(said), "open %s %s %u %u %llu uid=%u\n",
	    m->sender, m->envid, m->flags, m->ret, (unsigned long long)m->size,
	    m->uid);
	return d->outcome;
}

enum outcome
__wrap_intake_rcpt(
    struct intake *in, const struct msg_intake_rcpt *m, struct diag *d)
{
	char one[400];

	(void)in;
	if (++rcpts == fails_at)
		return diag_set(d, "4.3.0", "lost");
	(void)snprintf(one, sizeof(one), "rcpt %s %u %.20s\n", m->addr,
	    m->notify, m->orcpt);
	strlcat(said, one, sizeof(said));
	return d->outcome;
}

enum outcome
__wrap_intake_body(struct intake *in, struct diag *d)
{
	(void)in;
	strlcat(said, "body\n", sizeof(said));
	return d->outcome;
}

static struct envelope e;

static void
add(const char *addr, uint32_t notify, const char *orcpt)
{
	struct rcpt_params p = { .notify = notify };

	strlcpy(p.orcpt, orcpt, sizeof(p.orcpt));
	assert_true(envelope_add(&e, addr, &p));
}

static enum outcome
send_copy(const char *bcc, struct diag *d)
{
	struct msg_intake_open open = { .uid = 7 };
	struct intake in = { .file = -1 };

	said[0] = '\0';
	rcpts = 0;
	return envelope_send(&e, &in, &open, bcc, d);
}

static enum outcome
send_it(struct diag *d)
{
	return send_copy("", d);
}

/* clang-format off */
static const struct {
	const char *bcc, *said;
} copies[] = {
	{ "",		"body\n" },
	{ "w@y.test",	"rcpt w@y.test 1 \nbody\n" },
	/* who gets it already gets it once, and is told what he wanted */
	{ "v@y.test",	"body\n" },
	{ "V@Y.Test",	"body\n" },
	{ "\"v\"@y.test", "body\n" },
	{ "v+x@y.test",	"rcpt v+x@y.test 1 \nbody\n" },
};
/* clang-format on */

static void
one_more(void **state)
{
	static const char all[] = "open   0 0 0 uid=7\n"
				  "rcpt u@y.test 0 \n"
				  "rcpt v@y.test 4 \n";
	struct diag d = DIAG_INIT;

	(void)state;
	fails_at = 0;
	envelope_init(&e, 100);
	add("u@y.test", 0, "");
	add("v@y.test", DSN_FAILURE, "");
	for (size_t i = 0; i < COUNT(copies); i++) {
		assert_int_equal(send_copy(copies[i].bcc, &d), OUT_OK);
		assert_memory_equal(said, all, sizeof(all) - 1);
		assert_string_equal(said + sizeof(all) - 1, copies[i].said);
	}
	fails_at = 3;
	assert_int_equal(send_copy("w@y.test", &d), OUT_TEMP);
	envelope_reset(&e);
}

static void
sends_all(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	fails_at = 0;
	envelope_init(&e, 100);
	strlcpy(e.sender, "a@x.test", sizeof(e.sender));
	strlcpy(e.mail.envid, "E1", sizeof(e.mail.envid));
	e.mail.flags = INTAKE_8BIT;
	e.mail.ret = DSN_RET_HDRS;
	e.mail.size = 5;
	add("u@y.test", DSN_DELAY, "rfc822;u@y.test");
	add("v@y.test", 0, "");
	assert_int_equal(send_it(&d), OUT_OK);
	assert_string_equal(said,
	    "open a@x.test E1 1 2 5 uid=7\n"
	    "rcpt u@y.test 8 rfc822;u@y.test\n"
	    "rcpt v@y.test 0 \n"
	    "body\n");
	envelope_reset(&e);
	assert_int_equal(send_it(&d), OUT_OK);
	assert_string_equal(said, "open   0 0 0 uid=7\nbody\n");
}

static void
stops_when_queued_is_lost(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	envelope_init(&e, 100);
	add("u@y.test", 0, "");
	add("v@y.test", 0, "");
	fails_at = 1;
	assert_int_equal(send_it(&d), OUT_TEMP);
	assert_string_equal(d.dsn, "4.3.0");
	assert_int_equal(rcpts, 1);
	assert_null(strstr(said, "body"));
	envelope_reset(&e);
}

static void
only_one(void **state)
{
	(void)state;
	envelope_init(&e, 100);
	assert_null(envelope_only(&e));
	add("u@y.test", 0, "");
	assert_string_equal(envelope_only(&e), "u@y.test");
	add("u@y.test", 0, "");
	assert_null(envelope_only(&e));
	envelope_reset(&e);
	assert_null(envelope_only(&e));
}

/* The bound is for the longest ones; past it nothing is half kept. */
static void
bounded(void **state)
{
	struct rcpt_params p = { .notify = 1 };
	struct diag d = DIAG_INIT;
	char addr[ADDR_MAX + 1];

	(void)state;
	fails_at = 0;
	memset(addr, 'a', ADDR_MAX);
	addr[ADDR_MAX] = '\0';
	memset(p.orcpt, 'o', ORCPT_MAX);
	envelope_init(&e, 3);
	for (int i = 0; i < 3; i++)
		assert_true(envelope_add(&e, addr, &p));
	assert_false(envelope_add(&e, addr, &p));
	assert_int_equal(e.count, 3);
	assert_int_equal(send_it(&d), OUT_OK);
	assert_int_equal(rcpts, 3);
	envelope_reset(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_all),
		cmocka_unit_test(one_more),
		cmocka_unit_test(stops_when_queued_is_lost),
		cmocka_unit_test(only_one),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
