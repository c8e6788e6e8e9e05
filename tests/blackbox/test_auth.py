"""Logins: what clients send, what attackers try, what must never happen."""

import base64
import os
import pwd
import signal
import socket
import statistics
import time

import pytest

import mailboxes
import suite
import wire
from suite import wait_for
from unix_users import account_tool, root_only, unix_user
from wire import b64



class SmtpFrom(wire.Smtp):
    """A submission session from an address of one's own in 127.0.0.0/8."""

    def __init__(self, lab, source):
        self.sock = socket.create_connection(
            (wire.LOCALHOST, lab.port("submission")), suite.PATIENCE,
            source_address=(source, 0))
        self.file = self.sock.makefile("rb")
        self.greeting = self.reply()
        self.ehlo()


_last = iter(range(1, 1 << 20))


def new_source():
    """An address that no test has used: it has no failures yet."""
    n = next(_last) + (os.getpid() % 100) * 1000
    return f"127.{1 + n // 60000 % 200}.{n // 250 % 240}.{1 + n % 250}"


@pytest.fixture
def session(lab):
    with SmtpFrom(lab, new_source()) as s:
        yield s


def log_lines(lab, text):
    return [line for line in lab.log().splitlines()
            if text in line and " authd[" in line]


# --- what clients do

def test_plain_with_initial_response(session):
    assert session.auth_plain("alice", "alice-secret").code == 235


def test_plain_in_two_steps(session):
    r = session.ok("AUTH PLAIN", 334)
    assert r.lines == [""]
    assert session.cmd(b64("\0alice\0alice-secret")).code == 235


def test_login_as_clients_expect(session):
    assert session.ok("AUTH LOGIN", 334).lines == ["VXNlcm5hbWU6"]
    assert session.ok(b64("alice"), 334).lines == ["UGFzc3dvcmQ6"]
    r = session.cmd(b64("alice-secret"))
    assert (r.code, r.dsn) == (235, "2.7.0")


def test_login_with_initial_response(session):
    assert session.ok("AUTH LOGIN " + b64("alice"), 334).lines == \
        ["UGFzc3dvcmQ6"]
    assert session.cmd(b64("alice-secret")).code == 235


@pytest.mark.parametrize("login", ("alice", "ALICE", "alice@DOMAIN",
                                   "Alice@domain"))
def test_names_of_an_account(lab, session, login):
    login = login.replace("DOMAIN", lab.domain.upper())
    login = login.replace("domain", lab.domain)
    assert session.auth_plain(login, "alice-secret").code == 235


@pytest.mark.parametrize("authzid,code", (
    ("alice", 235), ("alice@DOMAIN", 235), ("bob", 535), ("root", 535)))
def test_authorization_identity(lab, session, authzid, code):
    authzid = authzid.replace("DOMAIN", lab.domain)
    assert session.cmd("AUTH PLAIN " + b64(
        f"{authzid}\0alice\0alice-secret")).code == code


def test_cancel_and_another_mechanism(session):
    session.ok("AUTH LOGIN", 334)
    session.ok(b64("mallory"), 334)
    assert session.cmd("*").code == 501
    session.ok("AUTH PLAIN", 334)
    assert session.cmd("*").code == 501
    assert session.auth_plain("alice", "alice-secret").code == 235


def test_another_try_after_a_wrong_password(session):
    r = session.auth_login("alice", "wrong")
    assert (r.code, r.dsn) == (535, "5.7.8")
    assert session.auth_login("alice", "alice-secret").code == 235


# --- bad input

@pytest.mark.parametrize("token", (
    "=", "====", "A", "AA", "AAA", "AA=A", "AGFs aWNl", "AGFs\taWNl",
    "AGFs!WNl", "AGFs\x80WNl", "A" * 11999))
def test_what_is_no_base64(session, token):
    session.ok("AUTH PLAIN", 334)
    token = token.encode("latin-1")
    assert session.cmd(token).code in (500, 501, 535)
    assert session.auth_plain("alice", "alice-secret").code == 235


