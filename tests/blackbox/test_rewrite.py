"""The file rewrite, in envelopes and in headers, and always-bcc."""

import re

import pytest

from suite import wait_for
from talk import hello, login
from wire import below_trace

RULES = """
sender     alice@{d}          Alice.Smith@{d}
masquerade inner.example      {d}
recipient  @typo.example      @elsewhere.example
recipient  @old.example       @{d}
sender     @long.example      a-name-that-is-much-longer@{d}
"""

DOMAINS = "inner.example virtual\nold.example virtual\n"


def settle(one):
    one.start()
    with open(one.conf / "rewrite", "w", encoding="ascii") as f:
        f.write(RULES.format(d=one.domain))
    with open(one.conf / "domains", "a", encoding="ascii") as f:
        f.write(DOMAINS)
    r = one.postrider("apply")
    assert r.returncode == 0, r.stderr


@pytest.fixture
def one(share):
    return share("rewrite", start=settle, options=["header-size 64k"])


def message(lab, user="bob"):
    """The one message that came, as it lies in the mailbox."""
    return lab.wait_files(user, 1)[0].read_bytes()


def header(text):
    return below_trace(text).partition(b"\n\n")[0] + b"\n"


def return_path(text):
    return re.match(rb"Return-Path: <(.*)>\n", text)[1].decode()


GIVEN = b"""From: "alice@{d}" <alice@{d}> (alice@{d})\r
Sender: x@a.inner.example\r
Reply-To: G: y@inner.example,\r
\tz@other.example;\r
To: Bob <bob@old.example>, <q@typo.example>\r
Cc: bad address <\r
X-From: alice@{d}\r
Date: Sun, 22 Nov 2026 04:00:00 +0000\r
Message-ID: <1@x>\r
\r
From: alice@{d}\r
"""

MADE = b"""From: "alice@{d}" <Alice.Smith@{d}> (alice@{d})
Sender: x@{d}
Reply-To: G: y@{d},
\tz@other.example;
To: Bob <bob@{d}>, <q@elsewhere.example>
Cc: bad address <
X-From: alice@{d}
Date: Sun, 22 Nov 2026 04:00:00 +0000
Message-ID: <1@x>
"""


def of(lab, text):
    return text.replace(b"{d}", lab.domain.encode())


def test_of_our_own_users(one):
    with login(one) as s:
        s.ok(f"MAIL FROM:<alice@{one.domain}>")
        s.ok("RCPT TO:<bob@old.example>")
        assert s.data(of(one, GIVEN)).code == 250
    got = message(one)
    assert return_path(got) == f"Alice.Smith@{one.domain}"
    assert header(got) == of(one, MADE)
    assert got.endswith(f"\n\nFrom: alice@{one.domain}\n".encode())


def test_in_chunks(one):
    content = of(one, GIVEN)
    with login(one) as s:
        s.ok(f"MAIL FROM:<alice@{one.domain}> BODY=BINARYMIME")
        s.ok("RCPT TO:<bob@old.example>")
        for part in (content[:33], content[33:150]):
            s.send(b"BDAT %d\r\n" % len(part) + part)
            assert s.reply().code == 250
        s.send(b"BDAT %d LAST\r\n" % len(content[150:]) + content[150:])
        assert s.reply().code == 250
    assert header(message(one)).startswith(of(one, MADE))


def test_of_strangers(one):
    """Where their mail goes is ours to say; the rest is theirs."""
    with hello(one) as s:
        s.ok("MAIL FROM:<x@inner.example>")
        s.ok("RCPT TO:<bob@old.example>")
        assert s.cmd("RCPT TO:<x@typo.example>").dsn == "5.7.1"
        assert s.cmd("RCPT TO:<nobody@old.example>").dsn == "5.1.1"
        assert s.data(of(one, GIVEN)).code == 250
    got = message(one)
    assert return_path(got) == "x@inner.example"
    assert header(got) == \
        of(one, GIVEN).partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n"


