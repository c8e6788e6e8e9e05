"""SMTP in TLS: the way in, what is forgotten on it, and a tlsd that is gone."""

import os
import re
import signal
import socket
import ssl
import time

import pytest

import suite
import wire
from talk import FOREIGN, MESSAGE, hello, injected

INJECTED = b"STARTTLS\r\nNOOP\r\n"
ANSWER = 5  # seconds that a session waits for tlsd
PLAINTEXT = re.compile(rb"\A[245][0-9][0-9][ -]")


def secured(lab, service="smtp", context=None, **more):
    """A session after STARTTLS and EHLO."""
    s = hello(lab, service)
    s.starttls(context, **more)
    s.ehlo()
    return s


def headers(path):
    return path.read_bytes().split(b"\n\n", 1)[0].decode()


# --- STARTTLS

@pytest.mark.parametrize("cut", range(len(INJECTED)))
def test_injection(lab, cut):
    """What is sent behind STARTTLS before 220 has never been said."""
    with hello(lab) as s:
        injected(lab, s, INJECTED, cut)
        assert s.reply().code == 220
        s.handshake()
        s.send(b"EHLO x\r\nQUIT\r\n")
        r = s.reply()
        assert r.code == 250 and r.lines[0].startswith("mail.")
        assert s.reply().code == 221
        assert s.at_eof()


def test_injection_of_a_message(lab):
    """Long enough to lie in every buffer on the way."""
    d = lab.domain
    said = (f"EHLO evil\r\nMAIL FROM:<evil@{d}>\r\nRCPT TO:<bob@{d}>\r\n"
            "DATA\r\nSubject: x\r\n\r\n" + "x" * 70 + "\r\n.\r\n").encode()
    with hello(lab) as s:
        s.send(b"STARTTLS\r\n" + said * 400)
        assert s.reply().code == 220
        try:
            s.handshake()
            assert s.cmd("MAIL FROM:<>").code == 503
        except (ssl.SSLError, ConnectionError):
            pass  # the rest came late, and TLS has seen it
    lab.wait_idle()
    assert lab.files("bob") == []


def test_bytes_behind_220(lab):
    """They reach TLS, which ends; the session says nothing more."""
    with hello(lab) as s:
        s.ok("STARTTLS", 220)
        s.send(b"NOOP\r\nNOOP\r\n")
        got = s.file.read()
        assert not PLAINTEXT.match(got), got
    lab.wait_log("event=tls-failed")


