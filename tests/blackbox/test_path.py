"""What POP3 returns is what was sent, byte for byte, below the trace fields."""

import pytest

import wire
from messages import HARD, header, large, plain

CUTS = (1, 7, 1021, 65536)


def send_all(lab, messages, rcpt="bob"):
    with lab.smtp() as s:
        s.ehlo()
        for content in messages:
            s.ok("MAIL FROM:<someone@example.org> BODY=8BITMIME")
            s.ok(f"RCPT TO:<{lab.address(rcpt)}>")
            r = s.data(content)
            assert r.code == 250, r
        s.quit()


def fetch_all(lab, count, user="bob"):
    """The messages below their trace fields; sizes are checked on the way."""
    lab.wait_files(user, count)
    found = []
    with lab.pop3(user) as p:
        total, octets = p.stat()
        assert total == count
        sizes = p.listing()
        assert sum(sizes.values()) == octets
        for n in range(1, count + 1):
            message = p.retr(n)
            assert len(message) == sizes[n]
            found.append(wire.below_trace(message))
            p.ok(f"DELE {n}")
        p.quit()
    assert lab.files(user) == []
    return found


def test_hard_messages(any_lab):
    """In one session, under each super-server."""
    send_all(any_lab, HARD.values())
    found = fetch_all(any_lab, len(HARD))
    for name, content in HARD.items():
        assert content in found, name
    assert sorted(found) == sorted(HARD.values())


def test_25_megabytes(any_lab):
    content = large("big", 25 << 20)
    send_all(any_lab, [content])
    assert fetch_all(any_lab, 1) == [content]


@pytest.mark.parametrize("size", CUTS)
def test_cut_anywhere(lab, size):
    """However TCP cuts what the client writes, the message is the same."""
    content = HARD["dots"] + HARD["many-sizes"][:3000] + b"\r\n"
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        s.ok("DATA", 354)
        out = wire.stuff(content)
        for at in range(0, len(out), size):
            s.send(out[at:at + size])
        assert s.reply().code == 250
    assert fetch_all(lab, 1) == [content]


def test_everything_pipelined(lab):
    """Two messages written in as few pieces as RFC 2920 allows."""
    first, second = HARD["dots"], HARD["line-998"]
    to = lab.address("bob")
    with lab.smtp() as s:
        s.ehlo()
        s.send(f"MAIL FROM:<a@example.org>\r\nRCPT TO:<{to}>\r\n"
               "DATA\r\n".encode())
        assert [s.reply().code for _ in range(3)] == [250, 250, 354]
        s.send(wire.stuff(first) + f"RSET\r\nMAIL FROM:<a@example.org>\r\n"
               f"RCPT TO:<{to}>\r\nDATA\r\n".encode())
        assert [s.reply().code for _ in range(5)] == [250, 250, 250, 250, 354]
        s.send(wire.stuff(second) + b"QUIT\r\n")
        assert [s.reply().code for _ in range(2)] == [250, 221]
        assert s.at_eof()
    assert sorted(fetch_all(lab, 2)) == sorted([first, second])


def test_pipelined_retrieval(lab):
    messages = [plain(f"n{n}", b".\r\n" * n) for n in range(30)]
    send_all(lab, messages)
    lab.wait_files("bob", len(messages))
    with lab.pop3("bob") as p:
        p.send(b"".join(b"RETR %d\r\n" % n for n in range(1, 31)))
        found = []
        for _ in messages:
            assert p.line().startswith(b"+OK")
            found.append(wire.below_trace(p.rest()))
    assert sorted(found) == sorted(messages)


def test_top(lab):
    content = plain("top", b".1\r\n2\r\n..3\r\n4\r\n")
    send_all(lab, [content])
    lab.wait_files("bob", 1)
    with lab.pop3("bob") as p:
        for lines, body in ((0, b""), (1, b".1\r\n"), (3, b".1\r\n2\r\n..3\r\n"),
                            (4, b".1\r\n2\r\n..3\r\n4\r\n"),
                            (99999999, b".1\r\n2\r\n..3\r\n4\r\n")):
            got = wire.below_trace(p.multi(f"TOP 1 {lines}"))
            assert got == header("top") + body


def test_sendmail_lf_and_no_final_newline(lab):
    """Callers write LF, and often no line end at all at the end."""
    for name, data in {
            "lf": header("lf").replace(b"\r\n", b"\n") + b"one\n.two\n",
            "crlf": header("crlf") + b"one\r\ntwo\r\n",
            "open": header("open") + b"no line end",
            "open-dot": header("open-dot") + b".",
            "dots": header("dots") + b".\n.\n..\n",
            "8bit": header("8bit") + bytes(range(0x80, 0x100)) + b"\n",
    }.items():
        r = lab.sendmail("-i", "-f", lab.address("alice"),
                         lab.address("bob"), data=data)
        assert r.returncode == 0, (name, r.stderr)
        want = data.replace(b"\r\n", b"\n")
        if not want.endswith(b"\n"):
            want += b"\n"
        assert fetch_all(lab, 1) == [want.replace(b"\n", b"\r\n")], name


def test_submission_normalises_bare_newlines(lab):
    """An authenticated client's lone LF becomes a line end."""
    with lab.smtp("submission") as s:
        s.ehlo()
        assert s.auth_plain("alice", lab.users["alice"]).code == 235
        s.ok(f"MAIL FROM:<{lab.address('alice')}>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        r = s.data(header("bare") + b"one\ntwo\n.\nthree\r\n")
        assert r.code == 250
    assert fetch_all(lab, 1) == [
        header("bare") + b"one\r\ntwo\r\n.\r\nthree\r\n"]


def test_stranger_with_bare_newlines_is_refused(lab):
    for body in (b"one\ntwo\r\n", b"one\rtwo\r\n", b"x\n.\nMAIL FROM:<>\r\n"):
        r = lab.send(header("bare") + body)
        assert r.code // 100 == 5, r
    lab.wait_idle()
    assert lab.files("bob") == []


def test_trace_fields(lab):
    """Return-Path and Delivered-To on top, then our Received field."""
    assert lab.send(plain("trace")).code == 250
    lab.wait_files("bob", 1)
    with lab.pop3("bob") as p:
        top = p.retr(1).split(b"\r\n")
    assert top[0] == b"Return-Path: <someone@example.org>"
    assert top[1] == b"Delivered-To: " + lab.address("bob").encode()
    assert top[2].startswith(b"Received: from client.example.org")
    assert any(b"with ESMTP" in line for line in top[2:5])


def test_several_recipients(lab):
    content = plain("two")
    assert lab.send(content, ("alice", "bob")).code == 250
    assert fetch_all(lab, 1, "alice") == [content]
    assert fetch_all(lab, 1, "bob") == [content]
