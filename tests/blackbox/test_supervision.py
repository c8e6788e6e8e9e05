"""postriderd: one instance, the right places, restarts, orderly ends."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

import suite
from messages import plain
from suite import wait_for

root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def postriderd(lab, *args):
    """A second one, in the foreground, to its end."""
    return lab.run(lab.dir / "libexec/postriderd", "-t",
                   lab.dir / "state/tables.cdb", *args)


def one_line(r, *words):
    """It failed with one line that holds all of these words."""
    assert r.returncode != 0 and r.stdout == b""
    lines = r.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], (word, lines)
    return True


class Alone:
    """postriderd of a stopped lab, without a super-server and a keeper."""

    def __init__(self, lab):
        self.lab = lab
        self.run_dir = lab.dir / "run"
        self.process = subprocess.Popen(
            [*suite.as_uid(lab.uid), str(lab.dir / "libexec/postriderd"),
             "-t", str(lab.dir / "state/tables.cdb")],
            stdin=subprocess.DEVNULL, env=lab.environ, cwd="/")
        wait_for(lambda: (self.run_dir / "submit").exists(), "sockets")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(suite.PATIENCE) is not None

    def stop(self):
        self.process.terminate()
        return self.process.wait(suite.PATIENCE)


@pytest.fixture
def stopped(make_lab):
    lab = make_lab()
    lab.stop()
    return lab


def log_part(lab, since):
    return lab.log()[since:]


# --- one instance

def test_second_instance_refuses(lab):
    holder, = lab.pids("postriderd")
    # Sessions and agents of the tests before may end meanwhile.
    daemons = "postriderd", "queued", "authd", "tlsd", "dnsd"
    before = set(lab.pids(*daemons))
    r = postriderd(lab)
    assert r.returncode == os.EX_TEMPFAIL
    one_line(r, f"path={lab.spool}/lock", "wanted=lock",
             f"found=held-by-pid-{holder}")
    assert before == set(lab.pids(*daemons))
    assert lab.send(plain("still-here")).code == 250


def test_restart_waits_for_the_old_queue(stopped):
    """Never two queues on one spool, even if the old one is slow to end."""
    lab = stopped
    with Alone(lab) as first:
        old, = wait_for(lambda: lab.pids("queued"), "queued")
        os.kill(old, signal.SIGSTOP)
        first.process.kill()
        first.process.wait()
        second = subprocess.Popen(
            [*suite.as_uid(lab.uid), str(lab.dir / "libexec/postriderd"),
             "-t", str(lab.dir / "state/tables.cdb")],
            stdin=subprocess.DEVNULL, env=lab.environ, cwd="/")
        try:
            time.sleep(3)
            assert lab.pids("queued") == [old]
            assert second.poll() is None
            os.kill(old, signal.SIGCONT)
            wait_for(lambda: lab.pids("queued") not in ([], [old]),
                     "the new queued")
        finally:
            second.terminate()
            assert second.wait(suite.PATIENCE) == 0


# --- places

def test_directories_and_sockets(lab):
    """Owners and modes as the manual page says."""
    users = ("postrider", "postrider-mail", "root", "postrider-auth",
             "postrider-net", "postrider-tls", "postrider-dns")
    if os.getuid() != 0:
        me = lab.dir.owner()
        users = me, me, me, me, lab.dir.group(), me, me
    for path, owner, mode in (
            (lab.spool / "queue", users[0], 0o700),
            (lab.spool / "damaged", users[0], 0o700),
            (lab.dir / "mail", users[1], 0o700)):
        assert path.owner() == owner, path
        assert path.stat().st_mode & 0o7777 == mode, path
    for name, owner, mode in (
            ("intake", users[0], 0o660), ("auth", users[3], 0o660),
            ("tls", users[5], 0o660), ("dns", users[6], 0o660),
            ("control", users[2], 0o666), ("submit", users[2], 0o666)):
        path = lab.dir / "run" / name
        assert path.is_socket() and path.owner() == owner, path
        assert path.stat().st_mode & 0o7777 == mode, path
        if mode == 0o660:
            assert path.group() == users[4], path


@pytest.mark.parametrize("what,words", (
    ("symlink", ("spool/queue", "wanted=directory")),
    ("file", ("spool/queue", "wanted=directory", "found=Not a directory")),
    ("writable", ("spool/queue", "wanted=writable-by-owner-only",
                  "found=mode-770")),
    ("lock-link", ("spool/lock", "wanted=lock-file")),
    ("run-gone", ("run", "wanted=directory", "found=")),
))
def test_wrong_places(stopped, what, words):
    lab = stopped
    queue, lock = lab.spool / "queue", lab.spool / "lock"
    run = lab.dir / "run"
    if what in ("symlink", "file"):
        shutil.rmtree(queue)
        if what == "file":
            queue.touch()
        else:
            queue.symlink_to("/etc")
    elif what == "writable":
        queue.chmod(0o770)
    elif what == "lock-link":
        lock.unlink()
        lock.symlink_to("/etc/passwd")
    else:
        shutil.rmtree(run)
        run.symlink_to("/etc")
    before = os.stat("/etc/passwd")
    assert one_line(postriderd(lab), *words)
    after = os.stat("/etc/passwd")
    assert (before.st_mtime, before.st_size) == (after.st_mtime, after.st_size)
    assert lab.pids() == []
    # As it was, for the end of the lab.
    for path in (queue, lock, run):
        if path.is_symlink() or path.is_file():
            path.unlink()
    run.mkdir(exist_ok=True)


@root_only
def test_wrong_owner(stopped):
    os.chown(stopped.spool / "queue", 12345, 12345)
    assert one_line(postriderd(stopped), "spool/queue", "wanted=owner-uid-",
                    "found=owner-uid-12345")


def test_missing_directories_are_made(stopped):
    lab = stopped
    mail = lab.dir / "mail"
    shutil.rmtree(lab.spool)
    shutil.rmtree(mail)
    with Alone(lab) as alone:
        assert (lab.spool / "queue").is_dir()
        assert (lab.spool / "damaged").is_dir()
        assert mail.is_dir()
        r = lab.sendmail(lab.address("alice"), data=plain("new").replace(
            b"\r\n", b"\n"))
        assert r.returncode == 0, r.stderr
        lab.wait_files("alice", 1)
        assert alone.stop() == 0


@pytest.mark.parametrize("tables", (b"", b"junk" * 1000, None))
def test_unusable_tables(stopped, tables):
    path = stopped.dir / "state/tables.cdb"
    if tables is None:
        path.unlink()
    else:
        path.write_bytes(tables)
    r = postriderd(stopped)
    assert one_line(r, str(path), "wanted=", "found=", "postrider apply")
    assert r.returncode == os.EX_CONFIG


def test_usage(lab):
    assert b"usage: postriderd [-t file]" in lab.run(
        lab.dir / "libexec/postriderd", "-x").stderr


@root_only
def test_neither_root_nor_user_mode(stopped, nobody):
    r = stopped.run(stopped.dir / "libexec/postriderd", "-t",
                    stopped.dir / "state/tables.cdb", uid=nobody)
    assert one_line(r, "wanted=root", f"found=uid-{nobody}")
    assert r.returncode == os.EX_NOPERM


# --- restarts

def logs_in(lab):
    with lab.smtp("submission") as s:
        s.ehlo()
        return s.auth_plain("alice", "alice-secret").code == 235


@pytest.mark.parametrize("name", ("queued", "authd", "tlsd", "dnsd",
                                  "postriderd"))
def test_killed_daemons_come_back(make_lab, name):
    lab = make_lab()
    for _ in range(2):
        old = set(lab.pids("queued", "authd", "tlsd", "dnsd", "postriderd"))
        os.kill(min(lab.pids(name)), signal.SIGKILL)
        if name == "postriderd":
            wait_for(lambda: logs_in(lab), "a login")
        else:
            # A client that comes at once waits instead of failing.
            assert logs_in(lab)
        wait_for(lambda: not lab_has(lab, name, old), f"{name} again")
    wait_for(lambda: lab.send(plain(f"after-{name}")).code == 250, "mail")
    lab.wait_files("bob", 1)


def lab_has(lab, name, old):
    """The old one, or none."""
    pids = lab.pids(name)
    return not pids or min(pids) in old


def test_restarts_back_off(stopped):
    """A daemon that cannot run is not started a thousand times."""
    lab = stopped
    program = lab.dir / "libexec/authd"
    program.unlink()
    program.write_text("#!/bin/sh\nexit 5\n")
    program.chmod(0o755)
    since = len(lab.log())
    with Alone(lab):
        time.sleep(3.5)
        starts = log_part(lab, since).count("event=started program=authd")
        assert 4 <= starts <= 8  # 0, 0.1, 0.3, 0.7, 1.5, 3.1 s
        assert "program=authd" in log_part(lab, since)
        assert "how=exit-5" in log_part(lab, since)
        # The others do not suffer.
        r = lab.sendmail(lab.address("alice"), data=b"Subject: x\n\nx\n")
        assert r.returncode == 0, r.stderr
        lab.wait_files("alice", 1)


def test_missing_program(stopped):
    lab = stopped
    (lab.dir / "libexec/authd").rename(lab.dir / "libexec/away")
    since = len(lab.log())
    with Alone(lab):
        wait_for(lambda: "libexec/authd wanted=executable"
                 in log_part(lab, since), "a line about it")


def test_daemon_that_outlives_its_channel(stopped):
    """SIGSTOP: it cannot hear that it should end; it is killed."""
    lab = stopped
    since = len(lab.log())
    with Alone(lab) as alone:
        pid, = wait_for(lambda: lab.pids("queued"), "queued")
        os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        assert alone.stop() == 0
        assert 5 < time.monotonic() - start < 25
    assert lab.pids() == []
    assert "found=killed" in log_part(lab, since)


# --- the end

def test_stops_in_order(stopped):
    lab = stopped
    since = len(lab.log())
    with Alone(lab) as alone:
        r = lab.sendmail(lab.address("alice"), data=b"Subject: x\n\nx\n")
        assert r.returncode == 0, r.stderr
        wait_for(lambda: lab.pids("local"), "an agent")
        start = time.monotonic()
        assert alone.stop() == 0
        assert time.monotonic() - start < 5
    assert lab.pids() == []
    for name in ("intake", "control", "auth", "tls", "dns", "submit"):
        assert not (lab.dir / "run" / name).exists()
    log = log_part(lab, since)
    assert log.index("event=exited program=authd") < \
        log.index("event=exited program=queued") < \
        log.index("postriderd", log.index("event=exited program=queued"))
    assert "event=stopped" in log and "event=error" not in log


def test_stops_with_sessions_open(make_lab):
    lab = make_lab()
    assert lab.send(plain("one")).code == 250
    lab.wait_files("bob", 1)
    p = lab.pop3("bob")
    p.ok("DELE 1")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(lab.dir / "run/submit"))
        assert s.recv(100).startswith(b"220 ")
        start = time.monotonic()
        lab.stop()
        assert time.monotonic() - start < 15
    p.close()
    # Deletion is at QUIT only.
    assert len(lab.files("bob")) == 1


def test_hangups(make_lab):
    lab = make_lab()
    pid, = lab.pids("postriderd")
    before = lab.pids("queued", "authd", "tlsd", "dnsd", "postriderd")
    for n in range(300):
        os.kill(pid, signal.SIGHUP)
        if n % 100 == 0:
            assert lab.send(plain(f"hup-{n}")).code == 250
    lab.wait_files("bob", 3)
    assert lab.pids("queued", "authd", "tlsd", "dnsd", "postriderd") == before


# --- rights

def test_environment_and_descriptors(lab):
    """Daemons and agents have no more than they need."""
    assert lab.send(plain("agent")).code == 250
    lab.wait_files("bob", 1)
    for name in ("queued", "authd", "tlsd", "dnsd", "local"):
        for pid in lab.pids(name):
            with open(f"/proc/{pid}/environ") as f:
                names = {e.split("=")[0] for e in f.read().split("\0") if e}
            assert names <= {"PATH", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                             "LSAN_OPTIONS"}, (name, names)
    for pid in lab.pids("local"):
        links = [os.readlink(f"/proc/{pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{pid}/fd")]
        assert not [x for x in links if "spool" in x], links
        assert os.readlink(f"/proc/{pid}/cwd") == str(lab.dir / "mail")


# --- local submission

def test_submissions_per_user(make_lab, nobody):
    lab = make_lab(options=["submissions-per-user 2"])
    path = str(lab.dir / "run/submit")

    def connect():
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(suite.PATIENCE)
        s.connect(path)
        return s, s.recv(200)

    first, greeting = connect()
    second, _ = connect()
    assert greeting.startswith(b"220 ")
    third, refused = connect()
    assert refused.startswith(b"421 4.7.0 ") and refused.endswith(b"\r\n")
    assert third.recv(10) == b""
    if nobody is not None:
        # Another user's limit is another's.
        code = ("import socket; s = socket.socket(socket.AF_UNIX); "
                f"s.connect({path!r}); "
                "assert s.recv(100).startswith(b'220 ')")
        r = lab.run("/usr/bin/python3", "-c", code, uid=nobody)
        assert r.returncode == 0, r.stderr
    first.close()
    second.close()
    wait_for(lambda: connect()[1].startswith(b"220 "), "a free place")
    third.close()