@pytest.mark.parametrize("token", (
    b"", b"\0", b"\0\0", b"\0\0\0", b"junk", b"alice\0alice-secret",
    b"\0alice\0", b"\0alice\0alice-secret\0", b"\0alice\0alice\0-secret",
    b"\0" * 8000, b"\xff" * 8000))
def test_what_is_no_plain_message(session, token):
    r = session.cmd(b"AUTH PLAIN " + (base64.b64encode(token) or b"="))
    if r.code == 334:
        r = session.cmd("*")
    assert r.code in (501, 535)
    assert session.auth_plain("alice", "alice-secret").code == 235


@pytest.mark.parametrize("name", (
    b"%d%s%n%x", b"a\nb", b"a\tb", b"a\rb", b"..", b"../../etc/passwd",
    b"alice/../bob", b"\xc0\xaf", b"\xed\xa0\x80", b"\xff\xfe", b"\x1b[2J",
    b"x" * 6000, b"alice" + b"@x" * 400, b"", b" alice", b"alice ",
    b"event=login id=x", b'"', "älice".encode(), b"-t", b"alice,bob"))
def test_hostile_names(lab, name):
    for line in ("AUTH LOGIN", "AUTH PLAIN"):
        with SmtpFrom(lab, new_source()) as s:
            if line == "AUTH LOGIN":
                s.ok(line, 334)
                r = s.cmd(base64.b64encode(name))
                if r.code == 334:
                    r = s.cmd(b64("alice-secret"))
            else:
                r = s.cmd(line.encode() + b" " + base64.b64encode(
                    b"\0" + name + b"\0alice-secret"))
            # An empty line is no base64 either: it cancels.
            assert r.code in (501, 535), r
            assert s.auth_plain("alice", "alice-secret").code == 235
    assert all(c in "\n" or " " <= c <= "~" for c in lab.log())
    assert len(lab.pids("authd")) >= 1


def test_no_secrets_in_the_log(lab, session):
    session.auth_login("alice", "very-wrong-password")
    session.auth_plain("alice", "alice-secret")
    token = b64("\0alice\0alice-secret")
    lab.wait_log("event=login ")
    for word in ("very-wrong-password", "alice-secret", token,
                 b64("alice-secret")):
        assert word not in lab.log()


# --- guessing

def timed(s, user, password):
    start = time.monotonic()
    r = s.auth_plain(user, password)
    return r.code, time.monotonic() - start


def test_delay_grows_for_one_source(lab):
    with SmtpFrom(lab, new_source()) as s:
        took = [timed(s, "bob", f"wrong{n}")[1] for n in range(4)]
    for n, want in enumerate((0.25, 0.5, 1, 2)):
        assert want <= took[n] < want + 1, took


def test_connections_do_not_multiply_guesses(make_lab):
    """Twenty sessions at once try no more than one would."""
    lab = make_lab(options=["auth-delay 2"])
    source = new_source()
    with SmtpFrom(lab, source) as s:
        for n in range(4):
            assert timed(s, "bob", f"w{n}")[0] == 535
    sessions = [SmtpFrom(lab, source) for _ in range(20)]
    start = time.monotonic()
    for s in sessions:
        s.send(b"AUTH PLAIN " + b64("\0bob\0guess").encode() + b"\r\n")
    codes = [s.reply().code for s in sessions]
    for s in sessions:
        s.close()
    assert codes.count(535) <= 3, codes
    assert codes.count(454) == 20 - codes.count(535), codes
    assert time.monotonic() - start < 10


def test_many_sources_do_not_lock_the_owner_out(make_lab):
    # A lock would hold him for auth-delay, 30 s; 10 s leave room for a busy
    # machine.
    lab = make_lab(options=["connections-per-client 200"])
    for _ in range(30):
        with SmtpFrom(lab, new_source()) as s:
            s.send(b"AUTH PLAIN " + b64("\0alice\0guess").encode() + b"\r\n")
    with SmtpFrom(lab, new_source()) as s:
        code, took = timed(s, "alice", "alice-secret")
        assert code == 235 and took < 10
        with SmtpFrom(lab, new_source()) as other:
            code, took = timed(other, "alice", "wrong")
            assert code == 535 and took < 10


