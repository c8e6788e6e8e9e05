"""bounce alone: what a report holds, whatever the world has said."""

import pytest

import reports
from reports import (BINARY, DELAYED, DELIVERED, EIGHT, EXPANDED, FULL, HDRS,
                     RELAYED, REPORT, UTF8, Rcpt)

HEAD = b"Subject: hello\nMessage-ID: <1@client.example>\nTo: bob\n"
WHOLE = HEAD + b"\nHello.\n"
LATE = 1795758681


@pytest.fixture
def bounce(nobody):
    one = reports.Bounce(nobody)
    yield one
    one.close()


def test_failure(bounce):
    """What another host said is told as it said it, and by its name."""
    r = bounce.report(
        Rcpt("bob@far.example", code=550, mta="mx.far.example", dsn="5.2.1",
             text="Account closed", orcpt="rfc822;bob+2Bx@near.example"),
        content=WHOLE, envid="QQ+2B314", client="192.0.2.7")
    assert bounce.to == "a@x.test" and bounce.flags == REPORT
    assert r.message["To"] == "a@x.test"
    assert r.message["Subject"] == "Undelivered mail returned to sender"
    assert r.message["Auto-Submitted"] == "auto-replied"
    assert r.message["In-Reply-To"] == "<1@client.example>"
    assert r.message["References"] == "<1@client.example>"
    assert r.about == {
        "Reporting-MTA": "dns; mx.example.org",
        "Original-Envelope-Id": "QQ+314",
        "Received-From-MTA": "dns; [192.0.2.7]",
        "Arrival-Date": "Sun, 22 Nov 2026 05:51:21 +0000"}
    rcpt = r.rcpt()
    assert rcpt.pop("Last-Attempt-Date")
    assert rcpt == {
        "Original-Recipient": "rfc822; bob+x@near.example",
        "Final-Recipient": "rfc822; bob@far.example",
        "Action": "failed", "Status": "5.2.1",
        "Remote-MTA": "dns; mx.far.example",
        "Diagnostic-Code": "smtp; 550 5.2.1 Account closed"}
    assert "<bob@far.example> for <bob+x@near.example> Host mx.far.example " \
        "said: 550 5.2.1 Account closed The mailbox is closed" in r.words
    assert "will not be tried again" in r.words
    assert r.original.get_content_type() == "message/rfc822"
    assert r.raw.count(WHOLE + b"\n--") == 1


def test_our_own_words(bounce):
    r = bounce.report(Rcpt(dsn="5.4.4", text="The domain has no such host"),
                      client="2001:db8::7")
    assert r.rcpt()["Diagnostic-Code"] == \
        "X-Postrider; The domain has no such host"
    assert "Remote-MTA" not in r.rcpt()
    assert "The domain has no such host (5.4.4)" in r.words
    assert r.about["Received-From-MTA"] == "dns; [IPv6:2001:db8::7]"
    assert "In-Reply-To" not in r.message


def test_our_own_words_of_a_host(bounce):
    """They name it themselves."""
    r = bounce.report(Rcpt(dsn="4.4.1", mta="mx.far.example", text="mx.far."
                           "example[192.0.2.1]: connection failed: No route"))
    assert r.rcpt()["Remote-MTA"] == "dns; mx.far.example"
    assert "The last time: mx.far.example[192.0.2.1]: connection failed: " \
        "No route (4.4.7)" in r.words


def test_circle(bounce):
    """It is for our postmaster to mend."""
    r = bounce.report(Rcpt(dsn="5.4.6", text="x.example: it is this host"))
    assert "Please show this to your postmaster" in r.words


@pytest.mark.parametrize("dsn, flags, kind", (
    ("5.4.6", 0, "text/rfc822-headers"), ("5.4.6", 1, "text/rfc822-headers"),
    ("5.4.6", 16, "message/rfc822"), ("5.2.2", 0, "message/rfc822")))
def test_circle_of_a_stranger(bounce, dsn, flags, kind):
    """Who may be named as its sender without knowing gets no text."""
    r = bounce.report(Rcpt(), Rcpt(dsn=dsn, text="mail loop"), flags=flags)
    assert r.original.get_content_type() == kind
    assert (b"\nbody\n" in r.raw) == (kind == "message/rfc822")


def test_tried_for_too_long(bounce):
    """Status says why it ends, the diagnosis what the host has said last."""
    r = bounce.report(Rcpt(code=452, mta="mx.far.example", dsn="4.2.2",
                           text="Mailbox full"))
    assert r.rcpt()["Action"] == "failed"
    assert r.rcpt()["Status"] == "4.4.7"
    assert r.rcpt()["Diagnostic-Code"] == "smtp; 452 4.2.2 Mailbox full"
    assert "tried for too long. The last time: Host mx.far.example said: " \
        "452 4.2.2 Mailbox full" in r.words


