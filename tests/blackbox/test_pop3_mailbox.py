"""POP3 mailboxes: unique-ids, other programs in the Maildir, bad ends."""

import os
import re
import signal
import socket
import threading
import time

import pytest

import mailboxes
from box import Box
from messages import HARD
from suite import wait_for

DOVECOT = "dovecot-uidlist"
INDEX = "postrider-pop3.index"


@pytest.fixture
def box(lab):
    b = Box(lab)
    (b.dir / INDEX).unlink(missing_ok=True)
    yield b
    for name in (DOVECOT, INDEX):
        (b.dir / name).unlink(missing_ok=True)


# --- unique-ids


def test_unique_ids(lab, box):
    box.put(b"x\n", "1700000000.M1P1.h,S=2,W=3")
    box.put(b"x\n", "1700000000.M2P1." + "h" * 100)
    box.put(b"x\n", "1700000000.M3P1.h with space")
    box.put(b"%n%s\n", "1700000000.M4P1.%n%s%x")
    with lab.pop3("alice") as p:
        first = p.listing("UIDL")
        assert first[1] == "1700000000.M1P1.h"
        assert re.fullmatch(r"\.[0-9a-f]{32}", first[2])
        assert re.fullmatch(r"\.[0-9a-f]{32}", first[3])
        assert first[4] == "1700000000.M4P1.%n%s%x"
        for n in first:
            assert p.ok(f"UIDL {n}").decode() == f"+OK {n} {first[n]}"
        p.quit()
    # Read, flagged, moved: the same; new mail does not disturb them.
    for f in list((box.dir / "new").iterdir()):
        f.rename(box.dir / "cur" / f"{f.name}:2,RS")
    box.put(b"x\n", "1600000000.M9P1.h")
    with lab.pop3("alice") as p:
        again = p.listing("UIDL")
        assert again[1] == "1600000000.M9P1.h"
        assert [again[n] for n in (2, 3, 4, 5)] == list(first.values())
        p.quit()


def test_dovecot_ids(lab, box):
    box.put(b"x\n", "1276528487.M364837P9451.kurkku,S=2,W=3:2,", "cur")
    box.put(b"x\n", "1276533073.M242911P3632.kurkku:2,FS", "cur")
    box.put(b"x\n", "1276533074.M1P1.kurkku")
    box.put(b"x\n", "1700000000.M1P1.kurkku")
    (box.dir / DOVECOT).write_text(
        "3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n"
        "25006 :1276528487.M364837P9451.kurkku,S=2,W=3:2,\n"
        "25017 W2481 :1276533073.M242911P3632.kurkku:2,F\n"
        "25018 Pbefore-Dovecot :1276533074.M1P1.kurkku\n")
    box.give(box.dir / DOVECOT)
    with lab.pop3("alice") as p:
        assert p.listing("UIDL") == {
            1: "000061ae4c0907b0", 2: "000061b94c0907b0",
            3: "before-Dovecot", 4: "1700000000.M1P1.kurkku"}
        p.quit()


@pytest.mark.parametrize("text", [
    b"", b"3 V1 N9\nx :a\n", b"\xff" * 5000, b"3 V1 N9\n9 :\n",
    b"3 V99999999999 N9\n1 :1700000000.M1P1.h\n"])
def test_broken_dovecot_list(lab, box, text):
    box.put(b"x\n", "1700000000.M1P1.h")
    (box.dir / DOVECOT).write_bytes(text)
    box.give(box.dir / DOVECOT)
    with lab.pop3("alice") as p:
        assert p.listing("UIDL") == {1: "1700000000.M1P1.h"}
        p.quit()
    lab.wait_log(DOVECOT)


def test_names_of_our_own_deliveries(lab):
    """What local promises in names is what is sent."""
    for content in HARD.values():
        if b"\0" not in content:
            assert lab.send(content).code == 250
    sent = sum(b"\0" not in content for content in HARD.values())
    names = [f.name for f in lab.wait_files("bob", sent)]
    with lab.pop3("bob") as p:
        sizes = p.listing()
        for n, size in sizes.items():
            assert p.ok(f"RETR {n}") == b"+OK %d octets" % size
            assert len(p.rest()) == size
        assert sorted(p.listing("UIDL").values()) == \
            sorted(name.split(",")[0] for name in names)
        p.quit()
    assert not [line for line in lab.log().splitlines()
                if "octets that the name says" in line and "bob@" in line]


