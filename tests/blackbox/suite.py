"""A lab, as the tests use it: one private suite under one super-server."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import wire

BUILD = Path(os.environ.get("O", "obj")).resolve()
SAN = bool(os.environ.get("SAN"))
# Instrumented programs on two busy cores need longer for everything.
PATIENCE = 60 if SAN else 30
USERS = {"alice": "alice-secret", "bob": "bob-secret"}
TLS_SERVICES = ("smtps", "pop3s")
SANITIZER_WORDS = (b"AddressSanitizer", b"runtime error:", b"UndefinedBehavior")


def wait_for(question, what, timeout=PATIENCE, every=0.02):
    """Asks until the answer is true, and returns it; no longer than timeout."""
    end = time.monotonic() + timeout
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(every)


def open_dir(prefix="postrider-test-"):
    """A new directory below /tmp that the suite's users can pass."""
    path = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    path.chmod(0o755)
    return path


_programs = None


def programs():
    """A copy of the build that every user of the machine may execute."""
    global _programs
    if _programs is None:
        _programs = open_dir("postrider-build-")
        shutil.copytree(BUILD / "libexec", _programs / "libexec")
        xinetd = BUILD / "peers/usr/sbin/xinetd"
        if xinetd.exists():
            (_programs / "peers/usr/sbin").mkdir(parents=True)
            shutil.copy(xinetd, _programs / "peers/usr/sbin/xinetd")
    return _programs / "libexec"


def remove_programs():
    if _programs is not None:
        shutil.rmtree(_programs)


def as_uid(uid):
    """What a command line begins with to run as that user."""
    if uid is None:
        return []
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


_sources = iter(range(1, 1 << 20))


def new_source():
    """An address of loopback that no test has used: nobody there has tried a
    wrong password, or failed in a handshake."""
    n = next(_sources) + os.getpid() % 100 * 1000
    return f"127.{201 + n // 60000 % 50}.{n // 250 % 240}.{1 + n % 250}"


def own_like(path, model):
    """Owner, group and mode of another file."""
    st = os.stat(model)
    if os.geteuid() == 0:
        os.chown(path, st.st_uid, st.st_gid)
    os.chmod(path, st.st_mode & 0o7777)


