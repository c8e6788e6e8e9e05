"""Messages that are hard to carry; all with CRLF line ends."""

import random


def header(subject):
    return (f"From: Someone <someone@example.org>\r\n"
            f"To: bob@lab.example\r\nSubject: {subject}\r\n"
            f"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{subject}@client.example.org>\r\n"
            f"\r\n").encode()


def plain(subject, body=b"Hello.\r\n"):
    return header(subject) + body


def large(subject, size):
    """Lines of base64's width, all different, of size bytes."""
    rnd = random.Random(size)
    out = bytearray(header(subject))
    n = 0
    while len(out) < size:
        block = rnd.randbytes(37).hex()
        out += b"%08d" % n + block[8:].encode() + b"\r\n"
        n += 1
    return bytes(out)


HARD = {
    "plain": plain("plain"),
    "eight-bit": plain("eight-bit", bytes(range(0x80, 0x100)) + b"\r\n"),
    "every-byte": plain("every-byte", bytes(
        b for b in range(256) if b not in b"\r\n") + b"\r\n"),
    "nul": plain("nul", b"\0\r\n\0\0\0\r\na\0b\r\n"),
    "line-998": plain("line-998", b"x" * 998 + b"\r\n"),
    "line-long": plain("line-long", b"y" * 300000 + b"\r\nend\r\n"),
    "dots": plain("dots", b".\r\n..\r\n...\r\n.a\r\na.\r\n.\r\n"),
    "dots-only": b".\r\n.\r\n..\r\n",
    "blank-lines": plain("blank-lines", b"\r\n\r\n\r\nx\r\n\r\n\r\n"),
    "empty-body": header("empty-body"),
    "header-only": header("header-only")[:-2],
    "no-header": b"\r\nthis is a body without a header\r\n",
    "nothing": b"",
    "from-line": plain("from-line", b"From me to you\r\n>From\r\n"),
    "white-space": plain("white-space", b"a \r\nb\t\r\n \r\n\t\r\n"),
    "folded": b"Subject: folded\r\n =?utf-8?q?=C3=A4?=\r\n\tand on\r\n\r\nx\r\n",
    "block-edge": plain("block-edge", (b"z" * 4094 + b"\r\n") * 40),
    # Ends and dots on both sides of every likely buffer's edge.
    "many-sizes": plain("many-sizes", b"".join(
        b"." * (n % 3) + b"q" * n + b"\r\n" for n in range(600))),
}