@pytest.mark.parametrize("dsn, code, said", (
    ("5.0.0", 554, "554 Mailbox full"),  # it gave none
    ("5.2.2", 452, "452 Mailbox full"),  # of another class
    ("5.", 554, "554 Mailbox full"), ("2.0.0", 554, "554 Mailbox full"),
    ("", 554, "554 Mailbox full"), ("5.2.2", 554, "554 5.2.2 Mailbox full")))
def test_codes(bounce, dsn, code, said):
    r = bounce.report(Rcpt(code=code, dsn=dsn, mta="mx", text="Mailbox full"))
    assert r.rcpt()["Diagnostic-Code"] == "smtp; " + said
    assert r.rcpt()["Status"] == (dsn if dsn == "5.2.2" else "5.0.0")


def test_delay(bounce):
    r = bounce.report(
        Rcpt(report=DELAYED, dsn="4.4.1", text="Connection refused",
             until=LATE),
        Rcpt("carol@far.example", DELAYED, dsn="4.2.2", until=LATE, code=452,
             mta="mx", text="Full"), content=WHOLE, ret=FULL)
    assert bounce.flags == 0  # nobody hears when that fails
    assert r.message["Subject"] == "Delayed mail, still being tried"
    assert [x["Action"] for x in r.rcpts] == ["delayed"] * 2
    assert [x["Status"] for x in r.rcpts] == ["4.4.1", "4.2.2"]
    for rcpt in r.rcpts:
        assert rcpt["Will-Retry-Until"] == "Fri, 27 Nov 2026 05:51:21 +0000"
    assert "It is tried until Fri, 27 Nov 2026 05:51:21 +0000." in r.words
    assert "need not send it again" in r.words
    # RET is for failures (RFC 3461 section 4.3).
    assert r.original.get_content_type() == "text/rfc822-headers"
    assert b"Hello." not in r.raw


def test_success(bounce):
    r = bounce.report(
        Rcpt(report=DELIVERED, dsn="2.0.0", text=""),
        Rcpt("carol@far.example", RELAYED, dsn="2.1.5", code=250, mta="mx",
             text="Ok: queued as 1"),
        Rcpt("team@x.test", EXPANDED, dsn="", text=""),
        content=WHOLE, ret=FULL)
    assert bounce.flags == 0
    assert [(x["Action"], x["Status"]) for x in r.rcpts] == [
        ("delivered", "2.0.0"), ("relayed", "2.1.5"), ("expanded", "2.0.0")]
    assert r.rcpts[1]["Remote-MTA"] == "dns; mx"
    assert r.rcpts[1]["Diagnostic-Code"] == "smtp; 250 2.1.5 Ok: queued as 1"
    assert "Diagnostic-Code" not in r.rcpts[0]
    assert "Last-Attempt-Date" not in r.rcpts[2]  # it is not known
    assert b"Hello." not in r.raw
    assert "could not" not in r.words


def test_double(bounce):
    """A report that failed: to the postmaster, and never any further."""
    r = bounce.report(Rcpt("nobody@far.example", code=550, text="No"),
                      sender="", flags=REPORT, content=WHOLE)
    assert bounce.to == "postmaster" and bounce.flags == 0
    assert r.message["To"] == "postmaster@example.org"
    assert r.message["Auto-Submitted"] == "auto-generated"
    assert "returned to you as the postmaster" in r.words
    assert r.rcpt()["Final-Recipient"] == "rfc822; nobody@far.example"
    assert WHOLE in r.raw


# --- what is returned


LONG = HEAD + b"".join(b"X-%05d: %s\n" % (i, b"h" * 60) for i in range(3000))


@pytest.mark.parametrize("content, ret, whole", (
    (WHOLE, 0, True), (WHOLE, FULL, True), (WHOLE, HDRS, False),
    (HEAD + b"\n" + b"x" * 70 + b"\n", 0, True),
    (HEAD + b"\n" + (b"x" * 76 + b"\n") * 600, 0, True),
    (HEAD + b"\n" + (b"x" * 76 + b"\n") * 700, FULL, False),
    (HEAD + b"\nno line", 0, True), (HEAD, 0, True), (b"", 0, True),
    (HEAD + b"\na\0b\n", FULL, False), (HEAD + b"\na\rb\n", FULL, False),
    (HEAD + b"\n" + b"x" * 998 + b"\n", 0, True),
    (HEAD + b"\n" + b"x" * 999 + b"\n", 0, False)))
