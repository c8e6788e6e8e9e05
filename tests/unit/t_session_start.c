/*
 * t_session_start: from main() to one connection, with what it stands on
 * replaced; above all that nothing is accepted before root is given up, and
 * nothing said where TLS comes first.
 * wrap: service_socket service_accept startup_tables startup_reopen
 * wrap: startup_profile startup_options startup_user_mode startup_become
 * wrap: startup_become_anyhow tables_user tables_close tables_changed
 * wrap: net_peer_get fault_prepare fault_client sandbox exit sleep
 * wrap: tables_get log_error
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <sysexits.h>

#include "common/fault.h"
#include "common/sandbox.h"
#include "common/service.h"
#include "common/session_start.h"
#include "common/startup.h"
#include "common/tls_client.h"

/* How the surroundings are. */
static struct state {
	bool listening, broken, stranger, user_mode, nobody, undeclared;
	bool unloadable, unlimited;
	bool implicit; /* is what the tables say of TLS */
	bool older;    /* than the profiles with TLS from the first byte */
	bool named;    /* the profile was given, whatever the port */
	bool on465, private; /* a port, a profile */
	/* of other tables, while the parent waits for a connection: */
	bool changes, repaired, breaks;
} is;

static char calls[16]; /* a letter each */
static size_t called;
static int pair[2], listener; /* our end, the client's */
static int told;              /* who hears of faults */
static struct service limits; /* as they are when a child is made */
static struct session_start s;
static bool advised; /* in the log, how to go on */
static jmp_buf ended;

int __wrap_service_socket(enum service_kind *);
int __wrap_service_accept(int, const struct service *, struct net_peer *);
bool __wrap_startup_tables(
    struct tables *, const char *, const char *, bool, enum startup_log);
bool __wrap_startup_reopen(struct tables *, const char *);
bool __wrap_startup_profile(struct tables *, const char *);
bool __wrap_startup_options(
    struct tables *, const char *, const struct option_bind *, size_t);
bool __wrap_startup_user_mode(struct tables *);
void __wrap_startup_become(struct tables *, const char *);
bool __wrap_startup_become_anyhow(const char *);
bool __wrap_tables_user(struct tables *, const char *, uid_t *, gid_t *);
void __wrap_tables_close(struct tables *);
enum tables_result __wrap_tables_get(
    struct tables *, enum tables_space, const char *, const char **);
void __wrap_log_error(const char *, const char *, ...);
void __wrap_net_peer_get(int, struct net_peer *);
bool __wrap_tables_changed(const char *, struct tables_mark *);
void __wrap_fault_prepare(const char *);
void __wrap_fault_client(int);
void __wrap_sandbox(enum sandbox_profile);
_Noreturn void __wrap_exit(int);
unsigned int __wrap_sleep(unsigned int);

static const char *
profile_name(void)
{
	if (is.private)
		return "private";
	return is.on465 || is.named ? "submissions" : "submission";
}

static void
call(char which)
{
	assert_true(called < sizeof(calls) - 1);
	calls[called++] = which;
}

int
__wrap_service_socket(enum service_kind *kind)
{
	*kind = is.listening ? SERVICE_LISTENING : SERVICE_CONNECTED;
	return is.listening ? listener : pair[0];
}

/* Two connections come; what happens in between is for the second. */
int
__wrap_service_accept(
    int fd, const struct service *service, struct net_peer *peer)
{
	assert_int_equal(fd, listener);
	assert_ptr_equal(peer, &s.peer);
	assert_int_equal(peer->local_port, is.on465 ? 465 : 587);
	call('A');
	service->prepare(service->arg);
	call('A');
	if (is.changes) {
		is.broken = (is.broken && !is.repaired) || is.breaks;
		service->prepare(service->arg);
	}
	limits = *service;
	return pair[0];
}

bool
__wrap_tables_changed(const char *path, struct tables_mark *seen)
{
	assert_string_equal(path, "/tables");
	assert_ptr_equal(seen, &s.seen);
	if (!seen->looked) {
		seen->looked = true;
		return true;
	}
	return calls[called - 1] == 'A' && calls[called - 2] == 'A';
}

bool
__wrap_startup_tables(struct tables *t, const char *program, const char *path,
    bool copy, enum startup_log log)
{
	assert_ptr_equal(t, &s.tables);
	assert_string_equal(program, "smtpd");
	assert_string_equal(path, "/tables");
	assert_false(copy);
	assert_int_equal(log, STARTUP_LOG_OWN);
	call('t');
	return !is.broken;
}

bool
__wrap_startup_reopen(struct tables *t, const char *path)
{
	assert_ptr_equal(t, &s.tables);
	assert_string_equal(path, "/tables");
	call('r');
	return !is.broken;
}

bool
__wrap_startup_profile(struct tables *t, const char *profile)
{
	(void)t;
	assert_false(is.broken);
	assert_string_equal(profile, profile_name());
	call('p');
	return !is.undeclared;
}

