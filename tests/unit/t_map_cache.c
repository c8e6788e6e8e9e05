/*
 * t_map_cache: what servers said, and for how long that holds.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/map_cache.h"

#define SOURCE "socketmap:unix:/m:u"

static struct map_cache *cache;

static void
put(const char *key, enum map_status status, const char *said, bool told)
{
	struct map_reply r = { .status = status };

	(void)strlcpy(status == MAP_FOUND ? r.value : r.text, said, TEXT_MAX);
	map_cache_put(cache, &(struct map_key){ SOURCE, key }, &r, told, 1000);
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
		bool told;
		int64_t life;
	} rows[] = {
		{ MAP_FOUND, true, MAP_CACHE_FOUND },
		{ MAP_NONE, true, MAP_CACHE_NONE },
		{ MAP_LATER, true, MAP_CACHE_LATER },
		{ MAP_FOUND, false, MAP_CACHE_UNTOLD },
		{ MAP_NONE, false, MAP_CACHE_UNTOLD },
		/* A failure that nobody has heard of is of no use. */
		{ MAP_LATER, false, MAP_CACHE_LATER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int late = 0; late < 2; late++) {
			put("k", rows[i].status, "v", rows[i].told);
			assert_int_equal(
			    get(SOURCE, "k", 999 + rows[i].life + late, "v"),
			    !late);
		}
}

/* Once it was told, an answer that came late lives as long as any. */
static void
untold(void **state)
{
	deadline_t now = 1000 + MAP_CACHE_UNTOLD - 1;

	(void)state;
	put("k", MAP_FOUND, "v", false);
	assert_true(get(SOURCE, "k", now, "v"));
	assert_true(get(SOURCE, "k", now + MAP_CACHE_FOUND - 1, "v"));
	assert_false(get(SOURCE, "k", now + MAP_CACHE_FOUND, "v"));
}

static void
keys(void **state)
{
	(void)state;
	put("k", MAP_FOUND, "one", true);
	put("kk", MAP_FOUND, "two", true);
	put("k", MAP_FOUND, "three", true);
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
	put("used", MAP_FOUND, "x", true);
	put("unused", MAP_FOUND, "x", true);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(key, sizeof(key), "%zu", i);
		map_cache_put(
		    cache, &(struct map_key){ SOURCE, key }, &r, true, 1000);
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
		cmocka_unit_test_setup_teardown(untold, fresh, done),
		cmocka_unit_test_setup_teardown(keys, fresh, done),
		cmocka_unit_test_setup_teardown(bound, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
