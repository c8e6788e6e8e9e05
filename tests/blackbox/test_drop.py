"""drop/: what sendmail leaves while nobody takes it, and what becomes of that."""

import os
import re
import signal
import subprocess
import time

import pytest

import suite
from tools import Conf, Smtpd, dropped

TEMPFAIL, DATAERR, NOINPUT, NOPERM, USAGE = 75, 65, 66, 77, 64
MODE = 0o1733
SIMPLE = b"Subject: s\n\nhello\n"


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


def test_no_session_while_down(conf):
    r = conf.sendmail("-bs", data=b"EHLO x\r\n")
    assert r.returncode == TEMPFAIL
    assert r.stdout.startswith(b"421 4.3.2 ") and r.stdout.endswith(b"\r\n")
    assert list(conf.drop.iterdir()) == []


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
    ("me@x.example", ("-N", "success,delay")),
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


def test_the_postmaster_hears(smtpd):
    """A report that its reader does not get; what he is refused is kept."""
    conf = Conf("postmaster root@pm.example")
    conf("apply")
    (conf.base / "spool/drop").mkdir(parents=True)
    conf.drop = conf.base / "spool/drop"
    conf.drop.chmod(MODE)
    try:
        path = leave(conf, "-f", "me@x.example", "b@y.example")
        for told in ("me@x.example", "root@pm.example"):
            s = Smtpd(conf.run_dir / "submit", {"RCPT": "550 5.1.1 not here"})
            r = pick_up(conf, path)
            s.finish()
            assert r.returncode == 0
            assert r.stderr.endswith(b": 5.1.1 not here\n")
            [path] = left(conf.drop)
            text = path.read_bytes()
            assert f"Rcpt: {told}\n\n".encode() in text
            assert b"Final-Recipient: rfc822; b@y.example" in text
        s = Smtpd(conf.run_dir / "submit", {"RCPT": "550 5.1.1 not here"})
        assert pick_up(conf, path).returncode == DATAERR
        s.finish()
        assert left(conf.drop, "bad") == [path.with_suffix(".bad")]
    finally:
        conf.close()


def test_more_recipients_than_today(conf, smtpd):
    """Option recipients was larger when they were written."""
    path = leave(conf)
    rewrite(path, path.read_bytes().replace(
        b"Rcpt: b@y.example\n", b"".join(b"Rcpt: b%d@y.example\n" % n
                                         for n in range(101))))
    s = smtpd()
    assert pick_up(conf, path).returncode == 0
    assert len(s.finish()) == 101 + 3


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
    """The data are not taken this time: everything stays as it was."""
    path = leave(conf, "-f", "me@x.example", "a@y.example", "b@y.example")
    s = smtpd({"RCPT": ["250 2.1.5 ok", "451 4.2.0 later"],
               ".": "451 4.3.0 no"})
    assert pick_up(conf, path).returncode == TEMPFAIL
    s.finish()
    assert list(conf.drop.iterdir()) == [path]


def rewrite(path, data):
    """With what its owner has changed, and with the sums that fit."""
    envelope, _, rest = data.partition(b"\n\n")
    path.write_bytes(dropped(envelope + b"\n\n",
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
