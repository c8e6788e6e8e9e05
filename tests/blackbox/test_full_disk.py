"""ENOSPC on the spool and in the Maildirs: 452 or deferred, never lost, and
over without a restart when there is room again.
"""

import os
import subprocess
from contextlib import contextmanager

import pytest

import wire
from early import blocked, contents, memory_files
from messages import header, large, plain
from suite import wait_for

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs to mount")

QUICK = ["retry-first 1", "retry-most 2"]


def owner_and_mode(path):
    s = os.stat(path)
    return f"uid={s.st_uid},gid={s.st_gid},mode={s.st_mode & 0o7777:o}"


@contextmanager
def small_disk(lab, place, options):
    """A lab whose place/ is a small tmpfs."""
    lab.start()
    lab.stop()
    at = lab.dir / place
    subprocess.run(["find", at, "-mindepth", "1", "-delete"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o",
                    f"{options},{owner_and_mode(at)}", "tmpfs", at],
                   check=True)
    try:
        lab.start()
        yield at
    finally:
        if lab.pids():
            lab.stop()
        subprocess.run(["umount", at], check=True)


def fill(at, leave):
    """A file that takes all but leave bytes."""
    s = os.statvfs(at)
    n = s.f_bavail * s.f_frsize - leave
    with open(at / "filler", "wb") as f:
        f.write(b"\0" * n)


def accepted(lab, message):
    """Whether it is taken in now; 452 is the only other answer."""
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<a@example.org>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        r = s.cmd("DATA")
        if r.code == 354:
            s.send(wire.stuff(message))
            r = s.reply()
    assert r.code == 250 or (r.code, r.dsn) == (452, "4.3.1"), r
    return r.code == 250


def test_spool_without_space(make_lab):
    """The write fails within a message: 452, and nothing remains of it."""
    lab = make_lab(start=False, options=[*QUICK, "free-space 0"])
    with small_disk(lab, "spool", "size=4m") as at:
        fill(at, 200 << 10)
        message = large("too-big", 1 << 20)
        with lab.smtp() as s:
            s.ehlo()
            s.ok("MAIL FROM:<a@example.org>")
            s.ok(f"RCPT TO:<{lab.address('bob')}>")
            r = s.data(message)
            assert (r.code, r.dsn) == (452, "4.3.1"), r
            # The session goes on, and so do small messages.
            s.ok("MAIL FROM:<a@example.org>")
            s.ok(f"RCPT TO:<{lab.address('bob')}>")
            assert s.data(plain("small")).code == 250
        lab.wait_files("bob", 1)
        lab.wait_idle()
        (at / "filler").unlink()
        wait_for(lambda: accepted(lab, message), "250 again")
        lab.wait_files("bob", 2)
        assert sorted(contents(lab, "bob")) == \
            sorted([plain("small"), message])


@pytest.mark.parametrize("room", (0, 8 << 10), ids=("none", "too-little"))
def test_delivered_past_a_full_spool(make_lab, room):
    """What needs no file is delivered; for what does, 452, with nothing left of
    it in the queue, and the mailboxes that have it keep it."""
    lab = make_lab(start=False, options=[*QUICK, "free-space 0"])
    with small_disk(lab, "spool", "size=4m") as at:
        for user in ("alice", "bob"):
            assert lab.send(plain("first"), [user]).code == 250
        message = large("x", 100 << 10)
        fill(at, room)
        assert lab.send(message, ["bob"]).code == 250
        assert contents(lab, "bob") == [plain("first"), message]
        with blocked(lab, "alice"):
            r = lab.send(message, ["alice", "bob"])
            assert (r.code, r.dsn) == (452, "4.3.1"), r
            assert contents(lab, "bob") == [plain("first"), message, message]
            lab.wait_idle()
            wait_for(lambda: memory_files(lab) == [], "no memory")
            (at / "filler").unlink()
            wait_for(lambda: lab.send(message, ["alice"]).code == 250, "250")
        lab.wait_files("alice", 2)
        assert contents(lab, "alice") == [plain("first"), message]
        lab.wait_idle()


def test_declared_size_is_believed(make_lab):
    """With SIZE= the client hears it before it sends."""
    lab = make_lab(start=False, options=[*QUICK, "free-space 0"])
    with small_disk(lab, "spool", "size=4m") as at:
        fill(at, 200 << 10)
        with lab.smtp() as s:
            s.ehlo()
            r = s.cmd(f"MAIL FROM:<a@example.org> SIZE={2 << 20}")
            codes = [r]
            if r.code == 250:
                s.ok(f"RCPT TO:<{lab.address('bob')}>")
                r = s.cmd("DATA")
                codes.append(r)
            assert (r.code, r.dsn) == (452, "4.3.1"), codes


