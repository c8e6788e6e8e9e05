"""postrider(8): help, configuration, domains and accounts."""

import json
import os
import pty
import select
import shutil
import subprocess
import time

import pytest

import suite
from tools import DOMAIN, Conf

USAGE, DATAERR, NOPERM, CONFIG = 64, 65, 77, 78


@pytest.fixture
def conf():
    c = Conf()
    yield c
    c.close()


def tree(path):
    return {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}


# --- help

COMMANDS = {
    (): ["apply", "check", "config", "domain", "user", "relay", "queue", "route",
         "status",
         "tls", "lab", "talk"],
    ("domain",): ["add", "del", "list"],
    ("user",): ["add", "del", "passwd", "certificate", "quota",
                "forward", "list"],
    ("relay",): ["add", "del", "list"],
    ("tls",): ["make-cert", "install", "show"],
    ("queue",): ["list", "show", "hold", "release", "retry", "drop"],
}


@pytest.mark.parametrize("prefix", COMMANDS)
def test_help(conf, prefix):
    text = conf(*prefix, "--help").stdout
    assert text.startswith("usage: postrider ")
    for name in COMMANDS[prefix]:
        assert f"\n    {name} " in text
        said = conf(*prefix, name, "--help").stdout
        assert said.startswith("usage: ") and name in said.split("\n")[0]


@pytest.mark.parametrize("args,said", [
    (("aply",), 'unknown command "aply"; nearest: apply'),
    (("user", "ad"), 'unknown command "user ad"; nearest: add'),
    ((), "wanted a command"),
    (("apply", "now"), "wanted fewer arguments"),
    (("apply", "--force"), 'unknown option "--force"'),
    (("user", "add"), "wanted more arguments"),
    (("user", "add", f"a@{DOMAIN}", "a-password"), "wanted fewer arguments"),
    (("queue", "drop"), "wanted ids of messages, --domain DOMAIN or --all"),
    (("queue", "drop", "--all", "x"),
     "wanted ids of messages, --domain DOMAIN or --all"),
    (("talk", "imap", "localhost", "143"), "wanted smtp or pop3"),
    (("talk", "smtp"), "wanted smtp or pop3, a host and a port"),
])
def test_misuse(conf, args, said):
    assert said in conf(*args, status=USAGE).stderr


def test_version():
    r = subprocess.run([suite.programs() / "postrider", "--version"],
                       capture_output=True, text=True, check=True)
    assert r.stdout.startswith("Postrider ")


@pytest.mark.parametrize("name", ["sendmail", "mailq", "newaliases", "rmail"])
def test_help_of_sendmail(conf, name):
    """Needs neither tables nor a running suite."""
    r = conf.sendmail("--help", name=name)
    assert r.returncode == 0 and r.stderr == b""
    assert r.stdout.startswith(b"usage: sendmail ") and b"mailq" in r.stdout


# --- apply and check

def test_all_mistakes_at_once(conf):
    conf.write("postrider.conf", *conf.lines, "hostnme x", "hops many")
    conf.write("domains", "example.org", "bad_domain")
    conf.write("users", "a@exmple.org", "../b@example.org")
    conf.write("aliases", "x: a b")
    for command in ("apply", "check"):
        said = conf(command, status=CONFIG).stderr
        n = len(conf.lines)
        for text in (
                f'postrider.conf:{n + 1}: unknown option "hostnme"; '
                "nearest: hostname",
                f"postrider.conf:{n + 2}: hops: wanted a number from 10 to "
                '1000, found "many"',
                'domains:2: wanted a domain name, found "bad_domain"',
                'users:1: user "a@exmple.org": domain "exmple.org" is not in the file domains; '
                "nearest: example.org",
                'users:2: wanted an address',
                'aliases:1: alias "x": wanted an address, "|command"',
                "6 mistakes"):
            assert text in said, text
        assert ("nothing applied" in said) == (command == "apply")
    assert not conf.state.exists()


def test_a_mistake_keeps_what_is_in_force(conf):
    conf("domain", "add", DOMAIN)
    before = tree(conf.state)
    conf.write("users", "nonsense")
    conf("apply", status=CONFIG)
    assert tree(conf.state) == before


def test_no_configuration(conf):
    (conf.dir / "postrider.conf").unlink()
    assert "postrider.conf: wanted the configuration, found no such file" in \
        conf("apply", status=CONFIG).stderr


