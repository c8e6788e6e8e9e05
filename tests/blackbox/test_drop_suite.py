"""drop/ in a running suite: everybody may leave what he likes there."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

import suite
from tools import crc32c, dropped

TEMPFAIL = 75
MODE = 0o1733
SIMPLE = b"Subject: s\n\nhello\n"
OTHER = 1  # a number of the user database: daemon
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="wants several users")


@pytest.fixture
def down(make_lab):
    """A lab of its own that is stopped."""
    lab = make_lab(via="inetd-wait")
    lab.drop = lab.spool / "drop"
    lab.stop()
    return lab


def left(place, kind="msg"):
    return sorted(place.glob(f"*.{kind}"))


@AS_ROOT
def test_each_by_its_owner(down, nobody):
    """Everybody may leave mail, and it is sent by whom it belongs to."""
    st = down.drop.stat()
    assert (st.st_mode & 0o7777, st.st_uid) == (MODE, 0)
    for uid, n in ((None, 2), (nobody, 3), (OTHER, 1)):
        for _ in range(n):
            r = down.sendmail(down.address("bob"), data=SIMPLE, uid=uid)
            assert (r.returncode, r.stderr) == (0, b"")
    assert down.run("ls", down.drop, uid=nobody).returncode != 0
    [other] = [f for f in left(down.drop) if f.stat().st_uid == OTHER]
    assert down.run("rm", "-f", other, uid=nobody).returncode != 0
    r = down.run(down.env["MAILQ"])
    assert r.returncode == TEMPFAIL and b"empty" not in r.stdout
    assert f"6 messages in {down.drop} to be submitted".encode() in r.stdout
    r = down.run(down.env["MAILQ"], uid=nobody)
    assert (r.returncode, r.stdout) == (TEMPFAIL, b"")
    down.restart()
    found = [f.read_bytes() for f in down.wait_files("bob", 6)]
    for uid, n in ((0, 2), (nobody, 3), (OTHER, 1)):
        by = b"(Postrider, from uid %d)" % uid
        assert sum(by in text for text in found) == n
    suite.wait_for(lambda: not list(down.drop.iterdir()), "an empty drop/")
    r = down.run(down.env["MAILQ"])
    assert (r.returncode, r.stdout) == (0, b"Mail queue is empty\n")


def test_reports_reach_their_sender(down):
    r = down.sendmail("-f", down.address("alice"), "nobody-at-all",
                      down.address("bob"), data=SIMPLE)
    assert r.returncode == 0
    down.restart()
    down.wait_files("bob", 1)
    [report] = down.wait_files("alice", 1)
    text = report.read_bytes()
    assert f"rfc822; nobody-at-all@{down.domain}".encode() in text
    assert b"Return-Path: <>" in text


def test_refused_and_again(down):
    """What is kept is told, and submitted when it gets its name back."""
    if os.getuid() != 0:
        pytest.skip("wants root, who may look")
    r = down.sendmail("-f", "<>", "later@" + down.domain, data=SIMPLE)
    assert r.returncode == 0
    (down.drop / "foreign").write_bytes(b"x" * 77)
    down.restart()
    suite.wait_for(lambda: left(down.drop, "bad"), "the message kept")
    down.wait_log('how=exit-65 found="later@')
    text = down.postrider("status").stdout.decode()
    assert "0 to be submitted, 1 refused, 1 foreign or older" in text
    assert "uid 0 has foreign of 77 bytes" in text
    text = down.postrider("queue", "list").stdout.decode()
    assert f"1 message in {down.drop} refused" in text
    with open(down.conf / "aliases", "a") as f:
        f.write(f"later@{down.domain}: {down.address('bob')}\n")
    assert down.postrider("apply").returncode == 0
    [bad] = left(down.drop, "bad")
    bad.rename(bad.with_suffix(".msg"))
    down.wait_files("bob", 1)
    (down.drop / "foreign").unlink()
    suite.wait_for(lambda: not list(down.drop.iterdir()), "an empty drop/")


def test_in_user_mode(make_lab, nobody):
    lab = make_lab(via="systemd", uid=nobody)
    lab.stop()
    assert lab.sendmail(lab.address("bob"), data=SIMPLE).returncode == 0
    lab.restart()
    lab.wait_files("bob", 1)
    if nobody is not None:
        # Somebody else's file is not touched.
        place = lab.spool / "drop" / ("0" * 20 + ".msg")
        place.write_bytes(b"x")
        place.chmod(0o600)
        assert lab.sendmail(lab.address("bob"), data=SIMPLE).returncode == 0
        lab.wait_files("bob", 2)
        assert place.exists()


def message(lab, subject="s"):
    return dropped(
        f"Postrider-Drop: 1\nArrival: {int(time.time())}\n"
        f"Sender: {lab.address('alice')}\nRcpt: {lab.address('bob')}\n"
        "\n".encode(), f"Subject: {subject}\n\nhello\n".encode())


def large(path, size):
    """Holes in place of the content, with an end that promises as much."""
    envelope = path.read_bytes().partition(b"\n\n")[0] + b"\n\n"
    end = b"\nPostrider-End: 1 %016x %016x %08x %08x " % (
        size, 0, crc32c(envelope), 0)
    with open(path, "r+b") as f:
        f.truncate(len(envelope))
        f.seek(len(envelope) + size)
        f.write(end + b"%08x\n" % crc32c(end))


def put(lab, number, data, uid=None, mode=0o600):
    """As a user's own program would."""
    place = lab.spool / "drop" / f"{number:020}"
    place.write_bytes(data)
    place.chmod(mode)
    if uid is not None:
        os.chown(place, uid, uid)
    return place.rename(place.with_suffix(".msg"))


