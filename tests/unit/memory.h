/*
 * memory: messages in memory in a spool of one's own, and the calls of their
 * session; for tests that wrap fsync, fdatasync, memfd_create and pwrite.
 */
#ifndef TESTS_UNIT_MEMORY_H
#define TESTS_UNIT_MEMORY_H

#include "tests/unit/spool.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>

#include "common/log.h"
#include "queue/spool.h"
#include "queue/spool_id.h"

#define ROOM 100 /* bytes of content that a session may write */

static _Atomic int fsync_error; /* fsync is the helper thread's */
static _Atomic int fdatasyncs;
static int memfd_errno, pwrite_errno;
static unsigned int memfd_flags; /* of the last call */

int __wrap_fdatasync(int);
int __real_fsync(int);
int __wrap_fsync(int);
int __real_memfd_create(const char *, unsigned int);
int __wrap_memfd_create(const char *, unsigned int);
ssize_t __real_pwrite(int, const void *, size_t, off_t);
ssize_t __wrap_pwrite(int, const void *, size_t, off_t);

int
__wrap_fdatasync(int fd)
{
	struct stat st;

	fdatasyncs++;
	return fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ? -1 : 0;
}

int
__wrap_fsync(int fd)
{
	if (fsync_error == 0)
		return __real_fsync(fd);
	errno = fsync_error;
	return -1;
}

/* EINVAL is the answer of a kernel that knows fewer flags. */
int
__wrap_memfd_create(const char *name, unsigned int flags)
{
	memfd_flags = flags;
	if (memfd_errno == 0 || (memfd_errno == EINVAL && (flags & 8) == 0))
		return __real_memfd_create(name, flags);
	errno = memfd_errno;
	return -1;
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (pwrite_errno == 0)
		return __real_pwrite(fd, p, n, at);
	errno = pwrite_errno;
	return -1;
}

static struct event_base *base;
static struct spool *spool;
static struct envelope env;
static struct spool_content said;
static int memory; /* the session's descriptors, or -1 */
static int file;
static int answer, answers; /* of done() */

#define NONE (-77) /* it did not run */

static void
done(void *arg, int error)
{
	assert_ptr_equal(arg, &env);
	answer = error;
	answers++;
}

static int
fresh(void **state)
{
	(void)state;
	fsync_error = fdatasyncs = memfd_errno = pwrite_errno = 0;
	base = event_base_new();
	spool = spool_open(base, unit_dir);
	memory = file = -1;
	answer = NONE;
	answers = 0;
	spool_envelope(&env, SPOOL_ID);
	env.arrival = 0;
	return spool == NULL ? -1 : 0;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		assert_int_equal(close(*fd), 0);
	*fd = -1;
}

static inline void
close_spool(void)
{
	spool_close(spool);
	event_base_free(base);
}

static int
end(void **state)
{
	(void)state;
	shut(&memory);
	shut(&file);
	env_free(&env);
	close_spool();
	return 0;
}

static enum spool_state
look(struct envelope *e)
{
	struct spool_content c;
	struct spool_fault f;
	enum spool_state r = spool_load(spool, env.id, e, &c, &f);

	if (r == SPOOL_VALID) {
		assert_int_equal(c.offset, env.len);
		assert_int_equal(c.size, strlen(SPOOL_CONTENT));
		assert_int_equal(c.crc, said.crc);
		assert_int_equal(c.lines, said.lines);
	}
	return r;
}

static enum spool_state
loaded(void)
{
	struct envelope e;
	enum spool_state r = look(&e);

	if (r == SPOOL_VALID)
		env_free(&e);
	return r;
}

/* --- the session */

static void
begin(void)
{
	memory = dup(spool_create_memory(spool, &env, ROOM));
	assert_int_not_equal(memory, -1);
	assert_int_equal(spool_memory_used(spool), ROOM);
}

static void
write_memory(void)
{
	const size_t n = strlen(SPOOL_CONTENT);

	assert_int_equal(write(memory, SPOOL_CONTENT, n), n);
	said = (struct spool_content){
		.size = n, .lines = 3, .crc = crc32c(0, SPOOL_CONTENT, n)
	};
}

static enum spool_state
commit(void)
{
	return spool_commit(spool, &env, &said, done, &env);
}

static inline void
ask_file(void)
{
	file = spool_file(spool, &env);
	assert_int_not_equal(file, -1);
}

/* From the memory file, as it is sealed, into the spool file. */
static inline void
write_file(void)
{
	struct trailer t = { said.size, said.lines, env.crc, said.crc };
	char buf[ROOM], trailer[TRAILER_LEN];

	if (file == -1)
		return;
	assert_int_equal(
	    pread(memory, buf, said.size, (off_t)env.len), (ssize_t)said.size);
	assert_int_equal(write(file, buf, said.size), (ssize_t)said.size);
	trailer_format(&t, trailer);
	assert_int_equal(write(file, trailer, TRAILER_LEN), TRAILER_LEN);
}

static void
wait_answer(void)
{
	for (int before = answers; answers == before;)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

/* What the next queued finds, with the marks in the file and nowhere else. */
static inline enum spool_state
reopened(void)
{
	close_spool();
	base = event_base_new();
	assert_non_null(spool = spool_open(base, unit_dir));
	return loaded();
}

static int
setup(void **state)
{
	log_open("unit", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

#endif