bool
__wrap_startup_options(struct tables *t, const char *profile,
    const struct option_bind *b, size_t n)
{
	(void)t;
	assert_string_equal(profile, profile_name());
	if (strcmp(b[0].name, "tls") == 0) {
		*(int *)b[0].var = is.implicit ? TLS_IMPLICIT : TLS_OPTIONAL;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		*(int64_t *)b[i].var = (int64_t)(7 + i);
	return !is.unlimited;
}

bool
__wrap_startup_user_mode(struct tables *t)
{
	(void)t;
	assert_false(is.broken);
	return is.user_mode;
}

void
__wrap_startup_become(struct tables *t, const char *user)
{
	(void)t;
	assert_string_equal(user, "postrider-net");
	call('b');
}

bool
__wrap_startup_become_anyhow(const char *user)
{
	assert_string_equal(user, "postrider-net");
	call('B');
	return !is.nobody;
}

bool
__wrap_tables_user(struct tables *t, const char *name, uid_t *uid, gid_t *gid)
{
	(void)t;
	assert_false(is.broken);
	assert_string_equal(name, "postrider-net");
	*uid = *gid = 71;
	return !is.stranger;
}

/* Of all that is in them, what makes a profile's lines begin with TLS. */
enum tables_result
__wrap_tables_get(struct tables *t, enum tables_space space, const char *key,
    const char **value)
{
	(void)t;
	assert_false(is.broken);
	assert_int_equal(space, TABLES_OPTION);
	assert_string_equal(key, "submissions.tls");
	*value = "implicit";
	return is.older ? TABLES_NONE : TABLES_FOUND;
}

void
__wrap_log_error(const char *id, const char *fmt, ...)
{
	(void)id;
	advised = strstr(fmt, "(run: postrider apply)") != NULL;
}

void
__wrap_tables_close(struct tables *t)
{
	assert_ptr_equal(t, &s.tables);
	call('c');
}

void
__wrap_net_peer_get(int fd, struct net_peer *p)
{
	(void)fd;
	p->local_port = is.on465 ? 465 : 587;
}

void
__wrap_fault_prepare(const char *text)
{
	assert_string_equal(text, "421 fault\r\n");
}

void
__wrap_fault_client(int fd)
{
	assert_int_equal(fd, s.silent ? -1 : s.out);
	assert_int_equal(s.out, pair[0]);
	told = fd;
}

/* Behind what needs rights, before the first connection. */
void
__wrap_sandbox(enum sandbox_profile profile)
{
	assert_int_equal(profile, SANDBOX_LISTENER);
	call('s');
}

_Noreturn void
__wrap_exit(int status)
{
	longjmp(ended, status + 1);
}

unsigned int
__wrap_sleep(unsigned int seconds)
{
	(void)seconds;
	call('z');
	return 0;
}

static const char *
profile_for(unsigned int port)
{
	assert_int_equal(port, is.on465 ? 465 : 587);
	return is.on465 ? "submissions" : "submission";
}

static bool
load(struct tables *t, const char *profile)
{
	assert_ptr_equal(t, &s.tables);
	assert_false(is.broken);
	assert_string_equal(profile, profile_name());
	call('l');
	return !is.unloadable;
}

/* The status with which the process ends, or -1: it has a connection. */
static int
start(void)
{
	int r;

	called = 0;
	advised = false;
	memset(calls, 0, sizeof(calls));
	memset(&limits, 0, sizeof(limits));
	s = (struct session_start){ .program = "smtpd",
		.path = "/tables",
		.profile = is.private ? "private"
		    : is.named        ? "submissions"
				      : NULL,
		.profile_for = profile_for,
		.full = "421 full\r\n",
		.fault = "421 fault\r\n",
		.load = load };
	if ((r = setjmp(ended)) != 0)
		return r - 1;
	session_start(&s);
	return -1;
}

static const struct {
	struct state is;
	const char *calls;
	int status;
	bool fault; /* is what the client hears */
} cases[] = {
	{ { 0 }, "tbpl", -1, false },
	{ { .user_mode = true, .stranger = true }, "tbpl", -1, false },
	{ { .stranger = true }, "tBpl", -1, false },
	{ { .stranger = true, .nobody = true }, "tB", EX_CONFIG, true },
	{ { .broken = true }, "tB", EX_CONFIG, true },
	{ { .broken = true, .nobody = true }, "tB", EX_CONFIG, true },
	{ { .undeclared = true }, "tbp", EX_CONFIG, true },
	{ { .unloadable = true }, "tbpl", EX_CONFIG, true },
	/* A parent does it once. */
	{ { .listening = true }, "tbplsAA", -1, false },
	{ { .listening = true, .undeclared = true }, "tbpsAA", EX_CONFIG,
	    true },
	{ { .listening = true, .unloadable = true }, "tbplsAA", EX_CONFIG,
	    true },
	{ { .listening = true, .unlimited = true }, "tbplsAA", EX_CONFIG,
	    true },
	{ { .listening = true, .broken = true }, "tBsAA", EX_CONFIG, true },
	{ { .listening = true, .stranger = true, .nobody = true }, "tBz",
	    EX_CONFIG, false },
	/* And again with other tables, whatever they are. */
	{ { .listening = true, .changes = true }, "tbplsAAcrpl", -1, false },
	{ { .listening = true, .changes = true, .breaks = true }, "tbplsAAcr",
	    EX_CONFIG, true },
	{ { .listening = true, .changes = true, .broken = true }, "tBsAAt",
	    EX_CONFIG, true },
	{ { .listening = true,
	      .changes = true,
	      .broken = true,
	      .repaired = true },
	    "tBsAAtpl", -1, false },
	/* TLS comes first: no word in plaintext, whatever is wrong. */
	{ { .implicit = true }, "tbpl", -1, false },
	{ { .implicit = true, .unloadable = true }, "tbpl", EX_CONFIG, false },
	{ { .implicit = true, .listening = true }, "tbplsAA", -1, false },
	{ { .implicit = true, .listening = true, .unlimited = true }, "tbplsAA",
	    EX_CONFIG, false },
	{ { .on465 = true, .broken = true }, "tB", EX_CONFIG, false },
	{ { .on465 = true, .nobody = true, .stranger = true }, "tB", EX_CONFIG,
	    false },
	{ { .on465 = true, .broken = true, .listening = true }, "tBsAA",
	    EX_CONFIG, false },
	{ { .on465 = true, .private = true, .undeclared = true }, "tbp",
	    EX_CONFIG, false },
	/* Tables that know nothing of it do not make it another. */
	{ { .on465 = true, .older = true }, "tbp", EX_CONFIG, false },
	{ { .named = true, .older = true }, "tbp", EX_CONFIG, false },
	{ { .named = true, .older = true, .listening = true }, "tbpsAA",
	    EX_CONFIG, false },
	{ { .named = true }, "tbpl", -1, false },
	{ { .older = true }, "tbpl", -1, false },
	/* It may; and a slip of the pen elsewhere is told. */
	{ { .private = true, .broken = true }, "tB", EX_CONFIG, false },
	{ { .private = true, .undeclared = true }, "tbp", EX_CONFIG, true },
	/* Who wants it otherwise on that port has it otherwise. */
	{ { .on465 = true, .unloadable = true }, "tbpl", EX_CONFIG, true },
	{ { .on465 = true }, "tbpl", -1, false },
};

static void
starts(void **state)
{
	char heard[20];
	ssize_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		memcpy(&is, &cases[i].is, sizeof(is));
		assert_int_equal(start(), cases[i].status);
		assert_string_equal(calls, cases[i].calls);
		assert_int_equal(advised, is.older && (is.on465 || is.named));
		n = recv(pair[1], heard, sizeof(heard), MSG_DONTWAIT);
		assert_int_equal(n, cases[i].fault ? 11 : -1);
		if (n == 11)
			assert_memory_equal(heard, "421 fault\r\n", 11);
		if (cases[i].status != -1)
			continue;
		assert_int_equal(s.in, pair[0]);
		assert_int_equal(s.out, pair[0]);
		assert_string_equal(s.profile, profile_name());
		assert_int_equal(told, is.implicit ? -1 : pair[0]);
		assert_int_equal(s.silent, is.implicit);
	}
}

