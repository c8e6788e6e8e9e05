"""Logins by POP3 in which the password stays with the client: APOP (RFC 1939),
CRAM-MD5, SCRAM (RFC 5802, RFC 7677)."""

import base64
import hashlib
import hmac
import re

import pytest

import suite
from wire import b64


@pytest.fixture(scope="module")
def plain_lab(request):
    """Alice's password is kept as it is; bob's is not."""
    lab = suite.Lab(options=["strict.tls required"],
                    services=["strict:pop3"]).start()
    request.addfinalizer(lab.close)
    r = lab.postrider("user", "passwd", "--plain-secret",
                      lab.address("alice"),
                      data=lab.users["alice"].encode() + b"\n")
    assert r.returncode == 0, r.stderr
    return lab


def others():
    """Addresses of clients that have not guessed wrong yet."""
    for n in range(2, 250):
        yield f"127.0.7.{n}"


sources = others()


def client(lab, **how):
    return lab.pop3(source=next(sources), **how)


def stamp_of(p):
    found = re.search(rb" (<[!-;=?-~]+@[!-;=?-~]+>)$", p.greeting)
    return found and found.group(1)


def digest(stamp, password):
    return hashlib.md5(stamp + password.encode()).hexdigest()


# --- APOP


def test_apop(plain_lab):
    lab = plain_lab
    for service in ("pop3", "pop3s"):
        for name in ("alice", lab.address("alice")):
            with client(lab, service=service) as p:
                p.ok(f"APOP {name} {digest(stamp_of(p), lab.users['alice'])}")
                p.stat()
                p.quit()


def test_apop_refused(plain_lab):
    lab = plain_lab
    secret = lab.users["alice"]
    for bad in (lambda s: digest(s, secret + "x"),
                lambda s: digest(b"<1@x>", secret),
                lambda s: digest(s, secret).upper(),
                lambda s: digest(s, secret) + "0",
                lambda s: digest(s, secret)[:-1],
                lambda s: "0" * 32,
                lambda s: ""):
        with client(lab) as p:
            said = bad(stamp_of(p))
            p.err(f"APOP alice {said}")
            p.err("STAT")
            p.ok(f"APOP alice {digest(stamp_of(p), secret)}")
    # Nothing is kept of bob that could be compared with; nobody is told.
    answers = set()
    for name in ("bob", "nobody", "alice"):
        with client(lab) as p:
            answers.add(p.err(f"APOP {name} {digest(stamp_of(p), 'wrong')}"))
    assert len(answers) == 1


def test_apop_wants_all_of_it(plain_lab):
    with client(plain_lab) as p:
        for line in ("APOP", "APOP alice", "APOP " + 32 * "0",
                     "APOP alice " + 33 * "0", "APOP alice " + 31 * "0" + "g"):
            r = p.err(line)
            assert b"[AUTH]" not in r, r


def test_stamps_differ(plain_lab):
    seen = set()
    for _ in range(50):
        with client(plain_lab) as p:
            seen.add(stamp_of(p))
    assert len(seen) == 50 and None not in seen


def test_no_apop_where_no_password_may_cross(plain_lab):
    lab = plain_lab
    with client(lab, service="strict") as p:
        assert stamp_of(p) is None
        p.err("APOP alice " + 32 * "0")
        p.starttls()
        p.err("APOP alice " + 32 * "0")


def test_apop_after_stls(plain_lab):
    """The timestamp of the greeting is still the one that counts."""
    lab = plain_lab
    with client(lab) as p:
        p.starttls()
        p.ok(f"APOP alice {digest(stamp_of(p), lab.users['alice'])}")
        p.quit()


# --- mechanisms with several turns


def turn(p, text=None):
    """One response, or none; the challenge after it."""
    got = p.line() if text is None else p.cmd(base64.b64encode(text))
    assert got.startswith(b"+ "), got
    return base64.b64decode(got[2:], validate=True)


def cram(p, user, password):
    p.send(b"AUTH CRAM-MD5\r\n")
    mac = hmac.new(password.encode(), turn(p), "md5").hexdigest()
    return p.cmd(b64(f"{user} {mac}"))


def pairs(text):
    return dict(part.split("=", 1) for part in text.decode().split(","))


def scram(p, user, password, initial=True):
    """The last answer; also checks that the server knows the password."""
    bare = f"n={user},r=fyko+d2lbbFgONRv9qkxdawL"
    first = ("n,," + bare).encode()
    if initial:
        p.send(b"AUTH SCRAM-SHA-256 " + base64.b64encode(first) + b"\r\n")
        challenge = turn(p)
    else:
        p.send(b"AUTH SCRAM-SHA-256\r\n")
        assert turn(p) == b""
        challenge = turn(p, first)
    say = pairs(challenge)
    without = f"c=biws,r={say['r']}"
    whole = f"{bare},{challenge.decode()},{without}".encode()
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(),
                                 base64.b64decode(say["s"]), int(say["i"]))

    def mac(key, what):
        return hmac.new(key, what, "sha256").digest()

    key = mac(salted, b"Client Key")
    signature = mac(hashlib.sha256(key).digest(), whole)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
    got = p.cmd(b64(f"{without},p={proof.decode()}"))
    if not got.startswith(b"+ "):
        return got
    verdict = pairs(base64.b64decode(got[2:]))
    server = mac(mac(salted, b"Server Key"), whole)
    assert base64.b64decode(verdict["v"]) == server
    return p.cmd("")


@pytest.mark.parametrize("service", ["pop3", "pop3s"])
def test_turns(plain_lab, service):
    lab = plain_lab
    secret = lab.users["alice"]
    for login in (cram, scram,
                  lambda *a: scram(*a, initial=False)):
        with client(lab, service=service) as p:
            assert login(p, "alice", secret + "x").startswith(b"-ERR [AUTH]")
            assert login(p, "alice", secret).startswith(b"+OK")
            assert p.stat()[0] == 0
            p.quit()
    with client(lab, service=service) as p:
        assert cram(p, "bob", lab.users["bob"]).startswith(b"-ERR [AUTH]")
        assert scram(p, "bob", lab.users["bob"]).startswith(b"+OK")
        p.quit()


def test_behind_the_last_turn(plain_lab):
    """What is sent with it belongs to the mailbox."""
    lab = plain_lab
    with client(lab, service="pop3s") as p:
        p.send(b"AUTH CRAM-MD5\r\n")
        mac = hmac.new(lab.users["alice"].encode(), turn(p), "md5").hexdigest()
        p.send(f"{b64('alice ' + mac)}\r\nSTAT\r\nQUIT\r\n".encode())
        assert p.line().startswith(b"+OK 0 messages")
        assert p.line() == b"+OK 0 0"
        assert p.line().startswith(b"+OK Bye")
        assert p.at_eof()
