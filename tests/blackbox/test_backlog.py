"""A daemon that is stopped, and as many waiting for it as the kernel lets."""

import contextlib
import resource
import time

import pytest

import suite
import wire
from talk import MESSAGE, hello, stopped
from tls_talk import connect

SOON = 10  # seconds; it may take tlsd's 5, on a busy machine


@contextlib.contextmanager
def full(lab, socket, daemon):
    """The daemon does not accept, and its line has no place any more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    waiting = []
    try:
        with stopped(lab, daemon):
            with pytest.raises(BlockingIOError):
                while True:
                    waiting.append(connect(lab, socket))
            yield
    finally:
        for s in waiting:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def soon():
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


def test_authd(make_lab):
    """Sessions that can do without it do, and others say that it is away."""
    lab = make_lab()
    with full(lab, "auth", "authd"):
        with soon():
            assert lab.send(MESSAGE).code == 250
        for service in ("submission", "smtps"):
            with soon(), hello(lab, service) as s:
                assert "AUTH" not in s.extensions
                assert s.auth_plain("alice", "x").code == 454
                s.quit()
        with soon(), wire.Line(lab.port("pop3"), suite.PATIENCE) as p:
            assert p.line().startswith(b"-ERR [SYS/TEMP] ") and p.at_eof()
        with soon(), lab.pop3(service="pop3s") as p:
            p.ok("USER alice")
            assert p.err("PASS x").startswith(b"-ERR [SYS/TEMP] ")
    lab.wait_files("bob", 1)
    with lab.pop3("alice", service="pop3s") as p:
        p.quit()


def test_tlsd(make_lab):
    lab = make_lab()
    with full(lab, "tls", "tlsd"):
        with soon(), hello(lab) as s:
            assert s.cmd("STARTTLS").code == 454
            s.quit()
        with soon(), lab.pop3() as p:
            assert p.err("STLS").startswith(b"-ERR [SYS/TEMP] ")
            p.login("alice", lab.users["alice"])
            p.quit()
        for service in ("smtps", "pop3s"):
            with soon(), wire.Line(lab.port(service), suite.PATIENCE) as c:
                assert c.at_eof()
    with hello(lab, "smtps") as s:
        s.quit()


def test_queued(make_lab):
    lab = make_lab()
    with full(lab, "intake", "queued"):
        with soon(), hello(lab) as s:
            assert s.cmd("MAIL FROM:<>").code == 451
        with soon(), hello(lab, "submission") as s:
            assert s.auth_plain("alice", lab.users["alice"]).code == 235
            assert s.cmd(f"MAIL FROM:<{lab.address('alice')}>").code == 451
    assert lab.send(MESSAGE).code == 250