def test_state_is_forgotten(lab):
    with hello(lab) as s:
        assert "STARTTLS" in s.extensions
        s.ok(f"MAIL FROM:<{FOREIGN}>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        s.starttls()
        s.ok("DATA", 503)
        s.ok(f"MAIL FROM:<{FOREIGN}>", 503)
        s.ehlo()
        assert "STARTTLS" not in s.extensions
        assert s.cmd("STARTTLS").code == 503
        s.ok(f"RCPT TO:<{lab.address('bob')}>", 503)
        s.ok(f"MAIL FROM:<{FOREIGN}>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        assert s.data(MESSAGE).code == 250
        s.quit()
    lab.wait_files("bob", 1)


def test_login_is_forgotten(lab):
    with hello(lab, "submission") as s:
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        s.starttls()
        s.ehlo()
        assert "AUTH" in s.extensions
        s.ok(f"MAIL FROM:<{lab.address('alice')}>", 530)
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        s.ok(f"MAIL FROM:<{lab.address('alice')}>")


def test_wrong_words(lab):
    with lab.smtp() as s:
        s.ok("STARTTLS", 503)
        s.ehlo()
        s.ok("STARTTLS now", 501)
        s.ok("STARTTLS", 220)


def test_handshake_that_fails(lab):
    """A client that does not trust the certificate; others go on."""
    with hello(lab) as s:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            s.starttls(ssl.create_default_context())
    lab.wait_log("event=tls-failed")
    with secured(lab) as s:
        s.quit()


# --- policy

def test_required(make_lab):
    lab = make_lab(services=["must:submission"],
                   options=["must.tls required",
                            "must.plaintext-auth always"])
    with lab.smtp("must") as s:
        s.ok("NOOP")
        s.ok("HELO x")
        s.ehlo()
        assert "STARTTLS" in s.extensions
        assert "AUTH" not in s.extensions
        for line in ("MAIL FROM:<alice>", "RCPT TO:<x>", "DATA", "RSET",
                     "HELP", "VRFY x", "EXPN x"):
            r = s.cmd(line)
            assert (r.code, r.dsn) == (530, "5.7.0"), line
            assert "STARTTLS" in r.text
        r = s.auth_plain("alice", lab.users["alice"])
        assert (r.code, r.dsn) == (530, "5.7.0")
        s.starttls()
        s.ehlo()
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        s.ok(f"MAIL FROM:<{lab.address('alice')}>")
        s.ok("RSET")
        s.quit()
    assert "event=login" in lab.log()
    assert len(lab.wait_log("event=login ")) == 1  # none before TLS


def test_login_needs_tls(make_lab):
    """AUTH is hidden before, and refusals say the way."""
    lab = make_lab(options=["plaintext-auth never"])
    with hello(lab, "submission") as s:
        assert "AUTH" not in s.extensions
        r = s.auth_plain("alice", lab.users["alice"])
        assert (r.code, r.dsn) == (538, "5.7.11") and "STARTTLS" in r.text
        r = s.cmd(f"MAIL FROM:<{lab.address('alice')}>")
        assert (r.code, r.dsn) == (530, "5.7.0") and "STARTTLS" in r.text
        s.starttls()
        s.ehlo()
        assert {"PLAIN", "LOGIN"} <= set(s.extensions["AUTH"])
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
    with hello(lab, "smtps") as s:
        assert s.auth_login("alice", lab.users["alice"]).code == 235


def test_refused_by_policy(make_lab):
    lab = make_lab(options=["tls no", "submissions.tls implicit"])
    with hello(lab) as s:
        assert "STARTTLS" not in s.extensions
        s.ok("STARTTLS", 502)
        assert "STARTTLS" not in s.ok("HELP", 214).lines[0]
    assert lab.send(MESSAGE).code == 250


def test_no_certificate(make_lab):
    """Nothing is promised that cannot be held."""
    lab = make_lab(start=False)
    empty = lab.base / "none"
    empty.mkdir(mode=0o755)
    lab.start("-o", f"tls-dir {empty}")
    with hello(lab) as s:
        assert "STARTTLS" not in s.extensions
        s.ok("STARTTLS", 503)
        s.ok("NOOP")
    with socket.create_connection((wire.LOCALHOST, lab.port("smtps")),
                                  suite.PATIENCE) as c:
        assert c.makefile("rb").read() == b""
    lab.wait_log("event=tls-failed")


def test_no_certificate_where_it_is_a_must(make_lab):
    """What cannot work is no advice: the administrator is named instead."""
    lab = make_lab(start=False, services=["must:submission"],
                   options=["must.tls required", "plaintext-auth never"])
    empty = lab.base / "none"
    empty.mkdir(mode=0o755)
    lab.start("-o", f"tls-dir {empty}")
    with hello(lab, "must") as s:
        assert {"STARTTLS", "AUTH"}.isdisjoint(s.extensions)
        r = s.cmd("STARTTLS")
        assert r.code == 454 and "postrider tls make-cert" in r.text
        for line in ("AUTH PLAIN", "MAIL FROM:<>", "RSET"):
            r = s.cmd(line)
            assert r.code == 530 and "postrider tls make-cert" in r.text
            assert "STARTTLS" not in r.text
        s.quit()
    with hello(lab, "submission") as s:
        assert "AUTH" not in s.extensions
        r = s.auth_plain("alice", lab.users["alice"])
        assert r.code == 538 and "postrider tls make-cert" in r.text
        r = s.cmd("MAIL FROM:<>")
        assert r.code == 530 and "postrider tls make-cert" in r.text
        s.quit()


# --- what is told of it

@pytest.mark.parametrize("version, name", [(wire.TLS12, "TLSv1.2"),
                                           (wire.TLS13, "TLSv1.3")])
def test_received(lab, version, name):
    context = lab.tls(version=version)
    with secured(lab, "smtp", context) as s:
        cipher = s.sock.cipher()[0]
        s.ok(f"MAIL FROM:<{FOREIGN}>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        assert s.data(MESSAGE).code == 250
        s.quit()
    field = headers(lab.wait_files("bob", 1)[0])
    assert " with ESMTPS id " in field
    clause = re.search(r"\n\ttls (TLS_[A-Z0-9_]+) \(([A-Za-z0-9.]+)\);\n\t",
                       field)
    assert clause and clause[2] == name, field
    if version == wire.TLS13:
        assert clause[1] == cipher
    lines = lab.wait_log(f"event=tls client=127.0.0.1 version={name}")
    assert f"cipher={clause[1]}" in lines[-1]
    assert "sni=localhost certificate=none" in lines[-1]
    lab.wait_log(f"tls={name} cipher={clause[1]}")


@pytest.mark.parametrize("service", ["submission", "smtps"])
def test_received_after_login(lab, service):
    with hello(lab, service) as s:
        if service == "submission":
            s.starttls()
            s.ehlo()
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        s.ok(f"MAIL FROM:<{lab.address('alice')}>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        assert s.data(MESSAGE).code == 250
        s.quit()
    field = headers(lab.wait_files("bob", 1)[0])
    assert " with ESMTPSA id " in field and "\n\ttls TLS_" in field


def test_no_tls_no_clause(lab):
    assert lab.send(MESSAGE).code == 250
    field = headers(lab.wait_files("bob", 1)[0])
    assert " with ESMTP id " in field and "tls" not in field


def test_resumed(lab):
    """A ticket of one connection opens the next, and the log says so."""
    context = lab.tls(version=wire.TLS12)
    with secured(lab, "smtp", context) as s:
        session = s.sock.session
        s.quit()
    with secured(lab, "smtp", context, session=session) as s:
        assert s.sock.session_reused
    assert "resumed=yes" in lab.wait_log("event=tls ")[-1]


# --- from the first byte

@pytest.mark.parametrize("said", [b"", b"EHLO x\r\n", b"QUIT\r\n", b"\r\n" * 3,
                                  b"GET / HTTP/1.0\r\n\r\n", b"\0" * 2000],
                         ids=["nothing", "ehlo", "quit", "lines", "http",
                              "nul"])
def test_nothing_in_plaintext(lab, said):
    with socket.create_connection((wire.LOCALHOST, lab.port("smtps")),
                                  suite.PATIENCE) as c:
        c.sendall(said)
        if not said:
            c.shutdown(socket.SHUT_WR)
        try:
            got = c.makefile("rb").read()
        except ConnectionResetError:
            return
    assert got == b"" or got[0] == 0x15, got  # an alert of TLS


def test_silence_at_a_limit(make_lab):
    """Who is one too many hears it in plaintext only where there is some."""
    lab = make_lab(options=["connections-per-client 1"])
    with hello(lab, "smtps") as s:
        with socket.create_connection((wire.LOCALHOST, lab.port("smtps")),
                                      suite.PATIENCE) as c:
            assert c.makefile("rb").read() == b""
        s.ok("NOOP")
    lab.wait_log("reason=too-many-sessions")
    with hello(lab):
        with socket.create_connection((wire.LOCALHOST, lab.port("smtp")),
                                      suite.PATIENCE) as c:
            assert c.makefile("rb").read().startswith(b"421 4.7.0 ")


def shake_by_bytes(sock, context):
    """A handshake of which each byte comes by itself; the first reply."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    done = False
    while True:
        try:
            if not done:
                tls.do_handshake()
                done = True
            got = tls.read(1000)
        except ssl.SSLWantReadError:
            got = None
        for byte in outgoing.read():
            sock.sendall(bytes([byte]))
        if got is not None:
            return got
        incoming.write(sock.recv(65536))


@pytest.mark.parametrize("version", [wire.TLS12, wire.TLS13])
def test_handshake_in_bytes(lab, version):
    with socket.create_connection((wire.LOCALHOST, lab.port("smtps")),
                                  suite.PATIENCE) as c:
        assert shake_by_bytes(c, lab.tls(version=version)).startswith(b"220 ")


def test_client_hello_on_a_plain_port(lab):
    with socket.create_connection((wire.LOCALHOST, lab.port("smtp")),
                                  suite.PATIENCE) as c:
        file = c.makefile("rb")
        assert file.readline().startswith(b"220 ")
        c.sendall(b"\x16\x03\x01\x02\x00")
        said = file.read()
    assert said.startswith(b"554 5.5.1 ") and b"465" in said


def test_message_in_tls(lab):
    """Big ones, both ways of beginning."""
    content = b"Subject: big\r\n\r\n" + (b"x" * 76 + b"\r\n") * 40000
    for service in ("smtp", "smtps"):
        with hello(lab, service) as s:
            if service == "smtp":
                s.starttls()
                s.ehlo()
            else:
                assert s.auth_plain("alice", lab.users["alice"]).code == 235
            s.ok("MAIL FROM:<>")
            s.ok(f"RCPT TO:<{lab.address('bob')}>")
            assert s.data(content).code == 250
            s.quit()
    for f in lab.wait_files("bob", 2):
        assert f.read_bytes().endswith(
            content.replace(b"\r\n", b"\n")[-1000000:])


# --- without tlsd

@pytest.fixture
def lonely(make_lab):
    """A lab whose tlsd cannot be started again; what ends it."""
    lab = make_lab()
    with secured(lab) as s:
        s.quit()
    yield lab
    for pid in lab.pids("tlsd"):
        os.kill(pid, signal.SIGCONT)


def refused_in_time(s):
    before = time.monotonic()
    r = s.cmd("STARTTLS")
    assert (r.code, r.dsn) == (454, "4.7.0")
    assert time.monotonic() - before < ANSWER + 5


def goes_on(lab, s):
    """In plaintext, where STARTTLS has had its chance."""
    r = s.ehlo()
    assert "STARTTLS" not in r.lines
    refused_in_time(s)
    s.ok(f"MAIL FROM:<{FOREIGN}>")
    s.ok(f"RCPT TO:<{lab.address('bob')}>")
    assert s.data(MESSAGE).code == 250
    before = time.monotonic()
    s.quit()  # and hears the end, though tlsd may hold the socket
    assert time.monotonic() - before < ANSWER


def closes_in_time(lab, service):
    before = time.monotonic()
    with socket.create_connection((wire.LOCALHOST, lab.port(service)),
                                  suite.PATIENCE) as c:
        assert c.makefile("rb").read() == b""
    assert time.monotonic() - before < ANSWER + 5


def test_tlsd_stopped(lonely):
    lab = lonely
    with hello(lab) as s, hello(lab) as later:
        for pid in lab.pids("tlsd"):
            os.kill(pid, signal.SIGSTOP)
        refused_in_time(s)
        goes_on(lab, s)
        closes_in_time(lab, "smtps")
        with hello(lab) as new:
            assert "STARTTLS" in new.extensions
            refused_in_time(new)
        for pid in lab.pids("tlsd"):
            os.kill(pid, signal.SIGCONT)
        later.starttls()
        later.ehlo()
    with hello(lab, "smtps") as s:
        s.quit()


def test_tlsd_killed(lonely):
    lab = lonely
    alive = lab.pids("tlsd")  # found by the program's name
    (lab.dir / "libexec/tlsd").rename(lab.dir / "libexec/away")
    with hello(lab) as s:
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it ended with another
        refused_in_time(s)
        goes_on(lab, s)
    closes_in_time(lab, "smtps")
    with hello(lab) as s:
        refused_in_time(s)
        goes_on(lab, s)
    (lab.dir / "libexec/away").rename(lab.dir / "libexec/tlsd")

    def served():
        with hello(lab) as s:
            return s.cmd("STARTTLS").code == 220

    suite.wait_for(served, "another tlsd", timeout=2 * suite.PATIENCE)


def test_connection_process_killed(lab):
    """Its session ends, nothing is half queued, and no other is touched."""
    with secured(lab) as other, secured(lab) as s:
        before = set(lab.pids("tlsd"))
        with secured(lab) as third:
            mine = set(lab.pids("tlsd")) - before
            assert len(mine) == 1
            third.ok(f"MAIL FROM:<{FOREIGN}>")
            third.ok(f"RCPT TO:<{lab.address('bob')}>")
            third.ok("DATA", 354)
            third.send(b"Subject: half\r\n")
            os.kill(mine.pop(), signal.SIGKILL)
            assert third.at_eof()
        other.ok("NOOP")
        s.ok("NOOP")
    lab.wait_idle()
    assert lab.files("bob") == []
