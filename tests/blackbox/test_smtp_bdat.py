"""Messages in chunks (RFC 3030): framing that nothing can break, and binary
content on its way into mailboxes."""

import email
import random
import time

import pytest

from talk import FOREIGN, hello

LIMIT = 65536


@pytest.fixture
def small(share):
    return share("small", options=[
        f"message-size {LIMIT}", "data-timeout 2s", "hops 10"])


def begin(lab, body=""):
    s = hello(lab)
    s.ok(f"MAIL FROM:<{FOREIGN}>{body}")
    s.ok(f"RCPT TO:<{lab.address('bob')}>")
    return s


def chunk(s, data, last=False):
    s.send(b"BDAT %d%s\r\n" % (len(data), b" LAST" if last else b"") + data)
    return s.reply()


def content(path):
    """What was sent, without the three fields that were added."""
    text = path.read_bytes()
    return text[text.index(b" +0000\n") + 7:]


def test_ehlo(lab):
    with lab.smtp() as s:
        offered = s.ehlo()
        said = str(offered)
        for word in ("CHUNKING", "BINARYMIME", "SMTPUTF8",
                     "LIMITS RCPTMAX=1000"):
            assert word in said


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100000])
def test_any_chunks(lab, size):
    text = b"Subject: x\r\n\r\n.\r\n..\r\nQUIT\r\n.\r\nDATA\r\n\r\n.\r\n"
    with begin(lab) as s:
        parts = [text[at:at + size] for at in range(0, len(text), size)]
        for part in parts[:-1]:
            reply = chunk(s, part)
            assert reply.code == 250 and reply.dsn == "2.0.0"
        assert chunk(s, parts[-1], True).code == 250
        s.ok("NOOP")
    assert content(lab.wait_files("bob", 1)[0]) == \
        text.replace(b"\r\n", b"\n")


def test_pipelined(lab):
    """All at once, two messages; the replies come in order."""
    one = (f"MAIL FROM:<>\r\nRCPT TO:<{lab.address('bob')}>\r\n").encode()
    with hello(lab) as s:
        s.send(one + b"BDAT 3\r\nA\r\nBDAT 0\r\nBDAT 3 LAST\r\nB\r\n" +
               one + b"BDAT 3 LAST\r\nC\r\nQUIT\r\n")
        assert [s.reply().code for _ in range(9)] == \
            [250] * 8 + [221]
    assert sorted(map(content, lab.wait_files("bob", 2))) == \
        [b"A\nB\n", b"C\n"]


def test_replies_before_the_chunk(lab):
    """A client may wait for them with its chunk."""
    with hello(lab) as s:
        s.send(f"MAIL FROM:<>\r\nRCPT TO:<{lab.address('bob')}>\r\n"
               "BDAT 3 LAST\r\n".encode())
        assert [s.reply().code for _ in range(2)] == [250, 250]
        s.send(b"A\r\n")
        assert s.reply().code == 250
    lab.wait_files("bob", 1)


@pytest.mark.parametrize("size", [
    "4294967296 LAST", "18446744073709551615", "18446744073709551616", "-1",
    "+5", "0x10", "", "LAST", "5,5", "1e3"])
def test_no_size(lab, size):
    """Nobody knows what follows: nothing of it is obeyed (B01)."""
    with begin(lab) as s:
        s.send(f"BDAT {size}\r\nRSET\r\nMAIL FROM:<>\r\n".encode())
        assert s.reply().code in (501, 552)
        assert s.at_eof()
    lab.wait_idle()
    assert lab.files("bob") == []


def test_odd_words(lab):
    with begin(lab) as s:
        s.send(b"BDAT 6 LASTX\r\nRSET\r\nNOOP\r\n")
        assert s.reply().code == 501
        assert s.reply().code == 250
        assert s.cmd("BDAT 0 LAST").code == 503
    with begin(lab) as s:
        s.send(b"BDAT   6\t last \r\nRSET\r\nNOOP\r\n")
        assert [s.reply().code for _ in range(2)] == [250, 250]
    assert content(lab.wait_files("bob", 1)[0]) == b"RSET\n"


@pytest.mark.parametrize("said", [b"BDAT 5\r\nabc", b"BDAT 5\r\n",
                                  b"BDAT 3\r\nA\r\n", b"BDAT 5 LAST\r\nabcd"])
