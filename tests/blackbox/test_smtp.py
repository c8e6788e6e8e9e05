"""The SMTP dialogue: exact answers, order, command lines, addresses."""

import os
import random
import signal
import socket

import pytest

import suite
import wire
from talk import FOREIGN, MESSAGE, begin, hello
from wire import b64


def test_lesson(any_lab):
    """220 250 334 334 235 250 250 354 250 221, as the textbooks have it."""
    lab = any_lab
    with lab.smtp("submission") as s:
        assert s.greeting.code == 220
        assert s.cmd("EHLO client").code == 250
        assert s.cmd("AUTH LOGIN") == (334, ["VXNlcm5hbWU6"])
        assert s.cmd(b64("alice")) == (334, ["UGFzc3dvcmQ6"])
        assert s.cmd(b64(lab.users["alice"])).code == 235
        assert s.cmd(f"MAIL FROM:<{lab.address('alice')}>").code == 250
        assert s.cmd(f"RCPT TO:<{lab.address('bob')}>").code == 250
        assert s.data(MESSAGE).code == 250
        s.quit()
    lab.wait_files("bob", 1)


def test_foxmail(lab):
    """HELO and AUTH LOGIN, lower case, a space behind the colon."""
    with lab.smtp("submission") as s:
        s.ok("helo fox")
        assert s.auth_login("alice", lab.users["alice"]).code == 235
        s.ok(f"mail from: <{lab.address('alice')}>")
        s.ok(f"rcpt to: <{lab.address('bob')}>")
        assert s.data(MESSAGE).code == 250
        s.quit()
    content = lab.wait_files("bob", 1)[0].read_bytes()
    assert b" with ESMTPA id " in content


def test_second_mail_from_a_virus_proxy(lab):
    """A repeated MAIL is refused and the transaction goes on."""
    with hello(lab) as s:
        s.ok(f"MAIL FROM:<{FOREIGN}>")
        assert s.cmd("MAIL FROM:<other@foreign.example>").code == 503
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        assert s.data(MESSAGE).code == 250
    content = lab.wait_files("bob", 1)[0].read_bytes()
    assert content.startswith(b"Return-Path: <" + FOREIGN.encode() + b">\n")


def test_extensions(lab):
    with hello(lab) as s:
        assert list(s.extensions) == [
            "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "CHUNKING",
            "BINARYMIME", "ENHANCEDSTATUSCODES", "DSN", "LIMITS", "STARTTLS",
            "HELP"]
        assert s.extensions["LIMITS"] == ["RCPTMAX=1000"]
        assert s.extensions["SIZE"][0].isdigit()
    with hello(lab, "submission") as s:
        assert s.extensions["AUTH"] == ["SCRAM-SHA-256", "PLAIN", "LOGIN"]


def test_every_reply_has_an_enhanced_code(lab):
    lines = ["NOOP", "RSET", "HELP", "VRFY x", "EXPN x", "SEND x", "FOO",
             "MAIL FROM:<>", "RCPT TO:<nobody@x.example>", "RSET x", "DATA",
             f"RCPT TO:<{lab.address('bob')}>", "AUTH PLAIN", "QUIT"]
    with hello(lab) as s:
        for line in lines:
            r = s.cmd(line)
            for text in r.lines:
                assert text.split(".")[0] == str(r.code)[0], (line, r)
                assert len(text.split(" ")[0].split(".")) == 3, (line, r)


@pytest.mark.parametrize("verb", ["SEND FROM:<a@b.example>", "TURN",
                                  "SOML FROM:<a@b.example>", "ETRN x",
                                  "SAML FROM:<a@b.example>", "EXPN staff"])
def test_not_offered(lab, verb):
    with hello(lab) as s:
        assert s.cmd(verb).code == 502


def test_nothing_tells_who_exists(lab):
    with hello(lab) as s:
        assert s.cmd("VRFY bob") == s.cmd("VRFY nobody")
        assert s.cmd("EXPN bob") == s.cmd("EXPN nobody")


def test_hints(lab):
    """503 names the next step."""
    with lab.smtp() as s:
        for line in ("MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"):
            assert "EHLO" in s.ok(line, 503).text
        s.ehlo()
        for line in ("RCPT TO:<a@b.example>", "DATA"):
            assert "MAIL FROM" in s.ok(line, 503).text
        s.ok("MAIL FROM:<>")
        assert "RCPT TO" in s.ok("DATA", 503).text
        assert "RSET" in s.ok("MAIL FROM:<>", 503).text


def test_reset_and_greeting_again(lab):
    with hello(lab) as s:
        s.ok("MAIL FROM:<>")
        s.ok("RSET")
        s.ok("DATA", 503)
        s.ok("MAIL FROM:<>")
        s.ehlo()
        s.ok(f"RCPT TO:<{lab.address('bob')}>", 503)


