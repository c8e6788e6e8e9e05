"""SCRAM at smtpd: the password stays with the client, and both sides prove
that they know it.  Logins of POP3 alone are in test_pop3_apop."""

import base64
import os
import signal
import time

import pytest

from sasl import (Scram, alice, begin, in_is, lines, new_source, pairs,
                  repr_short, respond, scram, session, token)


def logged_in(lab, source):
    return [line for line in lines(lab, "event=login ")
            if f"client={source} " in line]


@pytest.mark.parametrize("user", ("alice", "ALICE", "alice@DOMAIN"))
def test_scram(lab, user):
    with session(lab) as s:
        assert "SCRAM-SHA-256" in s.extensions["AUTH"]
        r = scram(s, Scram(user.replace("DOMAIN", lab.domain),
                           lab.users["alice"]))
        assert (r.code, r.dsn) == (235, "2.7.0")
        assert in_is(s)
    line = lab.wait_log("mech=SCRAM-SHA-256 by=proof")[0]
    assert f"account={lab.address('alice')} " in line


def test_scram_without_initial_response(lab):
    client = alice(lab)
    with session(lab) as s:
        assert token(s.cmd("AUTH SCRAM-SHA-256")) == b""
        r = respond(s, client.first)
        assert client.believes(token(respond(s, client.last(token(r)))))
        assert s.cmd("").code == 235


@pytest.mark.parametrize("authzid,code", (
    ("alice", 235), ("alice@DOMAIN", 235), ("bob", 535), ("root", 535)))
def test_scram_authorization_identity(lab, authzid, code):
    with session(lab) as s:
        assert scram(s, alice(lab, authzid=authzid.replace(
            "DOMAIN", lab.domain))).code == code


def test_scram_refused(lab):
    """Wrong passwords and unknown names hear the same, at the same time."""
    heard = []
    for user in ("alice", "nobody", "nobody@example.net", "root", "a b"):
        with session(lab) as s:
            client = Scram(user, "wrong")
            start = time.monotonic()
            r = begin(s, client)
            challenge = token(r)
            assert len(pairs(challenge)["s"]) == 24, challenge
            assert pairs(challenge)["i"] == "10000", challenge
            r = respond(s, client.last(challenge))
            assert 0.25 <= time.monotonic() - start < 5
            heard.append(r)
            assert not in_is(s)
    assert len(set(map(str, heard))) == 1 and heard[0].code == 535, heard


def salt(lab, user):
    with session(lab) as s:
        return pairs(token(begin(s, Scram(user, "x"))))["s"]


def test_salts_stay(make_lab):
    """A salt that changes would tell that there is no such account."""
    lab = make_lab()
    users = ("alice", "nobody", "someone-else")
    before = {user: salt(lab, user) for user in users}
    assert len(set(before.values())) == len(users)
    for pid in lab.pids("authd"):
        os.kill(pid, signal.SIGKILL)
    assert before == {user: salt(lab, user) for user in users}
    assert before["nobody"] == salt(lab, f"NOBODY@{lab.domain.upper()}")
    st = os.stat(lab.dir / "state/auth/salt-key")
    assert st.st_mode & 0o7777 == 0o600
    assert st.st_uid == os.stat(lab.dir / "state/auth").st_uid


def test_cancel_at_each_turn(lab):
    """And then by another mechanism; nothing of the first is left."""
    source = new_source()
    with session(lab, source=source) as s:
        begin(s, alice(lab))
        assert s.cmd("*").code == 501
        assert not in_is(s)
        client = alice(lab)
        token(respond(s, client.last(token(begin(s, client)))))
        assert s.cmd("*").code == 501  # the server is not believed
        assert not in_is(s)
        client = alice(lab)
        token(respond(s, client.last(token(begin(s, client)))))
        r = respond(s, b"thanks")
        assert (r.code, r.dsn) == (535, "5.7.8")
        assert not in_is(s)
        assert s.auth_plain("bob", lab.users["bob"]).code == 235
        assert in_is(s)


def test_the_verdict_is_not_told_early(make_lab):
    """Twenty at once learn no more than one after the other: of the right
    password nothing is heard until it is its turn."""
    lab = make_lab(options=["auth-delay 2"])
    source = new_source()
    with session(lab, source=source) as s:
        for n in range(4):
            assert scram(s, Scram("alice", f"wrong{n}")).code == 535
    sessions = [session(lab, source=source) for _ in range(20)]
    for s in sessions:
        client = alice(lab)
        s.send(base64.b64encode(client.last(token(begin(s, client)))) +
               b"\r\n")
    codes = [s.reply().code for s in sessions]
    for s in sessions:
        s.close()
    assert codes.count(334) <= 3, codes
    assert codes.count(454) == 20 - codes.count(334), codes


