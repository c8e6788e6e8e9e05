"""local: driven alone by the job channel, and as part of the suite."""

import os
import random
import re
import signal
import stat
import subprocess
import threading

import pytest

import jobs
from messages import plain
from suite import PATIENCE, SAN, wait_for

NAME = re.compile(rb"^\d+\.M\d{6}P\d+Q[0-9a-f]+V[0-9a-f]+I[0-9a-f]+"
                  rb"\.[^:,/]+,S=(\d+),W=(\d+)$")
BOB = ("bob@example.org", "example.org/bob/Maildir")
ALICE = ("alice@example.org", "example.org/alice/Maildir")
HEAD = b"Return-Path: <a@x.test>\nDelivered-To: bob@example.org\n"


@pytest.fixture
def place(nobody):
    made = jobs.Place(nobody)
    yield made
    made.close()


@pytest.fixture
def local(place):
    one = place.local()
    yield one
    assert one.end() == 0, one.log()
    assert "Sanitizer" not in one.log()


def check_file(path, head, content):
    data = path.read_bytes()
    assert data == head + content
    size, wire = map(int, NAME.match(os.fsencode(path.name)).groups())
    assert size == len(data)
    assert wire == len(data) + data.count(b"\n")
    assert len(path.name.split(",")[0]) <= 70
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


CONTENTS = {
    "one line": b"Subject: x\n\nhello\n",
    "empty": b"",
    "no end": b"Subject: x\n\nhello",
    "no header": b"\nhello\n",
    "ends only": b"\n" * 1000,
    "NULs": b"\0" * 5000,
    "NULs inside": b"Subject: x\n\na\0b\n\0\n",
    "every byte": bytes(range(256)) * 17,
    "long line": b"x" * 300000 + b"\n",
    "carriage returns": b"a\rb\r\nc\r\r\n",
    "From line": b"From me\n>From\n",
    "random": random.Random(1).randbytes(700001),
    "block": b"y" * 262143 + b"\n",
    "block and one": b"y" * 262144 + b"\n",
}


@pytest.mark.parametrize("name", CONTENTS)
def test_byte_true(place, local, name):
    content = CONTENTS[name]
    assert local.deliver(content, BOB) == ["2.0.0"]
    (found,) = place.files(BOB[1])
    check_file(found, HEAD, content)
    assert place.files(BOB[1], "tmp") == place.files(BOB[1], "cur") == []


def test_null_sender(place, local):
    assert local.deliver(b"x\n", BOB, sender="") == ["2.0.0"]
    check_file(place.files(BOB[1])[0], b"Return-Path: <>\n"
               b"Delivered-To: bob@example.org\n", b"x\n")


def test_makes_maildirs(place, local):
    old = os.umask(0)
    try:
        assert local.deliver(b"x\n", BOB, ALICE) == ["2.0.0"] * 2
    finally:
        os.umask(old)
    for top, dirs, _ in os.walk(place.root):
        for d in dirs:
            s = os.stat(os.path.join(top, d))
            assert stat.S_IMODE(s.st_mode) == 0o700
            assert s.st_uid == (place.uid or os.getuid())
    assert sorted(os.listdir(place.root / BOB[1])) == ["cur", "new", "tmp"]


def test_recipients_are_independent(place, local):
    loop = b"Delivered-To: Carol@EXAMPLE.org\n\nx\n"
    carol = ("carol@example.org", "example.org/carol")
    found = local.deliver(loop, BOB, carol, ("d@x", "../out"), ("d@x", "/tmp"),
                          ("e@x\nX: y", "e"), ALICE)
    assert found == ["2.0.0", "5.4.6", "4.3.5", "4.3.5", "4.3.5", "2.0.0"]
    assert local.deliver(b"x\n", BOB, crc=1) == ["4.6.0"]
    assert local.deliver(b"x\n", BOB, size=100) == ["4.6.0"]
    assert "event=error damaged=content" in local.log()
    assert len(place.files(BOB[1])) == len(place.files(ALICE[1])) == 1
    assert sorted(os.listdir(place.root)) == ["example.org"]
    for line in local.log().splitlines():
        assert line.isprintable()


def errors(local):
    return [line for line in local.log().splitlines()
            if "event=error" in line]


PARTS = ["example.org", "example.org/bob", "example.org/bob/Maildir",
         "example.org/bob/Maildir/tmp", "example.org/bob/Maildir/new",
         "example.org/bob/Maildir/cur"]