def test_line_lengths(lab):
    with lab.smtp() as s:
        s.ok("HELO " + "A" * 505)
        s.ok("HELO " + "A" * 506, 500)
        s.ok("HELO " + "A" * 4096, 500)
        assert s.ok("EHLO " + "a" * 70000, 500).dsn == "5.5.2"
        assert s.ok("AUTH PLAIN " + "A" * 70000, 500).dsn == "5.5.6"
        s.ok("NOOP")


def test_line_without_an_end(lab):
    with lab.smtp() as s:
        try:
            for _ in range(64):
                s.send(b"A" * 65536)
        except OSError:
            pass  # it was cut off, as it should be
        try:
            assert s.file.read() in (b"", b"421 4.7.0 Line without an end; "
                                     b"closing\r\n")
        except ConnectionResetError:
            pass
    assert lab.smtp().greeting.code == 220


@pytest.mark.parametrize("line", [b"EHLO t\n", b"NOOP\0junk\r\n", b"\n",
                                  b"NOOP\rNOOP\r\n", b"NOOP\r\r\n"])
def test_bad_lines_close(lab, line):
    with lab.smtp() as s:
        s.send(line + b"NOOP\r\n")
        r = s.reply()
        assert (r.code, r.dsn) == (500, "5.5.2")
        assert s.at_eof()


@pytest.mark.parametrize("line", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /x HTTP/1.0\r\n\r\n",
    b"CONNECT x:25 HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", b"\x80\x2e\x01\x00\x02"])
def test_other_protocols(lab, line):
    with lab.smtp() as s:
        s.send(line)
        assert s.reply().code == 554
        assert s.at_eof()


def test_case_and_blanks(lab):
    with lab.smtp() as s:
        for line in ("noop", "NoOp", "NOOP ", "NOOP\t", "NOOP\tx", "RSET  "):
            s.ok(line)
        s.ok(" NOOP", 500)
        s.ok("", 500)
        s.ok("eHLO\tx")


