"""tlsd at the limit of its descriptors, and a keeper that hangs."""

import os
import resource
import signal
import socket
import ssl
import time

import pytest

import certs
import tls_talk
import wire
from suite import PATIENCE, wait_for
from tls_talk import NOW, STATUS, Connection, Session, processes

FILES = 200
MOST = FILES - 96  # sessions of the acceptor, and connections
MANY = ["connections 1000", "connections-per-client 1000"]


def lasting(lab):
    """The keeper and the acceptor."""
    return wait_for(lambda: processes(lab), "tlsd")[:2]


@pytest.fixture
def few(make_lab):
    """A lab whose tlsd was started with few descriptors."""
    lab = make_lab(options=MANY)
    old = lasting(lab)
    master, = lab.pids("postriderd")
    # Its children inherit that; nobody else is started again.
    resource.prlimit(master, resource.RLIMIT_NOFILE, (FILES, FILES))
    os.kill(old[0], signal.SIGKILL)
    wait_for(lambda: (now := processes(lab)) and not set(now[:2]) & set(old),
             "another tlsd")
    for pid in lasting(lab):
        with open(f"/proc/{pid}/limits") as f:
            line, = (x for x in f if x.startswith("Max open files"))
        assert line.split()[3:5] == [str(FILES)] * 2
    with Session(lab) as s:
        assert s.state()["certificates"] == 2
    return lab


def closed(sock):
    """Whether the peer has closed it, as far as can be seen now."""
    sock.setblocking(False)
    try:
        return sock.recv(100) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def served(lab, service="smtps"):
    """A good client's greeting, once there is a place for it."""
    def ask():
        try:
            with lab.smtp(service) if service == "smtps" else \
                    lab.pop3(service=service):
                return True
        except (OSError, AssertionError):
            return False

    return wait_for(ask, "a greeting", every=0.2)


def test_silent_strangers(few):
    """Who says nothing takes places, but nobody else's handshake."""
    before = lasting(few)
    working = Connection(few)
    held = []
    try:
        for n in range(2 * MOST):
            held.append(socket.create_connection(
                (wire.LOCALHOST, few.port(("smtps", "pop3s")[n % 2])),
                PATIENCE))
        # Those for whom there is no place are told at once.
        wait_for(lambda: sum(map(closed, held)) >= MOST,
                 "the end of those that are too many")
        assert sum(map(closed, held)) < 2 * MOST - MOST // 2
        assert working.works()
        assert lasting(few) == before
    finally:
        for s in held:
            s.close()
    began = time.monotonic()
    assert served(few) and served(few, "pop3s")
    assert time.monotonic() - began < PATIENCE / 3
    assert working.works()
    working.close()
    assert lasting(few) == before
    assert "breach" not in few.log()


def subject(lab, session):
    """Shakes hands in a session that is there; the certificate's names."""
    client, server = tls_talk.pair()
    context = ssl.create_default_context(cafile=lab.env["CA_FILE"])
    with client, server:
        session.start(server, NOW)
        shaking = tls_talk.Client(client, context, "localhost")
        _, (plain,) = session.wait(tls_talk.READY)
        os.close(plain)
        with shaking.join() as tls:
            return tls.getpeercert()["subjectAltName"]


def fill(lab):
    """Idle sessions, until there is no place for another."""
    held = []
    while True:
        s = Session(lab)
        try:
            s.send(STATUS)
            heard = s.hear()
        except BrokenPipeError:
            heard = None
        if heard is None:
            s.chan.close()
            return held
        held.append(s)
        assert len(held) <= MOST


def test_renewal_while_it_is_full(few, tmp_path):
    """Idle sessions hold all places; a new certificate comes into force."""
    before = lasting(few)
    held = fill(few)
    stay = list(held)
    try:
        assert len(held) == MOST
        few.wait_log("channel=tls wanted=room found=")
        new = certs.Ca(few.dir / "ca").issue(
            tmp_path, "DNS:localhost", "DNS:renewed.example")
        certs.put(few, new, "ecdsa.pem")
        few.wait_log("subjects=localhost,renewed.example")

        def renewed():
            return ("DNS", "renewed.example") in subject(few, stay.pop())

        wait_for(renewed, "the new certificate")
        assert lasting(few) == before
    finally:
        for s in held:
            s.chan.close()
    assert served(few)
    assert lasting(few) == before


def test_keeper_that_hangs(make_lab):
    """STARTTLS is refused before it is promised, and status says why."""
    lab = make_lab()
    keeper, acceptor = lasting(lab)

    def refused():
        with lab.smtp("submission") as s:
            s.ehlo()
            return s.cmd("STARTTLS")[0] == 454

    assert not refused()
    os.kill(keeper, signal.SIGSTOP)
    try:
        wait_for(refused, "a refusal", every=0.5)
        r = lab.postrider("status")
        line, = (x for x in r.stdout.decode().splitlines()
                 if x.startswith("tlsd "))
        assert line.split()[1:3] == ["DOWN", "hangs:"], line
        with Session(lab) as s:
            assert s.state()["stalled"] >= 6
    finally:
        os.kill(keeper, signal.SIGCONT)
    wait_for(lambda: not refused(), "the keeper's word")
    assert served(lab)
    assert lasting(lab) == (keeper, acceptor)
    assert lab.postrider("status").returncode == 0


# --- who is penalised

def test_who_says_nothing_is_not_penalized(make_lab):
    """A check of health opens a connection and closes it."""
    lab = make_lab()
    for _ in range(70):
        client, server = tls_talk.pair()
        with server, Session(lab) as s:
            s.start(server, NOW, peer="192.0.2.7")
            client.close()
            assert "closed" in s.failed()
    one = Connection(lab, peer="192.0.2.7")
    assert one.works()
    one.close()
    with Session(lab) as s:
        assert s.state()["failures"] == 0
    assert "reason=handshakes-failed" not in lab.log()
