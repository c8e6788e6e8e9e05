"""tlsd's processes: who does what, and what goes on when one is killed."""

import os
import signal
import socket

import pytest

import suite
import tls_talk
from suite import wait_for
from tls_talk import NOW, READY, Client, Connection, Session, processes

root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def settled(lab, old=()):
    """The keeper, the acceptor and connections, none of both of old."""
    def new():
        now = processes(lab)
        return now if now and not set(now[:2]) & set(old) else None

    return wait_for(new, "tlsd")


def ends(*socks):
    """Each hears that the connection is over."""
    for s in socks:
        try:
            assert s.recv(100) == b""
        except OSError as e:  # ssl.SSLError and resets, but not a timeout
            assert not isinstance(e, TimeoutError)
    return True


def refused(lab, **start):
    """The reason why a session gets no connection."""
    client, server = tls_talk.pair()
    with client, server, Session(lab) as s:
        s.start(server, NOW, **start)
        return s.failed()


def state(lab):
    with Session(lab) as s:
        return s.state()


# --- killed

@pytest.mark.parametrize("which", ("keeper", "acceptor"))
def test_killed_daemon(make_lab, which):
    """Both come back, and what runs goes on."""
    lab = make_lab()
    one = Connection(lab)
    for _ in range(2):
        old = settled(lab)
        os.kill(old[which == "acceptor"], signal.SIGKILL)
        # A session that comes at once waits instead of failing; but one that
        # was heard before the end is not answered.
        wait_for(lambda: old[0] not in lab.pids("tlsd") and
                 old[1] not in lab.pids("tlsd"), "the end of both")
        two = Connection(lab)
        new = settled(lab, old[:2])
        assert one.works() and two.works()
        assert old[2] < new[2] and len(new[2]) == len(old[2]) + 1
        two.close()
        wait_for(lambda: len(settled(lab)[2]) == 1, "the end of one")
    lab.wait_log("event=exited program=tlsd")
    if which == "acceptor":
        lab.wait_log(f"acceptor={old[1]} how=")
    one.close()
    wait_for(lambda: not settled(lab)[2], "the end of the connection")


def test_killed_connection(lab):
    """Its peers hear the end, and nobody else does."""
    one = Connection(lab)
    pid, = settled(lab)[2]
    two = Connection(lab)
    failures = state(lab)["failures"]
    os.kill(pid, signal.SIGKILL)
    assert ends(one.plain, one.tls) and two.works()
    lab.wait_log(f"client=192.0.2.1 pid={pid} how=signal-9")
    assert state(lab)["failures"] == failures + 1
    one.close()
    two.close()


def test_killed_in_the_handshake(lab):
    client, server = tls_talk.pair()
    before = settled(lab)[2]
    with client, Session(lab) as s:
        s.start(server, NOW)
        server.close()
        pid, = wait_for(lambda: settled(lab)[2] - before, "a process")
        os.kill(pid, signal.SIGKILL)
        assert s.hear() is None
        assert ends(client)


def test_hangups(lab):
    """SIGHUP ends no process of tlsd."""
    one = Connection(lab)
    before = settled(lab)
    for _ in range(20):
        for pid in (*before[:2], *before[2]):
            os.kill(pid, signal.SIGHUP)
    assert one.works()
    two = Connection(lab)
    assert settled(lab)[:2] == before[:2]
    assert before[2] < settled(lab)[2]
    one.close()
    two.close()


def test_stopped_with_connections(make_lab):
    """Nothing is left of a connection when its session ends."""
    lab = make_lab()
    with lab.smtp("smtps") as s:
        s.ehlo()
        lab.stop()
        assert lab.pids() == []


# --- rights

