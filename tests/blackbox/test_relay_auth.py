"""Logging in at the smart host: at another lab, and at servers that lie."""

import base64
import hashlib
import hmac

import pytest

from queue_asked import queue
from sink import CLOSE, EXTENSIONS, NOTHING, Sink
from suite import wait_for
from test_routes import BODY, addresses, arrives, send, set_lines

SECRET = "päss #1 \"x"


def put_relays(lab, *lines):
    path = lab.conf / "relay-passwords"
    path.touch(mode=0o600)
    path.write_text("".join(f"{x}\n" for x in lines))


def log_in_with(lab, hop, user, password, *lines):
    """A smart host with credentials from now on."""
    put_relays(lab, f"{hop} {user} {password}")
    r = set_lines(lab, f"smart-host {hop}", *lines)
    assert r.returncode == 0, r.stderr


def relay_logins(lab, kind="relay-login"):
    return [line for line in lab.log().splitlines()
            if f"event={kind} " in line]


def deferred(lab):
    """Mail waits, and why."""
    lab.wait_log("event=deferred")
    m, = queue(lab)
    assert m["state"] == "deferred", m
    return m["id"], lab.log()


def retry(lab, ident):
    assert lab.postrider("queue", "retry", ident).returncode == 0


# --- another lab

class Two:
    """A lab, and another whose submission ports are its smart host's."""

    def __init__(self, make_lab, *options):
        self.far = make_lab(options=["mail-name far.example",
                                     "submission.sender-ownership no",
                                     *options])
        self.near = make_lab(options=[
            f"tls-ca-file {self.far.env['CA_FILE']}", "retry-first 1h",
            "connection-idle 0"])

    def hop(self, service="submission"):
        scheme = "smtps:" if service == "smtps" else ""
        return f"{scheme}[127.0.0.1]:{self.far.port(service)}"

    def log_in(self, service="submission", user="alice", password=None):
        log_in_with(self.near, self.hop(service), user,
                    password or self.far.users["alice"])

    def sends(self, n=1):
        send(self.near, "bob@far.example")
        self.far.wait_files("bob", n)
        self.near.wait_idle()


def mechanism(line):
    return line.partition(" mech=")[2].split(" ")[0]


def test_another_lab(make_lab):
    """By STARTTLS and TLS from the first byte, bound to it where the other
    side offers that, else not; and with a password alone."""
    two = Two(make_lab)
    two.log_in()
    two.sends()
    assert mechanism(relay_logins(two.near)[-1]) == "SCRAM-SHA-256-PLUS"
    assert "service=smtp" in two.far.wait_log("event=login ")[-1]
    two.log_in("smtps")
    two.sends(2)
    last = relay_logins(two.near)[-1]
    assert mechanism(last) == "SCRAM-SHA-256-PLUS" and "hop=smtps:" in last
    assert set_lines(two.far, "submission.channel-binding no").returncode == 0
    two.log_in()
    two.sends(3)
    assert mechanism(relay_logins(two.near)[-1]) == "SCRAM-SHA-256"
    # Bob has no SCRAM word, so that nobody is offered it.
    words = two.far.conf / "passwords"
    kept = [line.split() for line in words.read_text().splitlines()]
    words.write_text("".join(
        " ".join([w for w in line if "bob" not in line[0] or
                  not w.startswith("SCRAM")]) + "\n" for line in kept))
    assert two.far.postrider("apply").returncode == 0
    two.sends(4)
    assert mechanism(relay_logins(two.near)[-1]) == "PLAIN"
    assert two.far.users["alice"] not in two.near.log()


def test_wrong_password(make_lab):
    """Mail waits for the right one, which holds without a restart."""
    two = Two(make_lab)
    two.log_in(password="wrong")
    send(two.near, "bob@far.example")
    ident, log = deferred(two.near)
    assert "event=relay-login-failed" in log and 'reason="it refuses' in log
    assert "wrong user name or password" in log
    two.log_in()
    retry(two.near, ident)
    two.far.wait_files("bob", 1)
    two.near.wait_idle()


