"""Mail to other hosts over TLS, and with a login: with the real tlsd and authd,
and servers that are good or not."""

import base64
import itertools
import ssl
import threading

import pytest

import certs
from sink import CLOSE, CUT, NOTHING, Ended, Sink
from suite import wait_for

TLS = ("STARTTLS", "PIPELINING")
BODY = b"Subject: x\n\nbody\n"


class Server(Sink):
    """A sink with STARTTLS, which counts what it hears inside and outside.
    trick: what happens instead of the handshake."""

    def __init__(self, trick=None, times=99, answers=None, **more):
        self.secure, self.trick, self.times = None, trick, times
        self.lock = threading.Lock()
        super().__init__(answers={"LINE": self.other, **(answers or {})},
                         **{"extensions": TLS, **more})

    def other(self, session, line):
        if line != b"STARTTLS":
            return "500 5.5.2 what?"
        with self.lock:
            self.times -= 1
            tricked = self.trick is not None and self.times >= 0
        if tricked:
            return self.trick(session)
        session.say("220 go")
        assert session.buffer == b""
        try:
            session.sock = self.secure.wrap_socket(session.sock,
                                                   server_side=True)
        except ssl.SSLError as e:  # the other side does not like it
            raise Ended from e
        return NOTHING

    @property
    def inside(self):
        return [m for s in self.sessions for m in s.messages
                if isinstance(s.sock, ssl.SSLSocket)]


def refused(_):
    return "454 4.7.0 not now"


def garbage(session):
    """Instead of the handshake, and for ever (M12)."""
    session.say("220 go")
    session.more()
    session.send(b"500 what is this?\r\n")
    while True:
        session.more()


def alert(session):
    session.say("220 go")
    session.more()
    session.send(b"\x15\x03\x03\x00\x02\x02\x28")
    while True:
        session.more()


def injected(_):
    """An attacker's answers to what we shall say inside (M12)."""
    return "220 go\r\n250-sink.test\r\n250 SIZE 1\r\n250 ok\r\n354 go"


def closed(_):
    return "220 go", CLOSE


def cut(_):
    return CUT


TRICKS = [refused, garbage, alert, injected, closed, cut]


def issue(lab_or_ca, work, name):
    """A server's context with a certificate for name."""
    work.mkdir(exist_ok=True)
    ca = certs.Ca(lab_or_ca)
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(ca.issue(work, name))
    return c


class Way:
    """From a lab to a server, by a domain of its own; the server gets a
    certificate of a CA that the lab knows."""

    numbers = itertools.count()

    def __init__(self, lab, server, policy, prefix=""):
        self.lab, self.server = lab, server
        self.domain = f"there{next(self.numbers)}.test"
        server.secure = issue(lab.dir / "ca", lab.base / "certs",
                              "IP:127.0.0.1")
        self.hop = prefix + server.hop
        with open(lab.conf / "postrider.conf", "a") as f:
            f.write(f"route {self.domain} {self.hop}\n"
                    f"tls-policy {self.domain} {policy}\n")
        self.apply()

    def apply(self):
        r = self.lab.postrider("apply")
        assert r.returncode == 0, r.stderr

    def password(self):
        path = self.lab.conf / "relay-passwords"
        path.touch(0o600)
        with open(path, "a") as f:
            f.write(f"{self.hop} alice@there.test her secret\n")
        self.apply()

    def send(self):
        r = self.lab.sendmail("-i", "-f", self.lab.address("alice"),
                              f"bob@{self.domain}", data=BODY)
        assert r.returncode == 0, r.stderr

    def deferred(self):
        return self.lab.wait_log(f"event=deferred to=bob@{self.domain}")[0]

    def retry(self):
        r = self.lab.postrider("queue", "retry", "--all")
        assert r.returncode == 0, r.stderr

    def log(self, event):
        return [line for line in self.lab.log().splitlines()
                if f"event={event} " in line and
                f":{self.server.port}" in line]


@pytest.fixture
def out(share):
    lab = share("remote-tls", options=["retry-first 1s"])
    yield lambda *args, **more: Way(lab, *args, **more)
    if lab.queued():
        # What is on its way at this moment cannot be dropped.
        wait_for(lambda: lab.postrider("queue", "drop",
                                       "--all").returncode == 0, "drop")


