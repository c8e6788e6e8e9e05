"""drop/: what sendmail leaves while nobody takes it, and what becomes of that."""

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

import suite
from tools import Conf, Smtpd

TEMPFAIL, DATAERR, NOINPUT, NOPERM, USAGE = 75, 65, 66, 77, 64
MODE = 0o1733
SIMPLE = b"Subject: s\n\nhello\n"
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="wants several users")


@pytest.fixture
def conf():
    c = Conf("message-size 2m", "recipients 100")
    c("apply")
    (c.base / "spool").mkdir()
    c.drop = c.base / "spool/drop"
    c.drop.mkdir()
    c.drop.chmod(MODE)
    yield c
    c.close()


@pytest.fixture
def smtpd(conf):
    made = []

    def make(replies=None, **more):
        made.append(Smtpd(conf.run_dir / "submit", replies, **more))
        return made[-1]

    yield make
    for one in made:
        one.drop()


@pytest.fixture
def down(make_lab):
    """A lab of its own that is stopped."""
    lab = make_lab(via="inetd-wait")
    lab.drop = lab.spool / "drop"
    lab.stop()
    return lab


def left(place, kind="msg"):
    return sorted(place.glob(f"*.{kind}"))


def pick_up(conf, path, **more):
    return conf.sendmail("-bdrop", path.name, cwd=path.parent, **more)


def leave(conf, *args, data=SIMPLE):
    """A message in drop/, while nobody is there."""
    before = left(conf.drop)
    r = conf.sendmail(*(args or ("-f", "me@x.example", "b@y.example")),
                      data=data)
    assert r.returncode == 0, r.stderr
    [new] = set(left(conf.drop)) - set(before)
    return new


# --- leaving

def test_left_and_submitted(conf, smtpd):
    """What is submitted later is what would have been submitted at once."""
    args = ("-i", "-f", "a@x.example", "-N", "success,delay", "-R", "hdrs",
            "-V", "id+1", "-B", "8BITMIME", "b@y.example", "carl", "b@Y.example")
    data = b"From: z@z\nDate: x\nMessage-ID: <y>\n\n.\nA\n\n..\xff\n.\n"
    path = leave(conf, *args, data=data)
    st = path.stat()
    assert (st.st_mode & 0o7777, st.st_nlink) == (0o600, 1)
    s = smtpd()
    assert conf.sendmail(*args, data=data).returncode == 0
    at_once, first = s.finish(), s.data
    s = smtpd()
    assert pick_up(conf, path).returncode == 0
    assert (s.finish(), s.data) == (at_once, first)
    assert list(conf.drop.iterdir()) == []


def test_large_and_small(conf, smtpd):
    for size in (0, 1, 70000, 1 << 20):
        path = leave(conf, data=b"A: b\n\n" + b"x" * size)
        s = smtpd()
        assert pick_up(conf, path).returncode == 0
        s.finish()
        assert s.data.endswith(b"\r\n\r\n" + b"x" * size + b"\r\n" * bool(size))


@pytest.mark.parametrize("verb,reply", [
    ("greeting", None), ("greeting", "421 4.3.2 closed"), ("EHLO", None),
    ("EHLO", "421 4.3.2 closing"), ("MAIL", None), ("MAIL", "421 4.3.2 bye"),
    ("RCPT", None), ("DATA", None), ("DATA", "421 4.3.2 bye"),
])
def test_gone_before_the_end(conf, smtpd, verb, reply):
    """Nobody can have it: so it is left."""
    s = smtpd({verb: reply})
    r = conf.sendmail("b@y.example", data=SIMPLE)
    assert (r.returncode, r.stderr) == (0, b"")
    s.finish()
    assert len(left(conf.drop)) == 1


