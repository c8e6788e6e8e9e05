/*
 * t_review: every message once, in order, with what its file says at the last
 * moment, whatever happens to it meanwhile.
 */
#include "tests/unit/spool.h"

#include <fcntl.h>

#include "common/log.h"
#include "queue/review.h"
#include "queue/spool_id.h"

#define MANY 500

static struct queue queue;
static struct review *review;
static size_t readies;

static void
make_file(const char *id)
{
	char path[PATH_MAX];
	struct envelope e;
	struct sbuf out;
	FILE *f;

	sbuf_init(&out, ENVELOPE_MAX);
	spool_envelope(&e, id);
	spool_text(&e, SPOOL_CONTENT, &out);
	(void)snprintf(path, sizeof(path), "%s/queue/%02x/%s", unit_dir,
	    spool_id_dir(id), id);
	assert_non_null(f = fopen(path, "w"));
	assert_int_equal(fwrite(out.s, 1, out.len, f), out.len);
	assert_int_equal(fclose(f), 0);
	env_free(&e);
	sbuf_free(&out);
}

static const char *
id_of(unsigned int n)
{
	static char id[ID_MAX + 1];

	(void)snprintf(id, sizeof(id), "1k0tw8hh3ydynha%05u", n);
	return id;
}

static void
ready(void *arg)
{
	assert_ptr_equal(arg, &readies);
	readies++;
}

/* Every third message is of user 7. */
static void
fill(unsigned int n, bool files)
{
	struct entry_facts f = { .dest = 1, .only = true };

	for (unsigned int i = 0; i < n; i++) {
		f.uid = i % 3 == 0 ? 7 : MSG_NO_UID;
		assert_non_null(schedule_add(queue.schedule, id_of(i), &f, 9));
		if (files)
			make_file(id_of(i));
	}
}

static int
begin(void **state)
{
	log_open("t_review", LOG_TO_FILE, "/dev/null");
	readies = 0;
	/* A directory for each test. */
	strlcpy(unit_dir, "/tmp/postrider-unit.XXXXXX", sizeof(unit_dir));
	if (unit_setup(state) == -1)
		return -1;
	queue.base = event_base_new();
	queue.schedule = schedule_new(3);
	queue.spool = spool_open(queue.base, unit_dir);
	review = NULL;
	return queue.spool == NULL ? -1 : 0;
}

static int
end(void **state)
{
	review_free(review);
	spool_close(queue.spool);
	schedule_free(queue.schedule);
	event_base_free(queue.base);
	return unit_teardown(state);
}

/* The next one, after whatever waits. */
static struct entry *
next(struct spool_read **r)
{
	enum review_answer a;
	struct entry *e;
	size_t before;

	for (;;) {
		before = readies;
		a = review_next(review, &e, r);
		if (a == REVIEW_ONE)
			return e;
		if (a == REVIEW_END)
			return NULL;
		while (a == REVIEW_WAIT && readies == before)
			assert_int_equal(
			    event_base_loop(queue.base, EVLOOP_ONCE), 0);
	}
}

static void
begin_review(uint32_t uid)
{
	review = review_new(&queue, uid, ready, &readies);
	assert_non_null(review);
}

static void
everything(void **state)
{
	struct spool_read *r;
	struct entry *e;
	unsigned int n = 0;

	(void)state;
	fill(MANY, true);
	begin_review(MSG_NO_UID);
	for (; (e = next(&r)) != NULL; n++) {
		assert_string_equal(entry_id(e).s, id_of(n));
		assert_int_equal(r->state, SPOOL_VALID);
		assert_string_equal(r->file.env.id, id_of(n));
		assert_int_equal(r->file.env.nrcpt, 2);
		assert_int_equal(r->file.content.size, strlen(SPOOL_CONTENT));
	}
	assert_int_equal(n, MANY);
	assert_int_equal(review_next(review, &e, &r), REVIEW_END);
}

static void
of_one(void **state)
{
	struct spool_read *r;
	struct entry *e;
	size_t n = 0;

	(void)state;
	fill(MANY, true);
	begin_review(7);
	for (; (e = next(&r)) != NULL; n++)
		assert_int_equal(e->uid, 7);
	assert_int_equal(n, (MANY + 2) / 3);
}

/* Who has nothing among very many keeps nobody waiting for it. */
static void
of_nobody(void **state)
{
	struct spool_read *r;
	struct entry *e;
	size_t more = 0;

	(void)state;
	fill(20000, false);
	begin_review(8);
	while (review_next(review, &e, &r) == REVIEW_MORE)
		more++;
	assert_int_equal(review_next(review, &e, &r), REVIEW_END);
	assert_true(more >= 4);
	assert_int_equal(readies, 0);
}

/* What goes while it was read ahead is passed over; what comes is seen. */
static void
come_and_go(void **state)
{
	const struct entry_facts f = { .uid = 7 };
	struct spool_read *r;
	struct entry *e;
	unsigned int n = 0;

	(void)state;
	fill(MANY, true);
	begin_review(MSG_NO_UID);
	assert_non_null(next(&r));
	for (unsigned int i = 1; i < MANY; i += 2) {
		schedule_remove(
		    queue.schedule, schedule_find(queue.schedule, id_of(i)));
		assert_true(spool_remove(queue.spool, id_of(i)));
	}
	assert_non_null(schedule_add(queue.schedule, id_of(MANY), &f, 9));
	make_file(id_of(MANY));
	while ((e = next(&r)) != NULL)
		assert_string_equal(entry_id(e).s, id_of(n += 2));
	assert_int_equal(n, MANY);
}

/* One without a file is told as it is, and a new file is read at last. */
static void
unreadable(void **state)
{
	struct spool_read *r;

	(void)state;
	fill(3, false);
	make_file(id_of(0));
	begin_review(MSG_NO_UID);
	assert_non_null(next(&r));
	assert_int_equal(r->state, SPOOL_VALID);
	assert_non_null(next(&r));
	assert_int_equal(r->state, SPOOL_GONE);
	make_file(id_of(2));
	assert_non_null(next(&r));
	assert_int_equal(r->state, SPOOL_VALID);
	assert_null(next(&r));
}

/* Given up while files are being read. */
static void
given_up(void **state)
{
	struct spool_read *r;
	struct entry *e;

	(void)state;
	fill(MANY, true);
	begin_review(MSG_NO_UID);
	assert_int_equal(review_next(review, &e, &r), REVIEW_WAIT);
	review_free(review);
	begin_review(MSG_NO_UID);
	assert_non_null(next(&r));
	assert_int_equal(readies, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(everything),
		T(of_one),
		T(of_nobody),
		T(come_and_go),
		T(unreadable),
		T(given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