@pytest.mark.parametrize("policy", ["none", "may", "encrypt", "verify"])
def test_policies(out, policy):
    with Server() as s:
        way = out(s, policy)
        way.send()
        s.wait(lambda: s.messages())
        assert len(s.inside) == (policy != "none")
        word = {"none": "no", "verify": "verified"}.get(policy, "yes")
        assert f"tls={word}" in way.log("connected")[0]
        way.lab.wait_idle()
        sent, = way.log("sent")
        assert ("tls=no cipher=none" if policy == "none" else
                "tls=TLSv1.3 cipher=TLS_") in sent, sent
        assert f"verified={'yes' if policy == 'verify' else 'no'}" in sent
        # What was heard before does not count: it is said again.
        said = s.sessions[0].said
        assert [w.split()[0] for w in said[:3]] == \
            (["EHLO", "MAIL", "RCPT"] if policy == "none" else
             ["EHLO", "STARTTLS", "EHLO"])


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_with_may(out, trick):
    """The mail goes without TLS, but in another connection."""
    with Server(trick) as s:
        way = out(s, "may")
        way.send()
        s.wait(lambda: s.messages())
        assert not s.inside and len(s.sessions) == 2
        assert s.sessions[0].said[:2][-1] == "STARTTLS"
        assert "STARTTLS" not in s.sessions[1].said
        assert not any(w.startswith("MAIL") for w in s.sessions[0].said)
        way.lab.wait_idle()


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_with_encrypt(out, trick):
    """The mail waits until the server can do it."""
    with Server(trick, times=1) as s:
        way = out(s, "encrypt")
        way.send()
        way.deferred()
        assert s.messages() == s.inside
        way.retry()
        s.wait(lambda: s.messages())
        assert len(s.inside) == len(s.messages()) == 1


def test_verify_wants_the_name(out):
    """A good certificate of another host is none."""
    with Server() as s:
        way = out(s, "verify")
        s.secure = issue(way.lab.dir / "ca", way.lab.base / "certs",
                         "DNS:other.test")
        way.send()
        assert "4.7.5" in way.deferred()
        assert s.messages() == []


def test_verify_wants_a_ca(out, tmp_path):
    """One that the administrator knows."""
    with Server() as s:
        way = out(s, "verify")
        s.secure = issue(tmp_path, tmp_path / "certs", "IP:127.0.0.1")
        way.send()
        assert "4.7.5" in way.deferred()
        assert s.messages() == []


def test_not_offered(out):
    with Server(extensions=("PIPELINING",)) as s:
        way = out(s, "encrypt")
        way.send()
        assert "4.7.4" in way.deferred()
        assert "TLS is not offered (tls-policy encrypt)" in way.deferred()
        assert s.messages() == []


def test_implicit(out):
    with Sink(context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as s:
        way = out(s, "verify", prefix="smtps:")
        s.context = s.secure
        way.send()
        s.wait(lambda: s.messages())


# --- logins

class LoginServer(Server):
    """PLAIN and LOGIN, whose words are kept."""

    def __init__(self, good=True, **more):
        self.good, self.words = good, []
        super().__init__(extensions=TLS + ("AUTH PLAIN LOGIN",),
                         **more)

    def other(self, session, line):
        if not line.startswith(b"AUTH "):
            return super().other(session, line)
        verb, mech, *initial = line.decode().split(" ")
        assert verb == "AUTH"
        if mech == "PLAIN":
            self.words.append(tuple(
                base64.b64decode(initial[0]).decode().split("\0")[1:]))
        return "235 2.7.0 in" if self.good else "535 5.7.8 no such login"


@pytest.mark.parametrize("policy", ["verify", "encrypt", "none"])
def test_logs_in(out, policy):
    with LoginServer() as s:
        way = out(s, policy)
        way.password()
        way.send()
        s.wait(lambda: s.messages())
        assert s.words == [("alice@there.test", "her secret")]
        assert b"her secret" not in way.lab.log().encode()


def test_wrong_password(out):
    """The mail waits: the administrator can mend it."""
    with LoginServer(good=False) as s:
        way = out(s, "verify")
        way.password()
        way.send()
        line = way.deferred()
        assert "4.7.8" in line and "no such login" in line, line
        assert s.messages() == []
        s.good = True
        way.retry()
        s.wait(lambda: s.messages())
        way.lab.wait_idle()
        assert way.lab.files("alice") == []


def test_login_not_offered(out):
    with Server() as s:
        way = out(s, "verify")
        way.password()
        way.send()
        line = way.deferred()
        assert "4.7.0" in line and "AUTH" in line, line
        assert s.messages() == []