def test_return(bounce, content, ret, whole):
    r = bounce.report(content=content, ret=ret)
    if whole:
        assert r.original.get_content_type() == "message/rfc822"
        assert content in r.raw
    else:
        assert r.original.get_content_type() == "text/rfc822-headers"
        assert r.original.get_content() == HEAD.decode()
        assert len(r.raw) < 5000


@pytest.mark.parametrize("ret", (FULL, HDRS))
def test_long_header_is_cut_at_a_line(bounce, ret):
    r = bounce.report(content=LONG + b"\nbody\n", ret=ret)
    found = r.original.get_content()
    assert 32000 < len(found) <= 32768
    assert LONG.decode().startswith(found) and found.endswith("\n")


def test_large(bounce):
    """H10: however large, no more than its header comes back."""
    r = bounce.report(content=HEAD + b"\n" + b"y" * 2_000_000, ret=FULL)
    assert len(r.raw) < 5000


def test_damaged(bounce):
    for how in ({"crc": 1}, {"size": 5000}):
        r = bounce.report(content=WHOLE, **how)
        assert r.original is None
        assert "damaged here and is not returned" in r.words
        assert b"hello" not in r.raw


def test_eight_bits(bounce):
    content = "Subject: x\n\nb\u00f6dy\n".encode()
    r = bounce.report(content=content)
    assert bounce.flags == REPORT | EIGHT
    assert content in r.raw
    for ret in (HDRS, FULL):  # nobody needs to pass on such a header
        r = bounce.report(content=b"Subject: b\xf6dy\n\nb\xf6dy\n", ret=ret)
        assert bounce.flags == REPORT and r.raw.isascii()
        assert b"\nSubject: b=F6dy\n" in r.raw
        assert r.original["Content-Transfer-Encoding"] == "quoted-printable"


def test_header_of_every_byte(bounce):
    every = bytes(b for b in range(256) if b != 10)
    header = b"Subject: " + every + b"\nX: " + b"= \t" * 50 + b"\n"
    r = bounce.report(content=header + b"\nx\n", ret=HDRS)
    assert r.raw.isascii()
    assert r.original.get_payload(decode=True) == header
    part = r.raw.split(b"quoted-printable\n\n")[1]
    assert all(len(line) <= 76 for line in part.split(b"\n"))


def test_binary(bounce):
    """Its content is no text: the header, with the ends of lines."""
    r = bounce.report(content=WHOLE.replace(b"\n", b"\r\n") + b"\r\xff\0\n",
                      flags=BINARY | EIGHT, ret=FULL)
    assert r.original.get_content() == HEAD.decode()
    assert r.raw.isascii()


@pytest.mark.parametrize("value", (
    b"<a b@c>", b"a@b", b"<a@b", b"<a@b>x", b"<>", b"<a\x1b@b>", b"<a@b\xc3>",
    b"<" + b"a" * 300 + b"@b>", b"", b"<a@b> (x)\r", b"<<a@b>>", b"<nothing>"))
def test_no_message_id(bounce, value):
    r = bounce.report(content=b"Message-ID: " + value + b"\n\nx\n", ret=HDRS)
    if value.startswith(b"<a@b> "):
        assert r.message["References"] == "<a@b>"
    else:
        assert "References" not in r.message


def test_folded_message_id(bounce):
    r = bounce.report(content=b"X: y\nmessage-id:\n\t<a@b>\nZ: z\n\nx\n")
    assert r.message["References"] == "<a@b>"
    r = bounce.report(content=b"X: y\n\nMessage-ID: <a@b>\n")
    assert "References" not in r.message


# --- hostile words: H11, M09, M14