def test_untrusted(make_lab):
    """A smart host whose certificate nobody has signed hears no login."""
    two = Two(make_lab)
    two.log_in()
    r = set_lines(two.near, f"smart-host {two.hop()}",
                  f"tls-ca-file {two.near.env['CA_FILE']}")
    assert r.returncode == 0
    send(two.near, "bob@far.example")
    ident, _ = deferred(two.near)
    assert relay_logins(two.near) == []
    assert "event=login" not in two.far.log()
    # It is the administrator's to say that it may, with a warning.
    r = set_lines(two.near, f"smart-host {two.hop()}",
                  f"tls-policy {two.hop()} encrypt",
                  f"tls-ca-file {two.near.env['CA_FILE']}")
    assert r.returncode == 0 and b"lets the password for" in r.stderr
    retry(two.near, ident)
    two.far.wait_files("bob", 1)


# --- servers by script

def decode(line):
    return base64.b64decode(line, validate=True)


def encode(data):
    return base64.b64encode(data).decode()


class Auth:
    """The answers of a sink that wants a login; what it has heard of it."""

    def __init__(self, *mechs):
        self.mechs, self.heard, self.commands = mechs, [], []

    def ask(self, session, challenge):
        session.say(f"334 {encode(challenge)}")
        return decode(session.line())

    def plain(self, _, initial):
        return decode(initial).decode().split("\0")[1:]

    def login(self, session, initial):
        assert initial == ""
        return [self.ask(session, b"User Name\0").decode(),
                self.ask(session, b"Password\0").decode()]

    def cram_md5(self, session, initial):
        assert initial == ""
        said = self.ask(session, b"<1.2@sink.test>").decode()
        user, _, digest = said.rpartition(" ")
        wanted = hmac.new(SECRET.encode(), b"<1.2@sink.test>", "md5")
        return [user, SECRET if digest == wanted.hexdigest() else digest]

    def scram_sha_256(self, session, initial, lie=""):
        """lie: what is wrong with the last word."""
        bare = decode(initial).partition(b",,")[2]
        nonce = bare.partition(b",r=")[2]
        first = b"r=" + nonce + b"xyz,s=" + base64.b64encode(b"salt") + b",i=5000"
        final = self.ask(session, first)
        without, _, proof = final.rpartition(b",p=")
        said = b",".join((bare, first, without))
        salted = hashlib.pbkdf2_hmac("sha256", SECRET.encode(), b"salt", 5000)
        key = hmac.digest(salted, b"Client Key", "sha256")
        mask = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
        good = bytes(a ^ b for a, b in zip(key, mask)) == base64.b64decode(proof)
        server = hmac.digest(salted, b"Server Key", "sha256")
        last = b"v=" + base64.b64encode(hmac.digest(
            server, said + (b"!" if lie == "signature" else b""), "sha256"))
        if lie != "silent":
            assert self.ask(session, last) == b""
        return ["alice", SECRET if good else "another"]

    def __call__(self, session, line):
        self.commands.append(line)
        _, mech, *initial = line.decode().split(" ")
        method = getattr(self, mech.lower().replace("-", "_"))
        self.heard.append((mech, *method(session, *initial or [""])))
        if self.heard[-1][1:] != ("alice", SECRET):
            return "535 5.7.8 no"
        session.authenticated = True
        return "235 2.7.0 yes"

    def sink(self, **more):
        return Sink(EXTENSIONS + (f"AUTH {' '.join(self.mechs)}",), {
            "LINE": self,
            "MAIL": lambda s, _: None if getattr(s, "authenticated", False)
            else "530 5.7.0 login first"}, **more)


@pytest.fixture
def lab(share):
    return share("relay-auth", options=["retry-first 1h", "remote-timeout 4s"])


def expose(sink):
    """A line that shows all is what the administrator has allowed."""
    return f"tls-policy {sink.hop} none"


