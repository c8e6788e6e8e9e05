"""POP3 over TLS: STLS (RFC 2595), POP3S (RFC 8314) and what is offered when."""

import os
import signal
import ssl
import time

import pytest

import mailboxes
import wire
from box import Box, wire_form
from messages import large
from suite import PATIENCE, wait_for
from talk import injected

ANSWER = 5  # seconds in which a client hears that there is no TLS


@pytest.fixture
def box(lab):
    return Box(lab)


def capa(p):
    """The capabilities: {name: arguments}."""
    lines = p.multi("CAPA").decode().split("\r\n")[:-1]
    return {c.split(" ")[0]: c.split(" ")[1:] for c in lines}


def secure(lab, **how):
    p = lab.pop3(**how)
    p.starttls()
    return p


def eof(p):
    """What is still to come, to the end; an end of any kind will do."""
    try:
        return p.file.read()
    except (ConnectionResetError, ssl.SSLError):
        return b""


# --- what is offered, and to whom


def test_capabilities_in_all_states(lab):
    with lab.pop3() as p:
        plain = capa(p)
        assert plain.pop("STLS") == []
        p.login("alice", lab.users["alice"])
        assert capa(p) == plain
    with lab.pop3() as p:
        p.starttls()
        inside = capa(p)
        assert "STLS" not in inside and "USER" in inside
        assert set(plain["SASL"]) < set(inside["SASL"])
        p.login("alice", lab.users["alice"])
        assert capa(p) == inside
    with lab.pop3(service="pop3s") as p:
        assert capa(p) == inside
        p.login("alice", lab.users["alice"])
        assert capa(p) == inside
    with lab.pop3(service="pop3s", tls=lab.tls(version=wire.TLS12)) as p:
        assert capa(p) == inside


def test_auth_lists_what_capa_does(lab):
    for p in (lab.pop3(), secure(lab), lab.pop3(service="pop3s")):
        with p:
            assert p.multi("AUTH").decode().split() == capa(p)["SASL"]


def test_tls_required(make_lab):
    lab = make_lab(options=["strict.tls required",
                            "strict.plaintext-auth always"],
                   services=["strict:pop3"])
    with lab.pop3(service="strict") as p:
        assert {"USER", "SASL"}.isdisjoint(capa(p))
        for line in ("USER alice", "PASS x", "AUTH", "AUTH PLAIN",
                     "AUTH SCRAM-SHA-256"):
            r = p.err(line)
            assert r.startswith(b"-ERR [AUTH] ") and b"STLS" in r
            assert b"995" in r
        p.err("APOP alice " + 32 * "0")
        p.starttls()
        assert "USER" in capa(p)
        p.login("alice", lab.users["alice"])
        p.quit()
    # No guess was counted: authd has not heard of it.
    assert "event=login-failed" not in lab.log()


def test_passwords_only_in_tls(make_lab):
    lab = make_lab(options=["strict.plaintext-auth never", "bare.tls no"],
                   services=["strict:pop3", "bare:pop3"])
    with lab.pop3(service="strict") as p:
        assert "STLS" in capa(p) and "USER" not in capa(p)
        assert b"STLS" in p.err("USER alice")
        p.starttls()
        p.login("alice", lab.users["alice"])
        p.quit()
    with lab.pop3("alice", service="bare") as p:
        assert "STLS" not in capa(p)
    with lab.pop3(service="bare") as p:
        assert "STLS" not in capa(p)
        p.err("STLS")
        p.login("alice", lab.users["alice"])
        p.quit()


def test_no_certificate(make_lab):
    """Nothing is promised that cannot be held, and no wrong way is shown."""
    lab = make_lab(start=False, services=["strict:pop3"],
                   options=["strict.tls required", "plaintext-auth never"])
    empty = lab.base / "none"
    empty.mkdir(mode=0o755)
    lab.start("-o", f"tls-dir {empty}")
    for service in ("pop3", "strict"):
        with lab.pop3(service=service) as p:
            assert {"STLS", "USER", "SASL"}.isdisjoint(capa(p))
            for line in ("USER alice", "AUTH PLAIN"):
                r = p.err(line)
                assert r.startswith(b"-ERR [SYS/PERM] "), r
                assert b"postrider tls make-cert" in r
                assert b"STLS" not in r and b"995" not in r
            p.err("STLS")
            p.quit()


def test_never_on_this_host(make_lab):
    """Who is on the mail host already is not sent there."""
    lab = make_lab(options=["plaintext-auth never", "pop3.tls no"])
    with lab.pop3() as p:
        r = p.err("USER alice")
        assert b"995" in r and b"host itself" not in r
        p.quit()


