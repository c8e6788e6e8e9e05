/*
 * tls_scheme: the signatures that tlsd's keys are used for.  In all processes
 * of tlsd: those that ask for a signature and the one that makes it.
 */
#include <string.h>

#include "common/tls_scheme.h"

/* clang-format off */
static const struct tls_scheme schemes[] = {
	{ 0x0401, TLS_RSA_PKCS1,	"SHA2-256",	NULL },
	{ 0x0501, TLS_RSA_PKCS1,	"SHA2-384",	NULL },
	{ 0x0601, TLS_RSA_PKCS1,	"SHA2-512",	NULL },
	{ 0x0804, TLS_RSA_PSS,		"SHA2-256",	NULL },
	{ 0x0805, TLS_RSA_PSS,		"SHA2-384",	NULL },
	{ 0x0806, TLS_RSA_PSS,		"SHA2-512",	NULL },
	{ 0x0403, TLS_ECDSA,		"SHA2-256",	"prime256v1" },
	{ 0x0503, TLS_ECDSA,		"SHA2-384",	"secp384r1" },
	{ 0x0603, TLS_ECDSA,		"SHA2-512",	"secp521r1" },
};
/* clang-format on */

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

const struct tls_scheme *
tls_scheme_by_code(uint32_t code)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (schemes[i].code == code)
			return &schemes[i];
	return NULL;
}

const struct tls_scheme *
tls_scheme_for(enum tls_scheme_kind kind, const char *md)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (schemes[i].kind == kind && strcmp(schemes[i].md, md) == 0)
			return &schemes[i];
	return NULL;
}
