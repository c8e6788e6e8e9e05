"""Mail to and from other servers, as Debian ships them, both ways."""

import email
import email.policy
import os
import re
import smtplib

import pytest

import peers
import suite

pytestmark = pytest.mark.skipif(
    os.getuid() != 0, reason="their namespaces want root")

SMTP_KINDS = ("postfix", "exim", "opensmtpd")

# Everything that has gone wrong between two mail servers: dots, no end of
# line, 8 bits, long lines, an empty message.
BODIES = {
    "plain": b"Hello.\n",
    "dots": b".\n..\n...\n.a\n a.\n.\n",
    "no-end": b"The last line does not end",
    "blank": b"\n\n\n",
    "eight": "Grüße aus Köln, šťastnou cestu\n".encode(),
    "long": b"x" * 990 + b"\n" + b"y" * 998 + b"\n",
    "many": b"".join(b"line %d\n" % i for i in range(20000)),
    "big": (b"0123456789abcdef" * 4 + b"\n") * 80000,
}


class Ring:
    """A lab, and other servers that it sends to and that send to it."""

    def __init__(self, make_lab, *kinds, options=()):
        self.peers = [peers.KINDS[kind](None) for kind in kinds]
        self.lab = make_lab(options=[
            *(f"route {p.domain} {self.hop(p)}" for p in self.peers),
            "retry-first 1s", *options])
        for p in self.peers:
            p.onward = self.lab.port("smtp")
            p.start()

    @staticmethod
    def hop(peer):
        prefix = "lmtp:" if peer.name == "dovecot" else ""
        return f"{prefix}[127.0.0.1]:{peer.port}"

    def send(self, content, *rcpts, args=()):
        r = self.lab.sendmail("-i", "-f", self.lab.address("alice"), *args,
                              *rcpts, data=content)
        assert r.returncode == 0, r.stderr

    def close(self):
        for p in self.peers:
            p.close()