@pytest.mark.parametrize("part", PARTS)
def test_no_symlink_is_followed(place, local, part):
    assert local.deliver(b"x\n", BOB) == ["2.0.0"]
    there = place.base / "elsewhere"
    (place.root / part).rename(there)
    (place.root / part).symlink_to(there)
    before = [sorted(f) for _, _, f in os.walk(there)]
    assert local.deliver(b"y\n", BOB) == ["4.3.5"]
    assert local.text == ["mailbox path has a symbolic link (see the log)"]
    [line] = errors(local)
    assert "id=2ab " in line and f"to={BOB[0]} " in line
    assert f"path={part if part.count('/') > 2 else BOB[1]} " in line
    assert 'wanted=directory found="symbolic link"' in line
    assert [sorted(f) for _, _, f in os.walk(there)] == before
    (place.root / part).unlink()
    there.rename(place.root / part)
    assert local.deliver(b"y\n", BOB) == ["2.0.0"]


@pytest.mark.parametrize("part", PARTS[2:])
def test_mode_000(place, local, part):
    if place.uid is None:
        pytest.skip("root may read everything")
    assert local.deliver(b"x\n", BOB) == ["2.0.0"]
    (place.root / part).chmod(0)
    assert local.deliver(b"y\n", BOB) == ["4.2.1"]
    assert local.text == ["mailbox directory is not accessible (see the log)"]
    [line] = errors(local)
    assert "Permission denied" in line
    (place.root / part).chmod(0o700)
    assert local.deliver(b"y\n", BOB) == ["2.0.0"]


def test_other_owner(place, local):
    if place.uid is None:
        pytest.skip("needs two users")
    assert local.deliver(b"x\n", BOB) == ["2.0.0"]
    new = place.root / BOB[1] / "new"
    os.chown(new, 0, 0)
    new.chmod(0o755)
    assert local.deliver(b"y\n", BOB) == ["4.3.5"]
    assert local.text == [
        "mailbox directory belongs to another user (see the log)"]
    [line] = errors(local)
    assert f'path={BOB[1]}/new wanted="own directory" found="owner 0"' in line


def test_writable_by_others(place, local):
    assert local.deliver(b"x\n", BOB) == ["2.0.0"]
    (place.root / BOB[1]).chmod(0o770)
    assert local.deliver(b"y\n", BOB) == ["4.3.5"]
    assert local.text == [
        "mailbox directory may be changed by others (see the log)"]
    [line] = errors(local)
    assert f"path={BOB[1]} wanted=" in line and 'found="mode 0770"' in line


def test_strange_host_name(nobody):
    """A name that does not fit is replaced; the base stays a UIDL."""
    place = jobs.Place(nobody, hostname="a" * 60 + "." + "b" * 60 + ".org")
    try:
        local = place.local()
        assert local.deliver(b"x\n", BOB) == ["2.0.0"]
        (found,) = place.files(BOB[1])
        check_file(found, HEAD, b"x\n")
        assert len(found.name) <= 70
        assert local.end() == 0
    finally:
        place.close()


def test_file_size_limit(place):
    """A limit is a failure, not a signal."""
    local = place.local(wrap=["prlimit", "--fsize=100000"])
    assert local.deliver(b"x" * 200000, BOB) == ["4.3.1"]
    assert local.deliver(b"x" * 1000, BOB) == ["2.0.0"]
    assert place.files(BOB[1], "tmp") == []
    assert local.end() == 0


def test_refuses_root(place):
    if os.getuid() != 0:
        pytest.skip("needs root")
    place.uid = None
    tables = place.tables.read_bytes()
    assert tables.count(b"ouser-modeyes\0") == 1
    place.tables.write_bytes(tables.replace(b"ouser-modeyes\0",
                                            b"ouser-modeYES\0"))
    local = place.local()
    assert local.process.wait(PATIENCE) == 77
    assert local.outcome() is None


def test_breach_ends_it(place):
    local = place.local()
    local.sock.send(b"\0\1nonsense")
    assert local.process.wait(PATIENCE) == 76
    assert "channel=job" in local.log()


def test_terminated_while_idle(place):
    local = place.local()
    assert local.deliver(b"x\n", BOB) == ["2.0.0"]
    local.process.send_signal(signal.SIGTERM)
    assert local.process.wait(PATIENCE) == -signal.SIGTERM