@pytest.mark.parametrize("verb,reply,status", [
    ("greeting", "554 5.3.2 no mail here", 69),
    ("EHLO", "502 5.5.1 no", 76),
    ("MAIL", "452 4.3.1 disk full", TEMPFAIL),
    ("MAIL", "550 5.7.1 not yours", NOPERM),
    ("RCPT", "451 4.3.0 later", TEMPFAIL),
    ("RCPT", "550 5.1.1 no", 67),
    ("DATA", "451 4.3.0 later", TEMPFAIL),
    (".", "451 4.3.0 later", TEMPFAIL),
    (".", "421 4.3.0 bye", TEMPFAIL),
    (".", "554 no", 69),
    (".", None, TEMPFAIL),
])
def test_answered(conf, smtpd, verb, reply, status):
    """It was heard, and perhaps taken: the caller knows what came of it."""
    s = smtpd({verb: reply})
    r = conf.sendmail("b@y.example", data=SIMPLE)
    assert r.returncode == status
    s.finish()
    assert list(conf.drop.iterdir()) == []


def test_a_server_that_does_not_greet(conf):
    """It is only waited for, and a signal ends that: nothing is left then."""
    Smtpd(conf.run_dir / "submit", {}).drop()  # a socket that nobody serves
    r = conf.sendmail("b@y.example", data=SIMPLE)
    assert r.returncode == 0
    assert len(left(conf.drop)) == 1


def refuse_mode(conf):
    conf.drop.chmod(0o700)


def refuse_link(conf):
    conf.drop.rmdir()
    (conf.base / "other").mkdir()
    (conf.base / "other").chmod(MODE)
    conf.drop.symlink_to(conf.base / "other")


def refuse_none(conf):
    conf.drop.rmdir()


@pytest.mark.parametrize("how", [refuse_mode, refuse_link, refuse_none])
def test_no_such_directory(conf, how):
    how(conf)
    r = conf.sendmail("b@y.example", data=SIMPLE)
    assert r.returncode == TEMPFAIL
    assert r.stderr.count(b"\n") == 1
    assert f"path={conf.drop} wanted=".encode() in r.stderr
    assert not left(conf.base / "other")


def test_limits_hold(conf):
    data = b"A: b\n\n" + b"x\n" * (2 << 20)
    assert conf.sendmail("b@y.example", data=data).returncode == DATAERR
    many = [f"u{n}@y.example" for n in range(101)]
    assert conf.sendmail(*many, data=SIMPLE).returncode == DATAERR
    conf.write("postrider.conf", *conf.lines, "free-space 1024g")
    conf("apply")
    r = conf.sendmail("b@y.example", data=SIMPLE)
    assert r.returncode == TEMPFAIL and b"bytes-free" in r.stderr
    assert list(conf.drop.iterdir()) == []


def test_a_limit_on_files(conf):
    """Half a message is none."""
    import resource
    r = conf.sendmail("b@y.example", data=b"A: b\n\n" + b"x\n" * 50000,
                      preexec_fn=lambda: resource.setrlimit(
                          resource.RLIMIT_FSIZE, (4096, 4096)))
    assert r.returncode == TEMPFAIL
    assert b"File too large" in r.stderr
    assert list(conf.drop.iterdir()) == []


def test_killed_at_any_call(conf):
    """Ended by a signal at each system call: status 0 if and only if it is
    there whole, as far as anybody can know."""
    argv = [suite.programs() / "sendmail", "-C", conf.tables, "b@y.example"]
    calls = ("connect", "openat", "write", "fsync", "renameat", "syncfs",
             "exit_group")
    if suite.SAN:
        pytest.skip("strace and sanitizers do not go together")
    seen = set()
    for call in calls:
        for which in range(1, 4):
            for f in conf.drop.iterdir():
                f.unlink()
            r = subprocess.run(
                ["strace", "-f", "-o", "/dev/null", "-e",
                 f"inject={call}:signal=TERM:when={which}", *argv],
                input=SIMPLE, capture_output=True, env=conf.environ,
                timeout=suite.PATIENCE)
            whole = left(conf.drop)
            if r.returncode == 0:
                assert len(whole) == 1, (call, which)
            elif call != "syncfs":
                assert whole == [], (call, which)
            seen.add(r.returncode)
    assert seen == {0, -signal.SIGTERM}