def test_delays_are_shared(lab):
    """Failures count for an address, whatever the mechanism."""
    took = []
    with session(lab) as s:
        for attempt in (lambda: scram(s, Scram("bob", "wrong")),
                        lambda: s.auth_plain("bob", "wrong"),
                        lambda: scram(s, Scram("nobody", "wrong")),
                        lambda: s.auth_login("bob", "wrong")):
            start = time.monotonic()
            assert attempt().code == 535
            took.append(time.monotonic() - start)
    for n, want in enumerate((0.25, 0.5, 1, 2)):
        assert want <= took[n] < want + 1, took


@pytest.mark.parametrize("first", ids=repr_short, argvalues=(
    b"", b"x", b"n,,", b"n,,n=alice", b"n,,n=,r=x", b"z,,n=alice,r=x",
    b"p=tls-unique,,n=alice,r=x", b"p=tls-exporter,,n=alice,r=x",
    b"n,,m=x,n=alice,r=x", b"n,,n=al\xff,r=x", b"n,,n=al\0ice,r=x",
    b"n,,n=" + b"x" * 9000 + b",r=x",
    b"\0" * 9000, b"\xff" * 9000, b"n,,n=%d%s\n,r=x", b"n,,n=../..,r=x"))
def test_malformed_first_messages(lab, first):
    with session(lab) as s:
        r = s.cmd(b"AUTH SCRAM-SHA-256 " + (base64.b64encode(first) or b"="))
        if r.code == 334:  # a name like any other, or nothing said yet
            r = respond(s, b"x")
        assert r.code in (501, 535), r
        assert scram(s, alice(lab)).code == 235


@pytest.mark.parametrize("change", (
    lambda last: b"", lambda last: b"x", lambda last: last[:-1],
    lambda last: last.rpartition(b",")[0],
    lambda last: last.replace(b"c=biws", b"c=eSws"),
    lambda last: last.replace(b"c=biws", b"c="),
    lambda last: last.replace(b",r=", b",r=x"),
    lambda last: last.replace(b",p=", b",x=y,p="),
    lambda last: last[:-44] + b"A" * 43 + b"=",
    lambda last: last + b"\0", lambda last: last * 40))
def test_malformed_last_messages(lab, change):
    source = new_source()
    client = alice(lab)
    with session(lab, source=source) as s:
        last = client.last(token(begin(s, client)))
        r = respond(s, change(last))
        assert r.code in (501, 535), r
        assert not logged_in(lab, source)
        assert scram(s, alice(lab)).code == 235


def test_authd_dies_at_each_turn(make_lab):
    lab = make_lab()

    def kill():
        for pid in lab.pids("authd"):
            os.kill(pid, signal.SIGKILL)

    for turn in range(2):
        client = alice(lab)
        with session(lab) as s:
            r = begin(s, client)
            if turn == 0:
                kill()
                assert respond(s, client.last(token(r))).code == 454
            else:
                token(respond(s, client.last(token(r))))
                kill()
                assert s.cmd("").code == 454
            assert not in_is(s)
    with session(lab) as s:
        assert scram(s, alice(lab)).code == 235


def test_damaged_verifiers(make_lab):
    lab = make_lab()
    path = lab.dir / "state/auth/verifiers.cdb"
    good = path.read_bytes()
    for pid in lab.pids("authd"):
        os.kill(pid, signal.SIGKILL)
    path.write_bytes(good[:2048])
    for user in ("alice", "nobody"):
        with session(lab) as s:
            assert begin(s, Scram(user, "x")).code == 454
    path.write_bytes(good)
    with session(lab) as s:
        assert scram(s, alice(lab)).code == 235


def test_a_changed_password(make_lab):
    lab = make_lab()
    r = lab.postrider("user", "passwd", lab.address("alice"),
                      data=b"another-secret\n")
    assert r.returncode == 0, r.stderr
    with session(lab) as s:
        assert scram(s, alice(lab)).code == 535
        assert scram(s, Scram("alice", "another-secret")).code == 235
    assert lab.postrider("user", "del", lab.address("alice")).returncode == 0
    with session(lab) as s:
        assert scram(s, Scram("alice", "another-secret")).code == 535
