/*
 * t_tls_line: what is said of a client's line, to whom.
 */
#include "tests/unit/unit.h"

#include "common/log.h"
#include "common/tls_line.h"

static const struct tls_line line = { "pop3", "office", "192.0.2.1" };

static void
for_tlsd(void **state)
{
	struct msg_tls_start m,
	    want = {
		    .service = "pop3", .profile = "office", .peer = "192.0.2.1"
	    };

	(void)state;
	memset(&m, 0xff, sizeof(m));
	tls_line_start(&line, &m);
	assert_memory_equal(&m, &want, sizeof(m));
}

static void
hellos(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		assert_int_equal(
		    tls_line_is_hello((char)c), c == 0x16 || c == 0x80);
}

static const char *
logged(void)
{
	static char text[2000];
	int fd = open(unit_path("log"), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	assert_int_equal(close(fd), 0);
	text[n] = '\0';
	unit_file("log", "", 0);
	return text;
}

static void
for_the_log(void **state)
{
	static const struct {
		struct msg_tls_ready ready;
		const char *want;
	} rows[] = {
		{ { .version = "TLSv1.3",
		      .cipher = "TLS_X",
		      .bits = 128,
		      .sni = "a b" },
		    "event=tls client=192.0.2.1 version=TLSv1.3 cipher=TLS_X "
		    "bits=128 resumed=no sni=\"a b\" certificate=none "
		    "subject=" },
		{ { .flags = TLS_RESUMED | TLS_VERIFIED,
		      .certificate_len = TLS_DIGEST,
		      .subject = "CN=x" },
		    "resumed=yes sni=\"\" certificate=verified "
		    "subject=\"CN=x\"" },
		{ { .certificate_len = TLS_DIGEST }, "certificate=unverified" },
		/* What was not shown was not verified. */
		{ { .flags = TLS_VERIFIED }, "certificate=none" },
	};
	const char *text;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		tls_line_log(&line, &rows[i].ready);
		text = logged();
		if (strstr(text, rows[i].want) == NULL)
			fail_msg("no \"%s\" in: %s", rows[i].want, text);
	}
	tls_line_log_failed(&line, "no shared cipher");
	assert_non_null(strstr(logged(),
	    "event=tls-failed client=192.0.2.1 reason=\"no shared cipher\""));
}

static void
for_authd(void **state)
{
	struct msg_auth_start m = { .flags = AUTH_INITIAL };
	struct msg_tls_ready t = { 0 };

	(void)state;
	tls_line_login(&line, &t, "PLAIN LOGIN", &m);
	assert_int_equal(m.flags, AUTH_INITIAL);
	assert_string_equal(m.service, "pop3");
	assert_string_equal(m.profile, "office");
	assert_string_equal(m.client, "192.0.2.1");
	assert_string_equal(m.offered, "PLAIN LOGIN");
	assert_int_equal(m.exporter_len + m.certificate_len + m.witness_len, 0);
	(void)snprintf(t.version, sizeof(t.version), "TLSv1.2");
	(void)snprintf(t.email, sizeof(t.email), "a@example.org");
	t.exporter_len = t.certificate_len = TLS_DIGEST;
	t.witness_len = TLS_WITNESS;
	memset(t.exporter, 'e', sizeof(t.exporter));
	memset(t.certificate, 'c', sizeof(t.certificate));
	memset(t.witness, 'w', sizeof(t.witness));
	tls_line_login(&line, &t, "", &m);
	assert_int_equal(m.flags, AUTH_INITIAL | AUTH_TLS);
	assert_string_equal(m.offered, "");
	assert_string_equal(m.email, "a@example.org");
	assert_int_equal(m.exporter_len, TLS_DIGEST);
	assert_memory_equal(m.exporter, t.exporter, TLS_DIGEST);
	assert_int_equal(m.certificate_len, TLS_DIGEST);
	assert_memory_equal(m.certificate, t.certificate, TLS_DIGEST);
	assert_int_equal(m.witness_len, TLS_WITNESS);
	assert_memory_equal(m.witness, t.witness, TLS_WITNESS);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_tlsd),
		cmocka_unit_test(hellos),
		cmocka_unit_test(for_the_log),
		cmocka_unit_test(for_authd),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