# --- submitting

@pytest.mark.parametrize("verb,reply", [
    ("greeting", None), ("greeting", "421 4.7.0 too many"),
    ("greeting", "554 no"), ("EHLO", "502 5.5.1 no"),
    ("MAIL", "451 4.3.0 later"), ("MAIL", None), ("RCPT", "451 4.3.0 later"),
    ("RCPT", None), ("DATA", "451 4.3.0 later"), ("DATA", None),
    (".", "451 4.3.0 later"), (".", None),
])
def test_tried_again(conf, smtpd, verb, reply):
    path = leave(conf)
    before = path.read_bytes()
    s = smtpd({verb: reply})
    assert pick_up(conf, path).returncode == TEMPFAIL
    s.finish()
    assert list(conf.drop.iterdir()) == [path]
    assert path.read_bytes() == before


@pytest.mark.parametrize("verb,reply,status", [
    ("MAIL", "552 5.3.4 too big", "5.3.4"),
    ("RCPT", "550 no", "5.0.0"),
    ("DATA", "554 5.7.1 no", "5.7.1"),
    (".", "554 5.6.0 not like this", "5.6.0"),
])
def test_refused_and_reported(conf, smtpd, verb, reply, status):
    path = leave(conf, "-f", "me@x.example", "-V", "my+id", "b@y.example")
    s = smtpd({verb: reply})
    assert pick_up(conf, path).returncode == 0
    s.finish()
    [report] = left(conf.drop)
    s = smtpd()
    assert pick_up(conf, report).returncode == 0
    said = s.finish()
    assert said[1].startswith("MAIL FROM:<> ")
    assert said[2:4] == ["RCPT TO:<me@x.example> NOTIFY=NEVER", "DATA"]
    text = s.data.decode()
    for wanted in ("Content-Type: multipart/report;", "To: <me@x.example>",
                   f"Status: {status}", "Final-Recipient: rfc822; b@y.example",
                   "Original-Envelope-Id: my+id", "Subject: s", "hello",
                   "Auto-Submitted: auto-replied", reply.split(" ", 2)[-1]):
        assert wanted in text
    assert list(conf.drop.iterdir()) == []


@pytest.mark.parametrize("sender,args", [
    ("", ()), ("<>", ()), ("me@x.example", ("-N", "never")),
])
def test_nobody_to_tell(conf, smtpd, sender, args):
    path = leave(conf, "-f", sender, *args, "b@y.example")
    before = path.read_bytes()
    s = smtpd({"RCPT": "550 5.1.1 no"})
    assert pick_up(conf, path).returncode == DATAERR
    s.finish()
    [bad] = conf.drop.iterdir()
    assert bad == path.with_suffix(".bad") and bad.read_bytes() == before
    assert pick_up(conf, bad).returncode == USAGE
    r = conf.sendmail("-bp")
    assert f"1 message in {conf.drop} refused".encode() in r.stdout


def test_each_for_himself(conf, smtpd):
    """One gets it, one is refused, one is to be tried again."""
    path = leave(conf, "-f", "me@x.example", "a@y.example", "b@y.example",
                 "c@y.example")
    arrival = re.search(rb"Arrival: (\d+)", path.read_bytes())[1]
    s = smtpd({"RCPT": ["250 2.1.5 ok", "550 5.1.1 none", "451 4.2.0 later"]})
    assert pick_up(conf, path).returncode == 0
    assert s.finish()[2:] == ["RCPT TO:<a@y.example>", "RCPT TO:<b@y.example>",
                              "RCPT TO:<c@y.example>", "DATA"]
    first = s.data
    rest, report = sorted(left(conf.drop),
                          key=lambda f: b"multipart/report" in f.read_bytes())
    assert b"Rcpt: c@y.example\n\n" in rest.read_bytes()
    assert b"Arrival: " + arrival in rest.read_bytes()
    text = report.read_bytes()
    assert b"Final-Recipient: rfc822; b@y.example" in text
    assert b"rfc822; a@" not in text and b"rfc822; c@" not in text
    s = smtpd()
    assert pick_up(conf, rest).returncode == 0
    assert s.finish()[2] == "RCPT TO:<c@y.example>" and s.data == first