@pytest.fixture
def ring(make_lab):
    made = []

    def make(*kinds, **more):
        made.append(Ring(make_lab, *kinds, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def message(name, body):
    return (f"From: alice\nTo: carl\nSubject: {name}\n"
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: 8bit\n\n").encode() + body


def body_of(path):
    """Behind the header, with LF line ends."""
    content = path.read_bytes().replace(b"\r\n", b"\n")
    return content.partition(b"\n\n")[2]


def whole(body):
    return body if body.endswith(b"\n") else body + b"\n"


def subject_of(path):
    return re.search(rb"(?m)^Subject: ?(.*)$", path.read_bytes())[1].decode()


@pytest.mark.parametrize("kind", [*SMTP_KINDS, "dovecot"])
def test_out(ring, kind):
    r = ring(kind)
    them = r.peers[0]
    for name, body in BODIES.items():
        r.send(message(name, body), them.address("carl"))
    got = {subject_of(f): body_of(f)
           for f in them.wait_files(len(BODIES))}
    for name, body in BODIES.items():
        assert got[name] == whole(body), name
    r.lab.wait_idle()
    assert r.lab.files("alice") == []  # nothing came back


@pytest.mark.parametrize("kind", [*SMTP_KINDS, "dovecot"])
def test_out_to_some(ring, kind):
    """Each recipient has a verdict of his own."""
    r = ring(kind)
    them = r.peers[0]
    there = "nobody-of-that-name"
    r.send(message("some", b"x\n"), them.address("carl"), them.address("dora"),
           them.address(there))
    assert len(them.wait_files(1, "carl")) == 1
    assert len(them.wait_files(1, "dora")) == 1
    if kind == "opensmtpd":  # it takes all names
        assert len(them.wait_files(1, there)) == 1
        r.lab.wait_idle()
        assert r.lab.files("alice") == []
        return
    report = email.message_from_bytes(
        r.lab.wait_files("alice", 1)[0].read_bytes(),
        policy=email.policy.default)
    text = report.as_string()
    assert f"Final-Recipient: rfc822; {them.address(there)}" in text
    assert them.address("carl") not in text.split("Subject: some")[0] \
        .split("Reporting-MTA")[1]
    assert "Action: failed" in text


def test_out_over_a_unix_socket(make_lab):
    them = peers.Dovecot(None).start()
    try:
        lab = make_lab(options=[f"route {them.domain} lmtp:{them.socket}"])
        (them.own / "..").resolve().chmod(0o755)
        r = lab.sendmail("-i", them.address("carl"),
                         data=message("socket", b".\n"))
        assert r.returncode == 0, r.stderr
        assert body_of(them.wait_files(1)[0]) == b".\n"
    finally:
        them.close()


@pytest.mark.parametrize("policy", ["none", "may", "encrypt", "verify"])
@pytest.mark.parametrize("kind", SMTP_KINDS)
def test_out_with_tls(ring, kind, policy):
    """Their certificate is signed by a CA that nobody knows: good enough
    unless it is to be verified.  The OpenSMTPD of Debian 12 ends every handshake
    (its way of keeping keys is not OpenSSL 3's; openssl s_client hears the same
    alert): then "may" is another connection, without."""
    r = ring(kind, options=[f"tls-policy {policy}"])
    them = r.peers[0]
    r.send(message("tls", b"x\n"), them.address("carl"))
    breaks = kind == "opensmtpd"
    if policy == "verify" or (breaks and policy == "encrypt"):
        r.lab.wait_log("event=deferred")
        assert them.files() == []
        return
    head = them.wait_files(1)[0].read_text()
    assert bool(re.search(r"E?SMTPS|TLS", head.partition("Subject")[0])) == \
        (policy != "none" and not breaks), head


@pytest.mark.parametrize("kind", SMTP_KINDS)
def test_in(ring, kind):
    r = ring(kind)
    them = r.peers[0]
    with smtplib.SMTP("127.0.0.1", them.port, timeout=suite.PATIENCE) as s:
        for name, body in BODIES.items():
            s.sendmail(them.address("carl"), [r.lab.address("bob")],
                       message(name, body).replace(b"\n", b"\r\n"),
                       mail_options=["BODY=8BITMIME"])
    got = {subject_of(f): body_of(f)
           for f in r.lab.wait_files("bob", len(BODIES), 4 * suite.PATIENCE)}
    for name, body in BODIES.items():
        assert got[name] == whole(body), name


@pytest.mark.parametrize("kind", ["postfix", "exim"])
def test_success_is_told_by_the_last_that_can(ring, kind):
    """They announce DSN: the wish travels on, and the report is theirs."""
    r = ring(kind)
    them = r.peers[0]
    r.send(message("told", b"x\n"), them.address("carl"),
           args=("-N", "success", "-V", "envelope-7"))
    assert len(them.wait_files(1)) == 1
    text = r.lab.wait_files("alice", 1)[0].read_text()
    assert "envelope-7" in text
    assert re.search(r"(?m)^Action: (delivered|relayed)", text), text
    assert f"Reporting-MTA: dns; {them.domain}" in text


def test_success_is_told_by_us_when_they_cannot(ring):
    r = ring("dovecot")
    them = r.peers[0]
    r.send(message("told", b"x\n"), them.address("carl"),
           args=("-N", "success"))
    assert len(them.wait_files(1)) == 1
    text = r.lab.wait_files("alice", 1)[0].read_text()
    assert re.search(r"(?m)^Action: (delivered|relayed)", text), text
    assert f"Final-Recipient: rfc822; {them.address('carl')}" in text


@pytest.mark.parametrize("kind", ["postfix", "exim"])
def test_names_of_the_whole_world(ring, kind):
    """SMTPUTF8 both ways: a header, and a recipient here."""
    r = ring(kind, options=["mx.relay-clients 127.0.0.1"])
    them = r.peers[0]
    text = ("From: alice\nTo: carl\nSubject: Grüße\n\nGrüß Gott\n").encode()
    with r.lab.smtp() as s:
        s.ehlo()
        assert "SMTPUTF8" in s.extensions
    with smtplib.SMTP("127.0.0.1", them.port, timeout=suite.PATIENCE) as s:
        s.sendmail(them.address("carl"), [r.lab.address("bob")],
                   text.replace(b"\n", b"\r\n"),
                   mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert "Subject: Grüße".encode() in \
        r.lab.wait_files("bob", 1)[0].read_bytes()
    with r.lab.smtp() as s:
        s.ehlo()
        s.ok(f"MAIL FROM:<{r.lab.address('alice')}> SMTPUTF8 BODY=8BITMIME")
        s.ok(f"RCPT TO:<{them.address('carl')}>")
        assert s.data(text.replace(b"\n", b"\r\n")).code == 250
    assert "Subject: Grüße".encode() in them.wait_files(1)[0].read_bytes()


def test_a_circle_of_all(ring):
    """From us to each of them and through it back to us."""
    r = ring(*SMTP_KINDS)
    for them in r.peers:
        for n in range(10):
            r.send(message(f"{them.name}-{n}", b"round\n"), them.address())
    for them in r.peers:
        them.wait_files(10)
        with smtplib.SMTP("127.0.0.1", them.port,
                          timeout=suite.PATIENCE) as s:
            for n in range(10):
                s.sendmail(them.address(), [r.lab.address("bob")],
                           message(f"{them.name}-{n}", b"back\n")
                           .replace(b"\n", b"\r\n"))
    got = sorted(subject_of(f) for f in r.lab.wait_files("bob", 30))
    assert got == sorted(f"{p.name}-{n}" for p in r.peers for n in range(10))
