/*
 * options_list: every setting of the suite.  Data only; see options.h.
 */
#include "common/options.h"

#define KB 1024LL
#define MB (1024 * KB)
#define GB (1024 * MB)
#define DAY 86400

/* clang-format off */
#define BOOL(name, prof, def, help) \
	{ name, OPTION_BOOL, prof, def, 0, 0, "", help },
#define NUMBER(name, prof, def, min, max, help) \
	{ name, OPTION_NUMBER, prof, def, min, max, "", help },
#define SIZE(name, prof, def, min, max, help) \
	{ name, OPTION_SIZE, prof, def, min, max, "", help },
#define TIME(name, prof, def, min, max, help) \
	{ name, OPTION_TIME, prof, def, min, max, "", help },
#define ENUM(name, prof, def, choices, help) \
	{ name, OPTION_ENUM, prof, def, 0, 0, choices, help },
#define TEXT(name, kind, prof, def, help) \
	{ name, OPTION_##kind, prof, def, 0, 0, "", help },

const struct option options[] = {
	/* the host */
TEXT("hostname",	DOMAIN,	false,	"",
    "this host's name; empty: what the system says at apply")
TEXT("mail-name",	DOMAIN,	false,	"",
    "domain of addresses without one; empty: /etc/mailname, else hostname")
TEXT("postmaster",	ADDRESS, false,	"",
    "who gets mail to postmaster, abuse and mailer-daemon")
BOOL("user-mode",	false,	"no",
    "run everything as the invoking user, without separate users")

	/* places */
TEXT("state-dir",	PATH,	false,	"/var/lib/postrider",
    "compiled tables and password verifiers")
TEXT("spool-dir",	PATH,	false,	"/var/spool/postrider",
    "the queue, see spool(5)")
TEXT("run-dir",		PATH,	false,	"/run/postrider",
    "sockets")
TEXT("libexec-dir",	PATH,	false,	LIBEXECDIR,
    "programs that postriderd starts")
ENUM("log",		false,	"syslog",	"stderr file syslog",
    "where event lines go")
TEXT("log-file",	PATH,	false,	"/var/log/postrider.log",
    "the file of log file")

	/* mailboxes */
TEXT("virtual-root",	PATH,	false,	"/var/lib/postrider-mail",
    "where virtual users' mailboxes lie")
TEXT("virtual-maildir",	STRING,	false,	"%d/%u/Maildir",
    "a virtual user's Maildir below virtual-root: %u user, %d domain")
TEXT("unix-maildir",	STRING,	false,	"Maildir",
    "a Unix user's Maildir below the home directory")
NUMBER("min-uid",	false,	"1000",	1, 4000000000LL,
    "Unix users below this uid get no mail and no login")
TEXT("system-aliases",	STRING,	false,	"/etc/aliases",
    "aliases of this host's own names; empty: no such file")
TEXT("tag-separators",	STRING,	false,	"+",
    "characters that end the name in user+tag; empty: there are no tags")
BOOL("tag-folders",	false,	"yes",
    "deliver mail with a tag into the folder of that name, if there is one")
BOOL("forward-files",	false,	"yes",
    "let Unix users pass on their mail with ~/.forward")
NUMBER("forward-members", false, "100",	1, 10000,
    "members that a ~/.forward may have")
TIME("pipe-timeout",	false,	"10m",	1, 3600,
    "time that a command of an alias or a ~/.forward has")
SIZE("quota",		false,	"0",	0, 1024 * 1024 * GB,
    "bytes in an account's mailbox; 0: any")
NUMBER("quota-messages", false,	"0",	0, 1000000000LL,
    "messages in an account's mailbox; 0: any")
NUMBER("quota-warning",	false,	"90",	0, 99,
    "percent of a quota at which its owner is warned; 0: never")
ENUM("quota-full",	false,	"refuse", "refuse defer",
    "whether mail for a full mailbox is refused or tried again")
BOOL("unix-passwords",	false,	"no",
    "let Unix users log in with their system password")

	/* SMTP sessions */
TEXT("smtp-banner",	STRING,	true,	"ESMTP",
    "text behind the host name in the greeting")
ENUM("auth",		true,	"no",	"no offered required",
    "whether clients may or must log in")
ENUM("plaintext-auth",	true,	"loopback",	"never loopback always",
    "where passwords may be sent on an unencrypted line")
BOOL("sender-ownership", true,	"yes",
    "a logged-in client may use only sender addresses that it owns")
ENUM("tls",		true,	"optional",	"no optional required implicit",
    "whether lines are encrypted: when asked, always, or from the first byte")
ENUM("tls-profile",	true,	"modern",	"strict modern old",
    "TLS 1.3 alone, with 1.2, or with what old clients need of 1.2")
BOOL("tls-client-certificates", true,	"no",
    "ask clients for a certificate, to log in with it")
BOOL("channel-binding",	true,	"no",
    "offer SCRAM-SHA-256-PLUS, which some clients choose and cannot do")
TEXT("relay-clients",	NETS,	true,	"",
    "addresses and prefixes that may send anywhere without logging in")
ENUM("bare-newline",	true,	"reject",	"reject normalize",
    "what is done with lone CR or LF in a message")
BOOL("complete-headers", true,	"no",
    "add missing Date and Message-ID fields")
BOOL("rewrite-headers",	true,	"no",
    "apply the file rewrite to header fields of a message, too")
TEXT("always-bcc",	ADDRESS, true,	"",
    "who gets a copy of each message that is accepted")
BOOL("expn",		true,	"no",
    "answer EXPN with what an alias expands to")
SIZE("message-size",	true,	"50m",	64 * KB, 16 * GB,
    "largest message, as bytes with CRLF line ends")
SIZE("header-size",	true,	"1m",	4 * KB, 64 * MB,
    "largest header of a message")
NUMBER("recipients",	true,	"1000",	100, 50000,
    "recipients of one message; RFC 5321 wants at least 100")
NUMBER("hops",		true,	"50",	10, 1000,
    "Received fields after which a message is taken to loop")
NUMBER("session-errors", true,	"20",	1, 1000,
    "refused commands after which the client is sent away")
NUMBER("session-junk",	true,	"100",	1, 10000,
    "commands that move no mail after which the client is sent away")
TIME("command-timeout",	true,	"5m",	1, 3600,
    "wait for a command; RFC 5321 wants 5 minutes")
TIME("data-timeout",	true,	"10m",	1, 7200,
    "wait for anything within a message")
TIME("session-timeout",	true,	"2h",	10, 7 * DAY,
    "longest session")
SIZE("min-rate",	true,	"100",	0, MB,
    "bytes a second below which a sender of a message is cut; 0: never")
TEXT("pop3-banner",	STRING,	true,	"POP3 server ready.",
    "text of the POP3 greeting")
TIME("login-timeout",	true,	"3m",	1, 3600,
    "time a POP3 client has to log in")
TIME("pop3-timeout",	true,	"10m",	1, DAY,
    "wait for a POP3 command; RFC 1939 wants 10 minutes")

	/* the accepting parent, when given a listening socket */
NUMBER("connections",	true,	"1000",	1, 100000,
    "sessions at once")
NUMBER("connections-per-client", true,	"50",	1, 100000,
    "sessions at once from one address")

	/* TLS */
TEXT("tls-dir",		PATH,	false,	SYSCONFDIR "/postrider/tls",
    "certificates and their private keys")
TEXT("tls-client-ca",	PATH,	false,	SYSCONFDIR "/postrider/client-ca.pem",
    "CAs whose certificates name in rfc822Name who logs in; may be missing")
TEXT("tls-ca-file",	PATH,	false,	"/etc/ssl/certs/ca-certificates.crt",
    "CAs that other servers' certificates are checked with")

	/* the queue */
TIME("queue-lifetime",	false,	"5d",	60, 60 * DAY,
    "how long delivery is tried")
TIME("retry-first",	false,	"5m",	1, DAY,
    "delay after the first failure")
TIME("retry-most",	false,	"4h",	1, 7 * DAY,
    "no delay is longer")
SIZE("free-space",	false,	"64m",	0, 1024 * GB,
    "disk space kept free; below it mail is refused for the time")
TIME("incomplete-lifetime", false, "1d", 1, 60 * DAY,
    "age at which recovery removes files that were never completed")
TIME("early-delivery-wait", false, "3s", 0, 60,
    "time for delivery before the answer; 0: all mail is filed first")
SIZE("early-delivery-size", false, "256k", 0, 16 * MB,
    "larger messages are filed first")
SIZE("early-delivery-memory", false, "64m", 0, 64 * GB,
    "memory for messages that are not filed")
NUMBER("active-messages", false, "2000", 10, 100000,
    "messages held in memory for delivery")
NUMBER("local-agents",	false,	"1",	1, 64,
    "local processes for one uid")
NUMBER("agents",	false,	"50",	2, 2000,
    "agents at once that deliver into mailboxes and report")
NUMBER("pipe-agents",	false,	"20",	1, 2000,
    "commands, and deliveries into files of lists, at once")
TIME("delay-warning",	false,	"4h",	0, 60 * DAY,
    "age at which a sender hears that his mail is still on its way; 0: never")
NUMBER("agent-crashes",	false,	"3",	1, 100,
    "agents that a message may crash before it is held")

	/* mail to other hosts */
BOOL("srs",		false,	"yes",
    "give mail that is passed on a sender address of this host (SRS)")
TEXT("srs-domain",	DOMAIN,	false,	"",
    "the domain of such addresses; empty: mail-name")
TEXT("smart-host",	STRING,	false,	"",
    "next hop of all mail to other hosts; empty: the MX hosts of each domain")
ENUM("tls-policy",	false,	"may",	"none may encrypt verify",
    "TLS to other hosts: never, if offered, always, with a good certificate")
NUMBER("remote-agents",	false,	"100",	2, 2000,
    "connections to other hosts at once")
NUMBER("destination-agents", false, "20",	1, 500,
    "connections to one destination at once, when it takes them well")
NUMBER("connection-messages", false, "100",	1, 100000,
    "messages over one connection")
TIME("connection-idle",	false,	"5s",	0, 300,
    "how long a connection is kept for more messages")
TIME("connect-timeout",	false,	"30s",	1, 300,
    "wait for a connection to one address")
TIME("remote-timeout",	false,	"10m",	1, 600,
    "longest wait for a reply; each step has the time of RFC 5321 at most")
ENUM("ip-preference",	false,	"ipv6",	"ipv6 ipv4 ipv6-only ipv4-only",
    "which addresses of a host are tried first, or at all")
TEXT("source-address",	STRING,	false,	"",
    "own addresses that connections to other hosts come from, one IPv4, one IPv6")
TEXT("own-addresses",	NETS,	false,	"",
    "addresses of this host that it does not know itself, behind a NAT")
NUMBER("remote-port",	false,	"25",	1, 65535,
    "port of MX hosts")
BOOL("loopback-delivery", false, "no",
    "connect to loopback addresses of DNS and recipients, not only of routes")
TEXT("dns-server",	STRING,	false,	"system",
    "ADDRESS[@PORT] of resolvers, system for those of resolv.conf, or recursive")
TEXT("dns-trust-anchor", PATH,	false,	"/usr/share/dns/root.key",
    "trust anchors of DNSSEC, as DNSKEY or DS records; may be missing")

	/* logins */
TIME("auth-remember",	false,	"10m",	0, DAY,
    "how long a verified password is known again without hashing")
NUMBER("auth-workers",	false,	"2",	1, 32,
    "processes that hash passwords")
TIME("auth-delay",	false,	"30s",	1, 300,
    "longest delay of an answer to a wrong password")
NUMBER("mailbox-sessions", false, "500", 1, 100000,
    "POP3 sessions with an open mailbox")
NUMBER("submissions-per-user", false, "20", 1, 1000,
    "local submissions of one user at once")
};
const size_t options_count = sizeof(options) / sizeof(options[0]);

const struct profile_builtin profiles_builtin[] = {
	{ "mx",			NULL },
	{ "submission",		NULL },
	{ "submissions",	"submission" },
	{ "local",		NULL },
	{ "pop3",		NULL },
	{ "pop3s",		"pop3" },
	{ NULL,			NULL },
};

#define ALL_PARENTS	"postriderd, and of each accepting smtpd and pop3d"

const struct option_start option_starts[] = {
	{ "user-mode",		"postriderd" },
	{ "state-dir",		"postriderd" },
	{ "spool-dir",		"postriderd" },
	{ "run-dir",		"postriderd" },
	{ "log",		ALL_PARENTS },
	{ "log-file",		ALL_PARENTS },
	{ "unix-passwords",	"postriderd" },
	{ "auth-workers",	"postriderd" },
};
const size_t option_starts_count =
    sizeof(option_starts) / sizeof(option_starts[0]);

const struct profile_default profile_defaults[] = {
	{ "submission",	"auth",			"required" },
	{ "submission",	"bare-newline",		"normalize" },
	{ "submission",	"complete-headers",	"yes" },
	{ "submission",	"rewrite-headers",	"yes" },
	{ "submissions", "tls",			"implicit" },
	{ "pop3s",	"tls",			"implicit" },
	{ "local",	"tls",			"no" },
	{ "local",	"bare-newline",		"normalize" },
	{ "local",	"complete-headers",	"yes" },
	{ "local",	"expn",			"yes" },
	{ "local",	"rewrite-headers",	"yes" },
	{ "local",	"sender-ownership",	"no" },
};
const size_t profile_defaults_count =
    sizeof(profile_defaults) / sizeof(profile_defaults[0]);