@pytest.mark.parametrize("mechs, taken", [
    (("CRAM-MD5",), "CRAM-MD5"),
    (("CRAM-MD5", "LOGIN"), "LOGIN"),
    (("LOGIN", "PLAIN", "CRAM-MD5", "XOAUTH2"), "PLAIN"),
    (("LOGIN", "PLAIN", "SCRAM-SHA-256"), "SCRAM-SHA-256"),
])
def test_mechanisms(lab, mechs, taken):
    """The best one of those that are offered, with any password."""
    auth = Auth(*mechs)
    with auth.sink() as sink:
        log_in_with(lab, sink.hop, "alice", SECRET, expose(sink))
        send(lab, "a@example.net")
        arrives(sink, "a@example.net")
        lab.wait_idle()
    assert auth.heard == [(taken, "alice", SECRET)]


def drop(lab):
    for m in queue(lab):
        assert lab.postrider("queue", "drop", m["id"]).returncode == 0
    lab.wait_idle()
    lab.remove_mail("alice", "bob")


def stays(lab, sink, words):
    """Mail waits, because of what the log says, and nothing of it is sent."""
    send(lab, "a@example.net")
    wait_for(lambda: [m for m in queue(lab) if m["state"] == "deferred"],
             "deferral")
    assert addresses(sink) == []
    said = [line for line in lab.log().splitlines() if sink.hop in line]
    assert any(words in line for line in said), "\n".join(said)
    drop(lab)


@pytest.mark.parametrize("lie, words", [
    ("signature", "it does not know the password itself"),
    ("silent", "it has not proved that it knows the password"),
])
def test_unproved(lab, lie, words):
    """Who takes our proof and has none of its own gets no mail."""
    class Liar(Auth):
        def scram_sha_256(self, session, initial, lie=lie):
            return super().scram_sha_256(session, initial, lie)

        def ask(self, session, challenge):
            session.say(f"334 {encode(challenge)}")
            line = session.line()
            return b"" if line == b"*" else decode(line)

    auth = Liar("SCRAM-SHA-256")
    with auth.sink() as sink:
        log_in_with(lab, sink.hop, "alice", SECRET, expose(sink))
        stays(lab, sink, words)
    assert SECRET not in lab.log()


def garbage(session, _):
    session.say("334 this is ,,, no base64")
    return "501 5.5.4 so be it" if session.line() == b"*" else "235 2.7.0 yes"


def endless(session, _):
    for _ in range(50):
        session.say("334 " + encode(b"and?"))
        if session.line() == b"*":
            return "501 5.5.4 so be it"
    return "235 2.7.0 yes"


def long(session, _):
    session.say("334 " + "A" * 40000)
    return "501 5.5.4 so be it" if session.line() == b"*" else "235 2.7.0 yes"


@pytest.mark.parametrize("answer", [
    garbage, endless, long, "334 ", CLOSE, NOTHING, "235 2.7.0 yes"],
    ids=["garbage", "endless", "long", "empty", "gone", "silent", "too-soon"])
@pytest.mark.parametrize("mech", ["SCRAM-SHA-256", "CRAM-MD5"])
def test_nonsense(lab, answer, mech):
    """None of it gets mail, or stops anything."""
    with Sink(EXTENSIONS + (f"AUTH {mech}",), {"LINE": answer}) as sink:
        log_in_with(lab, sink.hop, "alice", SECRET, expose(sink))
        send(lab, "a@example.net")
        wait_for(lambda: [m for m in queue(lab) if m["state"] == "deferred"],
                 "deferral")
        assert addresses(sink) == []
        drop(lab)


def test_downgrade(lab):
    """What lets the password be seen is not for a line that may be anybody's,
    nor is there a login without TLS, by default."""
    for mechs in (("PLAIN", "LOGIN", "CRAM-MD5"), ("SCRAM-SHA-256",)):
        auth = Auth(*mechs)
        with auth.sink() as sink:
            log_in_with(lab, sink.hop, "alice", SECRET)
            send(lab, "a@example.net")
            wait_for(lambda: [m for m in queue(lab)
                              if m["state"] == "deferred"], "deferral")
            assert auth.commands == [] and addresses(sink) == []
            drop(lab)