def test_reserve(make_lab):
    """Below free-space nothing is taken in; queued mail still goes out."""
    lab = make_lab(start=False, options=[*QUICK, "free-space 2m"])
    with small_disk(lab, "spool", "size=8m") as at:
        assert lab.send(plain("before")).code == 250
        lab.wait_files("bob", 1)
        fill(at, 1 << 20)

        wait_for(lambda: not accepted(lab, plain("no")), "452")
        (at / "filler").unlink()
        wait_for(lambda: accepted(lab, plain("after")), "250 again")


def test_spool_without_inodes(make_lab):
    lab = make_lab(start=False, options=[*QUICK, "free-space 0"])
    with small_disk(lab, "spool", "size=8m,nr_inodes=300") as at:
        (at / "fillers").mkdir()
        try:
            for n in range(1000):
                (at / f"fillers/{n}").touch()
        except OSError:
            pass
        wait_for(lambda: not accepted(lab, plain("no-inode")), "452")
        for f in (at / "fillers").iterdir():
            f.unlink()
        wait_for(lambda: accepted(lab, plain("inode")), "250 again")
        wait_for(lambda: plain("inode") in contents(lab, "bob"), "its delivery")


def test_sendmail_says_try_again(make_lab):
    """EX_TEMPFAIL, and nothing is queued."""
    lab = make_lab(start=False, options=[*QUICK, "free-space 0"])
    with small_disk(lab, "spool", "size=4m") as at:
        fill(at, 200 << 10)
        r = lab.sendmail(lab.address("bob"), data=large("sent", 1 << 20))
        assert r.returncode == 75, r
        lab.wait_idle()
        assert lab.files("bob") == []


def test_full_maildir(make_lab):
    """Accepted, deferred with the right code, delivered when there is room."""
    lab = make_lab(start=False, options=QUICK)
    with small_disk(lab, "mail", "size=4m") as at:
        assert lab.send(plain("first"), ["bob"]).code == 250
        lab.wait_files("bob", 1)
        fill(at, 100 << 10)
        message = large("late", 1 << 20)
        assert lab.send(message, ["bob"]).code == 250
        said = lab.wait_log("event=deferred")
        assert "dsn=4.2.2" in said[0] or "dsn=4.3.1" in said[0], said
        assert len(lab.queued()) == 1
        # Small ones still fit, also of another user.
        assert lab.send(plain("small"), ["alice"]).code == 250
        lab.wait_files("alice", 1)
        (at / "filler").unlink()
        lab.wait_files("bob", 2)
        lab.wait_idle()
        assert sorted(contents(lab, "bob")) == \
            sorted([plain("first"), message])
        for user in ("alice", "bob"):
            assert list((lab.maildir(user) / "tmp").iterdir()) == []


def test_full_maildir_is_filed(make_lab):
    """A small one was to be delivered at once; it waits in the spool."""
    lab = make_lab(start=False, options=QUICK)
    with small_disk(lab, "mail", "size=4m") as at:
        assert lab.send(plain("first"), ["bob"]).code == 250
        fill(at, 0)
        assert lab.send(plain("late"), ["bob"]).code == 250
        assert len(lab.queued()) == 1
        assert contents(lab, "bob") == [plain("first")]
        assert "event=filing reason=deferred" in lab.log()
        (at / "filler").unlink()
        lab.wait_files("bob", 2)
        lab.wait_idle()
        assert contents(lab, "bob") == [plain("first"), plain("late")]


def test_maildir_without_inodes(make_lab):
    lab = make_lab(start=False, options=QUICK)
    with small_disk(lab, "mail", "size=8m,nr_inodes=100") as at:
        assert lab.send(plain("first"), ["bob"]).code == 250
        lab.wait_files("bob", 1)
        (at / "fillers").mkdir()
        try:
            for n in range(200):
                (at / f"fillers/{n}").touch()
        except OSError:
            pass
        assert lab.send(plain("late"), ["bob"]).code == 250
        lab.wait_log("event=deferred")
        for f in (at / "fillers").iterdir():
            f.unlink()
        lab.wait_files("bob", 2)
        assert header("late") in contents(lab, "bob")[1]