def test_unknown_users_take_as_long(make_lab):
    """From new sources, of users that nobody has tried yet: each hears the
    first answer."""
    lab = make_lab()

    def one(user):
        with SmtpFrom(lab, new_source()) as s:
            code, took = timed(s, user, "wrong")
            assert code == 535
            return took

    known, unknown = [], []
    for n in range(10):
        known.append(one("bob" if n % 2 else "alice"))
        unknown.append(one(f"nobody-{n}"))
    assert abs(statistics.median(known) - statistics.median(unknown)) < 0.05


# --- passwords that change

def test_remembered_until_changed(make_lab):
    lab = make_lab()
    with SmtpFrom(lab, new_source()) as s:
        assert s.auth_plain("alice", "alice-secret").code == 235
    with SmtpFrom(lab, new_source()) as s:
        assert s.auth_plain("alice", "alice-secret").code == 235
    assert "by=hash" in log_lines(lab, "event=login ")[0]
    assert "by=memory" in log_lines(lab, "event=login ")[1]
    r = lab.postrider("user", "passwd", lab.address("alice"),
                      data=b"another-secret\n")
    assert r.returncode == 0, r.stderr
    with SmtpFrom(lab, new_source()) as s:
        assert s.auth_plain("alice", "alice-secret").code == 535
        assert s.auth_plain("alice", "another-secret").code == 235
    r = lab.postrider("user", "del", lab.address("alice"))
    assert r.returncode == 0, r.stderr
    with SmtpFrom(lab, new_source()) as s:
        assert s.auth_plain("alice", "another-secret").code == 535
        assert s.auth_plain("bob", "bob-secret").code == 235


def test_damaged_verifiers(make_lab):
    """One clear line; nobody is told that his password is wrong."""
    lab = make_lab()
    path = lab.dir / "state/auth/verifiers.cdb"
    good = path.read_bytes()
    for pid in lab.pids("authd"):
        os.kill(pid, signal.SIGKILL)
    for size in (0, 100, 2048):
        path.write_bytes(good[:size])
        with SmtpFrom(lab, new_source()) as s:
            assert s.auth_plain("alice", "alice-secret").code == 454
    line = lab.wait_log("verifiers.cdb")[0]
    assert "wanted=" in line and "found=" in line
    assert lab.send(b"Subject: x\r\n\r\nx\r\n").code == 250
    path.write_bytes(good)
    with SmtpFrom(lab, new_source()) as s:
        assert s.auth_plain("alice", "alice-secret").code == 235


# --- authd itself

def test_authd_dies_in_the_middle(make_lab):
    lab = make_lab()
    with SmtpFrom(lab, new_source()) as s:
        s.ok("AUTH LOGIN", 334)
        s.ok(b64("alice"), 334)
        for pid in lab.pids("authd"):
            os.kill(pid, signal.SIGKILL)
        assert s.cmd(b64("alice-secret")).code == 454
    # Sessions that come meanwhile wait for the next one.
    with SmtpFrom(lab, new_source()) as s:
        assert s.auth_plain("alice", "alice-secret").code == 235


def test_hashers_die(make_lab):
    lab = make_lab()
    with SmtpFrom(lab, new_source()) as s:
        main = min(lab.pids("authd"))
        for pid in lab.pids("authd"):
            if pid != main:
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: s.auth_plain("alice", "alice-secret").code == 235,
                 "logins again")
        assert main in lab.pids("authd")


@root_only
@pytest.mark.parametrize("name", ("auth", "intake"))
def test_strangers_at_the_socket(lab, nobody, name):
    """They cannot even connect, so nothing of theirs has to be closed."""
    path = lab.dir / "run" / name
    script = (f"import socket\n"
              f"s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
              f"try:\n"
              f"    s.connect({str(path)!r})\n"
              f"except PermissionError:\n"
              f"    raise SystemExit(7)\n")
    r = lab.run("/usr/bin/python3", "-c", script, uid=nobody)
    assert r.returncode == 7, r.stderr


