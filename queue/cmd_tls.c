/*
 * cmd_tls: "postrider tls", the certificates that tlsd(8) serves.
 *
 * As root or, in user mode, as the invoking user; "show" with anybody's rights.
 * Writes files in tls-dir, which tlsd notices, and keeps nothing of a key.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "common/num.h"
#include "common/tables.h"
#include "common/tls_pair.h"
#include "common/tls_time.h"
#include "common/users.h"
#include "queue/certs_file.h"
#include "queue/certs_make.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_tables.h"
#include "queue/cmd_tls.h"
#include "queue/cmd_tlsd.h"
#include "queue/compile_host.h"
#include "queue/compile_publish.h"

#define FILE_PART TLS_NAME /* bytes of a file's name without .pem */
#define DAYS 365

struct opt {
	const char *name;
	const char **value; /* what stands behind it; NULL: nothing */
	bool *flag;
};

/*
 * Takes the options out of argv, wherever they stand; a NULL name ends the
 * table.  Returns how many words are left, argv[0] among them, or -1 after a
 * complaint.
 */
static int
take_options(const struct opt *table, int argc, char **argv)
{
	const struct opt *o;
	int left = 1;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[left++] = argv[i];
			continue;
		}
		for (o = table; o->name != NULL; o++)
			if (strcmp(o->name, argv[i]) == 0)
				break;
		if (o->name == NULL || (o->value != NULL && i + 1 == argc)) {
			warnx(o->name == NULL ? "unknown option \"%s\""
					      : "wanted a value behind \"%s\"",
			    argv[i]);
			return -1;
		}
		if (o->value != NULL)
			*o->value = argv[++i];
		else
			*o->flag = true;
	}
	argv[left] = NULL;
	return left;
}

/* A file's name: that of the certificate, but for what shells stumble over. */
static bool
file_name(const char *name, char out[FILE_PART + sizeof(".pem")])
{
	size_t n = strlen(name);

	if (n >= 4 && strcmp(name + n - 4, ".pem") == 0) {
		warnx("wanted a name without .pem, found \"%s\"", name);
		return false;
	}
	n = 0;
	for (; *name != '\0' && n < FILE_PART; name++)
		out[n++] = *name == '.' || tls_pair_name(name, 1) ? *name : '_';
	(void)strlcpy(out + n, ".pem", sizeof(".pem"));
	if (tls_pair_name(out, n))
		return true;
	warnx("wanted a name that does not begin with a dot");
	return false;
}

/* Where and whose a certificate's file will be; false after a complaint. */
static bool
find_place(const struct conf *c, struct certs_place *p)
{
	const struct passwd *pw;

	p->dir = conf_option(c, "tls-dir");
	p->gid = (gid_t)-1;
	p->mode = 0600;
	if (conf_user_mode(c))
		return true;
	if ((pw = getpwnam(USER_TLS)) == NULL) {
		warnx(
		    "wanted the system user " USER_TLS ", found none "
		    "(adduser --system --group --no-create-home " USER_TLS ")");
		return false;
	}
	p->gid = pw->pw_gid;
	p->mode = 0640;
	return true;
}

/*
 * Programs offer TLS only when the tables say that there is a certificate; by
 * then tlsd is to have it.
 */
static int
apply_if_first(const struct cmd *cmd, const struct certs_place *p)
{
	char path[CONF_PATH_MAX], e[TABLES_ERR];
	struct tables t;
	bool known;

	cmd_tables_path(cmd, TABLES_FILE, path);
	if (!tables_open(&t, path, false, e)) {
		(void)printf("Not in force yet; next: postrider apply\n");
		return EX_OK;
	}
	known = tables_certificates(&t);
	tables_close(&t);
	if (known)
		return EX_OK;
	tlsd_wait(cmd, p->dir, p->file);
	return apply_dir(cmd->dir);
}

static void
tell_written(const struct certs_place *p, const struct tls_pem *c)
{
	struct sbuf names = SBUF_INIT(65536);
	char kind[CERTS_TEXT], issuer[CERTS_TEXT], end[TLS_DATE];

	certs_names(c->leaf, &names);
	certs_key_kind(c->leaf, kind);
	certs_issuer(c->leaf, issuer);
	tls_date(certs_end(c->leaf), end);
	(void)printf("%s/%s: %s for %s, signed by %s, until %s\n", p->dir,
	    p->file, kind, sbuf_str(&names), issuer, end);
	sbuf_free(&names);
}

/* Writes the file and lets programs know. */
static int
store(
    const struct cmd *cmd, const struct certs_place *p, const struct tls_pem *c)
{
	char why[TABLES_ERR];
	int status;

	if (!certs_directory(p->dir, p->gid, why) || !certs_store(p, c, why)) {
		warnx("%s", why);
		return EX_CANTCREAT;
	}
	tell_written(p, c);
	tls_others(p->dir, p->file);
	status = apply_if_first(cmd, p);
	return status == EX_OK ? cmd_flush() : status;
}

static bool
names_valid(const struct certs_wanted *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!certs_name_valid(w->names[i])) {
			warnx("wanted a host name or an address, found \"%s\"",
			    w->names[i]);
			return false;
		}
	return true;
}

static int
make(const struct cmd *cmd, const struct conf *conf, struct certs_wanted *w,
    struct certs_place *p)
{
	char file[FILE_PART + sizeof(".pem")], why[TABLES_ERR];
	struct tls_pem c;
	int status;

