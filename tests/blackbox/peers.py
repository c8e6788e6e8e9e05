"""Other mail servers beside a lab, as Debian ships them: Postfix, Exim,
OpenSMTPD and Dovecot's LMTP.

Each runs in a mount namespace of its own, whose root is the system's with the
unpacked packages laid over it, and on a free port of loopback.  It takes mail
for its domain into Maildirs and hands all other mail to the port it was told.
"""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import certs
import suite

UID = 5900  # owner of their mailboxes; there need be no such user
PLACE = "/peer"  # where each sees its own directory


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unpacked(package):
    return suite.BUILD / "peers" / package


class Peer:
    """A kind says what is unpacked, who it runs as and how it is told."""

    packages = ()
    users = {}  # name: uid, in the namespace
    key = "rsa"

    def __init__(self, onward):
        """onward: the port that mail for other domains goes to."""
        self.name = type(self).__name__.lower()
        self.domain = f"{self.name}.test"
        self.onward = onward
        self.port = free_port()
        self.base = suite.open_dir("postrider-peer-")
        for sub in ("upper", "work", "root", "own", "own/mail"):
            (self.base / sub).mkdir(mode=0o755)
        self.own = self.base / "own"
        os.chown(self.own / "mail", UID, UID)
        self.process = None

    # --- its namespace

    def put(self, path, text, mode=0o644):
        """A file of its root; the system's own stays what it is."""
        place = self.base / "upper" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)

    def put_users(self):
        users = {**self.users, "carl": UID, "dora": UID}
        for name, more in (("passwd", "::/nonexistent:/bin/sh"),
                           ("group", "")):
            lines = Path("/etc", name).read_text().splitlines()
            lines = [one for one in lines if one.split(":")[0] not in users]
            for user, uid in users.items():
                lines.append(f"{user}:x:{uid}:{uid}{more}" if more else
                             f"{user}:x:{uid}:")
            self.put(f"/etc/{name}", "\n".join(lines) + "\n")

    def certificate(self):
        ca = certs.Ca(self.own)
        work = self.own / "tls"
        work.mkdir()
        made = ca.issue(work, f"DNS:{self.domain}", kind=self.key)
        for name, suffix in (("cert.pem", ".pem"), ("only.crt", ".crt"),
                             ("only.key", ".key")):
            shutil.copy(made.with_suffix(suffix), self.own / name)
            (self.own / name).chmod(0o600)
        return ca.pem

    def start(self):
        self.ca = self.certificate()
        self.put_users()
        self.put("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.prepare()
        for p in self.packages:
            shutil.copytree(unpacked(p), self.base / "upper", symlinks=True,
                            dirs_exist_ok=True, ignore=self.older)
        script = f"""
            set -e
            mount -t overlay overlay -o \
lowerdir=/,upperdir={self.base}/upper,workdir={self.base}/work {self.base}/root
            cd {self.base}/root
            mkdir -p .{PLACE} proc dev
            mount --bind {self.own} .{PLACE}
            mount -t proc proc proc
            mount --rbind /dev dev
            exec chroot . /bin/sh -c '{self.command()}'
        """
        self.log = open(self.base / "log", "wb")
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child",
             "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"})
        suite.wait_for(self.answers, f"{self.name} to answer")
        return self

    def older(self, place, names):
        """What was put before a package stays."""
        upper = self.base / "upper"
        for p in self.packages:
            if Path(place).is_relative_to(unpacked(p)):
                upper = upper / Path(place).relative_to(unpacked(p))
        return [n for n in names if (upper / n).is_file()]

    def answers(self):
        assert self.process.poll() is None, self.said()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                s.settimeout(10)
                return s.recv(3) == b"220"
        except OSError:
            return False

    def said(self):
        return (self.base / "log").read_text(errors="replace")

    def close(self):
        if self.process is not None:
            # The namespace of processes ends with its first.
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.log.close()
        shutil.rmtree(self.base, ignore_errors=True)

    # --- mail

    def address(self, user="carl"):
        return f"{user}@{self.domain}"

    def files(self, user="carl"):
        return sorted((self.own / "mail" / user / "new").glob("[!.]*"))

    def wait_files(self, n, user="carl"):
        suite.wait_for(lambda: len(self.files(user)) >= n,
                       f"{n} messages for {user} at {self.name}")
        found = self.files(user)
        assert len(found) == n, found
        return found

    # --- of each kind

    def prepare(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError


class Postfix(Peer):
    packages = ("postfix",)
    users = {"postfix": 5901, "postdrop": 5902}

    def prepare(self):
        self.put("/etc/postfix/main.cf", f"""
compatibility_level = 3.6
queue_directory = {PLACE}/spool
data_directory = {PLACE}/data
myhostname = {self.domain}
mydestination =
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {self.domain}
virtual_mailbox_base = {PLACE}/mail
virtual_mailbox_maps = inline:{{ {{ carl@{self.domain} = carl/ }},
    {{ dora@{self.domain} = dora/ }} }}
virtual_uid_maps = static:{UID}
virtual_gid_maps = static:{UID}
smtpd_tls_cert_file = {PLACE}/cert.pem
smtpd_tls_security_level = may
smtp_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:{self.onward}
smtp_dns_support_level = disabled
smtp_host_lookup = native
maillog_file = /dev/stdout
alias_maps =
alias_database =
""")
        rows = [f"127.0.0.1:{self.port} inet n - n - - smtpd"]
        for row in ("pickup unix n - n 60 1 pickup",
                    "cleanup unix n - n - 0 cleanup",
                    "qmgr unix n - n 300 1 qmgr",
                    "tlsmgr unix - - n 1000? 1 tlsmgr",
                    "rewrite unix - - n - - trivial-rewrite",
                    "bounce unix - - n - 0 bounce",
                    "defer unix - - n - 0 bounce",
                    "trace unix - - n - 0 bounce",
                    "verify unix - - n - 1 verify",
                    "smtp unix - - n - - smtp",
                    "relay unix - - n - - smtp",
                    "error unix - - n - - error",
                    "proxymap unix - - n - - proxymap",
                    "virtual unix - n n - - virtual",
                    "anvil unix - - n - 1 anvil",
                    "postlog unix-dgram n - n - 1 postlogd"):
            rows.append(row)
        self.put("/etc/postfix/master.cf", "\n".join(rows) + "\n")
        for sub, owner in (("spool", 0), ("data", 5901)):
            (self.own / sub).mkdir()
            os.chown(self.own / sub, owner, owner)

    def command(self):
        return ("chgrp postdrop /usr/sbin/postqueue /usr/sbin/postdrop;"
                "postfix set-permissions 2>/dev/null;"
                "exec postfix start-fg")


class Exim(Peer):
    packages = ("exim4-daemon-light", "exim4-base")
    users = {"Debian-exim": 5903}

    def prepare(self):
        self.put("/etc/exim4/exim4.conf", f"""
primary_hostname = {self.domain}
spool_directory = {PLACE}/spool
log_file_path = {PLACE}/spool/%slog
daemon_smtp_ports = {self.port}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = {PLACE}/cert.pem
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
qualify_domain = {self.domain}
trusted_users = root
acl_smtp_rcpt = take
begin acl
take:
  accept domains = ! {self.domain}
  accept verify = recipient
begin routers
away:
  driver = manualroute
  domains = ! {self.domain}
  route_list = * 127.0.0.1
  self = send
  transport = away
here:
  driver = accept
  local_parts = carl : dora
  transport = here
begin transports
away:
  driver = smtp
  port = {self.onward}
  hosts_try_prdr =
here:
  driver = appendfile
  directory = {PLACE}/mail/$local_part_data
  maildir_format
  create_directory
  user = {UID}
  group = {UID}
begin retry
* * F,1h,5s
""")
        (self.own / "spool").mkdir()
        os.chown(self.own / "spool", 5903, 5903)
        os.chown(self.own / "cert.pem", 5903, 5903)

    def command(self):
        return ("mkdir -p /run/exim4 && chown Debian-exim /run/exim4;"
                "exec exim4 -bdf -q5s")


class Opensmtpd(Peer):
    packages = ("opensmtpd",)
    users = {"opensmtpd": 5904, "opensmtpq": 5905, "vmail": UID}

    def prepare(self):
        self.put("/etc/smtpd.test.conf", f"""
pki test cert "{PLACE}/only.crt"
pki test key "{PLACE}/only.key"
table everyone {{ "@" = "vmail" }}
listen on 127.0.0.1 port {self.port} tls pki test hostname {self.domain}
action "here" maildir "{PLACE}/mail/%{{rcpt.user}}" virtual <everyone>
action "away" relay host smtp://127.0.0.1:{self.onward}
match from any for domain "{self.domain}" action "here"
match from any for any action "away"
""", 0o600)
        self.put("/etc/resolv.conf", "lookup file\n")
        self.put("/etc/hosts", f"127.0.0.1 localhost {self.domain}\n")

    def command(self):
        return ("mkdir -p /var/empty /var/lib/opensmtpd/empty "
                "/var/spool/smtpd; chmod 711 /var/spool/smtpd;"
                "chgrp opensmtpq /usr/sbin/smtpctl;"
                "chmod 2555 /usr/sbin/smtpctl;"
                "exec smtpd -d -f /etc/smtpd.test.conf")


class Dovecot(Peer):
    """LMTP over TCP, and over the Unix socket self.socket."""

    packages = ("dovecot-core", "dovecot-lmtpd")
    users = {"dovecot": 5906, "dovenull": 5907}

    def prepare(self):
        self.socket = self.own / "lmtp"
        self.put("/etc/dovecot/dovecot.conf", f"""
protocols = lmtp
base_dir = /run/dovecot-test
log_path = /dev/stderr
ssl = yes
ssl_cert = <{PLACE}/cert.pem
ssl_key = <{PLACE}/cert.pem
mail_location = maildir:{PLACE}/mail/%n
hostname = {self.domain}
auth_username_format = %Ln
first_valid_uid = {UID}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.port}
  }}
  unix_listener {PLACE}/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  client_limit = 200
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = passwd-file
  args = /etc/dovecot/users
}}
""")
        self.put("/etc/dovecot/users", "".join(
            f"{user}::{UID}:{UID}::{PLACE}/mail/{user}\n"
            for user in ("carl", "dora")))

    def command(self):
        return "exec dovecot -F"


KINDS = {"postfix": Postfix, "exim": Exim, "opensmtpd": Opensmtpd,
         "dovecot": Dovecot}