class Lab:
    """Settings become options of "postrider lab start"."""

    def __init__(self, via=None, options=(), users=None, services=(),
                 uid=None):
        self.base = open_dir()
        self.dir = self.base / "lab"
        self.uid = uid
        self.users = dict(USERS if users is None else users)
        self.args = []
        if via:
            self.args += ["--via", via]
        for name, password in self.users.items():
            self.args += ["--user", f"{name}:{password}"]
        for option in options:
            self.args += ["-o", option]
        for service in services:
            self.args += ["--service", service]
        if uid is not None:
            os.chown(self.base, uid, uid)
        self.environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                        "HOME": str(self.base)}
        if SAN:
            (self.base / "san").mkdir()
            (self.base / "san").chmod(0o1777)
            # Leaks are the unit tests': looking for them needs ptrace, which
            # the sandboxes take away.
            self.environ["ASAN_OPTIONS"] = \
                f"log_path={self.base}/san/report:detect_leaks=0"

    def command(self, verb, *args):
        return subprocess.run(
            [*as_uid(self.uid), str(programs() / "postrider"), "lab", verb,
             "-d", str(self.dir), *args],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=self.environ, cwd=self.base, timeout=4 * PATIENCE)

    def start(self, *args):
        r = self.command("start", *self.args, *args)
        assert r.returncode == 0, r.stderr
        self.args = []  # recorded in the lab
        self.read_env()
        return self

    def read_env(self):
        r = self.command("env")
        assert r.returncode == 0, r.stderr
        self.env = dict(pair.split("=", 1) for pair in shlex.split(r.stdout))
        self.domain = self.env["DOMAIN"]
        self.spool = Path(self.env["SPOOL"])
        self.conf = Path(self.env["CONF"])
        self.trust = self.tls()

    def stop(self):
        r = self.command("stop")
        assert r.returncode == 0, r.stderr

    def restart(self, between=lambda: None):
        """The processes only: programs in libexec/ stay as they are."""
        self.stop()
        between()
        with open(self.dir / "log/lab.log", "ab") as log:
            subprocess.Popen(
                [*as_uid(self.uid), str(self.dir / "libexec/lab-keeper"),
                 str(self.dir)], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, cwd="/",
                env={**self.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        wait_for(self.greets, "the suite running again", every=0.01)

    def greets(self):
        try:
            with self.smtp(timeout=5), self.pop3(timeout=5):
                return True
        except (OSError, AssertionError):
            return False

    # --- processes

    def pids(self, *names):
        r = subprocess.run([self.env["PIDS"], *names], capture_output=True,
                           text=True, check=True)
        return [int(line) for line in r.stdout.split()]

    def run(self, *argv, uid=None, **more):
        """Runs a command beside the suite, as its owner or as uid."""
        more.setdefault("timeout", PATIENCE)
        if "input" not in more:
            more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            [*as_uid(self.uid if uid is None else uid), *map(str, argv)],
            capture_output=True, env=self.environ, cwd=self.base, **more)

    def sendmail(self, *args, data=b"", uid=None):
        return self.run(self.env["SENDMAIL"], *args, input=data, uid=uid)

    def postrider(self, *args, data=b""):
        return self.run(self.env["POSTRIDER"], *args, input=data)

    # --- the wire

    def port(self, service):
        return int(self.env[service.upper().replace("-", "_") + "_PORT"])

    def tls(self, **how):
        """A context that trusts the lab's CA; see wire.tls_context."""
        return wire.tls_context(self.env["CA_FILE"], **how)

    def line(self, kind, service, timeout, tls, more):
        if tls is True or (tls is None and service in TLS_SERVICES):
            tls = self.trust
        one = kind(self.port(service), timeout, tls=tls or None, **more)
        one.context = tls or self.trust
        return one

    def smtp(self, service="smtp", timeout=PATIENCE, tls=None, **more):
        """tls: True or a context for TLS from the first byte; the services
        that want that have it.  more: for wire.Line."""
        return self.line(wire.Smtp, service, timeout, tls, more)

    def pop3(self, user=None, service="pop3", timeout=PATIENCE, tls=None,
             **more):
        p = self.line(wire.Pop3, service, timeout, tls, more)
        if user is not None:
            p.login(user, self.users[user])
        return p

    def address(self, user):
        return f"{user}@{self.domain}"

    def send(self, content, rcpts=("bob",), sender="someone@example.org"):
        """One message through port 25's service; returns the last reply."""
        with self.smtp() as s:
            s.ehlo()
            s.ok(f"MAIL FROM:<{sender}> BODY=8BITMIME")
            for rcpt in rcpts:
                s.ok(f"RCPT TO:<{self.address(rcpt)}>")
            return s.data(content)

    # --- mailboxes and the queue

    def maildir(self, user):
        return Path(self.env["MAILDIR"].replace("%u", user))

    def files(self, user):
        """The messages of a mailbox, oldest first."""
        found = []
        for sub in ("new", "cur"):
            place = self.maildir(user) / sub
            if place.is_dir():
                found += [f for f in place.iterdir() if f.name[0] != "."]
        return sorted(found, key=lambda f: f.name)

    def wait_files(self, user, n, timeout=PATIENCE):
        wait_for(lambda: len(self.files(user)) >= n,
                 f"{n} messages for {user}", timeout)
        found = self.files(user)
        assert len(found) == n, found
        return found

    def queued(self):
        return [f for f in self.spool.glob("queue/*/*") if f.is_file()]

    def wait_idle(self, timeout=PATIENCE):
        try:
            wait_for(lambda: not self.queued(), "an empty queue", timeout)
        except AssertionError as e:
            names = [f.name for f in self.queued()]
            about = [line for line in self.log().splitlines()
                     if any(name in line for name in names)]
            raise AssertionError("\n".join([str(e), *names, *about])) from None

    def wait_idle_but_incomplete(self, timeout=PATIENCE):
        """Nothing to deliver; what was never completed may lie about."""
        wait_for(lambda: b"Mail queue is empty" in
                 self.run(self.env["MAILQ"]).stdout, "an empty mailq", timeout)

    def remove_mail(self, *users):
        for user in users:
            for f in self.files(user):
                f.unlink(missing_ok=True)

    def empty(self):
        """As if nothing had ever been delivered."""
        self.wait_idle()
        self.remove_mail(*self.users)

    # --- the log

    def log(self):
        return Path(self.env["LOG"]).read_text(errors="replace")

    def wait_log(self, text, timeout=PATIENCE):
        return wait_for(lambda: [line for line in self.log().splitlines()
                                 if text in line],
                        f"a log line with {text!r}", timeout)

    def check_clean(self):
        """No sanitizer has complained, anywhere it may write."""
        places = list((self.dir / "log").iterdir())
        if SAN:
            places += (self.base / "san").iterdir()
        for place in places:
            said = place.read_bytes()
            for word in SANITIZER_WORDS:
                assert word not in said, said.decode(errors="replace")

    def close(self):
        """Stops and removes it; nothing may be left running."""
        try:
            if (self.dir / "lab/ports").exists():
                self.stop()
                assert self.pids() == []
                self.check_clean()
        finally:
            shutil.rmtree(self.base, ignore_errors=True)