def test_client_hello_on_a_plain_port(lab):
    """It has no end of a line to wait for."""
    for first in (b"\x16\x03\x01\x02\x00", b"\x80\x2e\x01"):
        with lab.pop3() as p:
            p.send(first)
            said = p.line()
            assert said.startswith(b"-ERR ") and b"STLS" in said
            assert b"995" in said and p.at_eof()
    wait_for(lambda: lab.log().count(
        "event=closed client=127.0.0.1 reason=tls-hello") >= 2, "its reason")


# --- STLS


def test_stls_starts_over(lab):
    with lab.pop3() as p:
        p.err("STLS now")
        p.ok("USER alice")
        p.starttls()
        p.err(f"PASS {lab.users['alice']}")
        assert b"already" in p.err("STLS")
        p.login("alice", lab.users["alice"])
        p.err("STLS")
        p.quit()
    line = lab.wait_log("event=tls ")[-1]
    for part in ("client=127.0.0.1", "version=TLSv1.3", "resumed=no",
                 "sni=localhost", "certificate=none"):
        assert part in line, line


INJECTED = b"STLS\r\nCAPA\r\nUSER eve\r\nPASS x\r\n"


@pytest.mark.parametrize("at", range(len(INJECTED)))
def test_injection(lab, at):
    """What is sent behind STLS never has an answer in TLS, nor an effect."""
    with lab.pop3() as p:
        injected(lab, p, INJECTED, at)
        assert p.line().startswith(b"+OK")
        p.handshake()
        p.ok("USER alice")
        p.quit()


def test_injection_before_handshake(lab):
    """Plaintext in the place of TLS: not another byte of plaintext."""
    for junk in (b"CAPA\r\n" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 100):
        with lab.pop3() as p:
            p.ok("STLS")
            p.send(junk)
            said = eof(p)
            assert b"+OK" not in said and b"-ERR" not in said
            assert len(said) < 50, said
    lab.wait_log("event=tls-failed")
    lab.wait_log("event=closed client=127.0.0.1 reason=tls-failed")


def test_flood_behind_stls(lab):
    with lab.pop3() as p:
        p.send(b"STLS\r\n")
        try:
            p.send(b"NOOP\r\n" * 100000)
        except ConnectionError:
            return
        answer = eof(p)
        assert b"+OK Nothing" not in answer and answer.count(b"\r\n") <= 1


def test_errors_are_counted_on(lab):
    with lab.pop3() as p:
        for _ in range(15):
            p.err("XTND")
        p.starttls()
        n = 0
        while b"bye" not in p.err("XTND"):
            n += 1
        assert n <= 5
        assert p.at_eof()


# --- TLS from the first byte


def test_pop3s_under_every_super_server(any_lab):
    with any_lab.pop3("alice", service="pop3s") as p:
        assert p.greeting.startswith(b"+OK POP3")
        p.quit()


def test_pop3s_says_nothing_in_plaintext(lab):
    for junk in (b"USER alice\r\nPASS x\r\n", b"\r\n" * 1000):
        with wire.Line(lab.port("pop3s"), PATIENCE) as p:
            p.send(junk)
            said = eof(p)
            assert b"OK" not in said and b"ERR" not in said, said


@pytest.mark.parametrize("version", [wire.TLS12, wire.TLS13])
@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_large_messages(lab, box, service, version):
    content = large("ten-mb", 10 << 20).replace(b"\r\n", b"\n")
    box.put(content)
    box.put(b"Subject: small\n\n.\n")
    context = lab.tls(version=version)
    with lab.pop3(service=service,
                  tls=context if service == "pop3s" else None) as p:
        if service == "pop3":
            p.starttls(context)
        p.login("alice", lab.users["alice"])
        assert p.stat() == (2, sum(p.listing().values()))
        assert p.retr(1) == wire_form(content)
        assert p.retr(2) == b"Subject: small\r\n\r\n.\r\n"
        p.quit()


def test_pipelining(lab, box):
    """Everything in one write, the login in the middle of it."""
    box.put_all(50)
    with lab.pop3(service="pop3s") as p:
        said = [f"USER alice\r\nPASS {lab.users['alice']}\r\nSTAT\r\n"]
        said += [f"RETR {n}\r\nDELE {n}\r\n" for n in range(1, 51)]
        p.send("".join(said + ["QUIT\r\nNOOP\r\n"]).encode())
        for _ in range(3):
            assert p.line().startswith(b"+OK")
        for n in range(1, 51):
            assert p.line().startswith(b"+OK")
            assert p.rest() == b"Subject: %d\r\n\r\nbody %d\r\n" % (n, n)
            assert p.line() == b"+OK Message %d deleted" % n
        assert p.line() == b"+OK Bye, 50 deleted"
        assert p.at_eof()
    assert box.names() == []


