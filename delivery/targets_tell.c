/*
 * targets_tell: where mail for a next hop would go, and no further.
 *
 * In remote, when postrider(8) explain runs it, as postrider-out; asks dnsd as
 * it does for mail, and connects to nobody else.
 */
#include <sysexits.h>

#include "delivery/targets_tell.h"

static const char *
or_dash(const char *s)
{
	return *s != '\0' ? s : "-";
}

int
targets_tell(const char *text, struct targets_wish *wish, FILE *out)
{
	static struct targets found;
	struct diag d = DIAG_INIT;
	const char *wanted;
	struct hop hop;

	if (!hop_parse(text, &hop, &wanted)) {
		(void)fprintf(stderr, "hop=%s wanted=%s\n", text, wanted);
		return EX_USAGE;
	}
	wish->hop = &hop;
	if (targets_find(&found, wish, &d) != OUT_OK)
		(void)fprintf(out, "none %s %s\n", d.dsn, d.text);
	else
		for (size_t i = 0; i < found.count; i++)
			(void)fprintf(out, "target %s %s %u %s\n",
			    or_dash(found.target[i].host),
			    or_dash(found.target[i].ip),
			    (unsigned int)found.target[i].port,
			    found.target[i].secure ? "secure" : "insecure");
	return fflush(out) == 0 ? EX_OK : EX_IOERR;
}