EVIL = ("x\r\n\r\n--=_report_\r\nBcc: all@x.test\r\n\r\n<script>", "\x1b[2J\x07",
        "\u009b31m", "\xff\xfe", "a\nAction: delivered", "%s%n%s", "y" * 200,
        "\u202egro.elpmaxe", "\u2028", "\ufeff", "=?utf-8?q?=0A?=", ";" * 200)


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_words(bounce, evil):
    good = bounce.report(Rcpt(code=550, mta="mx"), envid="x")
    r = bounce.report(Rcpt(code=550, mta=evil[:100], text=evil),
                      envid=evil[:60], sender="a@x.test")
    assert len(r.rcpts) == 1 and r.message["To"] == "a@x.test"
    assert "Bcc" not in r.message and r.rcpt()["Action"] == "failed"
    assert r.raw.isascii() and b"\x1b" not in r.raw and b"\x07" not in r.raw
    assert len(r.about) == len(good.about)
    assert r.rcpt().keys() == good.rcpt().keys()


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_addresses(bounce, evil):
    r = bounce.report(Rcpt(addr="a" + evil, orcpt="rfc822;" + evil),
                      Rcpt(addr="b", orcpt=evil),
                      Rcpt(addr="b", orcpt="utf-8;" + evil),
                      Rcpt(addr="b", orcpt="rfc822;+0D+0ABcc:+20x+1B+00+C3"))
    assert len(r.rcpts) == 4 and "Bcc" not in r.message
    for bad in "\x1b\x07\u009b\u202e\u2028\ufeff":
        assert bad not in r.text and bad.encode() not in r.raw
    assert r.rcpts[3]["Original-Recipient"] == "rfc822; ??Bcc: x???"
    bounce.ask([Rcpt()], sender="e" + evil + "@x.test")
    data = bounce.take()
    assert bounce.answers(1) == {0}
    assert b"\nBcc:" not in data and b"\x1b" not in data


def test_boundary_is_not_in_the_original(bounce):
    first = bounce.report(content=WHOLE)
    boundary = first.message.get_boundary().encode()
    for ret in (0, HDRS):
        r = bounce.report(content=b"X: " + boundary + b"\n\n--" + boundary +
                          b"\n--" + boundary + b"--\n", ret=ret)
        assert r.message.get_boundary().encode() != boundary
        assert len(list(r.message.iter_parts())) == 3


def test_many(bounce):
    rcpts = [Rcpt("%s%d@far.example" % ("a" * 50, i), text="t" * 200, code=550,
                  mta="m" * 250, orcpt="rfc822;" + "o" * 493)
             for i in range(50)]
    r = bounce.report(*rcpts)
    assert len(r.rcpts) == 50
    assert all(len(line) <= 600 for line in r.raw.split(b"\n"))


# --- other letters than ASCII: RFC 6533


JOERG = "j\u00f6rg@b\u00fccher.example"
GLOBAL = f"From: {JOERG}\nSubject: b\u00fccher\n\nb\u00fccher\n".encode()


def test_global(bounce):
    r = bounce.report(Rcpt(JOERG, orcpt="utf-8;j\\x{F6}rg+@b\u00fccher.example"),
                      sender="\u00fc@x.test", content=GLOBAL,
                      flags=UTF8 | EIGHT)
    assert bounce.to == "\u00fc@x.test"
    assert bounce.flags == REPORT | UTF8 | EIGHT
    assert "\nTo: <\u00fc@x.test>\n".encode() in r.raw
    assert r.kind == "message/global-delivery-status"
    assert r.rcpt()["Final-Recipient"] == f"utf-8; {JOERG}"
    assert r.rcpt()["Original-Recipient"] == \
        "utf-8; j\u00f6rg+@b\u00fccher.example"
    assert f"<{JOERG}>" in r.words
    assert r.original.get_content_type() == "message/global"
    assert GLOBAL in r.raw
    r = bounce.report(Rcpt(JOERG), sender="\u00fc@x.test", content=GLOBAL,
                      flags=UTF8 | EIGHT, ret=HDRS)
    assert r.original.get_content_type() == "message/global-headers"
    assert GLOBAL.split(b"\n\n")[0] in r.raw


def test_global_to_somebody_in_ascii(bounce):
    """Perhaps his server knows nothing of SMTPUTF8: none is needed."""
    r = bounce.report(Rcpt(JOERG), content=GLOBAL, flags=UTF8 | EIGHT)
    assert bounce.flags == REPORT | EIGHT
    assert r.kind == "message/delivery-status"
    assert r.rcpt()["Final-Recipient"] == \
        "utf-8; j\\x{F6}rg@b\\x{FC}cher.example"
    assert f"<{JOERG}>" in r.words
    assert r.original.get_content_type() == "message/global-headers"
    assert r.original["Content-Transfer-Encoding"] == "quoted-printable"
    head = r.raw.partition(b"\n\n")[0]
    assert head.isascii()


def test_not_utf8_at_all(bounce):
    """Bytes of another kind are not passed on."""
    bounce.ask([Rcpt("j\u00f6rg@x.test", text="caf\u00e9")])
    r = reports.Report(bounce.take(), trace=False)
    assert bounce.answers(1) == {0}
    assert r.rcpt()["Diagnostic-Code"] == "X-Postrider; caf??"
