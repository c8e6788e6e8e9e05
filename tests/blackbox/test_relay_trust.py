"""What a remote that has been taken over gets out of authd.  The tests play it,
with the words that queued and tlsd have for it."""

import os
import pwd
import struct
from types import SimpleNamespace

import pytest

import certs
import suite
import tls_talk
from suite import wait_for
from test_relay_auth import put_relays
from test_routes import send, set_lines

RELAY, REPLY, REFUSED = 9, 10, 14  # of common/msg_auth.h
NONE, MAY, ENCRYPT, VERIFY = range(4)
MINE, OTHERS = "[mine.example]:587", "[smtp.example.net]:587"
SECRET = b"\0alice\0hush"
NO_LEAVE = "the queue has not said"
NO_WITNESS = "tlsd has not said"
SHOWN = "would show the password"

REMOTE = """#!/usr/bin/python3
import os, socket
s = socket.socket(fileno=3)
data = s.recv(20000)
with open("{0}.new", "wb") as f:
    f.write(data)
os.rename("{0}.new", "{0}")
while s.recv(20000):
    pass
"""


def text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return struct.pack(">H", len(b)) + b


def ask(lab, user, type_, body):
    """The type of the answer and the rest of it, or None."""
    with tls_talk.connect(lab, "auth", user) as s:
        s.send(struct.pack(">H", type_) + body)
        data = s.recv(20000)
    return (struct.unpack_from(">H", data)[0], data[2:]) if data else None


def relay(lab, user="postrider-out", hop=MINE, tls=VERIFY, mechs="PLAIN",
          leave=b"", **line):
    """What tlsd said: exporter and witness; and name and verified."""
    return ask(lab, user, RELAY, text(hop) + struct.pack(">I", tls) +
               text(leave) + text(mechs) + text(line.get("name", "")) +
               struct.pack(">I", line.get("verified", 0)) +
               text(line.get("exporter", b"")) +
               text(line.get("witness", b"")))


def refused(lab, words, **said):
    type_, rest = relay(lab, **said)
    assert type_ == REFUSED and words.encode() in rest, (type_, rest)
    assert b"hush" not in rest
    return True


def shown(lab, **said):
    type_, rest = relay(lab, **said)
    return type_ == REPLY and SECRET in rest


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """A lab with a remote in other hands, which serves MINE; the word that
    queued has given it, and a CA that the lab trusts."""
    work = tmp_path_factory.mktemp("relay-trust")
    ca = certs.Ca(work)
    lab = suite.Lab(options=["retry-first 1h"])
    try:
        lab.start()
        file = lab.dir / "tls/servers-ca.pem"
        file.write_bytes(ca.pem.read_bytes())
        suite.own_like(file, lab.env["CA_FILE"])
        place = lab.base / "said"
        place.mkdir()
        place.chmod(0o777)
        remote = lab.dir / "libexec/remote"
        remote.unlink()
        remote.write_text(REMOTE.format(place / "hop"))
        remote.chmod(0o755)
        put_relays(lab, f"{MINE} alice hush", f"{OTHERS} alice hush")
        r = set_lines(lab, f"smart-host {MINE}", f"tls-ca-file {file}")
        assert r.returncode == 0, r.stderr

        def leave():
            """Of a new remote."""
            (place / "hop").unlink(missing_ok=True)
            send(lab, "a@example.net")
            wait_for((place / "hop").exists, "queued's word")
            data = (place / "hop").read_bytes()
            assert data.startswith(struct.pack(">H", 3) + text(MINE))
            tls, credentials, routed = struct.unpack_from(
                ">III", data, 4 + len(MINE))
            assert (tls, credentials, routed) == (VERIFY, 1, 1)
            word = data[4 + len(MINE) + 12 + 2:]
            assert len(word) == 48
            return word

        yield SimpleNamespace(lab=lab, ca=ca, work=work, leave=leave(),
                              new_leave=leave)
    finally:
        lab.close()


def reach(taken, name, verify=tls_talk.NAME, pins=b""):
    """What tlsd says of a server that has a good certificate for the name."""
    pem = taken.ca.issue(taken.work, f"DNS:{name}")
    ready = tls_talk.own_server(taken.lab, pem, name=name, verify=verify,
                                pins=pins)
    return {k: ready[k] for k in ("exporter", "witness")}


def test_without_leave(taken):
    """A password is for who was started to log in there."""
    lab, own = taken.lab, taken.leave
    line = reach(taken, "mine.example")
    line |= {"name": "mine.example", "verified": 1}
    for lie in {"leave": b""}, {"leave": bytes(48)}, {"leave": own[:-1]}, \
            {"hop": OTHERS}, {"hop": "nowhere.example"}, {"tls": NONE}, \
            {"tls": MAY}:
        assert refused(lab, NO_LEAVE, **{"leave": own, **line, **lie})
    for byte in range(len(own)):
        false = bytearray(own)
        false[byte] ^= 1
        assert refused(lab, NO_LEAVE, leave=bytes(false), **line)
    lab.wait_log(f"channel=auth found=bad-leave hop={OTHERS}")
    # Its own exchange it has in its hands.
    assert shown(lab, leave=own, **line)


