"""Clients of SASL by hand: SCRAM (RFC 5802, RFC 7677), CRAM-MD5, EXTERNAL; and
the certificates that they have."""

import base64
import hashlib
import hmac
import os
import subprocess

from wire import b64

_last = iter(range(1, 1 << 20))


def new_source():
    """An address that no test has used: it has no failures yet."""
    n = next(_last)
    return f"127.{201 + os.getpid() % 50}.{n // 250}.{1 + n % 250}"


def session(lab, service="submission", source=None, **how):
    s = lab.smtp(service, source=source or new_source(), **how)
    s.ehlo()
    return s


def pairs(text):
    return dict(part.split("=", 1) for part in text.decode().split(","))


def mac(key, what):
    return hmac.new(key, what, "sha256").digest()


def keys(password, salt, iterations):
    """StoredKey, ServerKey and ClientKey of RFC 5802."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt,
                                 iterations)
    client = mac(salted, b"Client Key")
    return hashlib.sha256(client).digest(), mac(salted, b"Server Key"), client


def scram_word(password, salt=b"0123456789abcdef", iterations=4096):
    """What an account logs in with, in the file passwords."""
    stored, server, _ = keys(password, salt, iterations)
    parts = [base64.b64encode(part).decode()
             for part in (salt, stored, server)]
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)


class Scram:
    """A client's side: header is GS2's, binding what it is bound to."""

    def __init__(self, user, password, authzid="", flag="n", binding=b""):
        self.password, self.binding = password, binding
        name = user.replace("=", "=3D").replace(",", "=2C")
        self.header = f"{flag},{f'a={authzid}' if authzid else ''},".encode()
        self.bare = f"n={name},r={os.urandom(9).hex()}".encode()
        self.first = self.header + self.bare

    def last(self, challenge):
        self.said = pairs(challenge)
        stored, self.server, client = keys(
            self.password, base64.b64decode(self.said["s"]),
            int(self.said["i"]))
        bound = base64.b64encode(self.header + self.binding)
        without = b"c=%s,r=%s" % (bound, self.said["r"].encode())
        self.whole = b",".join((self.bare, challenge, without))
        proof = bytes(a ^ b for a, b in zip(client, mac(stored, self.whole)))
        return without + b",p=" + base64.b64encode(proof)

    def believes(self, final):
        return base64.b64decode(pairs(final)["v"]) == \
            mac(self.server, self.whole)


def token(reply):
    """What a 334 carries."""
    assert reply.code == 334, reply
    return base64.b64decode(reply.text, validate=True)


def respond(s, data):
    return s.cmd(base64.b64encode(data))


def begin(s, client, mech="SCRAM-SHA-256"):
    return s.cmd(f"AUTH {mech} ".encode() + base64.b64encode(client.first))


def scram(s, client, mech="SCRAM-SHA-256"):
    """All of it, as clients do; the reply that decides."""
    r = begin(s, client, mech)
    if r.code != 334:
        return r
    r = respond(s, client.last(token(r)))
    if r.code != 334:
        return r
    assert client.believes(token(r))
    return s.cmd("")


def cram(s, user, password):
    challenge = token(s.cmd("AUTH CRAM-MD5"))
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    return s.cmd(b64(f"{user} {digest}"))


def alice(lab, **how):
    return Scram("alice", lab.users["alice"], **how)


def lines(lab, text):
    return [line for line in lab.log().splitlines()
            if text in line and " authd[" in line]


def in_is(s):
    """Whether the session may send."""
    return s.cmd("MAIL FROM:<>").code == 250


def repr_short(data):
    """What a row of bytes is called in a list of tests."""
    return repr(data[:30])


def self_signed(path, subject="/CN=localhost"):
    """A certificate and its key in one file."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", subject,
         "-addext", "subjectAltName=DNS:localhost", "-out", f"{path}.crt",
         "-keyout", f"{path}.key"], check=True, capture_output=True)
    with open(path, "wb") as f:
        for part in ("crt", "key"):
            with open(f"{path}.{part}", "rb") as g:
                f.write(g.read())
    return path