def descriptors(pid):
    links = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        links[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
    return links


def test_descriptors(lab):
    """A connection has two sockets and no other session's, nor a file."""
    others = [Connection(lab) for _ in range(2)]
    before = settled(lab)
    one = Connection(lab)
    now = settled(lab)
    pid, = now[2] - before[2]

    def two_sockets():
        have = descriptors(pid)
        sockets = [x for fd, x in have.items()
                   if fd > 2 and x.startswith("socket:")]
        return len(sockets) == 2 and \
            [x for fd, x in have.items() if fd > 2] == sockets

    wait_for(two_sockets, "two sockets and nothing else")
    # The keeper hears no session, and the acceptor keeps none.
    listening = {x for x in descriptors(now[1]).values()}
    assert not listening & {x for x in descriptors(now[0]).values()
                            if x.startswith("socket:")}
    for c in (one, *others):
        c.close()


@root_only
def test_users(lab):
    """All of it is postrider-tls, and nobody looks into it."""
    import pwd
    one = Connection(lab)
    tls = pwd.getpwnam("postrider-tls")
    keeper, acceptor, connections = settled(lab)
    for pid in (keeper, acceptor, *connections):
        with open(f"/proc/{pid}/status") as f:
            about = dict(line.rstrip("\n").split(":\t", 1) for line in f
                         if ":\t" in line)
        assert set(about["Uid"].split()) == {str(tls.pw_uid)}
        assert set(about["Gid"].split()) == {str(tls.pw_gid)}
        assert set(about["Groups"].split()) <= {str(tls.pw_gid)}
        assert about["NoNewPrivs"] == "1"
        # Not dumpable: no process of the same user may trace it.
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0
    one.close()


@root_only
def test_who_may_ask(lab, nobody):
    """Sessions, and root for the state only."""
    if nobody is None:
        pytest.skip("needs another user")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as chan:
        chan.settimeout(suite.PATIENCE)
        chan.connect(str(lab.dir / "run/tls"))
        s = Session(lab, chan)
        assert s.state()["certificates"] == 2
        client, server = tls_talk.pair()
        with client, server:
            s.start(server, NOW)
            assert s.hear() is None
    r = lab.run("/usr/bin/python3", "-c", "import socket; socket.socket("
                "socket.AF_UNIX, socket.SOCK_SEQPACKET)"
                f".connect('{lab.dir}/run/tls')", uid=nobody)
    assert b"PermissionError" in r.stderr


def test_breaches(lab):
    """A session that breaks the rules ends its own channel."""
    one = Connection(lab)
    for type_, body, fds in ((tls_talk.GO, b"\0\0\0\0", 0), (NOW, b"", 1),
                             (tls_talk.STATUS, b"\0\0\0\0", 1),
                             (99, b"", 0), (READY, b"x" * 5000, 0)):
        with Session(lab) as s, open("/dev/null") as null:
            s.send(type_, body, [null] * fds)
            assert s.hear() is None
    # Not a socket, or not a connected one.
    with open("/dev/null") as null, socket.socket() as sock:
        for wrong in null, sock:
            with Session(lab) as s:
                s.start(wrong, NOW, peer="192.0.2.2")
                assert s.failed() != ""
    assert one.works() and state(lab)["certificates"] == 2
    one.close()


# --- certificates, failures

def test_without_certificates(make_lab):
    """It starts, says so, and serves when there are some."""
    lab = make_lab()
    (lab.dir / "none").mkdir()
    conf = lab.conf / "postrider.conf"
    text = conf.read_text()
    try:
        conf.write_text(text.replace(f"tls-dir {lab.dir}/tls",
                                     f"tls-dir {lab.dir}/none"))
        assert lab.postrider("apply").returncode == 0
        wait_for(lambda: state(lab)["certificates"] == 0, "the new tls-dir")
        assert "certificate" in refused(lab)
        assert state(lab)["expires"] == 0
        said = f"event=no-certificates path={lab.dir}/none"
        assert len(lab.wait_log(said)) == 1
        keeper = settled(lab)[0]
        os.kill(keeper, signal.SIGKILL)
        settled(lab, [keeper])
        assert "certificate" in refused(lab)
        assert len(lab.wait_log(said)) == 2
    finally:
        conf.write_text(text)
    assert lab.postrider("apply").returncode == 0
    wait_for(lambda: state(lab)["certificates"] == 2, "the old tls-dir")
    one = Connection(lab)
    assert one.works()
    one.close()


def test_failed_handshakes_are_penalized(make_lab):
    """60 in a minute, of one client or one IPv6 /64, and it is refused in
    this profile."""
    lab = make_lab()

    def fail(peer):
        client, server = tls_talk.pair()
        with client, server, Session(lab) as s:
            s.start(server, NOW, peer=peer)
            client.sendall(b"EHLO this is not TLS\r\n")
            return s.failed()

    for n in range(60):
        assert "not TLS" in fail(f"2001:db8::{n:x}")
    wait_for(lambda: state(lab)["failures"] == 60, "60 failures")
    assert "failed handshakes" in refused(lab, peer="2001:db8::ffff")
    assert "failed handshakes" in refused(lab, peer="2001:db8::1")
    line, = lab.wait_log("reason=handshakes-failed")
    assert "event=refused client=2001:db8:: profile=mx " in line
    # This host has other things to do than to attack itself.
    for _ in range(60):
        assert "not TLS" in fail("127.0.0.1")
    wait_for(lambda: state(lab)["failures"] == 120, "60 failures more")
    for peer, profile in (("2001:db8:0:1::1", "mx"), ("192.0.2.1", "mx"),
                          ("2001:db8::1", "submission"), ("127.0.0.1", "mx")):
        one = Connection(lab, peer=peer, profile=profile)
        assert one.works()
        one.close()


def test_state_counts(make_lab):
    lab = make_lab()
    before = state(lab)
    assert before["connections"] == 0 and before["certificates"] == 2
    many = [Connection(lab) for _ in range(3)]
    assert state(lab)["connections"] == 3
    for c in many:
        c.close()
    wait_for(lambda: state(lab)["connections"] == 0, "the end of all")
    after = state(lab)
    assert after["handshakes"] == before["handshakes"] + 3
    assert after["failures"] == before["failures"]


def test_many_at_once(lab):
    """More than the channel to the keeper takes at a time."""
    work = []
    for _ in range(40):
        sock, server = tls_talk.pair()
        s = Session(lab)
        s.start(server, NOW)
        server.close()
        work.append((s, sock))
    clients = [Client(sock, lab.trust) for _, sock in work]
    for (s, _), client in zip(work, clients):
        _, fds = s.wait(READY)
        with client.join(), socket.socket(fileno=fds[0]):
            s.chan.close()