def test_check_tells_stale_tables(conf):
    said = conf("check").stderr
    assert f"{conf.state}/auth/verifiers.cdb: wanted compiled verifiers" in said
    conf("apply")
    assert "tables.cdb" not in conf("check").stderr
    conf.write("postrider.conf", *conf.lines, "hops 40")
    assert "tables.cdb: not what the text files say" in conf("check").stderr


def test_state_dir_that_cannot_be(conf):
    conf.state.write_text("a file")
    said = conf("apply", status=73).stderr
    assert str(conf.state) in said and "wanted a directory" in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be refused")
def test_apply_wants_root(conf):
    lines = [x for x in conf.lines if not x.startswith("user-mode")]
    conf.write("postrider.conf", *lines)
    r = subprocess.run([*suite.as_uid(65534), *conf.argv("apply")],
                       capture_output=True, text=True, env=conf.environ)
    assert r.returncode == NOPERM
    assert "not allowed; run as root" in r.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be refused")
@pytest.mark.parametrize("args", ["check", "apply", "user add x@y", "user list",
                                  "domain add x.org", "relay list",
                                  "relay add x.org x", "relay del x.org"])
def test_not_allowed(conf, args):
    """Passwords are not everybody's to read."""
    conf.write("passwords")
    r = subprocess.run([*suite.as_uid(65534), *conf.argv(*args.split())],
                       capture_output=True, text=True, env=conf.environ)
    assert r.returncode == NOPERM
    assert r.stderr.count("\n") == 1 and "run as root" in r.stderr


def test_warnings_are_for_apply_and_check(conf):
    conf.write("postrider.conf", *conf.lines, f"libexec-dir {conf.base}/none")
    for args in (("apply",), ("check",)):
        assert f"wanted in {conf.base}/none the programs queued" in \
            conf(*args).stderr
    assert conf("domain", "add", DOMAIN).stderr == ""
    assert conf("user", "add", "--no-password", f"a@{DOMAIN}").stderr == ""


def test_apply_says_what_waits(conf):
    conf("apply")
    conf.write("postrider.conf", *conf.lines, "log stderr", "hops 40")
    said = conf("apply").stderr
    assert "log: the change waits for a new start of postriderd, and" in said
    assert "hops" not in said
    assert "waits" not in conf("apply").stderr


def test_100000_users(conf):
    verifier = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$" \
        "tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC"
    conf.write("domains", DOMAIN)
    names = [f"user{n}@{DOMAIN}" for n in range(100000)]
    conf.write("users", *names)
    conf.write("passwords", *(f"{n} {verifier}" for n in names))
    conf.write("aliases", *(f"alias{n}: user{n}@{DOMAIN}"
                            for n in range(10000)))
    before = time.monotonic()
    conf("apply")
    assert time.monotonic() - before < (30 if suite.SAN else 3)
    users = json.loads(conf("user", "list", "--json").stdout)
    assert len(users) == 100000 and users[7]["login"]


needs_strace = pytest.mark.skipif(
    suite.SAN or shutil.which("strace") is None,
    reason="needs strace and programs that let themselves be traced")


@needs_strace
@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO", "error=ENOSPC"])
def test_faults_at_each_step(conf, fault):
    """Old or new, never a mixture, and the next apply succeeds."""
    conf("apply")
    old = conf.tables.read_bytes()
    conf.write("postrider.conf", *conf.lines, "hops 40")
    seen = set()
    for call in ("fsync", "rename", "renameat", "renameat2", "write",
                 "fchown", "fchmod"):
        for n in (1, 2, 3):
            r = subprocess.run(
                ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                 "-e", f"inject={call}:{fault}:when={n}",
                 *conf.argv("apply")],
                capture_output=True, env=conf.environ, timeout=suite.PATIENCE)
            now = conf.tables.read_bytes()
            seen.add((r.returncode == 0, now == old))
            if r.returncode == 0:
                # The call never came: the new tables must be there.
                assert now != old
            conf.tables.write_bytes(old)
    assert (False, True) in seen and (True, False) in seen
    conf("apply")
    assert conf.tables.read_bytes() != old
    assert [p.name for p in conf.state.iterdir() if "tmp" in p.name] == []


# --- config

