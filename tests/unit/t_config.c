/*
 * t_config: a session's options, of its profile and in general.
 */
#include "tests/unit/smtp.h"

#include "common/auth_client.h"
#include "common/tls_client.h"
#include "smtpd/config.h"

static void
profiles(void **state)
{
	struct config mx = { 0 }, sub = { 0 };
	struct tables t;

	(void)state;
	smtp_tables(&t, "t.cdb");
	assert_true(config_load(&t, "mx", &mx));
	assert_true(config_load(&t, "submission", &sub));
	assert_string_equal(mx.hostname, "mail.local.test");
	assert_string_equal(mx.mail_name, "local.test");
	assert_int_equal(mx.message_size, 100000);
	assert_int_equal(sub.message_size, 100000);
	assert_int_equal(mx.auth, AUTH_NO);
	assert_int_equal(sub.auth, AUTH_REQUIRED);
	assert_int_equal(mx.newline, NEWLINE_REJECT);
	assert_int_equal(sub.newline, NEWLINE_NORMALIZE);
	assert_int_equal(sub.plaintext, PLAINTEXT_LOOPBACK);
	assert_false(mx.complete);
	assert_true(sub.complete);
	assert_true(mx.ownership);
	assert_int_equal(mx.command_timeout, 300); /* by default */
	assert_string_equal(mx.relay_clients, "");
	tables_close(&t);
}

/* A certificate must be there to promise TLS, also where it is a must. */
static void
tls(void **state)
{
	static const struct {
		struct smtp_row row;
		const char *profile;
		int tls;
		bool starttls, certificates;
	} rows[] = {
		{ { "Vx", "" }, "mx", TLS_OPTIONAL, false, false },
		{ { "Vcertificates", "no" }, "mx", TLS_OPTIONAL, false, false },
		{ { "Vcertificates", "yes" }, "mx", TLS_OPTIONAL, true, true },
		{ { "Vcertificates", "yes" }, "local", TLS_NO, false, true },
		{ { "Vcertificates", "no" }, "demanding", TLS_REQUIRED, false,
		    false },
		{ { "Vcertificates", "yes" }, "demanding", TLS_REQUIRED, true,
		    true },
		{ { "Vcertificates", "yes" }, "first", TLS_IMPLICIT, false,
		    true },
	};
	struct config c;
	struct tables t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		smtp_tables_with(&t, "tls.cdb", &rows[i].row);
		assert_true(config_load(&t, rows[i].profile, &c));
		assert_int_equal(c.tls, rows[i].tls);
		assert_int_equal(c.starttls, rows[i].starttls);
		assert_int_equal(c.certificates, rows[i].certificates);
		assert_false(c.binding);
		tables_close(&t);
	}
}

static void
by_port(void **state)
{
	(void)state;
	assert_string_equal(config_profile(25), "mx");
	assert_string_equal(config_profile(587), "submission");
	assert_string_equal(config_profile(465), "submissions");
	assert_string_equal(config_profile(2525), "mx");
	assert_string_equal(config_profile(0), "mx");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles),
		cmocka_unit_test(tls),
		cmocka_unit_test(by_port),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