def test_never_touches_the_network(place):
    """Only the channel is received from and sent to."""
    trace = place.root / "trace"
    local = place.local(wrap=["strace", "-f", "-e", "trace=%network,execve",
                              "-o", str(trace)])
    assert local.deliver(b"x\n", BOB, ALICE) == ["2.0.0"] * 2
    assert local.end() == 0
    calls = [line.split(maxsplit=1)[1] for line in
             trace.read_text().splitlines()]
    calls = [c for c in calls if not c.startswith(("+++", "---"))]
    assert calls and calls[0].startswith("execve(")
    for call in calls[1:]:
        assert re.match(r"(recvmsg|sendmsg)\(3, ", call), call


# --- several at once, and deaths

def test_two_on_one_maildir(place):
    """Cleaning never takes the other's files."""
    def work(results):
        one = place.local()
        for i in range(60):
            one.send(b"%d\n" % i, [BOB])
        results += [one.outcome()[3] for _ in range(60)]
        results.append(one.end())

    found = [[], [], []]
    threads = [threading.Thread(target=work, args=(f,)) for f in found]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [["2.0.0"] * 60 + [0]] * 3
    assert len(place.files(BOB[1])) == 180
    assert place.files(BOB[1], "tmp") == []


CALLS = ["openat", "flock", "write", "sync_file_range", "fsync", "io_submit",
         "io_getevents", "renameat2", "close", "sendmsg"]
# Then it syncs one after the other, and each fsync can be seen.
NO_AIO = ["-e", "inject=io_setup:error=ENOSYS"]


def counted(place, calls, send, *inject):
    """How often local makes each call for the jobs that send sends."""
    trace = place.root / "trace"
    local = place.local(wrap=["strace", "-f", "-o", str(trace), "-e",
                              "trace=io_setup," + ",".join(calls), *inject])
    send(local)
    assert local.end() == 0
    text = trace.read_text()
    trace.unlink()
    return {c: len(re.findall(rf"^\d+ +{c}\(", text, re.M)) for c in calls}


