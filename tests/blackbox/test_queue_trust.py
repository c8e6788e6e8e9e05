"""What queued does not believe, and what it survives."""

import fcntl
import os
import signal
import socket
import stat
import struct
import subprocess
import time

import pytest

import suite
from messages import plain
from queue_asked import (FAR, FORMS, OTHER, QUICK, ids, kill_queued, lines, queue,
                         spool_file, status, submit)
from suite import wait_for


# --- what is not believed


def test_odd_files_are_left_alone(make_lab):
    """Links, pipes and directories under a message's name: one line each, and
    they stay as they are."""
    lab = make_lab()
    assert submit(lab, FAR) == 0
    [m] = wait_for(lambda: queue(lab), "the message")
    real = spool_file(lab, m["id"])
    owner = real.stat()
    secret = lab.base / "secret"
    secret.write_text("secret\n")
    names = {}
    for i, kind in enumerate(("link", "hard", "pipe", "dir")):
        name = m["id"][:-1] + "0123"[i]
        if name == m["id"]:
            name = m["id"][:-1] + "z"
        names[kind] = real.with_name(name)
    names["link"].symlink_to(secret)
    os.link(secret, names["hard"])
    os.mkfifo(names["pipe"])
    names["dir"].mkdir()
    for path in names.values():
        os.lchown(path, owner.st_uid, owner.st_gid)
    kill_queued(lab)
    for path in names.values():
        assert wait_for(lambda p=path: lines(lab, p.name, "event=error"),
                        path.name)
    assert ids(lab) == [m["id"]]
    assert names["link"].is_symlink() and names["dir"].is_dir()
    assert stat.S_ISFIFO(names["pipe"].stat().st_mode)
    assert secret.read_text() == "secret\n"
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)


def test_flipped_bits(make_lab):
    """A flipped bit anywhere in a waiting file: set aside, with a line that
    says what was wanted; mended and put back, it is a message again."""
    lab = make_lab(options=["retry-first 1d", "retry-most 1d"])
    for at in (0, 20, 40, 100, 258, 262, 300, -30, -2, "trailer"):
        assert submit(lab, FAR) == 0
        [m] = wait_for(lambda: [m for m in queue(lab)
                                if m["state"] == "deferred"], "deferral")
        file = spool_file(lab, m["id"])
        whole = file.read_bytes()
        envelope = int(whole[19:27])
        if at == "trailer":
            at = len(whole) - 10
        data = bytearray(whole)
        data[at if at >= 0 else envelope + at] ^= 0x10
        with open(file, "r+b") as f:
            f.write(data)
        assert lab.postrider("queue", "retry", m["id"]).returncode == 0
        damaged = lab.spool / "damaged" / m["id"]
        wait_for(damaged.exists, f"set aside with byte {at} changed")
        said = wait_for(
            lambda: lines(lab, "event=error", f"damaged/{m['id']}"), "a line")
        said = said[-1]
        assert "wanted=" in said and "found=" in said
        assert "damaged" in {m["state"] for m in queue(lab)}
    before = len(queue(lab))
    damaged.write_bytes(whole)
    damaged.rename(file)
    kill_queued(lab)
    assert len(queue(lab)) == before
    assert m["id"] in [m["id"] for m in queue(lab)
                       if m["state"] == "deferred"]


def test_damaged_can_be_dropped(make_lab):
    lab = make_lab(options=["retry-first 1d"])
    assert submit(lab, FAR) == 0
    [m] = wait_for(lambda: queue(lab), "the message")
    with open(spool_file(lab, m["id"]), "r+b") as f:
        f.write(b"X")
    kill_queued(lab)
    wait_for(lambda: queue(lab)[0]["state"] == "damaged", "set aside")
    assert lab.postrider("queue", "drop", "--all").returncode == 0
    assert len(queue(lab)) == 1  # not with the others
    assert lab.postrider("queue", "retry", m["id"]).returncode != 0
    assert lab.postrider("queue", "drop", m["id"]).returncode == 0
    assert queue(lab) == []