def test_whose_a_sender_is(one):
    """is judged by what the client says, not by what becomes of it."""
    with login(one, "bob") as s:
        assert s.cmd(f"MAIL FROM:<alice@{one.domain}>").dsn == "5.7.1"
        assert s.cmd("MAIL FROM:<bob@long.example>").dsn == "5.7.1"
        assert s.cmd(f"MAIL FROM:<bob@{one.domain}>").code == 250


def test_of_local_users(one):
    """Names get a domain, as cron and others leave it away."""
    r = one.sendmail("-f", "alice", "bob", data=b"From: alice (Cron)\n"
                     b"To: bob, q@typo.example\nSubject: x\n\nTo: bob\n")
    assert r.returncode == 0, r.stderr
    got = message(one)
    assert return_path(got) == f"Alice.Smith@{one.domain}"
    head = header(got).decode()
    assert f"From: Alice.Smith@{one.domain} (Cron)\n" in head
    assert f"To: bob@{one.domain}, q@elsewhere.example\n" in head
    assert got.endswith(b"\n\nTo: bob\n")


def test_a_header_that_grows_too_long(one):
    line = b"From: " + b", ".join([b"a@long.example"] * 60) + b"\r\n"
    with login(one) as s:
        s.ok(f"MAIL FROM:<alice@{one.domain}>")
        s.ok(f"RCPT TO:<bob@{one.domain}>")
        r = s.data(line * 60 + b"\r\nx\r\n")
        assert (r.code, r.dsn) == (552, "5.3.4")
        s.ok(f"MAIL FROM:<alice@{one.domain}>")
        s.ok(f"RCPT TO:<bob@{one.domain}>")
        assert s.data(line + b"\r\nx\r\n").code == 250
    assert header(message(one)).count(b"a-name-that-is-much-longer@") == 60


# --- one more who gets it

def copy_all(one):
    one.start()
    with open(one.conf / "postrider.conf", "a", encoding="ascii") as f:
        f.write(f"always-bcc alice@{one.domain}\n")
    r = one.postrider("apply")
    assert r.returncode == 0, r.stderr


@pytest.fixture
def copied(share):
    return share("always-bcc", start=copy_all)


def test_a_copy_of_everything(copied):
    with hello(copied) as s:
        s.ok("MAIL FROM:<x@foreign.example> RET=HDRS ENVID=1")
        s.ok(f"RCPT TO:<bob@{copied.domain}> NOTIFY=NEVER")
        assert s.data(b"Subject: a\r\n\r\nx\r\n").code == 250
    for user in ("alice", "bob"):
        text = message(copied, user)
        assert b"Subject: a" in text
    assert b"alice" not in copied.files("bob")[0].read_bytes()
    assert copied.sendmail("bob", data=b"Subject: b\n\n").returncode == 0
    copied.wait_files("alice", 2)
    copied.wait_idle()
    copied.wait_files("bob", 2)


def test_no_copy_twice_nor_of_nothing(copied):
    with hello(copied) as s:
        s.ok("MAIL FROM:<x@foreign.example>")
        s.ok(f"RCPT TO:<Alice@{copied.domain}>")
        s.ok(f"RCPT TO:<bob@{copied.domain}>")
        assert s.data(b"Subject: a\r\n\r\nx\r\n").code == 250
        s.ok("MAIL FROM:<x@foreign.example>")
        assert s.cmd(f"RCPT TO:<nobody@{copied.domain}>").code == 550
        assert s.cmd("DATA").code == 503
    copied.wait_files("bob", 1)
    copied.wait_idle()
    copied.wait_files("alice", 1)


def test_the_copy_is_no_matter_of_reports(copied):
    """Who asks for reports gets those on recipients that he named."""
    with hello(copied) as s:
        s.ok(f"MAIL FROM:<bob@{copied.domain}>")
        s.ok(f"RCPT TO:<bob@{copied.domain}> NOTIFY=SUCCESS")
        assert s.data(b"Subject: a\r\n\r\nx\r\n").code == 250
    wait_for(lambda: len(copied.files("bob")) == 2, "mail and a report")
    copied.wait_idle()
    report = [f.read_bytes() for f in copied.wait_files("bob", 2)
              if b"multipart/report" in f.read_bytes()]
    assert len(report) == 1
    assert f"alice@{copied.domain}".encode() not in report[0]
