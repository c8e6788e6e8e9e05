/*
 * resolves: what it costs to find out what an address means.
 *
 * usage: resolves TABLES DOMAINS USERS TRIES
 *
 * Run by tests/bench/accounts, as whoever calls it.  TABLES are compiled of what
 * that makes: USERS accounts userN@dM.example, where M is N modulo DOMAINS, and
 * as many aliases aliasN.  Prints microseconds for each of TRIES addresses of a
 * kind, in an order of chance:
 *
 *	account US alias US nobody US
 *
 * Exits 1 if an address is something else than its kind.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <bsd/stdlib.h>

#include "common/num.h"
#include "common/resolve.h"

/* clang-format off */
static const struct {
	const char	*name;
	const char	*before; /* the number of the user */
	enum resolve	 kind;
} kinds[] = {
	{ "account",	"user",		RESOLVE_VIRTUAL },
	{ "alias",	"alias",	RESOLVE_ALIAS },
	{ "nobody",	"nobody",	RESOLVE_UNKNOWN },
};
/* clang-format on */

static uint64_t
number(const char *text)
{
	uint64_t n;

	if (!num_parse(text, UINT32_MAX, &n) || n == 0)
		errx(64, "wanted a number, found \"%s\"", text);
	return n;
}

static double
seconds(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == -1)
		err(1, "clock_gettime");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Seconds for all of a kind; the addresses are made before. */
static double
take(struct tables *t, size_t kind, const uint64_t *numbers, uint64_t domains)
{
	struct resolved r;
	struct address a;
	char text[100];
	double from;

	from = seconds();
	for (size_t i = 0; numbers[i] != UINT64_MAX; i++) {
		(void)snprintf(text, sizeof(text), "%s%llu@d%llu.example",
		    kinds[kind].before, (unsigned long long)numbers[i],
		    (unsigned long long)(numbers[i] % domains));
		if (address_parse(text, &a) != ADDRESS_OK)
			errx(1, "%s: no address", text);
		resolve_address(t, &a, "d0.example", &r);
		if (r.kind != kinds[kind].kind)
			errx(1, "%s: wanted kind %d, found %d", text,
			    (int)kinds[kind].kind, (int)r.kind);
	}
	return seconds() - from;
}

int
main(int argc, char *argv[])
{
	uint64_t domains, users, tries, *numbers;
	char why[TABLES_ERR];
	struct tables t;

	if (argc != 5)
		errx(64, "usage: resolves TABLES DOMAINS USERS TRIES");
	domains = number(argv[2]);
	users = number(argv[3]);
	tries = number(argv[4]);
	if (!tables_open(&t, argv[1], false, why))
		errx(1, "%s", why);
	numbers = calloc(tries + 1, sizeof(*numbers));
	if (numbers == NULL)
		err(1, "calloc");
	for (uint64_t i = 0; i < tries; i++)
		numbers[i] = arc4random_uniform((uint32_t)users);
	numbers[tries] = UINT64_MAX;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		(void)printf("%s%s %.2f", k > 0 ? " " : "", kinds[k].name,
		    1e6 * take(&t, k, numbers, domains) / (double)tries);
	(void)putchar('\n');
	free(numbers);
	tables_close(&t);
	return 0;
}