def knock(path, *packets):
    """Says things on a channel; what comes back before it is closed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(5)
        s.connect(str(path))
        got = []
        try:
            for packet in packets:
                s.send(packet)
            while True:
                answer = s.recv(65536)
                if not answer:
                    break
                got.append(answer)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return got


def test_noise_on_the_channels(lab):
    """Breaches close the peer and nothing else."""
    run = lab.dir / "run"
    before = lab.pids("queued")
    noise = [b"", b"\0", b"\0\0", b"\xff" * 16384, b"\0\x63",
             struct.pack(">H", 0) + b"\0" * 3, os.urandom(500),
             struct.pack(">HI", 1, 7) + b"\0\x05abc"]
    for name in ("control", "intake"):
        for packet in noise:
            if packet:
                knock(run / name, packet)
    assert lines(lab, "event=error", "channel=control")
    assert lines(lab, "event=error", "channel=intake")
    assert lab.send(plain("after")).code == 250
    lab.wait_files("bob", 1)
    assert lab.pids("queued") == before


def connects(lab, name, n, uid):
    """Makes n connections as uid; how many of them are let in."""
    code = ("import socket\nopen=0\nkept=[]\n"
            f"for _ in range({n}):\n"
            " s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\n"
            " kept.append(s)\n s.settimeout(0.2)\n"
            " try:\n"
            f"  s.connect('{lab.dir}/run/{name}')\n  s.recv(100)\n"
            " except TimeoutError: open+=1\n"
            " except OSError: pass\n"
            "print(open,flush=True)\ninput()")
    p = subprocess.Popen([*suite.as_uid(uid), "/usr/bin/python3", "-c", code],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return p, int(p.stdout.readline())


@pytest.mark.skipif(os.getuid() != 0, reason="needs users")
def test_intake_is_not_for_everybody(lab):
    for uid in (OTHER, 0):
        p, let_in = connects(lab, "intake", 1, uid)
        p.communicate()
        assert let_in == 0
    assert lines(lab, "channel=intake", "uid=0", "not-allowed")


@pytest.mark.skipif(os.getuid() != 0, reason="needs users")
def test_places_at_the_control_socket(lab):
    """One user cannot take them all."""
    p, let_in = connects(lab, "control", 12, OTHER)
    assert queue(lab) == []
    p.communicate()
    assert 0 < let_in < 12


def test_session_that_leaves(make_lab):
    """Cut off in the middle of a message: nothing stays."""
    lab = make_lab(options=["early-delivery-size 64k"])
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        s.ok("DATA", 354)
        s.send(b"Subject: half\r\n\r\n" + b"x" * 200000 + b"\r\n")
        wait_for(lambda: lab.queued(), "a file")
    lab.wait_idle()
    assert lab.files("bob") == []


# --- space, crashes, two at once


def test_reserve_of_space(make_lab):
    lab = make_lab(options=["free-space 1024g"])
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        r = s.cmd("DATA")
    assert r.code == 452 and r.dsn == "4.3.1", r
    conf = lab.conf / "postrider.conf"
    conf.write_text(conf.read_text().replace("free-space 1024g",
                                             "free-space 1m"))
    assert lab.postrider("apply").returncode == 0
    assert lab.send(plain("room")).code == 250  # no restart is needed
    lab.wait_files("bob", 1)


def replace_local(lab, script):
    """Another program in local's place; returns a way back."""
    local = lab.dir / "libexec/local"
    kept = lab.dir / "libexec/kept-local"
    local.rename(kept)
    local.write_text(f"#!/bin/sh\n{script}\n")
    local.chmod(0o755)
    for pid in lab.pids("local"):
        os.kill(pid, signal.SIGKILL)

    def back():
        kept.rename(local)

    return back


AGENT = """
import os, socket, struct
s = socket.socket(fileno=3)
while True:
    data, fds, _, _ = socket.recv_fds(s, 65536, 1)
    for fd in fds:
        os.close(fd)
    if not data:
        break
    if struct.unpack(">H", data[:2])[0] != 0:
        continue
    job, n = struct.unpack(">II", data[2:10])
    for _ in range(n):
        rcpt = s.recv(65536)
        if b"poison" in data:
            os.abort()
        # outcome, flags, code, mta; dsn; text
        s.send(struct.pack(">H", 2) + rcpt[2:10] + bytes(14) +
               b"\\0\\x05" b"2.0.0" b"\\0\\0")
"""


def test_crashing_agent(make_lab):
    """A message that kills its agents is held, and said so; those beside it
    are delivered, and it goes when it is released."""
    # Another delivers meanwhile, which tells that it is the message.
    lab = make_lab(options=["agent-crashes 2", "local-agents 2"])
    script = lab.dir / "libexec/agent.py"
    script.write_text(AGENT)
    back = replace_local(lab, f"exec /usr/bin/python3 {script}")
    assert submit(lab, lab.address("bob"), sender="poison@lab.example") == 0
    for i in range(10):
        assert submit(lab, lab.address("bob"), subject=f"m{i}") == 0
    wait_for(lambda: [m["state"] for m in queue(lab)] == ["held"], "held")
    [m] = queue(lab)
    assert m["sender"] == "poison@lab.example"
    assert lines(lab, m["id"], "event=error", "held")
    assert status(lab, "agent-crashes") >= 2
    assert status(lab, "delivered") == 10
    back()
    for pid in lab.pids("python3", "agent.py"):
        os.kill(pid, signal.SIGKILL)
    kill_queued(lab)  # and with it, the agents that are not ours
    assert lab.postrider("queue", "release", m["id"]).returncode == 0
    lab.wait_files("bob", 1)
    lab.wait_idle()


