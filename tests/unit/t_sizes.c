/*
 * t_sizes: many sizes at once, with helpers, without, and with some that die.
 * wrap: fork mmap prctl mailfile_peek
 */
#include "tests/unit/pop3.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

#include "pop3d/mailfile.h"
#include "pop3d/sizes.h"

#define MANY (SIZES_MANY + 100)

enum { HELPED, NO_FORK, NO_MEMORY, DYING, KILLED, CUT_OFF, WAYS };

static int way, forks;
static bool cut_off; /* one was */
static pid_t test;

pid_t __real_fork(void);
pid_t __wrap_fork(void);
void *__real_mmap(void *, size_t, int, int, int, off_t);
void *__wrap_mmap(void *, size_t, int, int, int, off_t);
int __wrap_prctl(int, unsigned long, ...);
bool __wrap_mailfile_peek(
    const struct maildrop *, const struct message *, uint64_t *, uint64_t *);
bool __real_mailfile_peek(
    const struct maildrop *, const struct message *, uint64_t *, uint64_t *);

pid_t
__wrap_fork(void)
{
	if (way == NO_FORK) {
		errno = EAGAIN;
		return -1;
	}
	forks++;
	return __real_fork();
}

void *
__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	if (way == NO_MEMORY) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return __real_mmap(at, n, prot, flags, fd, offset);
}

/* Only helpers call it, before anything else. */
int
__wrap_prctl(int what, unsigned long arg, ...)
{
	(void)what;
	assert_int_equal(arg, SIGKILL);
	if (way == KILLED)
		(void)raise(SIGKILL);
	return way == DYING ? -1 : 0;
}

/* Helpers are killed with wrong numbers half written, before we go on. */
bool
__wrap_mailfile_peek(const struct maildrop *md, const struct message *m,
    uint64_t *octets, uint64_t *bytes)
{
	siginfo_t info;

	if (way == CUT_OFF && getpid() != test) {
		*octets = *bytes = 77;
		(void)raise(SIGKILL);
	}
	if (way == CUT_OFF && !cut_off) {
		assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
		cut_off = true;
	}
	return __real_mailfile_peek(md, m, octets, bytes);
}

static void
fill_box(void)
{
	char name[100];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name),
		    i % 3 == 0 ? "cur/%d.h:2,S" : "new/%d.h", i);
		pop3_mail(name, i % 2 == 0 ? "1\n2\n" : "1\r\n2");
	}
	pop3_mail("new/7.h,S=2,W=3", "1\n");
}

/* After the list was made. */
static void
disturb(void)
{
	assert_int_equal(unlink(BOX "/new/1.h"), 0);
	assert_int_equal(unlink(BOX "/new/2.h"), 0);
	assert_int_equal(mkfifo(BOX "/new/2.h", 0600), 0);
	assert_int_equal(unlink(BOX "/new/4.h"), 0);
	assert_int_equal(symlink("/etc/passwd", BOX "/new/4.h"), 0);
	assert_int_equal(truncate(BOX "/new/5.h", 1LL << 40), 0);
}

static bool
is_disturbed(const char *base)
{
	return strcmp(base, "1.h") == 0 || strcmp(base, "2.h") == 0 ||
	    strcmp(base, "4.h") == 0 || strcmp(base, "5.h") == 0;
}

static void
expect_one(const struct message *m)
{
	if (strcmp(m->base, "7.h,S=2,W=3") == 0) {
		assert_int_equal(m->size, 3);
		assert_false(m->counted);
	} else if (is_disturbed(m->base) || m->deleted) {
		assert_true(m->size == SIZE_UNKNOWN);
		assert_false(m->counted);
	} else if (way != CUT_OFF || m->size != SIZE_UNKNOWN) {
		assert_int_equal(m->size, 6);
		assert_true(m->counted);
	}
	assert_false(m->lost);
}

static void
learn(void **state)
{
	struct maildrop md;
	int fds = unit_open_fds();

	(void)state;
	test = getpid();
	fill_box();
	for (way = 0; way < WAYS; way++) {
		pop3_open(&md);
		if (way == 0)
			disturb();
		forks = 0;
		md.messages[md.count - 1].deleted = true;
		sizes_learn(&md);
		assert_int_equal(forks,
		    way == NO_FORK || way == NO_MEMORY ? 0 : SIZES_HELPERS);
		assert_int_equal(waitpid(-1, NULL, 0), -1);
		assert_int_equal(errno, ECHILD);
		for (size_t i = 0; i < md.count; i++)
			if (way != NO_MEMORY)
				expect_one(&md.messages[i]);
			else if (strchr(md.messages[i].base, ',') == NULL)
				assert_true(
				    md.messages[i].size == SIZE_UNKNOWN);
		if (way != NO_MEMORY)
			assert_int_equal(
			    md.index.learned, md.index.learned_bytes / 4);
		/* Known sizes cost nothing more. */
		forks = 0;
		if (way != NO_MEMORY)
			sizes_learn(&md); /* a few may be left */
		assert_int_equal(forks, 0);
		maildrop_close(&md);
	}
	assert_int_equal(unit_open_fds(), fds);
}

static void
few(void **state)
{
	struct maildrop md;

	(void)state;
	way = HELPED;
	forks = 0;
	pop3_mail("new/1.h", "1\n");
	pop3_open(&md);
	sizes_learn(&md);
	assert_int_equal(forks, 0);
	assert_true(md.messages[0].size == SIZE_UNKNOWN);
	maildrop_close(&md);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(learn, pop3_clean),
		cmocka_unit_test_setup(few, pop3_clean),
	};

	return cmocka_run_group_tests(tests, pop3_setup, unit_teardown);
}