@pytest.mark.skipif(SAN, reason="counts the calls of the plain build")
def test_killed_at_every_call(place):
    """Killed on the way: nothing half, nothing lost, nothing left in tmp."""
    content = b"Subject: x\n\n" + b"hello\n" * 1000

    def send(local):
        for _ in range(3):
            local.send(content, [BOB, ALICE])
        for _ in range(6):
            local.outcome()

    deaths = 0
    for c, n in counted(place, CALLS, send).items():
        assert n > 0, c
        for k in range(1, n + 1, max(1, n // 12)):
            for rcpt in BOB, ALICE:
                for f in place.files(rcpt[1]):
                    f.unlink()
            local = place.local(wrap=[
                "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={c}",
                "-e", f"inject={c}:signal=KILL:when={k}"])
            answered = 0
            try:
                for _ in range(3):
                    local.send(content, [BOB, ALICE])
                while local.outcome() is not None:
                    answered += 1
                    if answered == 6:
                        break
            except (BrokenPipeError, ConnectionResetError):
                pass
            local.sock.close()
            deaths += local.process.wait(PATIENCE) != 0
            # What was answered is there, and whatever is there is whole.
            found = place.files(BOB[1]) + place.files(ALICE[1])
            assert len(found) >= answered
            again = place.local()
            assert again.deliver(content, BOB, ALICE) == ["2.0.0"] * 2
            assert again.end() == 0
            for rcpt in BOB, ALICE:
                assert place.files(rcpt[1], "tmp") == [], (c, k)
                assert place.files(rcpt[1])
                for f in place.files(rcpt[1]):
                    head = HEAD.replace(b"bob@example.org", rcpt[0].encode())
                    check_file(f, head, content)
    assert deaths > 40


@pytest.mark.skipif(SAN, reason="counts the calls of the plain build")
@pytest.mark.parametrize("together", [False, True])
def test_batches_share_directory_syncs(place, together):
    """Twenty files, two directories: twenty-two waits, or one or two."""
    local = place.local()
    assert local.deliver(b"x\n", BOB, ALICE) == ["2.0.0"] * 2
    assert local.end() == 0

    def send(local):
        local.process.send_signal(signal.SIGSTOP)
        for _ in range(10):
            local.send(b"x\n", [BOB, ALICE])
        local.process.send_signal(signal.SIGCONT)
        for _ in range(20):
            assert local.outcome()[3] == "2.0.0"

    # strace must be stopped, too, or it would start the program.
    found = counted(place, ["fsync", "io_submit"], send,
                    *([] if together else NO_AIO))
    if together:
        assert found["fsync"] + found["io_submit"] <= 6
    else:
        assert 22 <= found["fsync"] < 30


FAILURES = [("write", "ENOSPC", "4.3.1"), ("write", "EDQUOT", "4.2.2"),
            ("write", "EIO", "4.3.0"), ("fsync", "EIO", "4.3.0"),
            ("fsync", "ENOSPC", "4.3.1"), ("fsync", "EDQUOT", "4.2.2"),
            ("renameat2", "ENOSPC", "4.3.1"), ("renameat2", "EROFS", "4.2.1")]


@pytest.mark.parametrize("call,error,dsn", FAILURES)
def test_system_errors(place, call, error, dsn):
    """Deferred with the right code, tidy, and right again the next time."""
    first = place.local()
    assert first.deliver(b"x\n", BOB) == ["2.0.0"]
    assert first.end() == 0
    # Descriptor 2 is written to as well: the error strikes the files' writes.
    local = place.local(wrap=[
        "strace", "-f", "-qq", "-o", "/dev/null", "-e",
        f"trace=io_setup,{call}", "-e", f"inject={call}:error={error}:when=1",
        *NO_AIO])
    assert local.deliver(b"x\n", BOB) == [dsn]
    assert place.files(BOB[1], "tmp") == []
    assert len(place.files(BOB[1])) == 1
    assert local.deliver(b"x\n", BOB) == ["2.0.0"]
    assert local.end() == 0


# --- in the suite

def test_through_the_suite(lab):
    assert lab.send(plain("here"), ["alice", "bob"]).code == 250
    for user in "alice", "bob":
        (found,) = lab.wait_files(user, 1)
        head, rest = found.read_bytes().split(b"\nReceived: ", 1)
        assert head == (f"Return-Path: <someone@example.org>\nDelivered-To: "
                        f"{lab.address(user)}").encode()
        assert rest.endswith(plain("here").replace(b"\r\n", b"\n"))
        assert NAME.match(os.fsencode(found.name))
        assert not list((lab.maildir(user) / "tmp").iterdir())
    lab.wait_idle()
    message = re.search(r"local\[\d+\]: id=(\S+) event=written to=" +
                        re.escape(lab.address("bob")), lab.log()).group(1)
    # What becomes of a message is said once, by queued.
    [line] = [x for x in lab.log().splitlines() if "event=delivered" in x and
              f"id={message} " in x and lab.address("bob") in x]
    assert "queued[" in line
    assert f"id={message} event=queued" in lab.log() or \
        f"id={message} event=accepted" in lab.log()


def test_loop_bounces_once(lab):
    """Delivered-To the same address: back to the sender, one report."""
    content = b"Delivered-To: " + lab.address("bob").upper().encode() + \
        b"\n" + plain("loop")
    assert lab.sendmail("-i", "-f", lab.address("alice"), lab.address("bob"),
                        data=content).returncode == 0
    (report,) = lab.wait_files("alice", 1)
    assert b"5.4.6" in report.read_bytes()
    lab.wait_idle()
    assert lab.files("bob") == []
    assert len(lab.files("alice")) == 1


def test_killed_local_is_replaced(lab):
    """Its half-written file goes with the next delivery."""
    assert lab.send(plain("first"), ["bob"]).code == 250
    lab.wait_files("bob", 1)
    stopped = lab.pids("local")
    assert stopped
    for pid in stopped:
        os.kill(pid, signal.SIGKILL)
    host = lab.env["HOSTNAME"]
    tmp = lab.maildir("bob") / "tmp"
    left = tmp / f"1700000000.M000001P1Q0R00000000.{host}.postrider"
    other = tmp / "1700000000.1_0.elsewhere"
    for f in left, other:
        f.write_bytes(b"half")
        s = tmp.stat()
        os.chown(f, s.st_uid, s.st_gid)
    assert lab.send(plain("second"), ["bob"]).code == 250
    lab.wait_files("bob", 2)
    wait_for(lambda: not left.exists(), "a clean tmp")
    assert other.exists()
    other.unlink()
    lab.wait_idle()
