"""remote by itself: what a message looks like to other servers."""

import email
import random

import pytest

from remote_jobs import (BINARY, BIT8, OK, PERM, RELAYED, TEMP, UTF8,
                         Place)
from sink import BDAT, EXTENSIONS, Sink

WAYS = {"data": EXTENSIONS, "chunking": BDAT}
NEVER, SUCCESS, FAILURE, DELAY = 1, 2, 4, 8
FULL, HDRS = 1, 2


@pytest.fixture(scope="module")
def place():
    with Place("remote-timeout 10s") as p:
        yield p


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


def normal(content):
    """Each CRLF, and each CR or LF alone, as one line end; one at the end."""
    out = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if out and not out.endswith(b"\n"):
        out += b"\n"
    return out.replace(b"\n", b"\r\n")


def odd(size, seed):
    return bytes(random.Random(seed).choices(b"ab.\r\n.\r\n\n\0", k=size))


CONTENTS = {
    "empty": b"", "no-end": b"x", "dot": b".", "dot-line": b".\n",
    "dots": b"\n.\n..\n...\n.\r\n.\r.\n", "end": b"a\n.\nQUIT\n",
    "end-crlf": b"a\r\n.\r\nQUIT\r\n", "end-cr": b"a\r.\rQUIT\r",
    "mixed": b"a\r\n.\nb\r.\r\nc\n.\rd\n\r.\n\r\r.\r\n\n", "crs": b"\r" * 999,
    "nul": b"a\0\n\0.\n", "long": b"x" * 5000 + b"\n",
    "half": odd(100000, 1), "kept": odd(262144, 2), "longer": odd(262145, 3),
    "blocks": odd(1000001, 4), "lines": b"." * 3 + b"\n." * 500000,
    "cr-at-block": b"a" * 262143 + b"\r\n" + b"b" * 262142 + b"\r.\n",
    "stuffed": b"\n." * 200000,
}


@pytest.mark.parametrize("name", CONTENTS)
def test_line_ends(place, way, name):
    """Whatever they are, it arrives with CRLF, and ends once."""
    content = CONTENTS[name]
    with Sink(way) as s, place.remote(s) as r:
        numbers = [r.send(one) for one in (content, b"next\n", content)]
        for n in numbers:
            assert r.outcomes(n, 1)[0].outcome == OK
        got = [m.content for m in s.messages()]
        assert got == [normal(content), b"next\r\n", normal(content)]
        assert s.messages()[0].params[0] == f"SIZE={len(got[0])}"


@pytest.mark.parametrize("name", CONTENTS)
def test_binary(place, name):
    """By BDAT nothing is changed."""
    content = CONTENTS[name]
    with Sink(BDAT) as s, place.remote(s, BDAT) as r:
        numbers = [r.send(one) for one in (content, b"next\n", content)]
        for n in numbers:
            assert r.outcomes(n, 1)[0].outcome == OK
        assert [m.content for m in s.messages()] == \
            [content, b"next\n", content]
        assert len(s.sessions) == 1


def test_slow_reader(place, way):
    """A large message is not cut because somebody takes it piece by piece."""
    content = b"x" * 70 + b"\n"
    content *= 30000
    with Sink(way, buffer=4096) as s, place.remote(s, way) as r:
        assert r.deliver(content)[0].outcome == OK
        assert normal(s.messages()[0].content) == normal(content)


def test_much_said(place, way):
    """Replies that fill all buffers are read while more is sent."""
    answers = {"RCPT": "550-" + "\r\n550-".join(["x" * 1500] * 150) +
               "\r\n550 no"}
    rcpts = [f"{'u' * 60}{i}@example.net" for i in range(49)]
    answers["RCPT"] = [answers["RCPT"]] * 49 + ["250 yes"]
    with Sink(way, answers, buffer=4096) as s, place.remote(s, way) as r:
        found = r.deliver(b"x\n", rcpts + ["a@example.net"])
        assert [o.outcome for o in found] == [PERM] * 49 + [OK]


