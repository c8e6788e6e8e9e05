/*
 * t_census: sessions by process and by client, against plain counting.
 * wrap: madvise
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/census.h"

static bool no_advice;
static void *where;

int __real_madvise(void *, size_t, int);
int __wrap_madvise(void *, size_t, int);

int
__wrap_madvise(void *p, size_t n, int advice)
{
	where = p;
	return no_advice ? -1 : __real_madvise(p, n, advice);
}

static void
counts(void **state)
{
	(void)state;
	assert_true(census_init());
	assert_int_equal(census_all(), 0);
	assert_int_equal(census_of("192.0.2.1"), 0);
	assert_true(census_add(100, "192.0.2.1"));
	assert_true(census_add(101, "192.0.2.1"));
	assert_true(census_add(102, "2001:db8::"));
	assert_true(census_add(103, "")); /* a client without an address */
	assert_int_equal(census_all(), 4);
	assert_int_equal(census_of("192.0.2.1"), 2);
	assert_int_equal(census_of("192.0.2.10"), 0);
	assert_int_equal(census_of("2001:db8::"), 1);
	assert_int_equal(census_of(""), 1);
	assert_null(census_client(99));
	assert_string_equal(census_client(101), "192.0.2.1");
	assert_string_equal(census_client(102), "2001:db8::");
	assert_string_equal(census_client(103), "");
	census_remove(99);
	census_remove(100);
	census_remove(100);
	census_remove(103);
	assert_null(census_client(100));
	assert_string_equal(census_client(101), "192.0.2.1");
	assert_int_equal(census_all(), 2);
	assert_int_equal(census_of("192.0.2.1"), 1);
	assert_int_equal(census_of(""), 0);
	assert_int_equal(census_mark(101), 0);
	census_set_mark(101, 7);
	census_set_mark(99, 8);
	assert_int_equal(census_mark(101), 7);
	assert_int_equal(census_mark(102), 0);
	census_remove(101);
	assert_true(census_add(101, "192.0.2.1"));
	assert_int_equal(census_mark(101), 0);
	census_remove(101);
	census_remove(102);
	assert_int_equal(census_all(), 0);
}

static const char *
key_of(unsigned int n)
{
	static char key[IP_MAX + 1];

	(void)snprintf(key, sizeof(key), "10.0.%u.%u", n / 256, n % 256);
	return key;
}

/* Many begin and end in no order; pids come again, as the kernel's do. */
static void
churn(void **state)
{
	enum { PIDS = 3000, KEYS = 300 };
	static unsigned int owner[PIDS]; /* key + 1, 0: not running */
	static int64_t of[KEYS];
	unsigned int pid, key, seed = 1;
	int64_t all = 0;

	(void)state;
	assert_true(census_init());
	for (int i = 0; i < 60000; i++) {
		seed = seed * 1103515245 + 12345;
		pid = seed >> 8 & 0xffff;
		key = pid % 7 == 0 ? 0 : pid % KEYS;
		pid %= PIDS;
		/* Those of one chain are CHAINS apart. */
		if (owner[pid] == 0) {
			assert_true(census_add(
			    (pid_t)(pid % 3 * 65536 + pid), key_of(key)));
			owner[pid] = key + 1;
			of[key]++;
			all++;
		} else {
			key = owner[pid] - 1;
			census_remove((pid_t)(pid % 3 * 65536 + pid));
			owner[pid] = 0;
			of[key]--;
			all--;
		}
		assert_int_equal(census_all(), all);
		assert_int_equal(census_of(key_of(key)), of[key]);
	}
	for (key = 0; key < KEYS; key++)
		assert_int_equal(census_of(key_of(key)), of[key]);
}

/* Every process of a client of its own; room comes back. */
static void
full(void **state)
{
	(void)state;
	assert_true(census_init());
	for (unsigned int i = 0; i < CENSUS_MAX; i++)
		assert_true(census_add((pid_t)i + 1, key_of(i)));
	assert_false(census_add(CENSUS_MAX + 1, "192.0.2.1"));
	assert_int_equal(census_all(), CENSUS_MAX);
	census_remove(7);
	assert_true(census_add(CENSUS_MAX + 1, "192.0.2.1"));
	assert_int_equal(census_of("192.0.2.1"), 1);
	assert_int_equal(census_of(key_of(6)), 0);
}

/* A session must not be able to look at who else is there. */
static void
not_for_children(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_true(census_init());
	if ((pid = fork()) == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		_exit(*(volatile char *)where);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

static void
without_memory(void **state)
{
	struct rlimit was, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
	none = (struct rlimit){ 1 << 20, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	assert_false(census_init());
	assert_int_equal(setrlimit(RLIMIT_AS, &was), 0);
	no_advice = true;
	assert_false(census_init());
	no_advice = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(churn),
		cmocka_unit_test(full),
		cmocka_unit_test(not_for_children),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
