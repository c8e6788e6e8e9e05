"""A message in any pieces, its one end, and what is added to it."""

import socket
import time

import pytest

from talk import FOREIGN, MESSAGE, begin, hello, login


def dialogue(lab, s, step):
    """Two messages, one refused, in pieces of step bytes; all the replies."""
    to = lab.address("bob")
    parts = [f"EHLO c\r\nMAIL FROM:<{FOREIGN}> BODY=8BITMIME\r\n"
             f"RCPT TO:<nobody@{lab.domain}>\r\nRCPT TO:<{to}>\r\nDATA\r\n",
             "Subject: 1\r\n\r\n..dot\r\n.\r\nMAIL FROM:<>\r\n"
             f"RCPT TO:<{to}>\r\nNOOP x\r\nDATA\r\n",
             "A\nB\r\n.\r\nDATA\r\nQUIT\r\n"]
    text = "".join(parts).encode()
    for at in range(0, len(text), step):
        s.send(text[at:at + step])
    found = []
    while not found or found[-1] != 221:
        found.append(s.reply().code)
    return found


@pytest.mark.parametrize("step", [1, 2, 3, 5, 11, 1000])
def test_pieces(lab, step):
    """Typed byte by byte or all at once: the same answers."""
    with lab.smtp() as s:
        assert dialogue(lab, s, step) == [
            250, 250, 550, 250, 354, 250, 250, 250, 250, 354, 550, 503, 221]
    content = lab.wait_files("bob", 1)[0].read_bytes()
    assert content.endswith(b"\nSubject: 1\n\n.dot\n")


def test_two_pieces_anywhere(lab):
    text = (f"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<{lab.address('bob')}>\r\n"
            "DATA\r\nS: 1\r\n\r\n.\r\nQUIT\r\n").encode()
    for cut in range(1, len(text)):
        with lab.smtp() as s:
            s.send(text[:cut])
            if cut % 8 == 0:
                time.sleep(0.01)  # a segment of its own
            s.send(text[cut:])
            found = [s.reply().code for _ in range(6)]
            assert found == [250, 250, 250, 354, 250, 221], cut
    lab.wait_files("bob", len(text) - 1)


def test_replies_do_not_wait(lab):
    """A command without its end holds nobody's answer back."""
    with lab.smtp() as s:
        s.send(b"NOOP\r\nNOOP\r\nNO")
        assert [s.reply().code for _ in range(2)] == [250, 250]
        s.send(b"OP\r\n")
        assert s.reply().code == 250


def test_commands_behind_a_refused_data(lab):
    with hello(lab) as s:
        s.send(b"MAIL FROM:<>\r\nRCPT TO:<nobody@" + lab.domain.encode() +
               b">\r\nDATA\r\nNOOP\r\nRSET\r\nQUIT\r\n")
        assert [s.reply().code for _ in range(6)] == \
            [250, 550, 503, 250, 250, 221]


SMUGGLE = {
    "S01": b"\n.\n", "S03": b"\r\n.\n", "S04": b"\r.\r", "S06": b"\n.\r",
    "S07": b"\r.\r\n", "S08": b"\n.\r\n", "S09": b"\r\n\0.\r\n",
    "S10": b"\r\n.\0\r\n", "S12": b"\r\r\n.\r\r\n", "S15": b"\x85.\x85",
    "S15b": b"\xe2\x80\xa8.\xe2\x80\xa8", "S16": b"\x0b.\x0b",
    "S16b": b"\x0c.\x0c", "S18": b"\r\n..\r\n", "S02": b"\n\n.\n\n",
    "S05": b"\r\n.\r", "S11": b"\r.\n",
}


def evil(lab):
    return (f"MAIL FROM:<evil@foreign.example>\r\n"
            f"RCPT TO:<{lab.address('bob')}>\r\nDATA\r\n"
            "Subject: smuggled\r\n\r\nx").encode()


@pytest.mark.parametrize("service", ["smtp", "submission"])
@pytest.mark.parametrize("case", sorted(SMUGGLE))
def test_smuggling(lab, case, service):
    """One message or none; what it carries is never taken for commands."""
    with (login(lab) if service == "submission" else hello(lab)) as s:
        begin(s, lab, lab.address("alice"))
        s.send(b"Subject: t\r\n\r\nA" + SMUGGLE[case] + evil(lab) +
               b"\r\n.\r\nQUIT\r\n")
        first, last = s.reply(), s.reply()
        assert last.code == 221
        assert s.at_eof()
    bare = b"\r" in SMUGGLE[case].replace(b"\r\n", b"") or \
        b"\n" in SMUGGLE[case].replace(b"\r\n", b"")
    refused = bare and service == "smtp"
    assert first.code == (550 if refused else 250)
    if refused:
        assert first.dsn == "5.6.11"
        lab.wait_idle()
    for f in lab.wait_files("bob", 0 if refused else 1):
        content = f.read_bytes()
        assert content.startswith(b"Return-Path: <" +
                                  lab.address("alice").encode())
        assert b"Subject: smuggled" in content


