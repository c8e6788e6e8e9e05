/*
 * cmd: finds the command that was typed.
 *
 * In postrider(8), with the caller's rights.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/near.h"
#include "queue/cmd.h"

static void
print_usage(const struct cmd *c, FILE *out)
{
	const struct command *last = c->path[c->depth - 1];

	(void)fprintf(out, "usage: postrider [-c DIR]");
	for (size_t i = 0; i < c->depth; i++)
		(void)fprintf(out, " %s", c->path[i]->name);
	(void)fprintf(
	    out, "%s%s\n", *last->args != '\0' ? " " : "", last->args);
}

int
cmd_usage(const struct cmd *c)
{
	if (c->depth > 0)
		print_usage(c, stderr);
	return EX_USAGE;
}

static void
print_table(const struct command *table, FILE *out)
{
	char left[80];

	for (; table->name != NULL; table++) {
		(void)snprintf(left, sizeof(left), "%s%s%s", table->name,
		    *table->args != '\0' ? " " : "", table->args);
		(void)fprintf(out, "    %-42s %s\n", left, table->help);
	}
}

static int
unknown(const struct cmd *c, const struct command *table, const char *name)
{
	struct near n;

	near_init(&n, name);
	for (const struct command *t = table; t->name != NULL; t++)
		near_offer(&n, t->name);
	warnx("unknown command \"%s%s%s\"%s%s",
	    c->depth > 0 ? c->path[0]->name : "", c->depth > 0 ? " " : "", name,
	    n.best != NULL ? "; nearest: " : "", n.best != NULL ? n.best : "");
	print_table(table, stderr);
	return EX_USAGE;
}

static int
help(const struct cmd *c, const struct command *table)
{
	(void)printf("usage: postrider [-c DIR] %s%sCOMMAND ...\n\n",
	    c->depth > 0 ? c->path[0]->name : "", c->depth > 0 ? " " : "");
	print_table(table, stdout);
	(void)printf("\nSee postrider(8).\n");
	return cmd_flush();
}

static int
is_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

int
cmd_dispatch(struct cmd *c, const struct command *table, int argc, char **argv)
{
	const struct command *t;

	if (argc < 2) {
		warnx("wanted a command");
		print_table(table, stderr);
		return EX_USAGE;
	}
	if (is_help(argv[1]))
		return help(c, table);
	for (t = table; t->name != NULL; t++)
		if (strcmp(t->name, argv[1]) == 0)
			break;
	if (t->name == NULL || c->depth == CMD_DEPTH)
		return unknown(c, table, argv[1]);
	c->path[c->depth++] = t;
	/* The words of "lab" and the tables below have help of their own. */
	if (argc == 3 && is_help(argv[2]) &&
	    strstr(t->args, "COMMAND") == NULL) {
		print_usage(c, stdout);
		(void)printf("\n%s.  See postrider(8).\n", t->help);
		return cmd_flush();
	}
	return t->run(c, argc - 1, argv + 1);
}

int
cmd_args(const struct cmd *c, int argc, char **argv, int range[2], int *json)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (json == NULL || strcmp(argv[i], "--json") != 0) {
			warnx("unknown option \"%s\"", argv[i]);
			(void)cmd_usage(c);
			return -1;
		}
		*json = 1;
	}
	if (argc - i >= range[0] && argc - i <= range[1])
		return i;
	warnx("wanted %s arguments", argc - i < range[0] ? "more" : "fewer");
	(void)cmd_usage(c);
	return -1;
}

int
cmd_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EX_OK;
	warn("standard output");
	return EX_IOERR;
}
