"""What is written where an address belongs (ATTACKS B3), and what addresses
mean: domains that are another one, are passed on, or have somebody for all who
are not found."""

import time

import pytest

from suite import wait_for
from talk import MESSAGE, hello, login
from unix_users import root_only, unix_user

DOMAINS = """
same.example    alias {d}
relay.example   relay
listed.example  relay listed
caught.example  virtual
"""
ALIASES = """
@caught.example: alice@{d}
away@{d}: error:550 5.1.6 She is at another place
later@{d}: error:450 4.2.1 Come again tomorrow
team@{d}: alice, bob
"""
USERS = "rita@listed.example\n"


def settle(one):
    one.start()
    for name, text in (("domains", DOMAINS), ("aliases", ALIASES),
                       ("users", USERS)):
        with open(one.conf / name, "a", encoding="ascii") as f:
            f.write(text.format(d=one.domain))
    r = one.postrider("apply")
    assert r.returncode == 0, r.stderr


@pytest.fixture
def one(share):
    return share("addresses", start=settle, options=["tag-separators +="])


# --- what is no address, and what is one and is nobody (A01 to A21)

LOCAL64 = "a" * 64
LABEL63 = "d" * 63
DOMAIN255 = ".".join([LABEL63] * 3 + ["d" * 63])

ODD = [
    # A01: nothing is ever run, whatever is taken
    (b"<;sleep 9;@{d}>", {501}),
    (b"<$(id)@{d}>", {501}),
    (b"<`id`@{d}>", {550}),
    (b"<a|b@{d}>", {550}),
    (b"<|/bin/sh@{d}>", {550}),
    (b"<\"|/bin/sh\"@{d}>", {550}),
    (b"</etc/passwd@{d}>", {550}),
    (b"<:include:/etc/passwd@{d}>", {501}),
    (b"<\\root@{d}>", {501}),
    # A03
    (b"<\"\\\"\"@{d}>", {550}),
    (b"<\"a\0b\"@{d}>", {500, 501}),
    # A04
    (b"<\"\"@{d}>", {501}),
    (b"<@{d}>", {501}),
    (b"<>", {501}),
    # A06: never relayed
    (b"<u%other.example@{d}>", {550}),
    (b"<other.example!u>", {501}),
    (b"<other.example!u@{d}>", {550}),
    (b"<u@[127.0.0.1]>", {550}),
    (b"<u@[IPv6:::1]>", {550}),
    (b"<u@{d}@evil.example>", {501}),
    (b"<@{d}:u@evil.example>", {550}),
    (b"<\"u@evil.example\"@{d}>", {550}),
    (b"<\"u@evil.example\">", {501}),
    # A09
    (b"<" + LOCAL64.encode() + b"@{d}>", {550}),
    (b"<" + LOCAL64.encode() + b"a@{d}>", {501}),
    (b"<u@" + DOMAIN255.encode() + b">", {501}),
    (b"<u@" + LABEL63.encode() + b".example>", {550}),
    (b"<u@" + LABEL63.encode() + b"d.example>", {501}),
    # A12
    (b"<-oQ/tmp/x@{d}>", {550}),
    (b"<-f@{d}>", {550}),
    (b"<--help@{d}>", {550}),
    # A13: no path
    (b"<../../etc/passwd@{d}>", {501}),
    (b"<\"../../etc/passwd\"@{d}>", {550}),
    (b"<alice/new@{d}>", {550}),
    (b"<.@{d}>", {501}),
    (b"<..@{d}>", {501}),
    (b"<\".\"@{d}>", {550}),
    (b"<\"..\"@{d}>", {550}),
    (b"<alice+../../x@{d}>", {501}),
    # A15
    (b"<\xc0\xaf@{d}>", {553}),
    (b"<a@xn--a.example>", {550}),
    # A21
    (b"<alice@{d}\\>", {501}),
    (b"<\"alice\\", {501}),
    (b"<\"", {501}),
    (b"<", {501}),
]


@pytest.mark.parametrize("path, codes", ODD, ids=range(len(ODD)))
def test_odd_recipients(one, path, codes):
    start = time.monotonic()
    with hello(one) as s:
        s.ok("MAIL FROM:<a@x.example>")
        r = s.cmd(b"RCPT TO:" + path.replace(b"{d}", one.domain.encode()))
        assert r.code in codes, r
        if r.code != 500:
            assert s.cmd("DATA").code == 503
    assert time.monotonic() - start < 5


def test_odd_senders(one):
    """What is a sender is told in letters that nobody executes."""
    for path in ("<;for i in 0 1;do id;done@x.example>", "<a b@x.example>"):
        with hello(one) as s:
            assert s.cmd(f"MAIL FROM:{path}").code == 501
    with hello(one) as s:
        s.ok("MAIL FROM:<\"$(id)\"@x.example>")
        s.ok(f"RCPT TO:<bob@{one.domain}>")
        assert s.data(MESSAGE).code == 250
    text = one.wait_files("bob", 1)[0].read_bytes()
    assert text.startswith(b"Return-Path: <\"$(id)\"@x.example>\n")


def test_commands_in_a_quoted_string(one):
    """A03: a line ends where it ends."""
    with hello(one) as s:
        s.ok("MAIL FROM:<a@x.example>")
        s.send(b"RCPT TO:<\"a\r\nRCPT TO:<alice@%s>\r\n"
               % one.domain.encode())
        assert s.reply().code == 501
        assert s.reply().code == 250
        assert s.data(MESSAGE).code == 250
    one.wait_files("alice", 1)
    assert one.files("bob") == []


