/*
 * compile_tls: what apply finds out about certificates and mechanisms.
 *
 * In postrider(8), with the administrator's rights.  Looks at the configuration
 * alone.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/credential.h"
#include "common/options.h"
#include "queue/compile_tls.h"

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
	bool certificates;
	bool passwords; /* some profile would like to take them */
	char path[CONF_PATH_MAX];
};

/* What holds for sessions of a profile. */
struct setting {
	const char *profile, *tls, *plain;
	size_t line;   /* of tls; 0: not in the file */
	bool login;    /* nothing without one */
	bool may_auth; /* there is one at all */
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

struct search {
	const struct conf *conf;
	const char *option, *value;
};

/* To go on is true. */
static bool
is_other(const struct conf_entry *e, void *arg)
{
	const struct search *q = arg;
	size_t line;

	return strcmp(value(q->conf, e->key, q->option, &line), q->value) != 0;
}

bool
compile_any_profile(
    const struct conf *c, const char *option, const char *wanted)
{
	struct search q = { c, option, wanted };
	size_t line;

	for (size_t i = 0; profiles_builtin[i].name != NULL; i++)
		if (strcmp(value(c, profiles_builtin[i].name, option, &line),
			wanted) == 0)
			return true;
	return !conf_map_each(&c->profiles, is_other, &q);
}

static bool
is_any(const char *text, const char *one, const char *two)
{
	return strcmp(text, one) == 0 || strcmp(text, two) == 0;
}

/* Whoever says in the file that lines are encrypted means it. */
static void
check_needs(struct profiles *p, const struct setting *s)
{
	p->passwords |= strcmp(s->tls, "no") != 0 && s->may_auth &&
	    strcmp(s->plain, "always") != 0;
	if (p->certificates || s->line == 0 ||
	    !is_any(s->tls, "required", "implicit"))
		return;
	conf_warning(&p->conf->report, p->path, s->line,
	    "%s.tls is %s, and without a certificate in tls-dir nobody can be "
	    "served (see: postrider tls make-cert)",
	    s->profile, s->tls);
}

/* RFC 3207 section 4: a server that is in MX records must not. */
static void
check_mx(struct profiles *p, const struct setting *s)
{
	if (conf_profile_is(p->conf, s->profile, "mx") &&
	    is_any(s->tls, "required", "implicit"))
		conf_warning(&p->conf->report, p->path, s->line,
		    "%s.tls is %s: mail from other hosts will be refused; did "
		    "you mean: submission.tls required",
		    s->profile, s->tls);
	if (conf_profile_is(p->conf, s->profile, "local") &&
	    strcmp(s->tls, "no") != 0)
		conf_warning(&p->conf->report, p->path, s->line,
		    "%s.tls is %s: sendmail(8) speaks no TLS%s", s->profile,
		    s->tls,
		    strcmp(s->tls, "optional") != 0
			? ", and its mail will be refused"
			: "");
}

/* Clients of 465 and 995 begin with a handshake. */
static void
check_implicit(struct profiles *p, const struct setting *s)
{
	if (is_any(s->profile, "submissions", "pop3s") &&
	    is_any(s->tls, "optional", "required"))
		conf_warning(&p->conf->report, p->path, s->line,
		    "%s.tls is %s: clients of this profile's port begin with "
		    "a handshake; wanted implicit",
		    s->profile, s->tls);
}

static void
check_logins(struct profiles *p, const struct setting *s)
{
	bool encrypted = strcmp(s->tls, "no") != 0;

	if (!s->login || strcmp(s->plain, "never") != 0 ||
	    (encrypted && p->certificates) ||
	    is_any(s->tls, "required", "implicit"))
		return;
	conf_warning(&p->conf->report, p->path, s->line,
	    "%s: nobody can log in: tls is %s%s, and plaintext-auth is never",
	    s->profile, s->tls, encrypted ? " without a certificate" : "");
}

static void
check_profile(struct profiles *p, const char *profile)
{
	size_t none;
	const char *auth = value(p->conf, profile, "auth", &none);
	bool pop3 = conf_profile_is(p->conf, profile, "pop3");
	struct setting s = { .profile = profile,
		.plain = value(p->conf, profile, "plaintext-auth", &none),
		.login = pop3 || strcmp(auth, "required") == 0,
		.may_auth = pop3 || strcmp(auth, "no") != 0 };

	s.tls = value(p->conf, profile, "tls", &s.line);
	check_needs(p, &s);
	check_mx(p, &s);
	check_implicit(p, &s);
	check_logins(p, &s);
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
	struct profiles p = { .conf = c, .certificates = h->certificates };

	(void)snprintf(p.path, sizeof(p.path), "%s/postrider.conf", c->dir);
	for (size_t i = 0; profiles_builtin[i].name != NULL; i++)
		check_profile(&p, profiles_builtin[i].name);
	(void)conf_map_each(&c->profiles, check_declared, &p);
	if (p.passwords && !h->certificates)
		conf_warning(&c->report, p.path, conf_option_line(c, "tls-dir"),
		    "tls-dir: wanted a certificate in %s, found none: "
		    "passwords are taken from this host only (see: postrider "
		    "tls make-cert)",
		    conf_option(c, "tls-dir"));
}