def test_lies_about_tls(taken):
    """What the policy wants must have come about, at that host."""
    lab, own = taken.lab, taken.leave
    mine = reach(taken, "mine.example")
    evil = reach(taken, "evil.example")
    blind = reach(taken, "mine.example", verify=0)
    good = {"name": "mine.example", "verified": 1, "leave": own}
    # Not at all, not verified, and not for that name.
    assert refused(lab, SHOWN, leave=own)
    assert refused(lab, SHOWN, leave=own, mechs="SCRAM-SHA-256")
    assert refused(lab, SHOWN, **{**good, **blind, "verified": 0})
    assert refused(lab, SHOWN, **{**good, **evil, "name": "evil.example"})
    # Otherwise than tlsd says.
    assert refused(lab, NO_WITNESS, **{**good, **blind})
    assert refused(lab, NO_WITNESS, **{**good, **evil})
    assert refused(lab, NO_WITNESS, **{**good, **mine,
                                       "exporter": evil["exporter"]})
    assert refused(lab, NO_WITNESS, **good, witness=bytes(48))
    # By pins of its own choice.
    pem = taken.ca.issue(taken.work, "DNS:mine.example")
    pin = tls_talk.PIN_CERTIFICATE + bytes.fromhex(certs.fingerprint(pem))
    ready = tls_talk.own_server(lab, pem, name="mine.example",
                                verify=tls_talk.PINS, pins=pin)
    assert ready["flags"] & 2
    assert refused(lab, NO_WITNESS, **good, exporter=ready["exporter"],
                   witness=ready["witness"])
    # What was said of a client of ours.
    c = tls_talk.Connection(lab, profile="submission")
    c.close()
    for verified in 0, 1:
        assert refused(lab, NO_WITNESS, leave=own, verified=verified,
                       exporter=c.ready["exporter"],
                       witness=c.ready["witness"])
    lab.wait_log(f"channel=auth found=bad-witness hop={MINE}")
    # Nor does a server's pass for a client's.
    assert tls_talk.login(lab, {**ready, **mine, "certificate": b"",
                                "email": ""}) is None
    assert shown(lab, **good, **mine)


def test_restarts(taken):
    """The word outlives authd and queued, and not postriderd."""
    lab = taken.lab
    line = {**reach(taken, "mine.example"), "name": "mine.example",
            "verified": 1}
    for name in "authd", "queued":
        old = set(lab.pids(name))
        for pid in old:
            os.kill(pid, 9)
        wait_for(lambda: lab.pids(name) and not old & set(lab.pids(name)),
                 f"{name} again")
    assert wait_for(lambda: refused(lab, NO_LEAVE, **line), "authd's answer")
    assert shown(lab, leave=taken.leave, **line)
    assert shown(lab, leave=taken.new_leave(), **line)
    lab.restart()
    line |= reach(taken, "mine.example")
    assert refused(lab, NO_LEAVE, leave=taken.leave, **line)


@pytest.mark.skipif(os.getuid() != 0, reason="one user for all")
def test_halves(taken):
    """Who serves clients gets no password of another host out of authd, nor
    who sends mail out a login."""
    lab = taken.lab
    account = text(b"root")
    assert relay(lab, "postrider-net") is None
    assert ask(lab, "postrider-net", 6, account) is not None
    assert ask(lab, "postrider-out", 6, account) is None
    out = pwd.getpwnam("postrider-out").pw_uid
    lab.wait_log(f"channel=auth uid={out} found=not-allowed")


@pytest.mark.skipif(os.getuid() != 0, reason="one user for all")
@pytest.mark.parametrize("user", (
    "postrider", "postrider-auth", "postrider-dns", "postrider-mail",
    "postrider-net", "postrider-out", "postrider-tls"))
def test_submits_nothing(taken, user):
    """It is no local user, nor is any other of the suite."""
    lab = taken.lab
    uid = pwd.getpwnam(user).pw_uid
    code = ("import socket\ns=socket.socket(socket.AF_UNIX)\n"
            f"s.connect('{lab.dir}/run/submit')\n"
            "print(s.recv(100).decode(), s.recv(100).decode())")
    r = lab.run("/usr/bin/python3", "-c", code, uid=uid)
    assert r.stdout == b"554 5.7.1 This user submits no mail\r\n \n"
    lab.wait_log(f"event=refused uid={uid} reason=service-user")
