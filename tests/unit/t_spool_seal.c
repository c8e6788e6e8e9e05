/*
 * t_spool_seal: the memory files of the spool: who can write to them and when,
 * and how much of them there may be.
 * wrap: fsync fdatasync memfd_create pwrite
 */
#include "tests/unit/memory.h"

#include <sys/mman.h>

#include <time.h>

static void
commit_memory(void)
{
	begin();
	write_memory();
	assert_int_equal(commit(), SPOOL_VALID);
	assert_int_equal(answer, NONE);
	assert_int_equal(spool_memory_used(spool), 4096);
}

static void
check_bounds(int fd)
{
	char byte = 'x';
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, env.len + ROOM);
	assert_int_equal(ftruncate(fd, st.st_size + 1), -1);
	assert_int_equal(ftruncate(fd, st.st_size - 1), -1);
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size), -1);
	assert_int_equal(fallocate(fd, 0, 0, st.st_size + 1), -1);
}

/* Of its size from the first; after the commit nobody changes a byte of it. */
static void
sealed(void **state)
{
	char byte = 'x', got[ROOM];
	int fds[2];

	(void)state;
	begin();
	check_bounds(memory);
	write_memory();
	assert_int_equal(commit(), SPOOL_VALID);
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	fds[0] = memory;
	fds[1] = spool_reader(spool, env.id);
	for (size_t i = 0; i < COUNT(fds); i++) {
		check_bounds(fds[i]);
		assert_int_equal(write(fds[i], &byte, 1), -1);
		assert_int_equal(pwrite(fds[i], &byte, 1, 0), -1);
		assert_int_equal(
		    fallocate(fds[i],
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096),
		    -1);
		assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED, fds[i], 0),
		    MAP_FAILED);
		assert_int_equal(pread(fds[i], got, said.size, (off_t)env.len),
		    (ssize_t)said.size);
		assert_memory_equal(got, SPOOL_CONTENT, said.size);
	}
	shut(&fds[1]);
	assert_true(spool_remove(spool, env.id));
}

/*
 * A mapping from before lets its owner write after the commit, who is found out
 * by the checksum; it makes nobody wait, and no other can be made.
 */
static void
mapped(void **state)
{
	char *p;

	(void)state;
	begin();
	write_memory();
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(commit(), SPOOL_VALID);
	assert_ptr_equal(
	    mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, memory, 0), MAP_FAILED);
	assert_int_equal(munmap(p, 4096), 0);
	assert_true(spool_remove(spool, env.id));
	assert_int_equal(spool_memory_used(spool), 0);
}

/* Pages that somebody holds do not hold up the commit. */
static void
held(void **state)
{
	struct timespec from, to;
	loff_t at = 0;
	int pipes[2];

	(void)state;
	begin();
	write_memory();
	assert_int_equal(pipe(pipes), 0);
	assert_true(splice(memory, &at, pipes[1], NULL, 100, 0) > 0);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &from), 0);
	assert_int_equal(commit(), SPOOL_VALID);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &to), 0);
	/* The kernel would wait for 150 ms, and then refuse. */
	assert_true((to.tv_sec - from.tv_sec) * 1000 +
		(to.tv_nsec - from.tv_nsec) / 1000000 <
	    140);
	shut(&pipes[0]);
	shut(&pipes[1]);
	assert_true(spool_remove(spool, env.id));
}

/* What was written counts, and not what the session says. */
static void
written_counts(void **state)
{
	char page[4096] = "";

	(void)state;
	assert_int_not_equal(
	    memory = spool_create_memory(spool, &env, 10 * sizeof(page)), -1);
	for (int i = 0; i < 8; i++)
		assert_int_equal(
		    write(memory, page, sizeof(page)), sizeof(page));
	memory = fcntl(memory, F_DUPFD_CLOEXEC, 0); /* as the session's own */
	memset(&said, 0, sizeof(said));
	said.size = 1;
	assert_int_equal(commit(), SPOOL_VALID);
	assert_true(spool_memory_used(spool) >= 8 * sizeof(page));
	assert_true(spool_remove(spool, env.id));
}

/* Nor is it ours to seal, if the session has sealed the seals. */
static void
sealed_by_the_session(void **state)
{
	(void)state;
	begin();
	write_memory();
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL), 0);
	assert_int_equal(commit(), SPOOL_FAILED);
	assert_int_equal(errno, EPERM);
	spool_abort(spool, env.id);
}

/* More than there is room for, also by a size that wraps around. */
static void
too_much_said(void **state)
{
	static const uint64_t sizes[] = { ROOM + 1, UINT64_MAX,
		UINT64_MAX - 200 };

	(void)state;
	begin();
	write_memory();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		said.size = sizes[i];
		assert_int_equal(commit(), SPOOL_INCOMPLETE);
	}
	said.size = ROOM;
	assert_int_equal(commit(), SPOOL_VALID);
	assert_true(spool_remove(spool, env.id));
}

static void
budget(void **state)
{
	struct envelope other;

	(void)state;
	begin();
	spool_envelope(&other, SPOOL_ID);
	assert_int_not_equal(spool_create_memory(spool, &other, 1000), -1);
	assert_string_not_equal(env.id, other.id);
	assert_int_equal(spool_memory_used(spool), ROOM + 1000);
	write_memory();
	assert_int_equal(commit(), SPOOL_VALID);
	assert_int_equal(spool_memory_used(spool), 4096 + 1000);
	spool_abort(spool, other.id);
	assert_int_equal(spool_memory_used(spool), 4096);
	assert_true(spool_remove(spool, env.id));
	assert_int_equal(spool_memory_used(spool), 0);
	env_free(&other);
}

static void
no_memory(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	memfd_errno = ENFILE;
	assert_int_equal(spool_create_memory(spool, &env, ROOM), -1);
	assert_int_equal(errno, ENFILE);
	memfd_errno = 0;
	assert_int_equal(spool_create_memory(spool, &env, UINT64_MAX), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(spool_create_memory(spool, &env, INT64_MAX), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(spool_memory_used(spool), 0);
	assert_int_equal(unit_open_fds(), fds);
	assert_int_equal(loaded(), SPOOL_GONE);
}

/* Without MFD_NOEXEC_SEAL, of Linux 6.3. */
static void
older_kernel(void **state)
{
	(void)state;
	memfd_errno = EINVAL;
	begin();
	assert_int_equal(memfd_flags, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	check_bounds(memory);
	spool_abort(spool, env.id);
}

/* For an address that became an alias while it was being delivered. */
static void
copied(void **state)
{
	struct spool_source source = { env.id, { 0 }, NULL };
	struct spool_content c;
	struct spool_fault f;
	struct envelope to, again;

	(void)state;
	commit_memory();
	source.content = said;
	source.content.offset = env.len;
	env_init(&to);
	assert_true(env_add(&to, "dave@example.org", "", 0));
	assert_true(spool_copy(spool, &source, &to, done, &env));
	wait_answer();
	assert_int_equal(answer, 0);
	assert_int_equal(spool_load(spool, to.id, &again, &c, &f), SPOOL_VALID);
	assert_int_equal(c.crc, said.crc);
	env_free(&again);
	assert_true(spool_remove(spool, to.id));
	assert_true(spool_remove(spool, env.id));
	env_free(&to);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(sealed),
		T(mapped),
		T(held),
		T(written_counts),
		T(sealed_by_the_session),
		T(too_much_said),
		T(budget),
		T(no_memory),
		T(older_kernel),
		T(copied),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
