"""Addresses in all letters (RFC 6531 to 6533), from the configuration over
SMTP and sendmail into a mailbox and out of it."""

import pytest

from suite import wait_for
from talk import FOREIGN, MESSAGE, hello

WIDE, NARROW = "bücher.example", "xn--bcher-kva.example"
USER, PASSWORD = "jörg", "geheim"
RCPT = f"{USER}@{WIDE}"


def settle(one):
    """The configuration as an administrator writes it."""
    one.start()
    for name, line in (("domains", WIDE), ("aliases", f"büro@{WIDE}: {RCPT}")):
        with open(one.conf / name, "a", encoding="utf-8") as f:
            f.write(line + "\n")
    r = one.postrider("apply")
    assert r.returncode == 0, r.stderr
    r = one.postrider("user", "add", RCPT, data=f"{PASSWORD}\n".encode())
    assert r.returncode == 0, r.stderr


@pytest.fixture
def wide(share):
    return share("wide", start=settle)


def mailbox(lab):
    """The mailbox of USER lies where its name says; None before the first
    message."""
    found = [d for d in lab.maildir("bob").parents[2].rglob(f"{USER}*")]
    assert len(found) <= 1, found
    return found[0] / "Maildir" if found else None


def messages(lab):
    box = mailbox(lab)
    place = box / "new" if box else None
    return sorted(place.iterdir()) if place and place.is_dir() else []


def only(lab):
    """The one message that has come, or is coming."""
    found = wait_for(lambda: messages(lab), "a message")
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def box(wide):
    """Empty before; what is in it is asked by messages()."""
    yield wide
    for f in messages(wide):
        f.unlink()


def bytes_line(text):
    return text.encode() if isinstance(text, str) else text


def send(s, rcpt, params=" SMTPUTF8", sender=FOREIGN, content=MESSAGE):
    """One message; the reply that says no, or the last one."""
    r = s.cmd(bytes_line(f"MAIL FROM:<{sender}>{params}"))
    if r.code == 250:
        r = s.cmd(bytes_line(f"RCPT TO:<{rcpt}>"))
    return s.data(content) if r.code == 250 else r


@pytest.mark.parametrize("rcpt", [
    RCPT, f"{USER}@{NARROW}", f"{USER}@BÜCHER.Example",
    f"J{USER[1:].replace('rg', 'RG')}@{WIDE}", f'"{USER}"@{WIDE}',
    f"{USER}+tag@{WIDE}", f"büro@{WIDE}"])
def test_delivered(box, rcpt):
    with hello(box) as s:
        assert send(s, rcpt, sender=f"gräfin@{WIDE}").code == 250
    text = only(box).read_bytes().decode()
    assert f"Return-Path: <gräfin@{NARROW}>\n" in text
    assert " with UTF8SMTP id " in text
    assert text.endswith("Subject: x\n\nbody\n")


def test_not_declared(box):
    """Without SMTPUTF8 nothing but ASCII, as ever."""
    with hello(box) as s:
        for rcpt in (RCPT, f"{USER}@{NARROW}", f"alice@{WIDE}"):
            r = send(s, rcpt, params="")
            assert (r.code, r.dsn) == (553, "5.6.7")
            s.ok("RSET")
        r = s.cmd(bytes_line(f"MAIL FROM:<{RCPT}>"))
        assert (r.code, r.dsn) == (553, "5.6.7")
    assert messages(box) == []


@pytest.mark.parametrize("rcpt,code,dsn", [
    (b"\xc0\xaf@" + NARROW.encode(), 553, "5.6.7"),
    (b"\xed\xa0\x80@" + NARROW.encode(), 553, "5.6.7"),
    (b"\xff@" + NARROW.encode(), 553, "5.6.7"),
    (b"a@\xfc.example", 553, "5.6.7"),
    (b"\xef\xbf\xbe@" + NARROW.encode(), 553, "5.6.7"),
    (b"\xc2\x9b31m@" + NARROW.encode(), 553, "5.6.7"),
    ("ü" * 33 + f"@{WIDE}", 501, "5.1.3"),
    ("ü" * 32 + f"@{WIDE}", 550, "5.1.1"),
    ("a@" + "ü" * 60 + ".example", 501, "5.1.2"),
    ("a@☃.example", 501, "5.1.2"),
    ("a@xn--ü.example", 501, "5.1.2"),
    ("a@ü_x.example", 501, "5.1.2"),
    ("a@ü..example", 501, "5.1.2"),
    ("a@[ü]", 553, "5.6.7"),
    (f"niemand.ü@{WIDE}", 550, "5.1.1"),
    (f"jo\u0308rg@{WIDE}", 550, "5.1.1"),
    ("a@ü.elsewhere.example", 550, "5.7.1"),
    ("a＠b@ü.elsewhere.example", 550, "5.7.1")])
def test_refused(box, rcpt, code, dsn):
    with hello(box) as s:
        s.ok(f"MAIL FROM:<{FOREIGN}> SMTPUTF8")
        r = s.cmd(b"RCPT TO:<" + bytes_line(rcpt) + b">")
        assert (r.code, r.dsn) == (code, dsn), r
        s.ok("NOOP")


