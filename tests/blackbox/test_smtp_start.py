"""How smtpd and pop3d start: with what they are given, or without it."""

import os
import pwd
import signal
import socket
import subprocess
import time

import pytest

import wire
from suite import PATIENCE, programs

BOTH = (("smtpd", b"421 4.3.0 "), ("pop3d", b"-ERR [SYS/TEMP] "))


def listening():
    s = socket.socket()
    s.bind((wire.LOCALHOST, 0))
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

    def __init__(self, program, *args):
        self.socket = listening()
        self.port = self.socket.getsockname()[1]
        self.process = subprocess.Popen(
            [programs() / program, *args], stdin=self.socket,
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
