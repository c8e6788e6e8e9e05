/*
 * t_tls_profile_conf: what the system's openssl.cnf says is not heard, each
 * time in a process that has not begun with OpenSSL.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "common/tls_profile.h"

static const char conf[] = "openssl_conf = all\n"
			   "[all]\n"
			   "ssl_conf = ssl\n"
			   "providers = providers\n"
			   "[providers]\n"
			   "default = on\n"
			   "base = on\n"
			   "[on]\n"
			   "activate = 1\n"
			   "[ssl]\n"
			   "system_default = wish\n"
			   "[wish]\n"
			   "VerifyMode = Require\n"
			   "Options = UnsafeLegacyRenegotiation,"
			   "-MiddleboxCompat,NoResumptionOnRenegotiation,"
			   "-ExtendedMasterSecret,EncryptThenMac,"
			   "-SessionTicket,AntiReplay\n"
			   "CipherString = AES128-SHA:@SECLEVEL=0\n"
			   "MinProtocol = TLSv1\n";

#define UNWANTED                                                               \
	(SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |                            \
	    SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION |                    \
	    SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_NO_TICKET)

/* Returns 0, or which step has gone wrong. */
typedef int step(void);

static void
run(step *f)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Whether the file is one that is heard by who wants to. */
static int
control(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL || SSL_CTX_get_verify_mode(ctx) == SSL_VERIFY_NONE)
		return 1;
	if ((SSL_CTX_get_options(ctx) & UNWANTED) != UNWANTED)
		return 2;
	return OSSL_PROVIDER_available(NULL, "base") == 1 ? 0 : 3;
}

/* Not even in a context that nobody has told anything. */
static int
unheard(void)
{
	SSL_CTX *ctx;

	if (!tls_profile_init())
		return 1;
	if ((ctx = SSL_CTX_new(TLS_server_method())) == NULL)
		return 2;
	if (SSL_CTX_get_verify_mode(ctx) != SSL_VERIFY_NONE)
		return 3;
	if ((SSL_CTX_get_options(ctx) & UNWANTED) != 0)
		return 4;
	return OSSL_PROVIDER_available(NULL, "base") == 0 ? 0 : 5;
}

/* Also where somebody was quicker. */
static int
overruled(void)
{
	for (int server = 0; server < 2; server++)
		for (int p = TLS_STRICT; p <= TLS_OLD; p++) {
			SSL_CTX *ctx =
			    tls_profile_context((enum tls_profile)p, server);

			if (ctx == NULL)
				return 1;
			if (SSL_CTX_get_verify_mode(ctx) != SSL_VERIFY_NONE)
				return 2;
			if ((SSL_CTX_get_options(ctx) & UNWANTED) != 0)
				return 3;
			if ((SSL_CTX_get_options(ctx) &
				SSL_OP_ENABLE_MIDDLEBOX_COMPAT) == 0)
				return 4;
			if (SSL_CTX_get_security_level(ctx) != 2 ||
			    SSL_CTX_get_min_proto_version(ctx) < TLS1_2_VERSION)
				return 5;
			SSL_CTX_free(ctx);
		}
	return 0;
}

static void
test_control(void **state)
{
	(void)state;
	run(control);
}

static void
test_unheard(void **state)
{
	(void)state;
	run(unheard);
}

static void
test_overruled(void **state)
{
	(void)state;
	run(overruled);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("openssl.cnf", conf, sizeof(conf) - 1);
	return setenv("OPENSSL_CONF", unit_path("openssl.cnf"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_unheard),
		cmocka_unit_test(test_overruled),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