def test_end_of_file(lab, said):
    """Half a message is none (B02)."""
    with begin(lab) as s:
        s.send(said)
        s.sock.shutdown(1)
        s.file.read()
    lab.wait_idle_but_incomplete()
    assert lab.files("bob") == []


def test_refused_chunks_are_read(lab):
    """To the octet, however many there are (B05)."""
    data = b"RSET\r\nQUIT\r\n" * 100000
    with hello(lab) as s:
        s.send(b"BDAT %d LAST\r\n" % len(data) + data + b"NOOP\r\n")
        assert [s.reply().code for _ in range(2)] == [503, 250]
        s.ok("MAIL FROM:<>")
        s.send(b"BDAT %d LAST\r\n" % len(data) + data + b"NOOP\r\n")
        assert [s.reply().code for _ in range(2)] == [503, 250]
    assert lab.files("bob") == []


def test_size_limit(small):
    """The chunk that exceeds is refused, and nothing stays (B07)."""
    for over in (0, 1):
        with begin(small) as s:
            head = b"Subject: x\r\n\r\n"
            assert chunk(s, head).code == 250
            body = b"x" * (LIMIT - len(head) - 2 + over)
            assert chunk(s, body).code == 250
            reply = chunk(s, b"\r\n", True)
            assert reply.code == (552 if over else 250), reply
            s.ok("MAIL FROM:<>")
    small.wait_idle()
    assert len(small.files("bob")) == 1


def test_size_limit_at_once(small):
    with begin(small) as s:
        s.send(b"BDAT %d\r\n" % (LIMIT + 1) + b"RSET\r\n" * 10922 + b"RSET\n")
        assert s.reply().code == 552
        assert chunk(s, b"x\r\n", True).code == 503
        s.ok("NOOP")
    with begin(small) as s:
        s.send(b"BDAT %d LAST\r\nRSET\r\n" % (10 * LIMIT))
        assert s.reply().code == 552
        assert s.at_eof()
    small.wait_idle()
    assert small.files("bob") == []


def test_line_ends(lab):
    """Lone ones are refused in chunks, too, and a CRLF may be cut (B08)."""
    for parts in ([b"A: b\r\n\r\nx\n.\r\n"], [b"A\r", b"x\r\n"],
                  [b"A\n"], [b"x\r"]):
        with begin(lab) as s:
            codes = [chunk(s, p, p is parts[-1]).code for p in parts]
            assert codes[-1] in (550, 503) and 550 in codes, parts
    with begin(lab) as s:
        assert chunk(s, b".\r").code == 250
        assert chunk(s, b"\n.").code == 250
        assert chunk(s, b"\r\n", True).code == 250
    assert content(lab.wait_files("bob", 1)[0]) == b".\n.\n"


def test_only_chunks_within_chunks(lab):
    with begin(lab) as s:
        assert chunk(s, b"A\r\n").code == 250
        for line in ("DATA", "MAIL FROM:<>",
                     f"RCPT TO:<{lab.address('alice')}>", "AUTH PLAIN"):
            assert s.cmd(line).code in (502, 503)
        s.ok("NOOP")
        assert chunk(s, b"B\r\n", True).code == 250
    assert content(lab.wait_files("bob", 1)[0]) == b"A\nB\n"
    with begin(lab) as s:
        assert chunk(s, b"A\r\n").code == 250
        s.ok("RSET")
        assert chunk(s, b"B\r\n", True).code == 503
    lab.wait_idle_but_incomplete()
    assert len(lab.files("bob")) == 1


def test_silence(small):
    """Chunks have the time that DATA has."""
    for said in (b"BDAT 10\r\nabc", b"BDAT 10 LAST\r\n"):
        with begin(small) as s:
            s.send(said)
            start = time.monotonic()
            assert s.reply().code == 421
            assert time.monotonic() - start < 15
            assert s.at_eof()


def test_loop(small):
    """More hops than allowed, whichever chunk tells (H01)."""
    with begin(small) as s:
        assert chunk(s, b"Received: x\r\n" * 10).code == 250
        reply = chunk(s, b"Received: x\r\n")
        assert reply.code == 554 and reply.dsn == "5.4.6"
    with begin(small, " BODY=BINARYMIME") as s:
        reply = chunk(s, b"Received: x\r\n" * 11, True)
        assert reply.code == 554 and reply.dsn == "5.4.6"


