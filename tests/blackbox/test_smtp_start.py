"""How smtpd and pop3d start: with what they are given, or without it."""

import os
import pwd
import re
import signal
import socket
import subprocess
import time

import pytest

import tls_talk
import wire
from suite import PATIENCE, SAN, own_like, programs, wait_for

BOTH = (("smtpd", b"421 4.3.0 "), ("pop3d", b"-ERR [SYS/TEMP] "))


def listening(host):
    s = socket.socket()
    s.bind((host, 0))
    s.listen(20)
    return s


def heard(port):
    """All that is said to a client which says nothing."""
    with socket.create_connection((wire.LOCALHOST, port), PATIENCE) as c:
        return c.makefile("rb").read()


def status(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(line.split()[1:] for line in lines
                    if line.startswith(field + ":"))


class Parent:
    """A program with a listening socket, as inetd "wait" starts it."""

    def __init__(self, program, *args, under=(), host=wire.LOCALHOST):
        self.socket = listening(host)
        self.port = self.socket.getsockname()[1]
        self.process = subprocess.Popen(
            [*under, programs() / program, *args], stdin=self.socket,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.socket.close()

    def end(self):
        """Ends it; what it and its children wrote on stderr."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0
        return self.process.stderr.read()


@pytest.mark.parametrize("program, refusal", BOTH)
def test_parent_without_tables(program, refusal):
    """It accepts, not as root, and every client hears why; said twice."""
    with Parent(program, "-t", "/nonexistent/tables.cdb") as parent:
        for _ in range(10):
            assert heard(parent.port).startswith(refusal)
            time.sleep(0.05)  # the parent notices the child's end
        assert parent.process.poll() is None
        if os.getuid() == 0:
            uid = str(pwd.getpwnam("postrider-net").pw_uid)
            assert status(parent.process.pid, "Uid") == [uid] * 4
            assert "0" not in status(parent.process.pid, "Groups")
        said = parent.end()
    # The parent at its start, then one child in a minute.
    assert 1 <= said.count(b"\n") <= 3, said
    for line in said.splitlines():
        assert b"path=/nonexistent/tables.cdb" in line
        assert b"wanted=" in line and b"found=" in line


@pytest.mark.parametrize("program, refusal, greeting", [
    (*BOTH[0], b"220 "), (*BOTH[1], b"+OK ")])
def test_parent_whose_tables_are_repaired(make_lab, program, refusal,
                                          greeting):
    """The next child serves: nobody has to start the parent again."""
    lab = make_lab()
    tables = lab.dir / "state/tables.cdb"
    away = lab.dir / "state/away"
    tables.rename(away)
    with Parent(program, "-t", tables) as parent:
        assert heard(parent.port).startswith(refusal)
        away.rename(tables)
        with socket.create_connection((wire.LOCALHOST, parent.port),
                                      PATIENCE) as c:
            assert c.recv(4) == greeting
            children = subprocess.run(
                ["pgrep", "-P", str(parent.process.pid)],
                capture_output=True, text=True, check=True).stdout.split()
            for pid in [parent.process.pid, *children]:
                if os.getuid() == 0:
                    assert "0" not in status(pid, "Uid")


@pytest.mark.parametrize("program, profile", [
    ("smtpd", "submissions"), ("pop3d", "pop3s"), ("smtpd", "own")])
def test_nothing_in_plaintext(program, profile):
    """Where TLS comes first, or may do so, not even that it cannot."""
    with Parent(program, "-t", "/nonexistent/tables.cdb",
                "-p", profile) as parent:
        assert heard(parent.port) == b""
        assert parent.process.poll() is None


@pytest.mark.parametrize("program, profile", [
    ("smtpd", "submissions"), ("pop3d", "pop3s")])
def test_tables_of_before_the_profile(make_lab, program, profile):
    """They know nothing of TLS for it, and do not make a port without."""
    lab = make_lab()
    tables = lab.dir / "state/tables.cdb"
    old = lab.dir / "state/old.cdb"
    key = f"o{profile}.tls".encode()
    content = tables.read_bytes()
    assert content.count(key) == 1
    # What has another name than its hash is not found any more.
    old.write_bytes(content.replace(key, key.replace(b".", b"_")))
    own_like(old, tables)
    with Parent(program, "-t", old, "-p", profile) as parent:
        assert heard(parent.port) == b""
        assert parent.process.poll() is None
        old.rename(lab.dir / "state/older.cdb")
        tables.rename(old)  # as "postrider apply" would
        with wire.Line(parent.port, PATIENCE, tls=lab.trust) as line:
            assert line.line()
    lab.wait_log(f"profile={profile} wanted=compiled found=older-tables "
                 "(run: postrider apply)")


def own_address():
    """One of this host that others could have, too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this host has no address but loopback's")
        return s.getsockname()[0]


def fail_handshakes(lab, client, profile, times):
    for _ in range(times):
        mine, server = tls_talk.pair()
        with mine, server, tls_talk.Session(lab) as s:
            s.start(server, tls_talk.NOW, peer=client, profile=profile)
            mine.sendall(b"EHLO this is not TLS\r\n")
            assert "not TLS" in s.failed()


@pytest.mark.parametrize("program, profile, kind, word, refusal", [
    ("smtpd", "mx", wire.Smtp, "STARTTLS", b"454 4.7.0 "),
    ("smtpd", "must", wire.Smtp, "STARTTLS", b"454 4.7.0 "),
    ("pop3d", "pop3", wire.Pop3, "STLS", b"-ERR [SYS/TEMP] ")])
def test_too_many_failed_handshakes(make_lab, program, profile, kind, word,
                                    refusal):
    """Who is refused for them hears so, and not that nobody has TLS."""
    lab = make_lab(services=["must:submission"],
                   options=["must.tls required"])
    client = own_address()
    fail_handshakes(lab, client, profile, 60)
    lab.wait_log("reason=handshakes-failed")
    with Parent(program, "-t", lab.dir / "state/tables.cdb", "-p", profile,
                host=client) as parent:
        sock = socket.create_connection((client, parent.port), PATIENCE)
        with kind(0, sock=sock) as line:
            if kind is wire.Smtp:
                line.ehlo()
            for _ in range(2):
                line.send(word.encode() + b"\r\n")
                said = line.line()
                assert said.startswith(refusal) and b"in a minute" in said
    lab.wait_log(f'event=tls-failed client={client} '
                 'reason="too many failed handshakes"')


@pytest.mark.parametrize("program, refusal", BOTH)
def test_undeclared_profile(make_lab, program, refusal):
    """A slip of the pen must not make a port without AUTH."""
    lab = make_lab()
    tables = lab.dir / "state/tables.cdb"
    with Parent(program, "-t", tables, "-p", "submision") as parent:
        assert heard(parent.port).startswith(refusal)
        assert parent.process.poll() is None
    lab.wait_log("profile=submision wanted=declared found=none")


@pytest.mark.parametrize("program", ["smtpd", "pop3d"])
@pytest.mark.parametrize("args", [["extra"], ["-p", ""], ["-p", "x" * 33],
                                  ["-x"]])
def test_usage(program, args):
    r = subprocess.run([programs() / program, *args],
                       stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=PATIENCE, check=False)
    assert r.returncode == 64 and b"usage: " in r.stderr
    assert r.stdout == b""


def test_login_is_logged_once(make_lab):
    lab = make_lab()
    with lab.smtp("submission") as s:
        s.ehlo()
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        assert s.auth_plain("alice", "again").code == 503
    lines = lab.wait_log("event=disconnected")
    assert f"user={lab.address('alice')}" in lines[0]
    assert len(lab.wait_log("event=login ")) == 1


def traced(path):
    """The calls in the file of strace(1), in order: pid, text."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            pid, text = line.split(None, 1)
            if not re.match(r"<\.\.\.|---|\+\+\+", text):
                yield pid, text


def calls_to_banner(path):
    """The calls of a session up to the first thing that it sends.

    What it sends cannot be seen: nobody may look into such a process.
    """
    calls = list(traced(path))
    last = next(i for i, (_, text) in enumerate(calls)
                if text.startswith("send"))
    pid = calls[last][0]
    return [text for p, text in calls[:last + 1] if p == pid]


def strace(path):
    return ["strace", "-f", "-qq", "-s", "16", "-o", str(path)]


STARTS = [("smtpd", "220 "), ("pop3d", "+OK ")]


@pytest.mark.skipif(SAN, reason="the sanitizers make calls of their own")
@pytest.mark.parametrize("program, banner", STARTS)
def test_calls_from_accept_to_banner(make_lab, tmp_path, program, banner):
    """What a parent can do once must not be done for every connection."""
    lab = make_lab()
    trace = tmp_path / "trace"
    with Parent(program, "-t", lab.dir / "state/tables.cdb",
                under=strace(trace)) as parent:
        for _ in range(3):
            with socket.create_connection((wire.LOCALHOST, parent.port),
                                          PATIENCE) as c:
                assert c.recv(4) == banner.encode()
        wait_for(lambda: "exit_group" in trace.read_text(errors="replace"),
                 "the end of a session")
        # strace(1) keeps signals from what it runs: the parent ends itself.
        pid = next(traced(trace))[0]
        os.kill(int(pid), signal.SIGTERM)
        parent.process.wait(PATIENCE)
    child = calls_to_banner(trace)
    mine = [text for p, text in traced(trace) if p == pid]
    accept = next(i for i, text in enumerate(mine)
                  if text.startswith("accept4(") and "EAGAIN" not in text)
    fork = next(i for i, text in enumerate(mine[accept:])
                if re.match("clone|fork", text))
    # accept4; stat of the tables, or a change would need a restart; clone.
    assert fork + 1 <= 3, mine[accept:accept + fork + 1]
    # set_robust_list, which fork(3) makes; SIGTERM's action and mask; the
    # listening socket closed; socket and connect to a daemon and to tlsd; time
    # and pid of the log's line, the line, the banner.
    assert len(child) <= 9 + 2, child


@pytest.mark.skipif(SAN, reason="the sanitizers make calls of their own")
@pytest.mark.parametrize("program, banner", STARTS)
def test_calls_from_exec_to_banner(make_lab, tmp_path, program, banner):
    """Nothing is linked, looked up or read but the tables."""
    lab = make_lab()
    trace = tmp_path / "trace"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with subprocess.Popen(
                [*strace(trace), programs() / program, "-t",
                 lab.dir / "state/tables.cdb"], stdin=theirs, stdout=theirs,
                stderr=theirs) as session:
            theirs.close()
            ours.settimeout(PATIENCE)
            assert ours.recv(4) == banner.encode()
            ours.close()
            session.wait(PATIENCE)
    calls = calls_to_banner(trace)
    opened = [text for text in calls if re.match("open|access", text)]
    # 14 until main(), with execve; umask and what the socket is: 2; to keep it
    # off standard output and error: 7; addresses, signals, TCP_NODELAY: 6;
    # tables: 4; log and user: 3; a daemon's socket and tlsd's: 4; sandbox: 5;
    # line and banner: 2.  The C library of another release may want some more.
    bound = 47 + 3
    if os.getuid() == 0:
        bound += 5  # root is given up, and that is tried
    assert len(calls) <= bound, calls
    # /dev/null, the tables, and the log if it is a file.
    assert len(opened) <= 3, opened


def parent_of(pid):
    return int(status(pid, "PPid")[0])


def crash(lab, source):
    """Has a client's session die of a fault; its parent, or no session."""
    with socket.create_connection((wire.LOCALHOST, lab.port("smtp")),
                                  PATIENCE, (source, 0)) as c:
        if c.recv(4) != b"220 ":
            return None
        alive = lab.pids("smtpd")
        session, parent = next((p, parent_of(p)) for p in alive
                               if parent_of(p) in alive)
        os.kill(session, signal.SIGABRT)
        while c.recv(1000):
            pass
        wait_for(lambda: session not in lab.pids("smtpd"), "its end")
    return parent


def test_crashing_sessions(make_lab):
    """They cost their client, and in the end their parent its life."""
    lab = make_lab()
    first = crash(lab, "127.0.1.1")
    for _ in range(4):
        assert crash(lab, "127.0.1.1") == first
    assert crash(lab, "127.0.1.1") is None
    lab.wait_log("event=refused client=127.0.1.1 reason=crashes")
    for n in range(15):
        assert crash(lab, f"127.0.2.{n + 1}") == first
    # Without a gap: who comes now is served, by somebody else.
    with lab.smtp() as s:
        s.ehlo()
        s.ok("NOOP")
        alive = lab.pids("smtpd")
        assert first not in alive
        assert [p for p in alive if parent_of(p) in alive]
    assert len(lab.wait_log("how=signal-6")) == 20
    assert len(lab.wait_log("sessions=crashing wanted=another-parent")) == 1
    # The next parent has heard of nothing.
    assert crash(lab, "127.0.1.1") not in (None, first)
