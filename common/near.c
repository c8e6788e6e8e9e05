/*
 * near: "did you mean".  Library code in the tools and in whatever checks
 * names; no state, no I/O.
 */
#include <stdint.h>
#include <string.h>

#include "common/near.h"

/* Edits between two short names: insert, delete, replace one byte. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NEAR_LEN + 1], n = strlen(b), left, up;

	if (strlen(a) > NEAR_LEN || n > NEAR_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		left = row[0];
		row[0] = i + 1;
		for (size_t j = 1; j <= n; j++) {
			up = row[j];
			left += a[i] != b[j - 1];
			if (up + 1 < left)
				left = up + 1;
			if (row[j - 1] + 1 < left)
				left = row[j - 1] + 1;
			row[j] = left;
			left = up;
		}
	}
	return row[n];
}

void
near_init(struct near *n, const char *name)
{
	n->name = name;
	n->best = NULL;
	n->least = strlen(name) / 3 + 1;
}

void
near_offer(struct near *n, const char *candidate)
{
	size_t d = distance(n->name, candidate);

	if (d < n->least || (d == n->least && n->best == NULL)) {
		n->least = d;
		n->best = candidate;
	}
}