def test_some_later_and_nobody_now(conf, smtpd):
    """The data are refused for now: everything stays as it was."""
    path = leave(conf, "-f", "me@x.example", "a@y.example", "b@y.example")
    s = smtpd({"RCPT": ["250 2.1.5 ok", "451 4.2.0 later"],
               ".": "451 4.3.0 no"})
    assert pick_up(conf, path).returncode == TEMPFAIL
    s.finish()
    assert list(conf.drop.iterdir()) == [path]


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def whole(envelope, content):
    """A file as sendmail writes it."""
    end = b"\nPostrider-End: 1 %016x %016x %08x %08x " % (
        len(content), content.count(b"\n"), crc32c(envelope), crc32c(content))
    return envelope + content + end + b"%08x\n" % crc32c(end)


def rewrite(path, data):
    """With what its owner has changed, and with the sums that fit."""
    envelope, _, rest = data.partition(b"\n\n")
    path.write_bytes(whole(envelope + b"\n\n",
                           rest[:rest.rindex(b"\nPostrider-End")]))
    return path


def test_old_ones_fail(conf, smtpd):
    path = leave(conf)
    rewrite(path, re.sub(rb"Arrival: \d+", b"Arrival: 1500000000",
                         path.read_bytes()))
    s = smtpd({"RCPT": "451 4.3.0 later"})
    assert pick_up(conf, path).returncode == 0
    s.finish()
    [report] = left(conf.drop)
    assert b"Status: 4.4.7" in report.read_bytes()


