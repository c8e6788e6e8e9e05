/*
 * t_map_cache: what servers said, and for how long that holds.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/map_cache.h"

#define SOURCE "socketmap:unix:/m:u"

static struct map_cache *cache;

static void
put(const char *key, enum map_status status, const char *said, bool slow)
{
	struct map_reply r = { .status = status };

	(void)strlcpy(status == MAP_FOUND ? r.value : r.text, said, TEXT_MAX);
	map_cache_put(cache, &(struct map_key){ SOURCE, key }, &r, slow, 1000);
}

static bool
get(const char *source, const char *key, deadline_t now, const char *want)
{
	struct map_reply r;

	if (!map_cache_get(cache, &(struct map_key){ source, key }, now, &r))
		return false;
	assert_string_equal(r.status == MAP_FOUND ? r.value : r.text, want);
	return true;
}

static int
fresh(void **state)
{
	(void)state;
	cache = map_cache_new();
	return cache == NULL;
}

static int
done(void **state)
{
	(void)state;
	map_cache_free(cache);
	return 0;
}

static void
times(void **state)
{
	static const struct {
		enum map_status status;
		bool slow;
		int64_t life;
	} rows[] = {
		{ MAP_FOUND, false, MAP_CACHE_FOUND },
		{ MAP_NONE, false, MAP_CACHE_NONE },
		{ MAP_LATER, false, MAP_CACHE_LATER },
		{ MAP_FOUND, true, MAP_CACHE_SLOW },
		{ MAP_NONE, true, MAP_CACHE_SLOW },
		/* A failure is of no use later, however long it took. */
		{ MAP_LATER, true, MAP_CACHE_LATER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int late = 0; late < 2; late++) {
			put("k", rows[i].status, "v", rows[i].slow);
			assert_int_equal(
			    get(SOURCE, "k", 999 + rows[i].life + late, "v"),
			    !late);
		}
}

/*
 * An answer that was long in coming is there again for whoever needs several of
 * them, one at each try; but not for ever.
 */
static void
slow_ones(void **state)
{
	deadline_t now = 1000;

	(void)state;
	put("k", MAP_FOUND, "v", true);
	for (; now < 1000 + MAP_CACHE_SLOW_ALL; now += MAP_CACHE_SLOW - 1)
		assert_true(get(SOURCE, "k", now, "v"));
	assert_false(get(SOURCE, "k", 1000 + MAP_CACHE_SLOW_ALL, "v"));
	put("k", MAP_FOUND, "v", true);
	assert_true(get(SOURCE, "k", 2000, "v"));
	assert_false(get(SOURCE, "k", 2000 + MAP_CACHE_SLOW, "v"));
}

static void
keys(void **state)
{
	(void)state;
	put("k", MAP_FOUND, "one", false);
	put("kk", MAP_FOUND, "two", false);
	put("k", MAP_FOUND, "three", false);
	assert_true(get(SOURCE, "k", 1000, "three"));
	assert_true(get(SOURCE, "kk", 1000, "two"));
	assert_false(get(SOURCE, "K", 1000, ""));
	assert_false(get(SOURCE, "", 1000, ""));
	assert_false(get(SOURCE "2", "k", 1000, ""));
	map_cache_clear(cache);
	assert_false(get(SOURCE, "k", 1000, ""));
}

/* The one that was not wanted for longest goes first. */
static void
bound(void **state)
{
	struct map_reply r = { .status = MAP_FOUND };
	size_t n = MAP_CACHE_MOST / MAP_VALUE_MAX;
	char key[20];

	(void)state;
	memset(r.value, 'v', MAP_VALUE_MAX);
	put("used", MAP_FOUND, "x", false);
	put("unused", MAP_FOUND, "x", false);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(key, sizeof(key), "%zu", i);
		map_cache_put(
		    cache, &(struct map_key){ SOURCE, key }, &r, false, 1000);
		assert_true(get(SOURCE, "used", 1000, "x"));
	}
	assert_false(get(SOURCE, "unused", 1000, "x"));
	assert_false(
	    map_cache_get(cache, &(struct map_key){ SOURCE, "0" }, 1000, &r));
	assert_true(
	    map_cache_get(cache, &(struct map_key){ SOURCE, key }, 1000, &r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(times, fresh, done),
		cmocka_unit_test_setup_teardown(slow_ones, fresh, done),
		cmocka_unit_test_setup_teardown(keys, fresh, done),
		cmocka_unit_test_setup_teardown(bound, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