SO_PASSRIGHTS = 83  # newer than Python's and the C library's names


@root_only
@pytest.mark.parametrize("name,kind", (
    ("control", socket.SOCK_SEQPACKET), ("submit", socket.SOCK_STREAM)))
def test_strangers_pass_no_descriptors(lab, name, kind):
    """Closing one may sleep for as long as its owner likes."""
    with socket.socket(socket.AF_UNIX, kind) as s:
        try:
            s.getsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS)
        except OSError:
            pytest.skip("the kernel cannot refuse descriptors")
        s.connect(str(lab.dir / "run" / name))
        with pytest.raises(PermissionError):
            socket.send_fds(s, [b"x"], [0])


# --- Unix users

@pytest.fixture(name="unix_user")
def fixture_unix_user():
    """Asked for before a lab, so that no agent of his runs at the end."""
    with unix_user() as one:
        yield one.name, one.home


def set_password(name, password):
    account_tool("chpasswd", text=f"{name}:{password}\n")


@root_only
def test_unix_users(unix_user, make_lab):
    name, home = unix_user
    lab = make_lab(options=["unix-passwords yes", "retry-first 1"])
    r = lab.postrider("domain", "add", "unix.example", "unix")
    assert r.returncode == 0, r.stderr
    address = f"{name}@unix.example"

    def login(password):
        with SmtpFrom(lab, new_source()) as s:
            return s.auth_plain(address, password).code

    assert login("") in (501, 535)
    assert login("unix-secret") == 535  # locked
    set_password(name, "unix-secret")
    assert login("unix-secret") == 235
    assert login("unix-secret") == 235  # remembered
    assert login("wrong") == 535
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        s.ok(f"RCPT TO:<{address}>")
        assert s.cmd("RCPT TO:<daemon@unix.example>").code == 550
        assert s.cmd("RCPT TO:<daemon@unix.example>").code == 550
        assert s.cmd("RCPT TO:<nobody@unix.example>").code == 550
        assert s.cmd("RCPT TO:<no-such-user@unix.example>").code == 550
        assert s.data(b"Subject: unix\r\n\r\nx\r\n").code == 250
    new = home / "Maildir/new"
    wait_for(lambda: new.is_dir() and list(new.iterdir()), "mail")
    assert {f.owner() for f in (new, *new.iterdir())} == {name}
    p = wire.Pop3(lab.port("pop3"))
    p.login(address, "unix-secret")
    assert p.stat()[0] == 1
    pid, = mailboxes.sessions(lab)
    with open(f"/proc/{pid}/status") as f:
        uids = [line for line in f if line.startswith("Uid:")][0]
    assert set(uids.split()[1:]) == {str(pwd.getpwnam(name).pw_uid)}
    p.quit()
    for how in (["--lock"], ["--unlock", "--expiredate", "1970-01-02"],
                ["--expiredate", "", "--shell", "/usr/sbin/nologin"]):
        account_tool("usermod", *how, name)
        assert login("unix-secret") == 535, how
    account_tool("usermod", "--shell", "/bin/sh", name)
    assert login("unix-secret") == 235


@root_only
def test_unix_users_need_the_option(unix_user, make_lab):
    """And without it authd could not read the shadow file."""
    name, _ = unix_user
    set_password(name, "unix-secret")
    lab = make_lab()
    assert lab.postrider("domain", "add", "unix.example",
                         "unix").returncode == 0
    with SmtpFrom(lab, new_source()) as s:
        assert s.auth_plain(f"{name}@unix.example", "unix-secret").code == 535
    for pid in lab.pids("authd"):
        with open(f"/proc/{pid}/status") as f:
            groups = [line for line in f if line.startswith("Groups:")][0]
        assert groups.split()[1:] == [str(os.stat(
            lab.dir / "state/auth/verifiers.cdb").st_gid)], groups