def test_config(conf):
    conf.write("postrider.conf", *conf.lines, "message-size 2m",
               "profile old submission", "old.auth offered")
    text = conf("config").stdout
    assert "\n* message-size                         2097152\n" in text
    assert "\n  hops                                 50\n" in text
    assert "\n* old.auth                             offered\n" in text
    assert conf("config", "message-size").stdout == "2097152\n"
    assert conf("config", "old.auth").stdout == "offered\n"
    assert conf("config", "submission.auth").stdout == "required\n"
    assert conf("config", "mx.auth").stdout == "no\n"
    found = {o["name"]: o for o in json.loads(conf("config", "--json").stdout)}
    assert found["message-size"] == {
        "name": "message-size", "value": "2097152", "default": "50m",
        "changed": True, "help": found["message-size"]["help"]}
    assert not found["hops"]["changed"]
    assert 'no option "hps"; nearest: hops' in \
        conf("config", "hps", status=DATAERR).stderr
    assert 'no profile "submision"; nearest: submission' in \
        conf("config", "submision.auth", status=DATAERR).stderr
    assert "not per profile" in \
        conf("config", "mx.log", status=DATAERR).stderr
    assert "postrider config" in \
        conf("config", "nosuch", status=DATAERR).stderr


# --- domains and users

def test_domains(conf):
    conf("domain", "add", "Example.ORG")
    conf("domain", "add", "host.example.org", "unix")
    assert (conf.dir / "domains").read_text() == \
        "example.org virtual\nhost.example.org unix\n"
    assert "is there already" in \
        conf("domain", "add", "EXAMPLE.org", status=DATAERR).stderr
    for bad in ("exa mple", "x..org", ""):
        conf("domain", "add", bad, status=DATAERR)
    conf("domain", "add", "x.org", "local", status=DATAERR)
    found = json.loads(conf("domain", "list", "--json").stdout)
    assert found == [
        {"domain": "example.org", "kind": "virtual", "names": 0},
        {"domain": "host.example.org", "kind": "unix", "names": 0}]
    assert "nearest: example.org" in \
        conf("domain", "del", "exmple.org", status=DATAERR).stderr
    conf("domain", "del", "host.example.org")
    assert (conf.dir / "domains").read_text() == "example.org virtual\n"


def test_nothing_is_edited_that_apply_would_refuse(conf):
    conf("domain", "add", DOMAIN)
    conf.write("aliases", "a: b", "b: a")  # conf alone does not see it
    before = {p.name: p.read_bytes() for p in conf.dir.iterdir()}
    for args in (("domain", "add", "x.example"),
                 ("user", "add", "--no-password", f"a@{DOMAIN}")):
        said = conf(*args, status=CONFIG).stderr
        assert "leads into a circle" in said and "nothing changed" in said
        assert before == {p.name: p.read_bytes() for p in conf.dir.iterdir()}
    conf.write("aliases")
    conf("domain", "add", "x.example")


def test_users(conf):
    conf("domain", "add", DOMAIN)
    conf("user", "add", f"Alice@{DOMAIN}", data="secret\n")
    conf("user", "add", "--no-password", f"bob@{DOMAIN}")
    found = json.loads(conf("user", "list", "--json").stdout)
    unsaid = {"kind": "virtual", "quota": None, "quota-messages": None,
              "tags": None, "forward": []}
    assert found == [
        {"user": f"alice@{DOMAIN}", "login": True,
         "mechanisms": ["PLAIN", "LOGIN", "SCRAM-SHA-256"], "certificates": [],
         "maildir": f"{DOMAIN}/alice/Maildir", **unsaid},
        {"user": f"bob@{DOMAIN}", "login": False, "mechanisms": [],
         "certificates": [], "maildir": f"{DOMAIN}/bob/Maildir", **unsaid}]
    assert [line.split() for line in
            conf("user", "list").stdout.splitlines()] == [
        [f"alice@{DOMAIN}", "login", "PLAIN,LOGIN,SCRAM-SHA-256",
         f"{DOMAIN}/alice/Maildir"],
        [f"bob@{DOMAIN}", "no-login", "-", f"{DOMAIN}/bob/Maildir"]]
    passwords = conf.dir / "passwords"
    assert passwords.stat().st_mode & 0o777 == 0o600
    first = passwords.read_text()
    assert first.startswith(f"alice@{DOMAIN} $y$") and "secret" not in first
    conf("user", "passwd", f"ALICE@{DOMAIN}", data="another")
    second = passwords.read_text()
    assert second != first and second.count("\n") == 1
    verifiers = conf.state / "auth/verifiers.cdb"
    assert second.split(" ", 1)[1].rstrip("\n").encode() in \
        verifiers.read_bytes()
    assert verifiers.stat().st_mode & 0o777 == 0o400
    assert verifiers.parent.stat().st_mode & 0o777 == 0o700
    assert b"$y$" not in conf.tables.read_bytes()
    assert f"still has 2 users and aliases: alice@{DOMAIN}, bob@{DOMAIN}\n" \
        in conf("domain", "del", DOMAIN, status=DATAERR).stderr
    conf("user", "del", f"alice@{DOMAIN}")
    assert passwords.read_text() == ""
    assert (conf.dir / "users").read_text() == f"bob@{DOMAIN}\n"
    assert b"alice" not in verifiers.read_bytes()