def test_original_recipient(box):
    """ORCPT of type utf-8, in the form that 8-bit lines allow and in the
    other one (RFC 6533 section 3)."""
    with hello(box) as s:
        s.ok("MAIL FROM:<> SMTPUTF8")
        for value, code in ((RCPT, 250), ("j\\x{F6}rg@x.example", 250),
                            ("j\\xF6rg", 501), ("a+2Bb@x", 501),
                            ("\\x{0A}@x", 501)):
            line = f"RCPT TO:<{RCPT}> ORCPT=utf-8;{value}"
            assert s.cmd(bytes_line(line)).code == code, value
        s.ok("RSET")
        s.ok("MAIL FROM:<>")
        line = f"RCPT TO:<{box.address('bob')}> ORCPT=utf-8;{RCPT}"
        assert s.cmd(bytes_line(line)).code == 501


def test_parameter(box):
    with hello(box) as s:
        assert s.cmd("MAIL FROM:<> SMTPUTF8=1").code == 501
        assert s.cmd("MAIL FROM:<> SMTPUTF8 SMTPUTF8").code == 501
        s.ok("MAIL FROM:<> BODY=8BITMIME smtputf8 SIZE=10")
        assert s.cmd("RCPT TO:<a@b> SMTPUTF8").code == 555


def test_header_in_utf8(box):
    """With or without the parameter: headers are the readers' matter."""
    text = "Subject: Grüße\r\nFrom: gräfin@bücher.example\r\n\r\nä\r\n"
    with hello(box) as s:
        for params in (" SMTPUTF8", " SMTPUTF8 BODY=8BITMIME"):
            r = send(s, RCPT, params=params, content=text.encode())
            assert r.code == 250
    for f in messages(box):
        assert f.read_bytes().endswith(text.replace("\r\n", "\n").encode())


@pytest.mark.parametrize("domain", [NARROW, WIDE, "BÜCHER.example"])
def test_pop3(box, domain):
    with hello(box) as s:
        assert send(s, RCPT).code == 250
    assert only(box)
    with box.pop3() as p:
        p.send(f"USER {USER}@{domain}\r\nPASS {PASSWORD}\r\n".encode())
        assert p.line().startswith(b"+OK") and p.line().startswith(b"+OK")
        assert p.stat()[0] == 1
        assert p.retr(1).endswith(b"Subject: x\r\n\r\nbody\r\n")
        p.quit()


def test_submission(box):
    """Who logs in so may send as that, in any spelling of it."""
    with hello(box, "submission") as s:
        r = s.auth_plain(RCPT, PASSWORD)
        assert r.code == 235
        assert s.cmd(bytes_line(f"MAIL FROM:<gräfin@{WIDE}> SMTPUTF8")
                     ).code == 553
        assert send(s, RCPT, sender=f"{USER}@{NARROW}").code == 250
    text = only(box).read_bytes().decode()
    assert " with UTF8SMTPA id " in text


@pytest.mark.parametrize("args,head", [
    ([RCPT], ""), (["-t"], f"To: Jörg <{RCPT}>, {USER}@{NARROW}\n"),
    (["-f", f"gräfin@{WIDE}", RCPT], "")])
def test_sendmail(box, args, head):
    r = box.sendmail(*args, data=f"{head}Subject: x\n\nbody\n".encode())
    assert r.returncode == 0, r.stderr
    text = only(box).read_bytes().decode()
    assert text.endswith("\n\nbody\n")
    assert f"Delivered-To: {USER}@{NARROW}\n" in text
    assert len(messages(box)) == 1


def test_sendmail_says_it_only_then(box):
    r = box.sendmail("-v", box.address("bob"), data=b"Subject: x\n\nb\n")
    assert r.returncode == 0 and b"SMTPUTF8" not in r.stderr.split(
        b"C: MAIL")[1].split(b"\n")[0]
    r = box.sendmail("-v", RCPT, data=b"Subject: x\n\nb\n")
    assert r.returncode == 0 and b"SMTPUTF8" in r.stderr.split(
        b"C: MAIL")[1].split(b"\n")[0]
    box.remove_mail("bob")


def test_lists_are_told_only_when_asked_so(share):
    def start(one):
        settle(one)
        with open(one.conf / "postrider.conf", "a", encoding="utf-8") as f:
            f.write("expn yes\n")
        assert one.postrider("apply").returncode == 0

    lab = share("wide-expn", start=start)
    with hello(lab) as s:
        r = s.cmd(bytes_line(f"EXPN büro@{WIDE}"))
        assert (r.code, r.dsn) == (550, "5.6.7")
        s.send(bytes_line(f"EXPN büro@{WIDE} SMTPUTF8\r\n"))
        assert s.line().decode() == f"250 2.1.5 <{USER}@{NARROW}>"
        assert s.cmd(bytes_line(f"VRFY {RCPT} SMTPUTF8")).code == 252


def test_log_is_ascii(box):
    """What comes from outside is escaped there, these letters, too."""
    with hello(box) as s:
        assert send(s, RCPT).code == 250
        s.cmd(b"RCPT TO:<\xc2\x9b31m@x>")
    assert only(box)
    assert box.log().isascii()