# --- the index


def answers(lab, box, quit_too=True):
    """Everything a client may ask for, in one session."""
    with lab.pop3(box.user) as p:
        said = p.stat(), p.listing(), p.listing("UIDL")
        sizes = {n: len(p.retr(n)) for n in list(said[1])[::10]}
        assert all(said[1][n] == size for n, size in sizes.items())
        if quit_too:
            p.quit()
    return said


def age(box):
    """Past the time in which changes of a directory are not told apart."""
    newest = max(f.stat().st_ctime
                 for f in (box.dir / "new", box.dir / "cur"))
    while time.time() < newest + 2.1:
        time.sleep(0.05)


def test_index_changes_no_answer(lab, box):
    """The same with and without it, and whatever others do between."""
    paths = box.put_all(120, b"Subject: %d\n\n.body\r\n.%d\nlast %d")
    for path in paths[::3]:
        path.rename(box.dir / "cur" / (path.name + ":2,S"))
    box.put(b"x\n", "1700000001.M1P1.h,S=2,W=3")
    age(box)
    logged = lab.log().count(INDEX)
    first = answers(lab, box)
    assert first[0][0] == 121 and (box.dir / INDEX).stat().st_uid == box.owner
    assert (box.dir / INDEX).stat().st_mode & 0o777 == 0o600
    assert answers(lab, box) == first
    box.put(b"later\n", "1700000002.M1P1.h")
    paths[1].unlink()
    paths[2].rename(box.dir / "cur" / (paths[2].name + ":2,RS"))
    for wait in (False, True):
        if wait:
            age(box)
        with_index = answers(lab, box)
        (box.dir / INDEX).rename(box.dir / "aside")
        assert answers(lab, box) == with_index
        (box.dir / "aside").rename(box.dir / INDEX)
    assert with_index[0][0] == 121
    assert len(set(with_index[2].values()) - set(first[2].values())) == 1
    assert lab.log().count(INDEX) == logged


def test_index_is_seen_in_the_log(lab, box):
    """What it was good for, and how many messages had to be read all the same.
    """
    paths = box.put_all(100)
    box.put(b"x\n", "1700000001.M1P1.h,S=2,W=3")
    age(box)
    closed = f"event=closed account={lab.address(box.user)} "

    def told():
        before = lab.log().count(closed)
        answers(lab, box)
        wait_for(lambda: lab.log().count(closed) > before, "not logged")
        return box.log_of_last().split(" deleted=0 ")[1]

    assert told() == "index=none counted=100"
    assert told() == "index=used counted=0"
    box.put(b"x\n", "1700000002.M1P1.h")
    paths[0].unlink()
    assert told() == "index=sizes counted=1"
    (box.dir / INDEX).unlink()
    assert told() == "index=none counted=100"


def test_index_of_a_broken_session(lab, box):
    """What was counted is kept when the client hangs up without QUIT."""
    box.put_all(100)
    first = answers(lab, box, quit_too=False)
    wait_for((box.dir / INDEX).exists, "no index")
    assert answers(lab, box) == first


@pytest.mark.parametrize("kind", ["link", "fifo", "noise", "cut", "dir"])
def test_index_is_not_believed(lab, box, kind):
    box.put_all(100)
    age(box)
    first = answers(lab, box)
    index = box.dir / INDEX
    text = index.read_bytes()
    index.unlink()
    if kind == "link":
        index.symlink_to("/etc/passwd")
    elif kind == "fifo":
        os.mkfifo(index)
    elif kind == "dir":
        index.mkdir()
    else:
        index.write_bytes(text[:-1] if kind == "cut"
                          else text[:-9] + b"/../../x\0")
        box.give(index)
    logged = lab.log().count(INDEX)
    try:
        assert answers(lab, box) == first
        wait_for(lambda: lab.log().count(INDEX) > logged, "not logged")
    finally:
        if kind == "dir":
            index.rmdir()
    # It is a good one again, or was in the way and is logged.
    assert answers(lab, box) == first