def test_hello_is_only_noted(lab):
    with lab.smtp() as s:
        s.ok(b"EHLO a\x1b[2Jb (c) %n%s")
        s.ok("MAIL FROM:<>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        assert s.data(MESSAGE).code == 250
    content = lab.wait_files("bob", 1)[0].read_bytes()
    assert b"\nReceived: from a?[2Jb??c??%n%s ([127.0.0.1])\n" in content
    assert "\x1b" not in lab.log()


def test_half_close_after_each_verb(lab):
    lines = [b"", b"EHLO t\r\n", b"MAIL FROM:<>\r\n",
             b"RCPT TO:<" + lab.address("bob").encode() + b">\r\n",
             b"DATA\r\n", b"Subject: x\r\n", b"\r\n."]
    for n in range(len(lines) + 1):
        with lab.smtp() as s:
            s.send(b"".join(lines[:n]))
            s.sock.shutdown(socket.SHUT_WR)
            assert all(line[3:4] in b" -" for line in
                       s.file.read().splitlines())
    lab.wait_idle_but_incomplete()
    assert lab.files("bob") == []


@pytest.mark.parametrize("path,code", [
    ("<;sleep 9;@x.example>", 501), ("<$(id)@x.example>", 501),
    ("<`id`@x.example>", 250), ("<a|b@x.example>", 250),
    ('<"\\""@x.example>', 250), ('<""@x.example>', 501),
    ("<-oQ/tmp/x@x.example>", 250), ("<a@b@x.example>", 501),
    ("<a@x..example>", 501), ("<a@-x.example>", 501), ("<.a@x.example>", 501),
    ("<a@[127.0.0.1]>", 250), ("<a@[IPv6:::1]>", 250), ("<a@[1.2.3]>", 501),
    ("<@relay.example:a@x.example>", 250), ("<a@x.example", 501),
    ("a@x.example", 501), ("<>", 250), ("<a>", 501),
    ("<" + "a" * 64 + "@x.example>", 250),
    ("<" + "a" * 65 + "@x.example>", 501),
    ("<a@" + "b" * 63 + ".example>", 250),
    ("<a@" + "b" * 64 + ".example>", 501),
    pytest.param("<" + '"\\\\' * 10000 + "@x.example>", 500, id="long"),
])
def test_senders(lab, path, code):
    with hello(lab) as s:
        assert s.cmd(f"MAIL FROM:{path}").code == code


@pytest.mark.parametrize("path", [
    b"<\xc0\xaf@x.example>", b"<\xed\xa0\x80@x.example>",
    "<é@x.example>".encode(), "<a@é.example>".encode()])
def test_other_alphabets(lab, path):
    with hello(lab) as s:
        r = s.cmd(b"MAIL FROM:" + path)
        assert (r.code, r.dsn) == (553, "5.6.7")


@pytest.mark.parametrize("params,code", [
    ("SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=QQ+2B1 AUTH=<>", 250),
    ("size=0 body=7bit", 250), ("SIZE=99999999999999999999 SIZE=1", 501),
    ("SIZE=18446744073709551615", 552), ("SIZE=-1", 501), ("BODY=BINARY", 501),
    ("ENVID=+00", 501), ("ENVID=+0A", 501), ("ENVID=" + "a" * 100, 250),
    ("ENVID=" + "a" * 101, 501), ("AUTH=a+0D+0Ab@x", 501),
    ("AUTH=alice+40x.example", 250), ("X=1 " * 200, 555), ("SMTPUTF8", 250),
    ("SMTPUTF8=1", 501), ("BODY=BINARYMIME", 250),
    ("RET=NO", 501), ("=", 501),
])
def test_mail_parameters(lab, params, code):
    with hello(lab) as s:
        assert s.cmd(f"MAIL FROM:<a@x.example> {params}").code == code


@pytest.mark.parametrize("params,code", [
    ("NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;bob@x.example", 250),
    ("NOTIFY=NEVER", 250), ("NOTIFY=NEVER,DELAY", 501), ("NOTIFY=", 501),
    ("ORCPT=bob", 501), ("ORCPT=rfc822;a+0D+0Ab", 501), ("SIZE=1", 555),
    ("ORCPT=rfc822;" + "a" * 493, 250), ("ORCPT=rfc822;" + "a" * 494, 501),
])
def test_rcpt_parameters(lab, params, code):
    with hello(lab) as s:
        s.ok("MAIL FROM:<>")
        r = s.cmd(f"RCPT TO:<{lab.address('bob')}> {params}")
        assert r.code == code


def test_declared_size(lab):
    with hello(lab) as s:
        limit = int(s.extensions["SIZE"][0])
        s.ok(f"MAIL FROM:<> SIZE={limit}")
        s.ok("RSET")
        r = s.cmd(f"MAIL FROM:<> SIZE={limit + 1}")
        assert (r.code, r.dsn) == (552, "5.3.4")


def test_tables_emptied(make_lab):
    """A map that is gone is 421 or 451, never a crash or a verdict."""
    lab = make_lab()
    tables = lab.dir / "state/tables.cdb"
    with hello(lab) as s:
        s.ok("MAIL FROM:<>")
        os.truncate(tables, 0)
        r = s.cmd(f"RCPT TO:<{lab.address('bob')}>")
        assert r.code in (421, 451), r
    with wire.Smtp(lab.port("smtp"), greet=False) as s:
        r = s.reply()
        assert (r.code, r.dsn) == (421, "4.3.0")
    assert lab.postrider("-c", str(lab.conf), "apply").returncode == 0
    assert lab.send(MESSAGE).code == 250


def kill(lab, name):
    """SIGKILL, and waits for the one that postriderd starts in its place."""
    old = lab.pids(name)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    suite.wait_for(lambda: lab.pids(name) and
                   not set(lab.pids(name)) & set(old), f"another {name}")


def test_queued_killed(make_lab):
    """Temporary for what was begun; a session cannot connect again."""
    lab = make_lab()
    with hello(lab) as s, hello(lab) as other:
        begin(other, lab)
        kill(lab, "queued")
        other.send(MESSAGE + b".\r\n")
        assert other.reply().code == 451
        s.ok("MAIL FROM:<>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        r = s.cmd("DATA")
        assert (r.code, r.dsn) == (451, "4.3.0")
        s.ok("NOOP")
        assert s.cmd("MAIL FROM:<>").code == 421
        assert s.at_eof()
    assert lab.send(MESSAGE).code == 250
    # What was answered with 451 may have been durable by then: two copies.
    suite.wait_for(lambda: len(lab.files("bob")) in (1, 2), "the message")


def test_authd_killed(make_lab):
    lab = make_lab()
    with hello(lab, "submission") as s:
        # Served behind it: authd has taken the first one's channel, which would
        # be the next authd's otherwise.
        with hello(lab, "submission") as other:
            assert other.auth_plain("bob", lab.users["bob"]).code == 235
        kill(lab, "authd")
        r = s.auth_plain("alice", lab.users["alice"])
        assert (r.code, r.dsn) == (454, "4.7.0")
        assert "AUTH" not in s.ehlo().lines
        s.ok(f"MAIL FROM:<{lab.address('alice')}>", 530)
    with hello(lab, "submission") as s:
        assert s.auth_plain("alice", lab.users["alice"]).code == 235


def test_random_bytes(lab):
    """Noise of every kind; the service stays."""
    rnd = random.Random(5)
    words = [b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<bob>", b"DATA", b"\r\n",
             b"\n", b"\r", b".", b"\0", b"AUTH PLAIN", b"*", b"=", b"<", b">",
             b" ", b"QUIT", bytes(range(256))]
    for _ in range(60):
        noise = b"".join(rnd.choice(words) for _ in range(rnd.randint(1, 80)))
        with lab.smtp() as s:
            try:
                s.send(noise)
                s.sock.shutdown(socket.SHUT_WR)
                s.file.read()
            except OSError:
                pass
    assert lab.send(MESSAGE).code == 250


def test_sessions_end_clean(lab):
    """Nothing is left of sessions but the accepting parent of each port."""
    for _ in range(5):
        lab.smtp().close()
    suite.wait_for(lambda: len(lab.pids("smtpd")) <= 3, "sessions to end")
