/*
 * t_conf_sample: the sample of postrider.conf and its manual page say what
 * the table of options says.
 */
#include "tests/unit/unit.h"

#include "common/options.h"
#include "queue/conf.h"

static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 200000);
	size_t n;

	assert_non_null(f);
	assert_non_null(text);
	n = fread(text, 1, 199999, f);
	assert_true(n > 0 && n < 199999);
	(void)fclose(f);
	return text;
}

/* The first line that begins so; NULL if there is none. */
static const char *
find_line(const char *text, const char *start)
{
	const char *p = text;

	while (p != NULL && strncmp(p, start, strlen(start)) != 0) {
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return p;
}

static void
the_sample_holds_every_default(void **state)
{
	char *sample = read_file("etc/postrider.conf");
	const char *at = sample;
	char line[300];

	(void)state;
	for (size_t i = 0; i < options_count; i++) {
		(void)snprintf(line, sizeof(line), "#%s%s%s\n", options[i].name,
		    options[i].value[0] != '\0' ? " " : "", options[i].value);
		at = find_line(at, line);
		if (at == NULL)
			fail_msg("not in its place in the sample: %s", line);
	}
	free(sample);
}

/* With every "#" taken away it is the same configuration. */
static void
the_sample_can_be_applied(void **state)
{
	char *sample = read_file("etc/postrider.conf"), *out = sample;
	char canon[OPTION_VALUE_MAX + 1], err[TABLES_ERR];
	const char *p = sample;
	struct conf c;

	(void)state;
	for (; *p != '\0'; p++)
		if (*p != '#' || p[1] < 'a' || p[1] > 'z' ||
		    (p > sample && p[-1] != '\n'))
			*out++ = *p;
	unit_file("postrider.conf", sample, (size_t)(out - sample));
	free(sample);
	if (!conf_read(&c, unit_dir))
		fail_msg("%s", sbuf_str(&c.report.text));
	assert_int_equal(c.report.warnings, 0);
	assert_int_equal(c.options.count, options_count);
	for (size_t i = 0; i < options_count; i++) {
		assert_true(
		    option_canon(&options[i], options[i].value, canon, err));
		assert_string_equal(conf_option(&c, options[i].name), canon);
	}
	conf_free(&c);
}

static void
the_page_holds_every_default(void **state)
{
	char *page = read_file("queue/postrider.conf.5");
	const char *at = page, *end, *def;
	char line[300];

	(void)state;
	for (size_t i = 0; i < options_count; i++) {
		(void)snprintf(
		    line, sizeof(line), ".It Ic %s ", options[i].name);
		at = find_line(at, line);
		if (at == NULL)
			fail_msg("not in its place in the page: %s", line);
		end = strstr(at + 1, "\n.It ");
		(void)snprintf(
		    line, sizeof(line), "\n.Ql %s .\n", options[i].value);
		def = options[i].value[0] == '\0'
		    ? strstr(at, "\nDefault: empty.\n")
		    : strstr(at, line);
		if (def == NULL || (end != NULL && def > end))
			fail_msg("%s: wanted its default in the page",
			    options[i].name);
		def = strstr(at, "\nPer profile.\n");
		if ((def != NULL && (end == NULL || def < end)) !=
		    options[i].per_profile)
			fail_msg("%s: per profile or not", options[i].name);
	}
	free(page);
}

/* Both say bounds as mistakes do, with units on both sides. */
static void
page_and_sample_hold_every_range(void **state)
{
	char *page = read_file("queue/postrider.conf.5");
	char *sample = read_file("etc/postrider.conf");
	char line[300], min[OPTION_BOUND], max[OPTION_BOUND];
	const char *at, *range, *last = sample;
	const struct option *o;

	(void)state;
	for (size_t i = 0; i < options_count; i++) {
		o = &options[i];
		(void)snprintf(line, sizeof(line), "#%s", o->name);
		at = find_line(last, line);
		assert_non_null(at);
		if (o->max > 0) {
			option_bound(o, o->min, min);
			option_bound(o, o->max, max);
			(void)snprintf(
			    line, sizeof(line), "from %s to %s", min, max);
			range = strstr(last, line);
			if (range == NULL || range > at)
				fail_msg(
				    "%s: not in the sample: %s", o->name, line);
			(void)snprintf(
			    line, sizeof(line), ".It Ic %s ", o->name);
			range = find_line(page, line);
			(void)snprintf(
			    line, sizeof(line), "\nFrom %s to %s.\n", min, max);
			if (range == NULL || strstr(range, line) == NULL ||
			    strstr(range, line) > strstr(range, "\nDefault:"))
				fail_msg(
				    "%s: not in the page: %s", o->name, line);
		}
		last = at;
	}
	free(sample);
	free(page);
}

static void
the_page_says_what_waits_for_a_start(void **state)
{
	char *page = read_file("queue/postrider.conf.5");
	char line[300];
	const char *at, *says;
	bool waits;

	(void)state;
	for (size_t i = 0; i < options_count; i++) {
		waits = false;
		for (size_t n = 0; n < option_starts_count; n++)
			waits |= strcmp(option_starts[n].option,
				     options[i].name) == 0;
		/* What apply compares is the value that all profiles have. */
		assert_false(waits && options[i].per_profile);
		(void)snprintf(
		    line, sizeof(line), ".It Ic %s ", options[i].name);
		at = find_line(page, line);
		assert_non_null(at);
		says = strstr(at, "\nChanges wait for a new start of");
		if ((says != NULL && says < strstr(at, "\nDefault:")) != waits)
			fail_msg(
			    "%s: waits for a start or not", options[i].name);
	}
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_holds_every_default),
		cmocka_unit_test(the_sample_can_be_applied),
		cmocka_unit_test(the_page_holds_every_default),
		cmocka_unit_test(page_and_sample_hold_every_range),
		cmocka_unit_test(the_page_says_what_waits_for_a_start),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