def test_index_of_an_empty_mailbox(lab, box):
    box.put_all(100)
    answers(lab, box)
    assert (box.dir / INDEX).exists()
    with lab.pop3("alice") as p:
        for n in range(1, 101):
            p.ok(f"DELE {n}")
        p.quit()
    assert box.names() == []
    assert not (box.dir / INDEX).exists()


# --- others in the Maildir


def test_in_use(lab, box):
    box.put(b"x\n")
    with lab.pop3("alice") as p, lab.pop3() as q:
        q.ok("USER alice")
        r = q.err(f"PASS {lab.users['alice']}")
        assert r.startswith(b"-ERR [IN-USE] ")
        assert q.at_eof()
        p.ok("DELE 1")
        p.quit()
        # The lock is free when QUIT is answered.
        with lab.pop3("alice") as again:
            assert again.stat() == (0, 0)
            again.quit()
        with lab.pop3("bob") as other:
            other.quit()


def test_polling_never_meets_itself(lab, box):
    for _ in range(30):
        with lab.pop3("alice") as p:
            p.quit()


def test_renamed_meanwhile(lab, box):
    paths = box.put_all(4)
    with lab.pop3("alice") as p:
        assert p.stat()[0] == 4
        for n, flags in ((0, ":2,"), (1, ":2,S")):
            paths[n].rename(box.dir / "cur" / (paths[n].name + flags))
        paths[2].unlink()
        box.put(b"Subject: new\n\nlater\n", "1000000000.M1P1.first")
        assert b"body 1" in p.retr(1)
        assert b"body 2" in p.retr(2)
        (box.dir / "cur" / (paths[1].name + ":2,S")).rename(
            box.dir / "cur" / (paths[1].name + ":2,FS"))
        assert b"body 2" in p.retr(2)
        p.err("RETR 3")
        p.ok("DELE 3")
        p.ok("DELE 1")
        (box.dir / "cur" / (paths[0].name + ":2,")).rename(
            box.dir / "cur" / (paths[0].name + ":2,T"))
        assert b"body 4" in p.retr(4)
        p.quit()
    assert box.names() == sorted([
        "new/1000000000.M1P1.first", f"new/{paths[3].name}",
        f"cur/{paths[1].name}:2,FS"])


def test_flags_change_all_the_time(lab, box):
    """Whatever RETR answers, it is that message or an error."""
    for path in box.put_all(50):
        path.rename(box.dir / "cur" / (path.name + ":2,"))
    stop = threading.Event()

    def rename():
        flag = 0
        while not stop.is_set():
            flag ^= 1
            for f in list((box.dir / "cur").iterdir()):
                if stop.wait(0.001):
                    return
                base = f.name.split(":")[0]
                f.rename(f.with_name(base + (":2,S" if flag else ":2,")))

    thread = threading.Thread(target=rename)
    with lab.pop3("alice") as p:
        thread.start()
        try:
            right = 0
            for n in range(1, 51):
                if p.cmd(f"RETR {n}").startswith(b"+OK"):
                    assert p.rest() == \
                        b"Subject: %d\r\n\r\nbody %d\r\n" % (n, n)
                    right += 1
                p.ok(f"DELE {n}")
        finally:
            stop.set()
            thread.join()
        assert right > 25
        p.quit()
    assert box.names() == []


def test_strange_things_in_the_maildir(lab, box):
    good = box.put(b"good\n")
    os.symlink("/etc/passwd", box.dir / "new/1700000001.M1P1.link")
    os.mkfifo(box.dir / "cur/1700000001.M2P1.fifo:2,")
    (box.dir / "new/1700000001.M3P1.dir").mkdir()
    huge = box.put(b"", "1700000001.M4P1.huge")
    os.truncate(huge, 1 << 40)
    with lab.pop3("alice") as p:
        assert p.stat() == (1, 6)
        assert p.retr(1) == b"good\r\n"
        good.unlink()
        good.symlink_to("/etc/passwd")
        p.err("RETR 1")
        good.unlink()
        os.mkfifo(good)
        p.err("RETR 1")
        p.quit()
    for name in ("link", "fifo", "dir", "huge"):
        lab.wait_log(f".{name}")
    for name in ("new/1700000001.M1P1.link", "cur/1700000001.M2P1.fifo:2,"):
        (box.dir / name).unlink()
    (box.dir / "new/1700000001.M3P1.dir").rmdir()