def test_torn_files(conf, smtpd):
    """What is not whole is never sent."""
    data = leave(conf).read_bytes()
    s = smtpd()
    for n in (0, 1, 50, len(data) // 2, len(data) - 1):
        path = conf.drop / f"{n:020}.msg"
        path.write_bytes(data[:n])
        path.chmod(0o600)
        assert pick_up(conf, path).returncode == DATAERR
        assert path.with_suffix(".bad").read_bytes() == data[:n]
    assert s.commands == []


def test_incomplete_files(conf):
    path = conf.drop / ("0" * 20 + ".tmp")
    path.write_bytes(b"Postrider-Drop: 1\n")
    path.chmod(0o600)
    os.utime(path, (time.time() - 86000,) * 2)
    assert pick_up(conf, path).returncode == TEMPFAIL and path.exists()
    os.utime(path, (time.time() - 87000,) * 2)
    assert pick_up(conf, path).returncode == 0 and not path.exists()


def test_one_at_a_time(conf, smtpd):
    """A file that another process has in hand is left to it."""
    import fcntl
    path = leave(conf)
    s = smtpd()
    with open(path, "rb") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        assert pick_up(conf, path).returncode == TEMPFAIL
    assert s.commands == [] and path.exists()


def as_link(path):
    os.link(path, path.parent / ("1" * 20 + ".msg"))


def as_symlink(path):
    path.rename(path.parent.parent / path.name)
    path.symlink_to(path.parent.parent / path.name)


def as_readable(path):
    path.chmod(0o644)


def as_fifo(path):
    path.unlink()
    os.mkfifo(path, 0o600)


def as_directory(path):
    path.unlink()
    path.mkdir(mode=0o600)


def as_others(path):
    os.chown(path, 65534, 65534)


@pytest.mark.parametrize("how", [as_link, as_symlink, as_readable, as_fifo,
                                 as_directory, as_others])
def test_what_is_no_message(conf, smtpd, how):
    if how is as_others and os.getuid() != 0:
        pytest.skip("wants several users")
    path = leave(conf)
    how(path)
    s = smtpd()
    assert pick_up(conf, path).returncode in (NOINPUT, NOPERM, TEMPFAIL)
    assert s.commands == []
    assert os.path.lexists(path)


@pytest.mark.parametrize("name", ["../x", "x", "", "a/b", "-bs"])
def test_names(conf, name):
    r = conf.sendmail("-bdrop", "--", name, cwd=conf.drop)
    assert r.returncode == USAGE


# --- with the whole suite

@AS_ROOT
def test_each_by_its_owner(down, nobody):
    """Everybody may leave mail, and it is sent by whom it belongs to."""
    st = down.drop.stat()
    assert (st.st_mode & 0o7777, st.st_uid) == (MODE, 0)
    for uid, n in ((None, 2), (nobody, 3), (4321, 1)):
        for _ in range(n):
            r = down.sendmail(down.address("bob"), data=SIMPLE, uid=uid)
            assert (r.returncode, r.stderr) == (0, b"")
    assert down.run("ls", down.drop, uid=nobody).returncode != 0
    [other] = [f for f in left(down.drop) if f.stat().st_uid == 4321]
    assert down.run("rm", "-f", other, uid=nobody).returncode != 0
    r = down.run(down.env["MAILQ"])
    assert r.returncode == TEMPFAIL and b"empty" not in r.stdout
    assert f"6 messages in {down.drop} to be submitted".encode() in r.stdout
    r = down.run(down.env["MAILQ"], uid=nobody)
    assert (r.returncode, r.stdout) == (TEMPFAIL, b"")
    down.restart()
    found = [f.read_bytes() for f in down.wait_files("bob", 6)]
    for uid, n in ((0, 2), (nobody, 3), (4321, 1)):
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
    return whole(
        f"Postrider-Drop: 1\nArrival: {int(time.time())}\n"
        f"Sender: {lab.address('alice')}\nRcpt: {lab.address('bob')}\n"
        "\n".encode(), f"Subject: {subject}\n\nhello\n".encode())


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
    ours = [p for p in pwd.getpwall() if p.pw_name.startswith("postrider")]
    assert ours
    for n, p in enumerate(ours):
        put(lab, n, message(lab, "not this"), p.pw_uid)
    put(lab, 99, message(lab), 4321)
    assert b"Subject: s\n" in lab.wait_files("bob", 1)[0].read_bytes()
    assert len(left(lab.spool / "drop")) == len(ours)
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
    put(down, 5000, message(down, "single"), 4321)
    down.restart()
    suite.wait_for(lambda: any(b"Subject: single" in f.read_bytes()
                               for f in down.files("bob")), "the one message")
    assert len(down.files("bob")) < 1000
    down.wait_files("bob", 1501, 4 * suite.PATIENCE)
    assert left(down.spool / "drop") == []


class Stopper(threading.Thread):
    """A user who stops whatever runs as him."""

    def __init__(self, uid):
        super().__init__(daemon=True)
        self.uid, self.stopped, self.over = uid, None, False
        self.start()

    def run(self):
        while self.stopped is None and not self.over:
            for p in Path("/proc").glob("[0-9]*"):
                try:
                    if p.stat().st_uid == self.uid and \
                            (p / "comm").read_text() == "sendmail\n":
                        os.kill(int(p.name), signal.SIGSTOP)
                        self.stopped = int(p.name)
                except OSError:
                    pass


@AS_ROOT
def test_a_process_that_is_stopped(down):
    """Its owner may stop it: the mail of others goes on, and the suite ends."""
    slow, other = 43210, 4321
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
        assert not Path("/proc", str(stopper.stopped)).exists()
    finally:
        stopper.over = True
    down.restart()
    down.wait_files("alice", 1)


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