def test_agent_that_does_not_start(make_lab):
    """Mail waits, without a storm of attempts, and goes when it can."""
    lab = make_lab(options=QUICK)
    back = replace_local(lab, "exit 1")
    for i in range(20):
        assert submit(lab, lab.address("bob"), subject=f"m{i}") == 0
    time.sleep(3)
    assert len(lines(lab, "queued[", "event=deferred")) < 200
    assert len(queue(lab)) == 20
    assert {m["state"] for m in queue(lab)} <= {"deferred", "active"}
    back()
    lab.wait_files("bob", 20)
    lab.wait_idle()


def test_killed_agent_costs_nothing(make_lab):
    lab = make_lab(options=FORMS["file"])
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    [agent] = lab.pids("local")
    os.kill(agent, signal.SIGSTOP)
    assert submit(lab, lab.address("bob")) == 0
    time.sleep(0.2)
    os.kill(agent, signal.SIGKILL)
    lab.wait_files("bob", 2, timeout=10)
    lab.wait_idle()


def test_second_queued_refuses(make_lab):
    """On the same spool there is one; the other says why it is not."""
    lab = make_lab()
    fds = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
           for _ in range(3)]
    key = os.memfd_create("key", os.MFD_ALLOW_SEALING)
    os.write(key, bytes(32))
    fcntl.fcntl(key, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE |
                fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    # Spawn, intake, control, the lock, which it does not look at, and the key.
    mine = [pair[0].fileno() for pair in fds] + [key, key]

    def place():
        for at, fd in enumerate(mine):
            os.dup2(fd, 10 + at)
        for at in range(len(mine)):
            os.dup2(10 + at, 3 + at)

    r = subprocess.run(
        [str(lab.dir / "libexec/queued"), "-t", str(lab.dir /
                                                    "state/tables.cdb")],
        preexec_fn=place, close_fds=False, capture_output=True, timeout=30)
    assert r.returncode != 0
    said = (r.stdout + r.stderr).decode()
    assert str(lab.spool) in said + lab.log()
    assert "another-queued" in said + lab.log()
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    for pair in fds:
        for end in pair:
            end.close()
    os.close(key)


@pytest.mark.parametrize("form", FORMS)
def test_stop_waits_for_answers(make_lab, form):
    """What an agent has is answered before queued ends: no second copy."""
    lab = make_lab(options=FORMS[form])
    for i in range(40):
        assert submit(lab, lab.address("bob"), subject=f"m{i}") == 0
    lab.stop()
    lab.start()
    lab.wait_files("bob", 40)
    lab.wait_idle()
    assert len(lab.files("bob")) == 40


def test_twenty_thousand(make_lab):
    """A long queue is listed whole, in order, by a small process."""
    lab = make_lab(options=["retry-first 1d", "retry-most 1d"])
    assert submit(lab, FAR) == 0
    wait_for(lambda: [m for m in queue(lab) if m["state"] == "deferred"], "it")
    [m] = queue(lab)
    source = spool_file(lab, m["id"])
    n = 2000 if suite.SAN else 20000
    copies(lab, source, n)
    kill_queued(lab)
    start = time.monotonic()
    listed = ids(lab)
    took = time.monotonic() - start
    assert len(listed) == n + 1 and listed == sorted(listed)
    [pid] = lab.pids("queued")
    with open(f"/proc/{pid}/status") as f:
        rss = int(next(x for x in f if x.startswith("VmRSS")).split()[1])
    assert suite.SAN or rss < 15000, rss
    assert took < 10, took
    assert lab.postrider("queue", "drop", "--all").returncode == 0
    wait_for(lambda: lab.queued() == [], "an empty spool")


def copies(lab, source, n):
    """n more files like source, each with an id of its own."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    data = source.read_bytes()
    owner = source.stat()
    crc = Crc32c()
    envelope = int(data[19:27])
    rest = data[envelope:-79]
    trailer = data[-79:]
    for i in range(n):
        tail = "".join(digits[i >> 5 * k & 31] for k in (3, 2, 1, 0))
        name = source.name[:-4] + tail
        if name == source.name:
            name = source.name[:-5] + "z" + tail
        head = data[:envelope].replace(source.name.encode(), name.encode())
        text = bytearray(head)
        fixed = bytes(text[:34]) + bytes(text[34 + 225:])
        at = fixed.index(b"Rcpt: ") + 6
        envcrc = crc.of(fixed[:at] + fixed[at + 1:])
        new = trailer[:18 + 16 + 1 + 16 + 1] + b"%08x" % envcrc + \
            trailer[60:70]
        new += b"%08x\n" % crc.of(new)
        assert len(new) == 79
        path = source.with_name(name)
        path.write_bytes(head + rest + new)
        os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(0o600)


class Crc32c:
    def __init__(self):
        self.table = []
        for i in range(256):
            c = i
            for _ in range(8):
                c = c >> 1 ^ (0x82f63b78 if c & 1 else 0)
            self.table.append(c)

    def of(self, data):
        c = 0xffffffff
        table = self.table
        for byte in data:
            c = table[(c ^ byte) & 255] ^ c >> 8
        return c ^ 0xffffffff