def test_wrong_rights(lab, box):
    for name, mode in ((".", 0o770), ("new", 0o777), ("cur", 0o702)):
        (box.dir / name).chmod(mode)
        with lab.pop3() as p:
            p.ok("USER alice")
            r = p.err(f"PASS {lab.users['alice']}")
            assert r.startswith(b"-ERR [SYS/PERM] "), r
        (box.dir / name).chmod(0o700)
        lab.wait_log(f"mode {mode:04o}")
    if os.geteuid() == 0:
        os.chown(box.dir / "cur", 65534, -1)
        with lab.pop3() as p:
            p.ok("USER alice")
            r = p.err(f"PASS {lab.users['alice']}")
            assert r.startswith(b"-ERR [SYS/PERM] "), r
        box.give(box.dir / "cur")
    with lab.pop3("alice") as p:
        p.quit()


def test_mailbox_is_a_link(lab, box):
    elsewhere = box.dir.with_name("elsewhere")
    box.dir.rename(elsewhere)
    box.dir.symlink_to(elsewhere)
    try:
        with lab.pop3() as p:
            p.ok("USER alice")
            r = p.err(f"PASS {lab.users['alice']}")
            assert r.startswith(b"-ERR [SYS/PERM] "), r
        line, = lab.wait_log("symbolic link")[-1:]
        assert "path=" in line and "wanted=" in line and "Maildir" in line
    finally:
        box.dir.unlink()
        elsewhere.rename(box.dir)


def test_removal_fails(lab, box):
    if box.owner == 0:
        pytest.skip("root removes anything")
    box.put_all(3)
    with lab.pop3("alice") as p:
        p.ok("DELE 1")
        p.ok("DELE 3")
        (box.dir / "new").chmod(0o500)
        try:
            r = p.err("QUIT")
        finally:
            (box.dir / "new").chmod(0o700)
        assert r.startswith(b"-ERR [SYS/TEMP] 2 of 2 "), r
    assert len(box.names()) == 3


# --- ends that are no QUIT


def test_idle(make_lab):
    lab = make_lab(options=["pop3-timeout 2s"])
    box = Box(lab)
    box.put(b"x\n")
    with lab.pop3("alice") as p:
        p.ok("DELE 1")
        begin = time.monotonic()
        try:
            while time.monotonic() - begin < 20:
                p.send(b"N")  # not even a byte now and then helps
                time.sleep(0.3)
                if p.sock.recv(1, socket.MSG_DONTWAIT) == b"":
                    break
        except BlockingIOError:
            pytest.fail("still there")
        except OSError:
            pass
    lab.wait_log("reason=timeout")
    assert len(box.names()) == 1


def test_client_that_does_not_read(make_lab):
    lab = make_lab(options=["pop3-timeout 2s"])
    box = Box(lab)
    box.put(b"y" * 99 + b"\n" + b"x" * 30_000_000)
    with lab.pop3("alice") as p:
        p.send(b"RETR 1\r\nDELE 1\r\nQUIT\r\n")
        lab.wait_log("reason=error")
    assert len(box.names()) == 1
    with lab.pop3("alice") as p:
        assert p.stat()[0] == 1


def test_mailbox_process_killed(lab, box):
    box.put(b"x\n")
    with lab.pop3("bob") as other, lab.pop3("alice") as p:
        p.ok("DELE 1")
        os.kill(mailboxes.sessions(lab)[-1], signal.SIGKILL)
        assert p.at_eof()
        other.ok("NOOP")
        other.quit()
    with lab.pop3("alice") as p:
        assert p.stat()[0] == 1
        p.quit()
