/*
 * options: every setting of the suite, declared once.
 *
 * The list is data: "postrider config" prints it, "postrider apply" checks
 * values with it, the linter compares it with postrider.conf(5), and programs
 * bind variables to the rows they use.  An option marked per profile may be
 * given as "profile.option" and then holds for sessions of that profile only.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/tables.h"

enum option_kind {      /* bound variable */
	OPTION_BOOL,    /* bool */
	OPTION_NUMBER,  /* int64_t */
	OPTION_SIZE,    /* int64_t, bytes; k, m, g in text, or capitals */
	OPTION_TIME,    /* int64_t, seconds; s, m, h, d in text */
	OPTION_ENUM,    /* int: index into choices */
	OPTION_STRING,  /* const char *; printable, may be empty */
	OPTION_PATH,    /* const char *; absolute */
	OPTION_DOMAIN,  /* const char *; a domain name, may be empty */
	OPTION_ADDRESS, /* const char *; a mail address, may be empty */
	OPTION_NETS     /* const char *; prefixes, see net.h; may be empty */
};

struct option {
	const char *name;
	enum option_kind kind;
	bool per_profile;
	const char *value;   /* default, as written in the file */
	int64_t min, max;    /* of numbers, sizes and times */
	const char *choices; /* of OPTION_ENUM: words and spaces, else "" */
	const char *help;    /* one line, no full stop */
};

extern const struct option options[];
extern const size_t options_count;

/*
 * Options that running programs do not look at again: a change needs a new
 * start of the programs that are named.  All others hold at once for new
 * sessions and deliveries.  None of these is per profile.
 */
struct option_start {
	const char *option, *programs;
};

extern const struct option_start option_starts[];
extern const size_t option_starts_count;

/* A profile that exists without being declared. */
struct profile_builtin {
	const char *name, *base; /* base: whose settings it has; NULL: none's */
};

/* Each behind its base; a NULL name at the end. */
extern const struct profile_builtin profiles_builtin[];
const struct profile_builtin *profile_builtin(const char *name); /* or NULL */

/* What a built-in profile changes; this holds before what its base has. */
struct profile_default {
	const char *profile, *option, *value;
};

extern const struct profile_default profile_defaults[];
extern const size_t profile_defaults_count;

#define PROFILE_MAX 32 /* bytes of a profile's name */

/* Whether the profile is built in, or declared in the tables. */
bool profile_known(struct tables *, const char *profile);

const struct option *option_find(const char *name);
/* The default of a number, a size (bytes) or a time (seconds). */
int64_t option_default(const char *name);
/* The option whose name is nearest, for "did you mean"; NULL if none is. */
const struct option *option_nearest(const char *name);

#define OPTION_VALUE_MAX 1000 /* bytes */

/*
 * Checks text and writes the canonical form (numbers in base units) into
 * canon.  False with err: what was wanted, without the found.
 */
bool option_canon(const struct option *, const char *text,
    char canon[OPTION_VALUE_MAX + 1], char err[TABLES_ERR]);

#define OPTION_BOUND 32 /* bytes of a bound as text, with NUL */

/* min or max in the largest unit that divides it, "1s", "64k", "1000". */
void option_bound(const struct option *, int64_t, char out[OPTION_BOUND]);

struct option_bind {
	const char *name;
	void *var; /* of the type that the kind says */
};

/*
 * Fills the variables: the profile's own value (profile may be NULL), else the
 * general one, else the default.  Strings point into the tables.  False with
 * err when the tables are damaged or hold a value that is not canonical.
 */
bool options_load(struct tables *, const char *profile,
    const struct option_bind *, size_t n, char err[TABLES_ERR]);

#endif