@pytest.mark.parametrize("user,said", [
    ("alice", "wanted an address"),
    ("alice@exmple.org", "nearest: example.org"),
    ("alice@unix.example", 'domain "unix.example" is of kind unix: its users '
     "are the Unix users\n"),
    ("a/b@example.org", "wanted a user part"),
    ('"../x"@example.org', "wanted a user part"),
    ('"a\nb"@example.org', "wanted an address"),
    ("x@example.org", "is there already"),
])
def test_users_that_cannot_be(conf, user, said):
    conf("domain", "add", "example.org")
    conf("domain", "add", "unix.example", "unix")
    conf("user", "add", "--no-password", "x@example.org")
    before = tree(conf.dir)
    assert said in conf("user", "add", user, data="p\n", status=DATAERR).stderr
    assert tree(conf.dir) == before


@pytest.mark.parametrize("data", ["", "\n", "a\tb\n", "x" * 512 + "\n"])
def test_passwords_that_cannot_be(conf, data):
    conf("domain", "add", DOMAIN)
    assert "wanted a password" in conf("user", "add", f"a@{DOMAIN}", data=data,
                                       status=DATAERR).stderr
    assert conf("user", "list").stdout == ""
    conf("check")


def test_comments_stay(conf):
    conf("domain", "add", DOMAIN)
    conf.write("users", "# people", f"a@{DOMAIN}  # the first", "")
    conf("user", "add", "--no-password", f"b@{DOMAIN}")
    conf("user", "del", f"b@{DOMAIN}")
    assert (conf.dir / "users").read_text() == \
        f"# people\na@{DOMAIN}  # the first\n\n"


def test_mistakes_elsewhere_refuse_edits(conf):
    conf("domain", "add", DOMAIN)
    conf.write("aliases", "nonsense")
    before = tree(conf.dir)
    assert "aliases:1" in conf("user", "add", f"a@{DOMAIN}", data="p\n",
                               status=CONFIG).stderr
    assert tree(conf.dir) == before


def test_many_at_once(conf):
    """Eight administrators: nobody's change is lost."""
    conf("domain", "add", DOMAIN)
    running = [subprocess.Popen(
        conf.argv("user", "add", "--no-password", f"u{n}@{DOMAIN}"),
        stderr=subprocess.DEVNULL, env=conf.environ) for n in range(8)]
    assert [p.wait(suite.PATIENCE) for p in running] == [0] * 8
    assert conf("user", "list").stdout.count(f"@{DOMAIN}") == 8


def on_terminal(conf, args, answers):
    """Runs a command on a terminal of its own; what it showed, its status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(conf.argv()[0], conf.argv(*args), conf.environ)
    shown = b""
    try:
        for answer in answers:
            while not shown.rstrip().endswith(b":"):
                assert select.select([fd], [], [], suite.PATIENCE)[0]
                shown += os.read(fd, 1000)
            os.write(fd, answer + b"\n")
            shown += b"|"
        while select.select([fd], [], [], suite.PATIENCE)[0]:
            shown += os.read(fd, 1000)
    except OSError:
        pass  # EIO: it has ended
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return shown, status


def test_password_prompt(conf):
    conf("domain", "add", DOMAIN)
    shown, status = on_terminal(conf, ("user", "add", f"a@{DOMAIN}"),
                                (b"top-secret", b"top-secret"))
    assert status == 0 and b"top-secret" not in shown
    assert f"a@{DOMAIN} $y$" in (conf.dir / "passwords").read_text()
    shown, status = on_terminal(conf, ("user", "add", f"b@{DOMAIN}"),
                                (b"one-secret", b"two-secret"))
    assert status == DATAERR and b"the same password twice" in shown
    assert f"b@{DOMAIN}" not in conf("user", "list").stdout
