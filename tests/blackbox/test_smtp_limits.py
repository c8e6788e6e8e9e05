"""Limits of time, size and patience."""

import subprocess
import time

import pytest

import suite
from talk import MESSAGE, begin, hello, login


@pytest.fixture(scope="module")
def tight(request):
    """A lab in which every limit is near."""
    lab = suite.Lab(options=[
        "command-timeout 2s", "data-timeout 2s", "session-timeout 12s",
        "session-errors 5", "session-junk 10", "recipients 100",
        "message-size 64k", "header-size 4k", "hops 10"])
    request.addfinalizer(lab.close)
    return lab.start()


def deliver(s, lab, content):
    s.ok("MAIL FROM:<>")
    s.ok(f"RCPT TO:<{lab.address('bob')}>")
    return s.data(content)


def test_silence(tight):
    with tight.smtp() as s:
        r = s.reply()
        assert (r.code, r.dsn) == (421, "4.4.2")
        assert s.at_eof()


def test_slow_line(tight):
    """The time is for the whole line, not for each byte of it."""
    start = time.monotonic()
    with tight.smtp() as s:
        try:
            while time.monotonic() < start + 10:
                s.send(b"N")
                time.sleep(0.2)
        except OSError:
            pass
    assert time.monotonic() - start < 6


def test_silence_within_a_message(tight):
    with hello(tight) as s:
        begin(s, tight)
        s.send(b"Subject: x\r\n")
        r = s.reply()
        assert (r.code, r.dsn) == (421, "4.4.2")
        assert s.at_eof()


def test_long_session(tight):
    """Its end comes even to a client that is never idle."""
    start = time.monotonic()
    with hello(tight) as s:
        for _ in range(9):
            r = s.cmd("MAIL FROM:<>")
            if r.code == 421:
                break
            assert r.code == 250
            time.sleep(0.9)
            r = s.cmd("RSET")
            if r.code == 421:
                break
            assert r.code == 250
            time.sleep(0.9)
        assert (r.code, r.dsn) == (421, "4.4.2")
        assert 8 < time.monotonic() - start < 14
        assert s.at_eof()


def test_errors(tight):
    with hello(tight) as s:
        for _ in range(5):
            s.ok("FOO", 500)
        r = s.cmd("NOOP")
        assert (r.code, r.dsn) == (421, "4.7.0")
        assert s.at_eof()


def test_junk(tight):
    with hello(tight) as s:
        for _ in range(9):
            s.ok("RSET")
        assert s.cmd("RSET").code == 421
        assert s.at_eof()


def test_mail_forgives(tight):
    """Errors and junk are counted from the last message that came through."""
    with hello(tight) as s:
        for _ in range(4):
            for _ in range(4):
                s.ok("FOO", 500)
            assert deliver(s, tight, MESSAGE).code == 250
        s.quit()


def test_junk_of_a_thousand(tight):
    before = len(tight.log().splitlines())
    with tight.smtp() as s:
        s.send(b"RSET\r\nNOOP\r\nVRFY x\r\nHELP\r\n" * 250)
        try:
            said = s.file.read()
        except ConnectionResetError:
            said = b"421 "
        assert b"421 " in said
    time.sleep(0.2)
    assert len(tight.log().splitlines()) - before < 40


def test_recipients_at_once(tight):
    """20 000 RCPT in one go: 100 taken, the rest told to wait, quickly."""
    rcpt = f"RCPT TO:<{tight.address('bob')}>\r\n".encode()
    with hello(tight) as s:
        s.ok("MAIL FROM:<>")
        start = time.monotonic()
        sender = subprocess.Popen(
            ["python3", "-c", "import os,sys\n"
             "d=sys.argv[1].encode().decode('unicode_escape').encode()*20000\n"
             "while d: d=d[os.write(1,d):]",
             rcpt.decode().encode("unicode_escape").decode()],
            stdout=s.sock.fileno())
        found = [s.reply() for _ in range(20000)]
        assert sender.wait() == 0
        assert time.monotonic() - start < 15
        assert [r.code for r in found[:101]] == [250] * 100 + [452]
        assert {(r.code, r.dsn) for r in found[100:]} == {(452, "4.5.3")}
        assert s.data(MESSAGE).code == 250
    tight.wait_idle()
    tight.remove_mail("bob")


def test_message_sizes(tight):
    limit = 65536
    head = b"Subject: x\r\n\r\n"
    exact = head + b"x" * (limit - len(head) - 2) + b"\r\n"
    with hello(tight) as s:
        assert deliver(s, tight, exact).code == 250
        r = deliver(s, tight, exact[:-2] + b"x\r\n")
        assert (r.code, r.dsn) == (552, "5.3.4")
        # dots are counted as the message has them, not as the wire does
        dots = b".\r\n" * (limit // 3)
        assert deliver(s, tight, dots).code == 250
        assert deliver(s, tight, dots + b".\r\n").code == 552
        assert deliver(s, tight, b"x\r\n" * 1000000).code == 552
        s.quit()
    tight.wait_idle()
    tight.remove_mail("bob")


def test_header_sizes(tight):
    with hello(tight) as s:
        assert deliver(s, tight, b"A: 345\r\n" * 580).code == 250
        r = deliver(s, tight, b"A: 345\r\n" * 590)
        assert (r.code, r.dsn) == (552, "5.3.4")
        assert deliver(s, tight, b"\r\n" + b"A: 345\r\n" * 2000).code == 250
    with login(tight) as s:
        s.ok(f"MAIL FROM:<{tight.address('alice')}>")
        s.ok(f"RCPT TO:<{tight.address('bob')}>")
        assert s.data(b"A: 345\r\n" * 590).code == 552
    tight.wait_idle()
    tight.remove_mail("bob")


def test_hops(tight):
    with hello(tight) as s:
        assert deliver(s, tight, b"Received: x\r\n" * 10).code == 250
        r = deliver(s, tight, b"received : x\r\n" * 11)
        assert (r.code, r.dsn) == (554, "5.4.6")
        assert deliver(s, tight, b"\r\n" + b"Received: x\r\n" * 50).code == 250
    tight.wait_idle()
    tight.remove_mail("bob")


def test_slow_message(make_lab):
    """After a grace of 30 s a message must have come at min-rate."""
    lab = make_lab(options=["min-rate 1000"])
    start = time.monotonic()
    with hello(lab) as s:
        begin(s, lab)
        try:
            while time.monotonic() < start + 50:
                s.send(b"slow\r\n")
                time.sleep(0.5)
        except OSError:
            pass
    assert 29 < time.monotonic() - start < 40
    lab.wait_log("how=min-rate")
    lab.wait_idle_but_incomplete()
    assert lab.files("bob") == []