@AS_ROOT
def test_users_of_the_suite(lab):
    """One that was taken over sends no mail by this way either."""
    import pwd
    ours = [p for p in pwd.getpwall() if p.pw_name.startswith("postrider")
            and p.pw_name != "postrider-pipe"]  # commands of aliases are his
    assert ours
    for n, p in enumerate(ours):
        put(lab, n, message(lab, "not this"), p.pw_uid)
    put(lab, 99, message(lab), OTHER)
    assert b"Subject: s\n" in lab.wait_files("bob", 1)[0].read_bytes()
    suite.wait_for(lambda: len(left(lab.spool / "drop")) == len(ours),
                   "that one removed")
    for n in range(len(ours)):
        (lab.spool / "drop" / f"{n:020}.msg").unlink()
    assert len(lab.files("bob")) == 1


@AS_ROOT
def test_strange_things(lab, nobody):
    """Whatever lies there, mail goes on, and nothing else is read."""
    drop = lab.spool / "drop"
    secret = lab.base / "secret"
    secret.write_bytes(message(lab, "secret"))
    secret.chmod(0o600)
    names = iter(f"{n:020}.msg" for n in range(1000))
    (drop / next(names)).symlink_to(secret)
    os.link(secret, drop / next(names))
    os.mkfifo(drop / next(names))
    (drop / next(names)).mkdir()
    os.mknod(drop / next(names), 0o600 | 0o20000, os.makedev(1, 5))
    (drop / "x\n\x1b[31m").write_bytes(b"x")
    (drop / ("y" * 255)).write_bytes(b"x")
    put(lab, 5000, message(lab, "readable"), nobody, 0o644)
    put(lab, 5001, message(lab, "torn")[:-1], nobody)
    put(lab, 5002, b"", nobody)
    before = len(list(drop.iterdir()))
    put(lab, 9000, message(lab), nobody)
    assert b"Subject: s\n" in lab.wait_files("bob", 1)[0].read_bytes()
    suite.wait_for(lambda: len(left(drop, "bad")) == 2, "the torn set aside")
    suite.wait_for(lambda: len(list(drop.iterdir())) == before,
                   "the good one removed")
    assert len(lab.files("bob")) == 1
    for f in drop.iterdir():
        f.rmdir() if f.is_dir() and not f.is_symlink() else f.unlink()


@AS_ROOT
def test_many_of_one(down, nobody):
    """Who leaves a thousand does not keep up who leaves one."""
    data = message(down, "many")
    for n in range(1500):
        put(down, n, data, nobody)
    put(down, 5000, message(down, "single"), OTHER)
    down.restart()
    suite.wait_for(lambda: any(b"Subject: single" in f.read_bytes()
                               for f in down.files("bob")), "the one message")
    assert len(down.files("bob")) < 1000
    down.wait_files("bob", 1501, 4 * suite.PATIENCE)
    assert left(down.spool / "drop") == []


class Stopper(threading.Thread):
    """A user who stops whatever runs as him."""

    def __init__(self, uid, most=1):
        super().__init__(daemon=True)
        self.uid, self.most, self.stopped, self.over = uid, most, [], False
        self.start()

    def run(self):
        while len(self.stopped) < self.most and not self.over:
            time.sleep(0.01)
            for p in Path("/proc").glob("[0-9]*"):
                try:
                    if p.stat().st_uid == self.uid and \
                            (p / "comm").read_text() == "sendmail\n":
                        os.kill(int(p.name), signal.SIGSTOP)
                        if int(p.name) not in self.stopped:
                            self.stopped.append(int(p.name))
                except OSError:
                    pass