	if (!names_valid(w))
		return EX_DATAERR;
	if (!find_place(conf, p))
		return EX_CONFIG;
	if (!file_name(p->file != NULL ? p->file : w->names[0], file))
		return EX_DATAERR;
	p->file = file;
	if (!certs_make(w, &c, why)) {
		warnx("%s", why);
		return EX_DATAERR;
	}
	status = store(cmd, p, &c);
	tls_pem_clear(&c);
	return status;
}

static int
run_make(struct cmd *cmd, int argc, char **argv)
{
	struct certs_place p = { .replace = false };
	struct certs_wanted w = { .days = DAYS };
	const char *days = NULL;
	const struct opt opts[] = { { "--ca", &w.ca_dir, NULL },
		{ "--rsa", NULL, &w.rsa }, { "--days", &days, NULL },
		{ "--force", NULL, &p.replace }, { "--name", &p.file, NULL },
		{ NULL, NULL, NULL } };
	char *host[1];
	struct conf c;
	struct host h;
	uint64_t n;
	int left = take_options(opts, argc, argv), status;

	if (left == -1)
		return cmd_usage(cmd);
	if (days != NULL && (!num_parse(days, CERTS_DAYS_MAX, &n) || n == 0)) {
		warnx("--days: wanted a number from 1 to %d, found \"%s\"",
		    CERTS_DAYS_MAX, days);
		return EX_USAGE;
	}
	if (days != NULL)
		w.days = (int)n;
	if (!apply_allowed(cmd->dir, true))
		return EX_NOPERM;
	(void)conf_read_options(&c, cmd->dir); /* apply tells mistakes */
	(void)host_find(&h, &c);               /* for its name only */
	host[0] = h.hostname;
	w.names = left > 1 ? argv + 1 : host;
	w.n = left > 1 ? (size_t)left - 1 : 1;
	status = make(cmd, &c, &w, &p);
	conf_free(&c);
	return status;
}

/* A chain that is good and does not have this host's name is suspicious. */
static void
look_at_names(struct conf *conf, const char *path, const struct tls_pem *c)
{
	struct host h;

	(void)host_find(&h, conf); /* for its name only */
	if (h.hostname[0] != '\0' && !certs_is_for(c->leaf, h.hostname))
		warnx("warning: %s: is not for this host's name %s", path,
		    h.hostname);
}

/* It may be that its CA is a root, which clients have. */
static void
look_at_chain(const char *path, const struct tls_pem *c)
{
	char issuer[CERTS_TEXT];

	if (!certs_alone(c))
		return;
	certs_issuer(c->leaf, issuer);
	warnx("warning: %s: " TLS_ALONE, path, issuer);
}

static bool
read_both(const char *chain, const char *key, struct tls_pem *c)
{
	char why[TABLES_ERR];

	if (!certs_read(chain, c, why)) {
		warnx("%s", why);
		return false;
	}
	if (!certs_read_key(key, c, why))
		warnx("%s", why);
	else if (!certs_check(c, true, time(NULL), why))
		warnx("%s: %s", chain, why);
	else
		return true;
	tls_pem_clear(c);
	return false;
}

static int
install(
    const struct cmd *cmd, struct conf *conf, char **files, const char *name)
{
	char file[FILE_PART + sizeof(".pem")], first[CERTS_TEXT];
	struct certs_place p = { .replace = true };
	struct tls_pem c;
	int status;

	if (!read_both(files[0], files[1], &c))
		return EX_DATAERR;
	(void)certs_first_name(c.leaf, first); /* was checked */
	if (!file_name(name != NULL ? name : first, file))
		status = EX_DATAERR;
	else if (!find_place(conf, &p))
		status = EX_CONFIG;
	else {
		look_at_names(conf, files[0], &c);
		look_at_chain(files[0], &c);
		p.file = file;
		status = store(cmd, &p, &c);
	}
	tls_pem_clear(&c);
	return status;
}

static int
run_install(struct cmd *cmd, int argc, char **argv)
{
	const char *name = NULL;
	const struct opt opts[] = { { "--name", &name, NULL },
		{ NULL, NULL, NULL } };
	int left = take_options(opts, argc, argv), status;
	struct conf c;

	if (left == -1)
		return cmd_usage(cmd);
	if (left != 3) {
		warnx("wanted the files of a chain and of its private key");
		return cmd_usage(cmd);
	}
	if (!apply_allowed(cmd->dir, true))
		return EX_NOPERM;
	(void)conf_read_options(&c, cmd->dir); /* apply tells mistakes */
	status = install(cmd, &c, argv + 1, name);
	conf_free(&c);
	return status;
}

int
cmd_tls(struct cmd *cmd, int argc, char **argv)
{
	/* clang-format off */
	static const struct command table[] = {
		{ "make-cert", "[--ca DIR] [--rsa] [--days N] [--name N] [--force] [NAME ...]",
		    "make a certificate", run_make },
		{ "install", "CHAIN KEY [--name N]",
		    "take a certificate over, from an ACME client", run_install },
		{ "show", "[--json]",
		    "show certificates, and what each profile offers", tls_show },
		{ NULL, NULL, NULL, NULL },
	};
	/* clang-format on */

	return cmd_dispatch(cmd, table, argc, argv);
}