def test_bytes_are_kept(lab):
    """NUL, 8-bit and control bytes around a dot, as they came."""
    body = b"A\r\n\0.\r\nB\x85.\x85\r\n\x0b.\x0b\x0c.\x0c\r\n"
    assert lab.send(b"Subject: t\r\n\r\n" + body).code == 250
    content = lab.wait_files("bob", 1)[0].read_bytes()
    assert content.endswith(b"\n\n" + body.replace(b"\r\n", b"\n"))


def test_end_behind_a_lone_cr(lab):
    """CR CRLF . CRLF holds the end; the lone CR refuses the message (S13)."""
    with hello(lab) as s:
        begin(s, lab)
        s.send(b"A\r\r\n.\r\nNOOP\r\n")
        assert s.reply().code == 550
        assert s.reply().code == 250


def test_end_in_slow_pieces(lab):
    with hello(lab) as s:
        begin(s, lab)
        for piece in (b"A\r\n.", b"\r", b"\n"):
            s.send(piece)
            time.sleep(0.3)
        assert s.reply().code == 250


@pytest.mark.parametrize("edge", [1024, 4096, 8192, 16384, 32768, 65536])
def test_end_at_a_buffers_edge(lab, edge):
    with hello(lab) as s:
        for shift in range(6):
            begin(s, lab)
            s.send(b"x" * (edge - shift) + b"\r\n.\r\nNOOP\r\n")
            assert [s.reply().code, s.reply().code] == [250, 250]
    sizes = sorted(f.stat().st_size for f in lab.wait_files("bob", 6))
    assert sizes == list(range(sizes[0], sizes[0] + 6))


def test_message_without_an_end(lab):
    with hello(lab) as s:
        begin(s, lab)
        s.send(MESSAGE)
        s.sock.shutdown(socket.SHUT_WR)
        assert s.at_eof()
    lab.wait_log("how=eof")
    lab.wait_idle_but_incomplete()
    assert lab.files("bob") == []


def test_nothing_left_of_a_refused_message(lab):
    with hello(lab) as s:
        s.ok("MAIL FROM:<>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        assert s.data(b"A\rB\r\n").code == 550
        s.ok(f"RCPT TO:<{lab.address('bob')}>", 503)
        s.ok("DATA", 503)


def test_received(lab):
    for rcpts, verb in ((["bob"], "EHLO"), (["bob", "alice"], "HELO")):
        with lab.smtp() as s:
            s.ok(f"{verb} client.example.org")
            s.ok("MAIL FROM:<>")
            for rcpt in rcpts:
                s.ok(f"RCPT TO:<{lab.address(rcpt)}>")
            assert s.data(b"X: y\r\n\r\nz\r\n").code == 250
        content = lab.wait_files("bob", 1)[0].read_bytes().decode()
        lab.wait_idle()
        lab.remove_mail("bob", "alice")
        at = content.index("Received: ")
        field = content[at:content.index("X: y")]
        assert field.startswith(
            "Received: from client.example.org ([127.0.0.1])\n\tby ")
        assert f" with {'E' if verb == 'EHLO' else ''}SMTP id " in field
        assert ("for <" in field) == (len(rcpts) == 1)
        assert field.endswith(" +0000\n") and "Date:" not in content


def test_submission_completes(lab):
    with login(lab) as s:
        for content in (b"Subject: x\r\n\r\nz\r\n",
                        b"date: then\r\nmessage-id: <a@b>\r\n\r\nz\r\n"):
            s.ok(f"MAIL FROM:<{lab.address('alice')}>")
            s.ok("RCPT TO:<bob>")
            assert s.data(content).code == 250
    found = [f.read_bytes() for f in lab.wait_files("bob", 2)]
    one, = (c for c in found if b"Subject" in c)
    two, = (c for c in found if b"then" in c)
    assert one.count(b"\nDate: ") == one.count(b"\nMessage-ID: <") == 1
    assert one.endswith(b">\nSubject: x\n\nz\n")
    assert b"\nDate: " not in two and b"\nMessage-ID: " not in two
    assert two.endswith(b"+0000\ndate: then\nmessage-id: <a@b>\n\nz\n")


def test_submission_mends_lines(lab):
    with login(lab) as s:
        s.ok(f"MAIL FROM:<{lab.address('alice')}>")
        s.ok("RCPT TO:<bob>")
        s.ok("DATA", 354)
        s.send(b"Subject: a\rBcc: b\nX: y\r\r\n\r\nl1\nl2\r\n.\r\n")
        assert s.reply().code == 250
    content = lab.wait_files("bob", 1)[0].read_bytes()
    assert content.endswith(b"\nSubject: a Bcc: b\nX: y\n\nl1\nl2\n")