def test_slow_reader(lab, box):
    """Buffers fill up on the way; nothing is lost in any of them."""
    content = large("slow", 4 << 20).replace(b"\r\n", b"\n")
    box.put(content)
    with lab.pop3("alice", service="pop3s") as p:
        p.send(b"RETR 1\r\nQUIT\r\n")
        time.sleep(1)  # it writes what it can, to a client that does not read
        assert p.line().startswith(b"+OK")
        assert p.rest() == wire_form(content)
        assert p.line().startswith(b"+OK Bye")
        assert p.at_eof()


def test_client_vanishes(lab, box):
    """An end without QUIT, and without the end of TLS: nothing is removed."""
    box.put_all(2)
    with lab.pop3("alice", service="pop3s") as p:
        p.ok("DELE 1")
    wait_for(lambda: "reason=closed" in box.log_of_last(), "its end")
    with lab.pop3("alice", service="pop3s") as p:
        assert p.stat()[0] == 2
        p.quit()


# --- who is killed, and what becomes of the others


@pytest.fixture
def fresh(make_lab):
    return make_lab()


def signal_all(pids, what):
    for pid in pids:
        os.kill(pid, what)


def test_tlsd_stopped(fresh):
    lab = fresh
    pids = lab.pids("tlsd")
    assert pids
    with lab.pop3() as p:
        signal_all(pids, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert p.err("STLS").startswith(b"-ERR [SYS/TEMP] ")
            assert time.monotonic() - began < ANSWER + 1
            assert "STLS" not in capa(p)
            assert p.err("STLS").startswith(b"-ERR [SYS/TEMP] ")
            p.login("alice", lab.users["alice"])
            p.quit()
            began = time.monotonic()
            with wire.Line(lab.port("pop3s"), PATIENCE) as s:
                assert s.at_eof()
            assert time.monotonic() - began < ANSWER + 1
        finally:
            signal_all(pids, signal.SIGCONT)
    wait_for(lambda: works(lab), "TLS again", every=0.2)
    with secure(lab) as p:
        p.login("alice", lab.users["alice"])
        p.quit()


def works(lab):
    try:
        with lab.pop3("alice", service="pop3s") as p:
            p.quit()
        return True
    except (OSError, AssertionError):
        return False


def test_tlsd_killed(fresh):
    """A session that is not encrypted goes on; the next ones find another."""
    lab = fresh
    with lab.pop3() as p:
        assert "STLS" in capa(p)
        # Served behind it: tlsd has taken the first one's channel, which would
        # be the next tlsd's otherwise.
        wait_for(lambda: works(lab), "TLS")
        signal_all(lab.pids("tlsd"), signal.SIGKILL)
        wait_for(lambda: "STLS" not in capa(p), "the end of tlsd", every=0.1)
        assert p.err("STLS").startswith(b"-ERR [SYS/TEMP] ")
        p.login("alice", lab.users["alice"])
        p.quit()
    wait_for(lambda: works(lab), "TLS again", every=0.2)


def test_connection_killed(fresh):
    """The process of one connection: its session ends, and no other."""
    lab, box = fresh, Box(fresh)
    box.put_all(2)
    with lab.pop3("bob", service="pop3s") as other:
        before = set(lab.pids("tlsd"))
        with lab.pop3("alice", service="pop3s") as p:
            mine = set(lab.pids("tlsd")) - before
            assert len(mine) == 1
            p.ok("DELE 1")
            signal_all(mine, signal.SIGKILL)
            assert eof(p) == b""
        wait_for(lambda: len(mailboxes.sessions(lab)) == 1, "the end of it")
        assert "deleted=0" in box.log_of_last()
        with lab.pop3("alice") as again:
            assert again.stat()[0] == 2
            again.quit()
        other.ok("NOOP")
        other.quit()


def test_mailbox_killed(fresh):
    """The client sees the end, whoever is between."""
    lab = fresh
    with lab.pop3("alice", service="pop3s") as p:
        signal_all(mailboxes.sessions(lab), signal.SIGKILL)
        assert eof(p) == b""


def test_sessions_leave_nothing(fresh):
    """Nobody keeps a socket or a process of a client that has gone."""
    lab = fresh
    before = len(lab.pids("tlsd"))
    for service in ("pop3s", "pop3"):
        for _ in range(5):
            with lab.pop3(service=service) as p:
                if service == "pop3":
                    p.starttls()
                p.login("alice", lab.users["alice"])
                p.quit()
    wait_for(lambda: len(lab.pids("tlsd")) == before, "all ends")