def test_postmaster_without_a_domain(one):
    """A16"""
    with hello(one) as s:
        s.ok("MAIL FROM:<>")
        s.ok("RCPT TO:<PostMaster>")
        assert s.cmd("RCPT TO:<alice>").code == 501


HEADERS = [
    b"To: " + b"(" * 100000 + b"\n",
    b"To: " + b"(" * 100000 + b")" * 100000 + b" bob\n",
    b"From: \"" + b"\\\\" * 10000 + b"\" <alice>\n",
    b"From: " + b"<" * 100000 + b"\n",
    b"Cc: " + b"g:" * 50000 + b";\n",
    b"Reply-To: \"" + b"\\" * 99999 + b"\n",
]


@pytest.mark.parametrize("field", HEADERS, ids=range(len(HEADERS)))
def test_headers_that_nest(one, field):
    """A07: in a time that grows with the length alone."""
    start = time.monotonic()
    r = one.sendmail("bob", data=field + b"Subject: s\n\nx\n")
    assert r.returncode == 0, r.stderr
    assert time.monotonic() - start < 5
    text = one.wait_files("bob", 1)[0].read_bytes()
    assert b"\nSubject: s\n" in text


def test_a_header_of_a_million_addresses(one):
    """A10"""
    field = b"To: " + b"a@x.example,\n " * 700000 + b"b@x.example\r\n"
    with login(one) as s:
        s.ok(f"MAIL FROM:<alice@{one.domain}>")
        s.ok(f"RCPT TO:<bob@{one.domain}>")
        r = s.data(field.replace(b",\n", b",\r\n") + b"\r\nx\r\n")
        assert (r.code, r.dsn) == (552, "5.3.4")


# --- what addresses mean

def test_a_domain_that_is_another(one):
    with hello(one) as s:
        s.ok("MAIL FROM:<a@x.example>")
        s.ok("RCPT TO:<Alice+Tag@Same.Example>")
        assert s.cmd("RCPT TO:<nobody@same.example>").code == 550
        assert s.data(MESSAGE).code == 250
    one.wait_files("alice", 1)
    with login(one) as s:
        assert s.cmd("MAIL FROM:<alice=x@same.example>").code == 250
    with login(one, "bob") as s:
        assert s.cmd("MAIL FROM:<alice@same.example>").dsn == "5.7.1"


def test_domains_that_are_passed_on(one):
    with hello(one) as s:
        s.ok("MAIL FROM:<a@x.example>")
        s.ok("RCPT TO:<anybody@relay.example>")
        s.ok("RCPT TO:<rita+x@listed.example>")
        assert s.cmd("RCPT TO:<ron@listed.example>").dsn == "5.1.1"
        assert s.cmd("RCPT TO:<x@sub.relay.example>").dsn == "5.7.1"


def test_whoever_is_not_found(one):
    with hello(one) as s:
        s.ok("MAIL FROM:<a@x.example>")
        s.ok("RCPT TO:<anything+at.all@caught.example>")
        assert s.data(MESSAGE).code == 250
    one.wait_files("alice", 1)
    with login(one) as s:
        assert s.cmd("MAIL FROM:<any@caught.example>").code == 250


def test_what_the_administrator_refuses(one):
    with hello(one) as s:
        s.ok("MAIL FROM:<a@x.example>")
        r = s.cmd(f"RCPT TO:<Away+x@{one.domain}>")
        assert (r.code, r.text) == (550, "5.1.6 She is at another place")
        r = s.cmd("RCPT TO:<later@same.example>")
        assert (r.code, r.text) == (450, "4.2.1 Come again tomorrow")
        assert s.cmd("DATA").code == 503
    r = one.sendmail(f"away@{one.domain}", data=b"\nx\n")
    assert r.returncode != 0
    assert b"She is at another place" in r.stderr


def test_tags(one):
    with hello(one) as s:
        for name in ("bob+a", "BOB=A", "bob+a+b", "bob=", "team+x"):
            s.ok("MAIL FROM:<a@x.example>")
            s.ok(f"RCPT TO:<{name}@{one.domain}>")
            assert s.data(MESSAGE).code == 250
        s.ok("MAIL FROM:<a@x.example>")
        for name in ("bob-a", "+bob", "=", "bo+b"):
            assert s.cmd(f"RCPT TO:<{name}@{one.domain}>").code == 550
    wait_for(lambda: len(one.files("bob")) == 5, "five messages")
    one.wait_files("alice", 1)


@pytest.fixture
def user():
    """Asked for before a lab, so that no agent of his runs at the end."""
    with unix_user("r") as one:
        yield one


@root_only
def test_whoever_is_no_unix_user(user, make_lab):
    """Whether there is such a user is known to nobody until authd is asked."""
    lab = make_lab()
    for name, text in (("domains", "host.example unix\nclosed.example unix\n"),
                       ("aliases", f"@host.example: alice@{lab.domain}\n"
                        "@closed.example: error:550 5.1.6 All have left\n")):
        with open(lab.conf / name, "a", encoding="ascii") as f:
            f.write(text)
    assert lab.postrider("apply").returncode == 0
    with hello(lab) as s:
        s.ok("MAIL FROM:<a@x.example>")
        s.ok(f"RCPT TO:<{user.name}+tag@host.example>")
        s.ok("RCPT TO:<no-such-user+tag@host.example>")
        s.ok(f"RCPT TO:<{user.name}@closed.example>")
        r = s.cmd("RCPT TO:<no-such-user@closed.example>")
        assert (r.code, r.text) == (550, "5.1.6 All have left")
        assert s.data(MESSAGE).code == 250
    lab.wait_files("alice", 1)
    wait_for(lambda: len(user.mail()) == 2, "the user's mail")
    lab.wait_idle()
