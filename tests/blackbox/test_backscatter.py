"""Mail with forged senders: who never wrote gets no report (ATTACKS H07, H08)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from messages import plain
from reports import wait_report

FORGED = 1000
EACH = 10  # of a session; more refused ones end it


def attempts(lab, first):
    """Codes for mail to users who do not exist, with senders who did not
    write it."""
    codes = []
    with lab.smtp() as c:
        c.ehlo()
        for i in range(first, first + EACH):
            c.ok(f"MAIL FROM:<victim{i}@innocent{i}.test>")
            codes.append(c.cmd(f"RCPT TO:<nobody{i}@{lab.domain}>").code)
            c.ok("RSET")
        c.quit()
    return codes


def test_forged_senders(lab):
    """Refused while the forger listens, so nothing is queued, ever."""
    before = lab.log().count("event=queued")
    with ThreadPoolExecutor(4) as pool:
        codes = [code for some in pool.map(
            lambda first: attempts(lab, first), range(0, FORGED, EACH))
            for code in some]
    assert codes == [550] * FORGED
    assert not lab.queued()
    assert lab.log().count("event=queued") == before


def test_null_sender(lab):
    """A report for nobody is refused, and no report of that is made."""
    with lab.smtp() as c:
        c.ehlo()
        c.ok("MAIL FROM:<>")
        assert c.cmd(f"RCPT TO:<nobody@{lab.domain}>").code == 550
        assert c.cmd("DATA").code == 503
        c.quit()
    assert not lab.queued()


def fields(*values):
    return "".join(f"Delivered-To: {v}\r\n" for v in values).encode()


def begin(c, sender, *rcpts):
    c.ehlo()
    c.ok(f"MAIL FROM:<{sender}>")
    for rcpt in rcpts:
        c.ok(f"RCPT TO:<{rcpt}>")


@pytest.mark.parametrize("chunks", [False, True])
def test_made_up_circle(lab, chunks):
    """Mail that says that everybody has had it: nobody is told of that but
    who is connected."""
    alice, bob = lab.address("alice"), lab.address("bob")
    for head in (fields(alice, bob), fields(bob, f"<{alice.upper()}>"),
                 b"no field\r\n" + fields(alice, bob),
                 fields(*[f"{i}@x.test" for i in range(51)]),
                 b"Delivered-To:\r\n " + alice.encode() + b"\r\n" +
                 fields(bob)):
        with lab.smtp() as c:
            begin(c, "carol@innocent.test", alice, bob)
            if chunks:
                text = head + plain("BUY")
                c.send(b"BDAT %d\r\n" % (len(text) - 3) + text[:-3])
                assert c.reply().dsn in ("2.0.0", "5.4.6")
                c.send(b"BDAT 3 LAST\r\n" + text[-3:])
                assert c.reply().code in (503, 554)
            else:
                r = c.data(head + plain("BUY"))
                assert (r.code, r.dsn) == (554, "5.4.6"), head
            begin(c, "", alice)
            c.quit()
    lab.wait_idle()
    assert lab.files("alice") == lab.files("bob") == []
    assert "event=queued" not in lab.log()


def test_circle_of_some(lab):
    """The others get it, and the sender is told, without the text."""
    alice, bob = lab.address("alice"), lab.address("bob")
    with lab.smtp() as c:
        begin(c, alice, bob, lab.address("bob+x"))
        assert c.data(fields(bob) + plain("x", b"BUY THIS\r\n")).code == 250
    r = wait_report(lab)
    assert r.rcpt()["Status"] == "5.4.6"
    assert r.original.get_content_type() == "text/rfc822-headers"
    assert b"BUY THIS" not in r.raw
    lab.wait_idle()
    assert len(lab.files("bob")) == 1


def test_no_circle(lab):
    """What only looks like it comes in."""
    alice = lab.address("alice")
    for n, head in enumerate((fields(f"x{alice}", "alice", ""),
                              fields(lab.address("alice+x")),
                              b"\r\n" + fields(alice),
                              b"X-" + fields(alice)), 1):
        with lab.smtp() as c:
            begin(c, "carol@innocent.test", alice)
            assert c.data(head + plain("x")).code == 250
        lab.wait_files("alice", n)