@pytest.mark.parametrize("size", [10, 300000, 1000000])
def test_damaged(place, way, size):
    with Sink(way) as s, place.remote(s, way) as r:
        o, = r.deliver(b"x" * size, crc=1)
        assert (o.outcome, o.dsn) == (TEMP, "4.6.0")
        o, = r.deliver(b"x" * size, size=size + 1)
        assert (o.outcome, o.dsn) == (TEMP, "4.6.0")
        assert s.sessions == []
        assert "damaged=content" in r.log()


# --- what is said of it

def test_envelope(place):
    with Sink() as s, place.remote(s) as r:
        r.deliver(b"x\n", [("a@example.net", SUCCESS | DELAY, ""),
                           ("b+c@example.net", NEVER, "rfc822;o+2Brig"),
                           ('"a b=c"@example.net', 0, ""),
                           ("d@example.net", FAILURE, "")],
                  ret=HDRS, envid="QQ+2B1", sender="")
        m, = s.messages()
        assert m.sender == "" and m.params == ["SIZE=3", "RET=HDRS",
                                               "ENVID=QQ+2B1"]
        assert m.rcpts == [
            ("a@example.net", ["NOTIFY=SUCCESS,DELAY",
                               "ORCPT=rfc822;a@example.net"]),
            ("b+c@example.net", ["NOTIFY=NEVER", "ORCPT=rfc822;o+2Brig"]),
            ('"a b=c"@example.net',
             ['ORCPT=rfc822;"a+20b+3Dc"@example.net']),
            ("d@example.net", ["NOTIFY=FAILURE",
                               "ORCPT=rfc822;d@example.net"])]


def test_envelope_plain(place):
    """Nothing is said that was not offered."""
    with Sink(("PIPELINING",)) as s, place.remote(s) as r:
        o, = r.deliver(b"x\n", [("b@example.net", SUCCESS, "rfc822;o")],
                       ret=FULL, envid="Q", flags=BIT8)
        assert (o.outcome, o.flags) == (OK, RELAYED)
        m, = s.messages()
        assert m.params == [] and m.rcpts == [("b@example.net", [])]


BYTES8 = "Subject: x\n\nä\n".encode()
HEADER8 = "Subject: ä\n\nx\n".encode()
AWAY = "SMTPUTF8", "8BITMIME", "BINARYMIME", "CHUNKING"
CASES = [
    # content, sender, rcpt, flags, not offered, params of MAIL or dsn
    (BYTES8, "a", "b", 0, (), ["BODY=8BITMIME"]),
    (HEADER8, "a", "b", 0, (), ["BODY=8BITMIME"]),
    (HEADER8, "a", "b", UTF8, (), ["BODY=8BITMIME", "SMTPUTF8"]),
    (HEADER8, "a", "b", UTF8, ("SMTPUTF8",), "5.6.9"),
    (BYTES8, "a", "b", UTF8, ("SMTPUTF8",), ["BODY=8BITMIME"]),
    (b"x\n", "a", "b", UTF8, (), []),
    (b"x\n", "a", "b", UTF8, ("SMTPUTF8",), []),
    (b"x\n", "ä", "b", UTF8, (), ["SMTPUTF8"]),
    (b"x\n", "a", "ä", UTF8, (), ["SMTPUTF8"]),
    (b"x\n", "ä", "b", UTF8, ("SMTPUTF8",), "5.6.7"),
    (b"x\n", "a", "ä", UTF8, ("SMTPUTF8",), "5.6.7"),
    (b"a\0\r\nb\nc\r", "a", "b", BINARY, (), ["BODY=BINARYMIME"]),
    (b"a\r\nb", "a", "b", BINARY, ("BINARYMIME",), []),
]

TO_7BIT = tuple(e for e in BDAT if e not in AWAY)
SIGNS = """MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

\u00e4\u00f6
.

--b
Content-Type: application/octet-stream
Content-Transfer-Encoding: 8bit

\u00e4\u00f6
--b--
"""