def test_many_small_chunks(lab):
    with begin(lab) as s:
        for n in range(1000):
            if chunk(s, b"x").code != 250:
                break
        assert n < 200
        assert s.at_eof()


def test_data_is_not_for_binary(lab):
    with begin(lab, " BODY=BINARYMIME") as s:
        assert s.cmd("DATA").code == 503
        assert chunk(s, b"Subject: x\r\n\r\nx\r\n", True).code == 250
    assert content(lab.wait_files("bob", 1)[0]) == b"Subject: x\n\nx\n"


# --- binary content becomes text in mailboxes

def leaf(rnd):
    """(fields, octets, whether they are text)."""
    kind = rnd.choice(["text/plain; charset=utf-8", "application/octet-stream",
                       "image/png"])
    cte = rnd.choice(["binary", "binary", "8bit"])
    if cte == "binary":
        data = bytes(rnd.choice(b"\0\r\n\xff abc=.-")
                     for _ in range(rnd.choice([0, 1, 57, 58, 3000])))
        data = data.replace(b"--", b"- ")
    else:
        data = b"\r\n".join(rnd.choice([b"", b".", b"..", b"x y ", b"From me",
                                        "grün".encode() * 20])
                            for _ in range(rnd.randrange(8)))
    return [f"Content-Type: {kind}", f"Content-Transfer-Encoding: {cte}"], data


def multipart(rnd, depth):
    border = f"=_{rnd.randrange(1 << 40)}"
    parts = []
    for _ in range(rnd.randrange(1, 4)):
        fields, data = multipart(rnd, depth - 1) \
            if depth > 0 and rnd.random() < 0.3 else leaf(rnd)
        parts.append(b"--%s\r\n" % border.encode() +
                     "\r\n".join(fields).encode() + b"\r\n\r\n" + data)
    return ([f'Content-Type: multipart/mixed; boundary="{border}"',
             "Content-Transfer-Encoding: binary"],
            b"\r\n".join(parts) + b"\r\n--%s--\r\n" % border.encode())


def leaves(message):
    """(type, what it decodes to) of all parts; text with one kind of ends."""
    found = []
    for part in message.walk():
        if not part.is_multipart():
            data = part.get_payload(decode=True)
            exact = part["Content-Type"].startswith("image") and \
                part["X-Lines"] is None
            found.append((part.get_content_type(),
                          data if exact else data.replace(b"\r", b"")))
    return found


def make_binary(seed):
    rnd = random.Random(seed)
    fields, body = multipart(rnd, 2)
    # Lines that are sent as such have no ends of their own to compare.
    body = body.replace(b"Content-Transfer-Encoding: 8bit",
                        b"X-Lines: yes\r\nContent-Transfer-Encoding: 8bit")
    return ("Subject: x\r\nMIME-Version: 1.0\r\n" + "\r\n".join(fields) +
            "\r\n\r\n").encode() + body


@pytest.mark.parametrize("seed", range(20))
def test_binary(lab, seed):
    """What comes out of the mailbox decodes to what was sent; POP3 has only
    clean lines."""
    sent = make_binary(seed)
    rnd = random.Random(seed)
    with begin(lab, " BODY=BINARYMIME") as s:
        at = 0
        while at < len(sent):
            n = rnd.choice([513, 600, 5000])
            assert chunk(s, sent[at:at + n]).code == 250
            at += n
        assert s.cmd("BDAT 0 LAST").code == 250
    stored = lab.wait_files("bob", 1)[0]
    text = stored.read_bytes()
    assert b"\r" not in text and b"\0" not in text
    assert max(map(len, text.split(b"\n"))) <= 998
    assert f"S={len(text)}," in stored.name
    assert f"W={len(text) + text.count(10)}" in stored.name
    assert leaves(email.message_from_bytes(content(stored))) == \
        leaves(email.message_from_bytes(sent))
    with lab.pop3("bob") as p:
        assert p.retr(1) == text.replace(b"\n", b"\r\n")
    lab.remove_mail("bob")
