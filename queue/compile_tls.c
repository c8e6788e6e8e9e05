/*
 * compile_tls: what apply finds out about certificates and mechanisms.
 *
 * In postrider(8), with the administrator's rights.  Looks whether files are
 * there and reads none of them.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/credential.h"
#include "common/options.h"
#include "common/tls_pair.h"
#include "queue/compile_tls.h"

static bool
is_certificate(int dir, const char *name)
{
	size_t n = strlen(name);
	struct stat st;

	return n > 4 && strcmp(name + n - 4, ".pem") == 0 &&
	    tls_pair_name(name, n - 4) && fstatat(dir, name, &st, 0) == 0 &&
	    S_ISREG(st.st_mode);
}

bool
compile_has_certificates(const char *tls_dir)
{
	DIR *d = opendir(tls_dir);
	const struct dirent *e;
	bool found = false;

	if (d == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL)
		found = is_certificate(dirfd(d), e->d_name);
	(void)closedir(d); /* was only read */
	return found;
}

struct census {
	bool password; /* some account logs in with one */
	/* Accounts of these without a SCRAM word, and one of them. */
	size_t without;
	const char *who;
	bool scram, plain, certificate;
	/* The most of a SCRAM word that a password is compared with. */
	unsigned int iterations;
};

/* As authd chooses, see login_check.c. */
static void
count_iterations(struct census *n, const struct credential *c)
{
	struct credential_scram s;

	if (*c->crypt == '\0' && credential_scram(c->scram, &s) &&
	    s.iterations > n->iterations)
		n->iterations = s.iterations;
	explicit_bzero(&s, sizeof(s));
}

static bool
count(const struct conf_entry *e, void *arg)
{
	struct census *n = arg;
	struct credential c;
	const char *wanted;
	bool scram, plain;

	if (!credential_parse(e->value, &c, &wanted))
		return true; /* a mistake, and told */
	scram = *c.scram != '\0';
	plain = *c.plain != '\0';
	n->scram |= scram;
	n->plain |= plain;
	n->certificate |= c.certificate[0] != NULL;
	n->password |= *c.crypt != '\0' || scram || plain;
	if (!scram && (*c.crypt != '\0' || plain) && n->without++ == 0)
		n->who = e->key;
	count_iterations(n, &c);
	credential_clear(&c);
	return true;
}

static struct census
take_census(const struct conf *c)
{
	struct census n = { 0 };

	(void)conf_map_each(&c->passwords, count, &n); /* never stops */
	return n;
}

static bool
system_passwords(const struct conf *c)
{
	return strcmp(conf_option(c, "unix-passwords"), "yes") == 0;
}

/*
 * Clients choose before it is known who they are, so SCRAM is there when it
 * cannot fail for somebody whose password is good.  CRAM-MD5 and APOP are the
 * administrator's explicit choice for somebody.
 */
void
compile_mechanisms(
    const struct conf *c, const struct host *h, char out[MECHS_MAX])
{
	bool system = system_passwords(c);
	struct census n = take_census(c);

	(void)snprintf(out, MECHS_MAX, "%s%s%s%s",
	    n.password || system ? " PLAIN LOGIN" : "",
	    n.scram && n.without == 0 && !system ? " SCRAM-SHA-256" : "",
	    n.plain ? " CRAM-MD5 APOP" : "",
	    n.certificate || h->client_ca ? " EXTERNAL" : "");
	if (*out == ' ')
		memmove(out, out + 1, strlen(out));
}

bool
compile_no_scram(const struct conf *c, char why[COMPILE_WHY])
{
	struct census n = take_census(c);
	char others[60] = "";

	if (n.without > 1)
		(void)snprintf(
		    others, sizeof(others), " and %zu more", n.without - 1);
	if (n.without > 0)
		(void)snprintf(why, COMPILE_WHY,
		    "%s%s %s no SCRAM word (set the password%s again)", n.who,
		    others, n.without == 1 ? "has" : "have",
		    n.without == 1 ? "" : "s");
	else if (n.scram && system_passwords(c))
		(void)snprintf(why, COMPILE_WHY,
		    "unix-passwords is on, and Unix users have no SCRAM word");
	else
		return false;
	return true;
}

unsigned int
compile_iterations(const struct conf *c)
{
	return take_census(c).iterations;
}

struct profiles {
	struct conf *conf;
	bool passwords; /* some profile would like to take them */
};

static const char *
value(const struct conf *c, const char *profile, const char *name, size_t *line)
{
	const char *v = conf_profile_option(c, profile, name, line);

	if (v != NULL)
		return v;
	*line = conf_option_line(c, name);
	return conf_option(c, name);
}

/* Whoever says in the file that lines are encrypted means it. */
static void
check_profile(struct profiles *p, const char *profile)
{
	char path[CONF_PATH_MAX];
	size_t line, none;
	const char *tls = value(p->conf, profile, "tls", &line);

	p->passwords |= strcmp(tls, "no") != 0 &&
	    (conf_profile_is(p->conf, profile, "pop3") ||
		strcmp(value(p->conf, profile, "auth", &none), "no") != 0) &&
	    strcmp(value(p->conf, profile, "plaintext-auth", &none),
		"always") != 0;
	if (line == 0 ||
	    (strcmp(tls, "required") != 0 && strcmp(tls, "implicit") != 0))
		return;
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", p->conf->dir);
	conf_warning(&p->conf->report, path, line,
	    "%s.tls is %s, and without a certificate in tls-dir nobody can be "
	    "served (see: postrider tls make-cert)",
	    profile, tls);
}

static bool
check_declared(const struct conf_entry *e, void *arg)
{
	check_profile(arg, e->key);
	return true;
}

void
compile_check_tls(struct conf *c, const struct host *h)
{
	struct profiles p = { c, false };
	char path[CONF_PATH_MAX];

	if (h->certificates)
		return;
	for (size_t i = 0; profiles_builtin[i].name != NULL; i++)
		check_profile(&p, profiles_builtin[i].name);
	(void)conf_map_each(&c->profiles, check_declared, &p);
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	if (p.passwords)
		conf_warning(&c->report, path, conf_option_line(c, "tls-dir"),
		    "tls-dir: wanted a certificate in %s, found none: "
		    "passwords are taken from this host only (see: postrider "
		    "tls make-cert)",
		    conf_option(c, "tls-dir"));
}