static void
bounds(void **state)
{
	(void)state;
	memset(&is, 0, sizeof(is));
	is.listening = true;
	assert_int_equal(start(), -1);
	assert_int_equal(limits.connections, 7);
	assert_int_equal(limits.per_client, 8);
	assert_string_equal(limits.refusal, "421 full\r\n");
	/* Also when nobody says how many. */
	is.broken = true;
	assert_int_equal(start(), EX_CONFIG);
	assert_int_equal(limits.connections, 1000);
	assert_int_equal(limits.per_client, 50);
	is.changes = is.repaired = true;
	assert_int_equal(start(), -1);
	assert_int_equal(limits.connections, 7);
}

/* Who is over a limit hears nothing either where TLS comes first. */
static void
refusals(void **state)
{
	(void)state;
	memset(&is, 0, sizeof(is));
	is.listening = is.implicit = true;
	assert_int_equal(start(), -1);
	assert_string_equal(limits.refusal, "");
	is.implicit = false;
	is.on465 = is.broken = true;
	assert_int_equal(start(), EX_CONFIG);
	assert_string_equal(limits.refusal, "");
	is.changes = is.repaired = true;
	assert_int_equal(start(), -1);
	assert_string_equal(limits.refusal, "421 full\r\n");
}

static void
client_left(void **state)
{
	int r;

	(void)state;
	s.out = -1;
	s.silent = false;
	if ((r = setjmp(ended)) == 0)
		session_refuse(&s, EX_CONFIG);
	assert_int_equal(r - 1, EX_IOERR);
}

static int
setup(void **state)
{
	(void)state;
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	return listener == -1 ? -1 : socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts),
		cmocka_unit_test(bounds),
		cmocka_unit_test(refusals),
		cmocka_unit_test(client_left),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