@pytest.mark.parametrize("offered", [TO_7BIT, ("CHUNKING",), ()])
@pytest.mark.parametrize("times", [1, 20000])
def test_8bit_to_7bit(place, offered, times):
    """RFC 6152 section 3: what another server cannot take is encoded, and
    means the same."""
    content = SIGNS.replace("\u00f6", "\u00f6\n" * times).encode()
    with Sink(offered) as s, place.remote(s) as r:
        assert [o.outcome for o in r.deliver(content)] == [OK]
        m, = s.messages()
        assert "BODY=8BITMIME" not in m.params
        assert m.content.isascii()
        assert "SIZE 100000000" not in offered or \
            m.params[0] == f"SIZE={len(m.content)}"
        got = email.message_from_bytes(m.content)
        was = email.message_from_bytes(content.replace(b"\n", b"\r\n"))
        assert [p.get_payload(decode=True) for p in got.walk()] == \
            [p.get_payload(decode=True) for p in was.walk()]


def test_binary_to_8bit(place):
    content = b"MIME-Version: 1.0\r\nContent-Type: application/x\r\n" \
        b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) * 99
    with Sink(EXTENSIONS) as s, place.remote(s) as r:
        assert [o.outcome for o in r.deliver(content, flags=BINARY)] == [OK]
        m, = s.messages()
        assert m.params[0] == f"SIZE={len(m.content)}"
        assert email.message_from_bytes(m.content).get_payload(
            decode=True) == bytes(range(256)) * 99


def test_8bit_header_to_7bit(place):
    """There is no encoding for a header; and encoded it may be too large."""
    with Sink(TO_7BIT) as s, place.remote(s) as r:
        o, = r.deliver(HEADER8)
        assert (o.outcome, o.code, o.dsn) == (PERM, 0, "5.6.3")
        assert s.messages() == []
    with Sink(("SIZE 1000",)) as s, place.remote(s) as r:
        o, = r.deliver(b"Subject: x\n\n" + b"\xc3\xa4" * 400)
        assert (o.outcome, o.dsn) == (PERM, "5.3.4")


@pytest.mark.parametrize("content, sender, rcpt, flags, away, wanted", CASES)
def test_form(place, content, sender, rcpt, flags, away, wanted):
    offered = tuple(e for e in BDAT if e not in away)
    with Sink(offered) as s, place.remote(s) as r:
        o, = r.deliver(content, [rcpt + "@example.net"], flags=flags,
                       sender=sender + "@x.test")
        if isinstance(wanted, str):
            assert (o.outcome, o.code, o.dsn) == (PERM, 0, wanted)
            assert s.messages() == []
            return
        assert o.outcome == OK, o
        m, = s.messages()
        assert m.params[1:] == wanted
        raw = flags & BINARY and "BINARYMIME" in offered
        assert m.content == (content if raw else normal(content))


def test_utf8_for_some(place):
    """Who has an address that cannot be said there alone is refused."""
    offered = tuple(e for e in EXTENSIONS if e != "SMTPUTF8")
    with Sink(offered) as s, place.remote(s) as r:
        found = r.deliver(b"x\n", ["a@example.net", "ä@example.net"],
                          flags=UTF8)
        assert [o.dsn for o in found] == ["2.0.0", "5.6.7"]
        assert s.messages()[0].addresses == ["a@example.net"]


def test_utf8_for_nobody(place):
    """The header is refused to all, but an address for itself."""
    offered = tuple(e for e in EXTENSIONS if e != "SMTPUTF8")
    with Sink(offered) as s, place.remote(s) as r:
        found = r.deliver("Subject: ä\n\nx\n".encode(),
                          ["a@example.net", "ä@example.net"], flags=UTF8)
        assert [o.dsn for o in found] == ["5.6.9", "5.6.7"]
        assert all(o.text.startswith("[127.0.0.1]: ") for o in found)


def test_orcpt_utf8(place):
    with Sink() as s, place.remote(s) as r:
        r.deliver(b"x\n", [("ä+b@example.net", 0, "")], flags=UTF8)
        assert s.messages()[0].rcpts == [
            ("ä+b@example.net", ["ORCPT=utf-8;ä+2Bb@example.net"])]
        offered = tuple(e for e in EXTENSIONS if e != "SMTPUTF8")
    with Sink(offered) as s, place.remote(s) as r:
        r.deliver(b"x\n", [("b@example.net", 0, "utf-8;ä€𝄞@x")], flags=UTF8)
        assert s.messages()[0].rcpts == [
            ("b@example.net", [r"ORCPT=utf-8;\x{E4}\x{20AC}\x{1D11E}@x"])]
