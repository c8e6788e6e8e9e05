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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_holds_every_default),
		cmocka_unit_test(the_sample_can_be_applied),
		cmocka_unit_test(the_page_holds_every_default),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