@AS_ROOT
def test_a_process_that_is_stopped(down):
    """Its owner may stop it: the mail of others goes on, and the suite ends."""
    slow, other = OTHER, 2
    data = b"Subject: slow\n\n" + (b"x" * 70 + b"\n") * 300000
    assert down.sendmail(down.address("alice"), data=data,
                         uid=slow).returncode == 0
    stopper = Stopper(slow)
    try:
        down.restart()
        suite.wait_for(lambda: stopper.stopped, "a stopped process")
        for n in range(2):
            put(down, n, message(down), other)
            down.wait_files("bob", n + 1)
        assert down.files("alice") == []
        began = time.monotonic()
        down.stop()
        assert time.monotonic() - began < 10
        assert not Path("/proc", str(stopper.stopped[0])).exists()
    finally:
        stopper.over = True
    down.restart()
    down.wait_files("alice", 1)


@AS_ROOT
def test_numbers_that_are_nobodys(down):
    """One account can have many such; a place for each would be its own."""
    r = down.sendmail(down.address("bob"), data=SIMPLE, uid=70000)
    assert r.returncode == TEMPFAIL
    assert b"uid=70000 wanted=known-user" in r.stderr
    files = [put(down, n, message(down, "no"), 70001 + n) for n in range(40)]
    put(down, 99, message(down), OTHER)
    down.restart()
    assert b"Subject: s\n" in down.wait_files("bob", 1)[0].read_bytes()
    down.wait_log("event=picked-up file=00000000000000000039.msg uid=70040 ")
    put(down, 100, message(down), OTHER)
    down.wait_files("bob", 2)
    log = down.log()
    for f in files:
        assert f.exists() and log.count(f"file={f.name}") == 1
        f.unlink()


@AS_ROOT
def test_places_of_those_who_stop(make_lab):
    """All who hold a place keep some for those who have none."""
    lab = make_lab(options=["message-size 16g"], via="inetd-wait")
    lab.stop()
    owners = range(2, 10)  # of Debian's base-passwd
    for n, uid in enumerate([*owners] * 2):
        put(lab, n, message(lab), uid)
        large(lab.spool / "drop" / f"{n:020}.msg", 8 << 30)
    stoppers = [Stopper(uid, 2) for uid in owners]
    try:
        lab.restart()
        suite.wait_for(lambda: sum(len(s.stopped) for s in stoppers) >= 12,
                       "stopped processes")
        for n in range(3):
            put(lab, 100 + n, message(lab), OTHER)
            lab.wait_files("bob", n + 1)
    finally:
        for s in stoppers:
            s.over = True
        for n in range(16):
            (lab.spool / "drop" / f"{n:020}.msg").unlink(missing_ok=True)


def test_a_file_of_holes(make_lab):
    """Too large to be a message: nobody reads it, and the log says so once."""
    lab = make_lab(options=["message-size 1m"])
    file = put(lab, 1, message(lab, "no"))
    os.truncate(file, 200 << 30)
    lab.wait_log("event=drop-too-large file=00000000000000000001.msg")
    put(lab, 2, message(lab))
    lab.wait_files("bob", 1)
    assert "picked-up file=00000000000000000001" not in lab.log()
    assert lab.log().count("event=drop-too-large") == 1
    assert file.exists()


def test_while_it_runs(lab):
    """A file is seen when it comes, not only every half minute."""
    put(lab, 1, message(lab))
    began = time.monotonic()
    lab.wait_files("bob", 1, 15)
    assert time.monotonic() - began < 15
    lines = lab.wait_log("event=picked-up file=00000000000000000001.msg")
    assert f"uid={os.getuid()} " in lines[-1] and "how=exit-0" in lines[-1]


def test_the_directory_is_not_ours(make_lab):
    """A suite whose drop/ was replaced starts, and leaves it alone."""
    lab = make_lab(via="inetd-wait")

    def spoil():
        (lab.spool / "drop").chmod(0o777)

    lab.restart(between=spoil)
    assert "owner-uid" in (lab.dir / "log/lab.log").read_text() + lab.log()
    lab.send(b"Subject: x\r\n\r\nx\r\n")
    lab.wait_files("bob", 1)
    lab.stop()
    r = lab.sendmail(lab.address("bob"), data=SIMPLE)
    assert r.returncode == TEMPFAIL
    lab.restart(between=lambda: (lab.spool / "drop").rmdir())
    assert (lab.spool / "drop").stat().st_mode & 0o7777 == MODE
