/*
 * compile_host: the host's names and the suite's users.
 *
 * In postrider(8), with the administrator's rights.  The only place of the
 * suite that asks resolver and user database about itself; everybody else
 * reads what was compiled.
 */
#include <sys/socket.h>

#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/users.h"
#include "queue/compile_certs.h"
#include "queue/compile_host.h"
#include "queue/conf_domains.h"

#define MAILNAME "/etc/mailname"

static void
ask_system(char out[DOMAIN_MAX + 1])
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	struct addrinfo *found = NULL;
	char name[DOMAIN_MAX + 1];

	out[0] = '\0';
	if (gethostname(name, sizeof(name)) == -1)
		return;
	name[sizeof(name) - 1] = '\0';
	if (strchr(name, '.') == NULL &&
	    getaddrinfo(name, NULL, &hints, &found) == 0 &&
	    found->ai_canonname != NULL)
		(void)conf_fold_domain(
		    found->ai_canonname, out); /* else the short one */
	if (found != NULL)
		freeaddrinfo(found);
	if (strchr(out, '.') == NULL)
		(void)conf_fold_domain(
		    name, out); /* what is wrong is said by caller */
}

/* Debian's name for addresses of this host (Debian policy 11.6). */
static bool
ask_mailname(char out[DOMAIN_MAX + 1])
{
	char line[DOMAIN_MAX + 3] = "";
	FILE *f = fopen(MAILNAME, "re");

	if (f == NULL)
		return false;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	(void)fclose(f); /* was only read */
	line[strcspn(line, " \t\r\n")] = '\0';
	return conf_fold_domain(line, out);
}

static void
find_names(struct host *h, struct conf *c)
{
	char path[CONF_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	if (!conf_fold_domain(conf_option(c, "hostname"), h->hostname))
		ask_system(h->hostname);
	if (h->hostname[0] == '\0')
		conf_mistake(&c->report, path, 0,
		    "hostname: wanted this host's name, found none in the "
		    "system (set it here)");
	else if (strchr(h->hostname, '.') == NULL)
		conf_warning(&c->report, path, 0,
		    "hostname: wanted a full name like mail.example.org, "
		    "found \"%s\"",
		    h->hostname);
	if (!conf_fold_domain(conf_option(c, "mail-name"), h->mail_name) &&
	    (conf_user_mode(c) || !ask_mailname(h->mail_name)))
		strlcpy(h->mail_name, h->hostname, sizeof(h->mail_name));
}

static void
find_users(struct host *h, struct conf *c)
{
	static const char *const names[HOST_USERS] = USERS_ALL;
	const struct passwd *pw;

	for (size_t i = 0; i < HOST_USERS; i++) {
		h->users[i].name = names[i];
		h->users[i].uid = getuid();
		h->users[i].gid = getgid();
		if (conf_user_mode(c))
			continue;
		pw = getpwnam(names[i]);
		if (pw == NULL || pw->pw_uid == 0) {
			conf_mistake(&c->report, c->dir, 0,
			    "wanted the system user %s, found %s (adduser "
			    "--system --group --no-create-home %s)",
			    names[i], pw == NULL ? "none" : "root", names[i]);
			continue;
		}
		h->users[i].uid = pw->pw_uid;
		h->users[i].gid = pw->pw_gid;
	}
	if (conf_user_mode(c) && getuid() == 0)
		conf_warning(&c->report, c->dir, 0,
		    "user-mode as root: programs that read from the network "
		    "will run as root");
}

/* What postriderd and the super-server start. */
static void
find_programs(struct conf *c)
{
	static const char *const names[] = { "queued", "authd", "tlsd", "dnsd",
		"mapd", "smtpd", "local", "pipe", "remote", "bounce" };
	const char *dir = conf_option(c, "libexec-dir");
	char path[CONF_PATH_MAX], missing[80] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (access(path, X_OK) == 0)
			continue;
		(void)strlcat(missing, " ", sizeof(missing));
		(void)strlcat(missing, names[i], sizeof(missing));
	}
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", c->dir);
	if (missing[0] != '\0')
		conf_warning(&c->report, path,
		    conf_option_line(c, "libexec-dir"),
		    "libexec-dir: wanted in %s the programs%s, which are not "
		    "there%s",
		    dir, missing,
		    strcmp(dir, LIBEXECDIR) != 0
			? " (this package's are in " LIBEXECDIR ")"
			: " (install the package again)");
}

bool
host_find(struct host *h, struct conf *c)
{
	memset(h, 0, sizeof(*h));
	find_programs(c);
	find_names(h, c);
	find_users(h, c);
	compile_certs(c, h);
	return c->report.mistakes == 0;
}

bool
host_user(const struct host *h, const char *name, uid_t *uid, gid_t *gid)
{
	for (size_t i = 0; i < HOST_USERS; i++)
		if (strcmp(h->users[i].name, name) == 0) {
			*uid = h->users[i].uid;
			*gid = h->users[i].gid;
			return true;
		}
	return false;
}
