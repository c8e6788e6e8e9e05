/*
 * idn: domains with other letters than ASCII.  Library code in smtpd and
 * postrider; asks libidn2 only about what is not ASCII.  Reads no file and no
 * locale.
 */
#include <string.h>

#include <idn2.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/utf8.h"

#define INPUT_MAX 1024 /* bytes; no domain with more of them fits */

static void
fold(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

/*
 * What libidn2 makes of it; "" if nothing.  Its own STD3 rules would take signs
 * out and go on without them.
 */
static void
convert(const char *s, char out[DOMAIN_MAX + 1])
{
	char *ascii = NULL;
	int r =
	    idn2_to_ascii_8z(s, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

	if (r != IDN2_OK || strlcpy(out, ascii, DOMAIN_MAX + 1) > DOMAIN_MAX)
		out[0] = '\0';
	idn2_free(ascii);
}

bool
idn_to_ascii(const char *s, char out[DOMAIN_MAX + 1])
{
	char in[INPUT_MAX + 1];

	/* s may be where the result goes. */
	if (strlcpy(in, s, sizeof(in)) > INPUT_MAX || !utf8_valid(in))
		return false;
	if (utf8_needed(in))
		convert(in, out);
	else if (strlcpy(out, in, DOMAIN_MAX + 1) > DOMAIN_MAX)
		return false;
	fold(out);
	return address_domain_valid(out);
}

enum address_result
idn_address(const char *s, struct address *a)
{
	enum address_result r = address_parse_wide(s, a);

	if (r == ADDRESS_OK && utf8_needed(a->domain) &&
	    !idn_to_ascii(a->domain, a->domain))
		return ADDRESS_SYNTAX;
	return r;
}
