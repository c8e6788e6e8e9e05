"""Quotas: what a mailbox may hold, asked at RCPT, kept by local and pop3d."""

import json
import os
import struct

import pytest

import jobs
from messages import plain
from suite import wait_for
from unix_users import root_only, unix_user

ALICE = ("alice@example.org", "Maildir")
FROM = "someone@foreign.example"


# --- local alone

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


def put(place, text, name="Maildir/maildirsize"):
    path = place.root / name
    path.write_bytes(text.encode())
    if place.uid is not None:
        os.chown(path, place.uid, place.uid)


def sums(place, maildir="Maildir"):
    """The lines of the file; None: there is none."""
    path = place.root / maildir / "maildirsize"
    return path.read_text().splitlines() if path.exists() else None


def stored(place, content, local):
    """How many bytes that content has in a mailbox."""
    assert local.deliver(content, ("alice@example.org", "other")) == ["2.0.0"]
    return place.files("other")[-1].stat().st_size


def test_exactly_full(place, local):
    content = plain("x" * 500)
    size = stored(place, content, local)
    fits = {"quota": 2 * size}
    assert sums(place, "other") is None  # nobody wants it
    assert local.deliver(content, (*ALICE, fits)) == ["2.0.0"]
    assert local.deliver(content, (*ALICE, fits)) == ["2.0.0"]
    assert local.deliver(content, (*ALICE, fits)) == ["5.2.2"]
    assert local.text == ["mailbox is full"]
    defer = {**fits, "flags": jobs.FULL_DEFER}
    assert local.deliver(content, (*ALICE, defer)) == ["4.2.2"]
    # one byte over, and the mailbox of another is his own
    less = {"quota": 2 * size - 1}
    assert local.deliver(content, ("alice@example.org", "two", less),
                         ("bob@example.org", "three", less)) == [
        "2.0.0", "2.0.0"]
    assert local.deliver(content, ("alice@example.org", "two", less),
                         ("bob@example.org", "four", less)) == [
        "5.2.2", "2.0.0"]
    assert len(place.files("Maildir")) == 2 + 1  # and the warning
    assert len(place.files("two")) == 1
    assert place.files("Maildir", "tmp") == place.files("two", "tmp") == []


def test_in_one_batch(place, local):
    """One mailbox twice in a job is not promised twice."""
    content = plain("x" * 500)
    size = stored(place, content, local)
    fits = {"quota": 2 * size - 1}
    assert local.deliver(content, (*ALICE, fits), (*ALICE, fits)) == [
        "2.0.0", "5.2.2"]
    assert len(place.files("Maildir")) == 1


def test_messages(place, local):
    content = plain("x")
    limit = {"quota_messages": 2}
    assert local.deliver(content, (*ALICE, limit)) == ["2.0.0"]
    assert local.deliver(content, (*ALICE, limit)) == ["2.0.0"]
    assert local.deliver(content, (*ALICE, limit)) == ["5.2.2"]


def test_warning(place, local):
    """Once when the mark is passed; after it was left, once more."""
    content = plain("x" * 2000)
    size = stored(place, content, local)
    limit = {"quota": 20 * size}
    for _ in range(17):
        assert local.deliver(content, (*ALICE, limit)) == ["2.0.0"]
    assert len(place.files("Maildir")) == 17
    assert local.deliver(content, (*ALICE, limit)) == ["2.0.0"]  # 90 %
    found = wait_for(lambda: len(place.files("Maildir")) == 19 and
                     place.files("Maildir"), "the warning")
    warning = found[-1].read_text()
    assert warning.startswith("Return-Path: <>\n")
    assert "\nAuto-Submitted: auto-generated\n" in warning
    assert "\nTo: <alice@example.org>\n" in warning
    assert "\nSubject: Your mailbox is 90 % full\n" in warning
    assert f" of {20 * size / 1024:.1f}"[:5] in warning
    assert local.deliver(content, (*ALICE, limit)) == ["2.0.0"]
    assert len(place.files("Maildir")) == 20
    # below it again, and above
    for f in place.files("Maildir")[:10]:
        f.unlink()
    (place.root / "Maildir/maildirsize").unlink()
    for _ in range(9):
        assert local.deliver(content, (*ALICE, limit)) == ["2.0.0"]
    wait_for(lambda: len(place.files("Maildir")) == 20, "another warning")
    log = local.log()
    assert log.count("event=quota-warning to=alice@example.org ") == 2


def test_folder_counts(place, local):
    content = plain("x" * 500)
    size = stored(place, content, local)
    limit = {"quota": 2 * size + 100, "flags": jobs.TAG_FOLDER,
             "tag": "lists"}
    tagged = ("alice+lists@example.org", "Maildir", limit)
    assert local.deliver(content, (*ALICE, {"quota": 0})) == ["2.0.0"]
    for sub in ("", "tmp", "cur", "new"):
        path = place.root / "Maildir/.lists" / sub
        path.mkdir()
        if place.uid is not None:
            os.chown(path, place.uid, place.uid)
    assert local.deliver(content, tagged) == ["2.0.0"]
    assert len(place.files("Maildir/.lists")) == 1
    assert local.deliver(content, tagged) == ["5.2.2"]
    # and it counts when the sum is made anew
    (place.root / "Maildir/maildirsize").unlink()
    assert local.deliver(content, tagged) == ["5.2.2"]
    # what does not count is no way around it
    (place.root / "Maildir/.lists").rename(place.root / "Maildir/.Trash")
    limit["tag"] = "Trash"
    limit["quota"] = 4 * size
    (place.root / "Maildir/maildirsize").unlink()
    before = len(place.files("Maildir"))
    assert local.deliver(content, tagged) == ["2.0.0"]
    assert len(place.files("Maildir/.Trash")) == 1
    assert len(place.files("Maildir")) == before + 1


def test_trash_of_others(place, local):
    """What no count finds is added to no sum, either."""
    content = plain("x" * 500)
    assert local.deliver(content, ALICE) == ["2.0.0"]
    for sub in ("", "tmp", "cur", "new"):
        path = place.root / "Maildir/.Trash" / sub
        path.mkdir()
        if place.uid is not None:
            os.chown(path, place.uid, place.uid)
    put(place, "10000S\n0 0\n")
    tagged = {"flags": jobs.TAG_FOLDER, "tag": "Trash"}
    assert local.deliver(content, (ALICE[0], ALICE[1], tagged)) == ["2.0.0"]
    assert len(place.files("Maildir/.Trash")) == 1
    assert sums(place) == ["10000S", "0 0"]
    assert local.deliver(content, ALICE) == ["2.0.0"]
    assert len(sums(place)) == 3


# As Dovecot 2.3 and Courier leave it.
THEIRS = {
    "dovecot": "10000S\n9800 3\n100 1\n",
    "dovecot, both": "10000S,20C\n9800 3\n100 1\n",
    "courier": "10000S,20C  \n9800    3   \n100     1   \n",
}


@pytest.mark.parametrize("name", THEIRS)
def test_theirs(place, local, name):
    content = plain("x" * 10)
    assert stored(place, content, local) > 100
    assert local.deliver(content, (*ALICE, {"quota": 0})) == ["2.0.0"]
    put(place, THEIRS[name])
    limit = {"quota": 10000}
    if "20C" in THEIRS[name]:
        limit["quota_messages"] = 20
    before = sums(place)
    # it is believed, being new: 100 bytes are left
    assert local.deliver(content, (*ALICE, limit)) == ["5.2.2"]
    assert sums(place) == before
    # without a quota of ours theirs is kept right
    assert local.deliver(content, (*ALICE, {"quota": 0})) == ["2.0.0"]
    size = place.files("Maildir")[-1].stat().st_size
    assert sums(place) == [*before, f"{size} 1"]
    # with another quota it is counted
    limit["quota"] = 9999
    assert local.deliver(content, (*ALICE, limit)) == ["2.0.0"]
    assert sums(place)[1] == f"{2 * size} 2"


ODD = ["", "\0" * 3000, "x" * 8000, "10000S\n", "10000S\n-5 -5\n",
       "10000S\n9" * 400, "10000S\n99999999999999999999 1\n"]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_garbage(place, local, text):
    content = plain("x" * 10)
    assert local.deliver(content, (*ALICE, {"quota": 0})) == ["2.0.0"]
    put(place, text)
    assert local.deliver(content, (*ALICE, {"quota": 10000})) == ["2.0.0"]
    size = place.files("Maildir")[-1].stat().st_size
    assert sums(place) == ["10000S", f"{size} 1", f"{size} 1"]


def measure(local, serial, size=0, quota=0, maildir="Maildir"):
    local.sock.send(struct.pack(">HLQQQ", jobs.MEASURE, serial, size, quota,
                                0) + jobs.text(maildir))
    kind, *said = struct.unpack(">HLLQQ", local.sock.recv(1000))
    assert kind == jobs.MEASURED and said[0] == serial
    return said[1:]


def test_measure(place, local):
    content = plain("x" * 500)
    size = stored(place, content, local)
    assert measure(local, 7, 10, 100) == [0, 0, 0]  # nothing is there
    assert local.deliver(content, (*ALICE, {"quota": 2 * size})) == ["2.0.0"]
    assert measure(local, 8, size, 2 * size) == [0, size, 1]
    assert measure(local, 9, size + 1, 2 * size) == [1, size, 1]
    assert measure(local, 10, 0, size) == [1, size, 1]  # not even one byte
    assert measure(local, 11, 10, 5, "../Maildir") == [0, 0, 0]
    # a ~/.forward decides about each message
    put(place, "bob@example.net\n", ".forward")
    assert measure(local, 12, size, size) == [0, 0, 0]


# --- the suite

def mail(n):
    """About n bytes."""
    return b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * (n // 72)


def empty(lab):
    lab.empty()
    (lab.maildir("alice") / "maildirsize").unlink(missing_ok=True)


@pytest.fixture
def lab(share):
    lab = share("quota", options=["quota-warning 0"])
    empty(lab)
    limits(lab, "alice", "20k", "0")
    return lab


def limits(lab, user, *words):
    r = lab.postrider("user", "quota", lab.address(user), *words)
    assert r.returncode == 0, r.stderr


def size_of(lab):
    """What the sum of alice's mailbox is."""
    text = (lab.maildir("alice") / "maildirsize").read_text()
    return sum(int(line.split()[0]) for line in text.splitlines()[1:])


def hello(lab):
    s = lab.smtp()
    s.ehlo()
    return s


def fill(lab):
    """Until at most 3 KiB are left."""
    while not lab.files("alice") or size_of(lab) < 17 << 10:
        assert lab.send(mail(2000), ("alice",), "").code == 250


def test_rcpt_of_full(lab):
    fill(lab)
    with hello(lab) as s:
        s.ok(f"MAIL FROM:<{FROM}> SIZE=10000")
        r = s.cmd(f"RCPT TO:<{lab.address('alice')}>")
        assert r.code == 552
        assert r.dsn == "5.2.2"
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        assert s.data(mail(9000)).code == 250
    lab.wait_files("bob", 1)
    # what fits comes in
    with hello(lab) as s:
        s.ok(f"MAIL FROM:<{FROM}> SIZE=500")
        s.ok(f"RCPT TO:<{lab.address('alice')}>")
        assert s.data(mail(10)).code == 250


def test_not_declared(lab):
    """Of a message whose size nobody knows the delivery decides."""
    fill(lab)
    n = len(lab.files("alice"))
    with hello(lab) as s:
        s.ok("MAIL FROM:<>")
        s.ok(f"RCPT TO:<{lab.address('alice')}>")
        s.data(mail(9000))
    lab.wait_idle()
    assert len(lab.files("alice")) == n


def test_pop3_makes_room(lab):
    fill(lab)
    with hello(lab) as s:
        s.ok(f"MAIL FROM:<{FROM}> SIZE=10000")
        assert s.cmd(f"RCPT TO:<{lab.address('alice')}>").code == 552
    before = size_of(lab)
    with lab.pop3("alice") as p:
        for n in range(1, 6):
            p.ok(f"DELE {n}")
        p.quit()
    lab.wait_files("alice", len(lab.files("alice")))
    assert size_of(lab) < before - 10000
    last = (lab.maildir("alice") / "maildirsize").read_text().splitlines()[-1]
    assert last.endswith(" -5")

    def accepted():
        with hello(lab) as s:
            s.ok(f"MAIL FROM:<{FROM}> SIZE=9000")
            return s.cmd(f"RCPT TO:<{lab.address('alice')}>").code == 250
    wait_for(accepted, "room", timeout=5)  # an answer holds for a second
    assert lab.send(mail(8000), ("alice",)).code == 250


def test_deferred(share):
    lab = share("quota-defer", options=["quota-full defer", "quota 6k"])
    empty(lab)
    assert lab.send(mail(3000), ("alice",)).code == 250
    with hello(lab) as s:
        s.ok(f"MAIL FROM:<{FROM}> SIZE=5000")
        r = s.cmd(f"RCPT TO:<{lab.address('alice')}>")
        assert r.code == 452
        assert r.dsn == "4.2.2"


def test_tool(lab):
    fill(lab)
    r = lab.postrider("quota", "--json", lab.address("alice"))
    assert r.returncode == 0, r.stderr
    [one] = json.loads(r.stdout)
    assert one["account"] == lab.address("alice")
    assert one["bytes"] == size_of(lab)
    assert one["messages"] == len(lab.files("alice"))
    assert one["quota-bytes"] == 20 << 10
    assert one["quota-messages"] == 0
    assert one["percent"] == one["bytes"] * 100 // (20 << 10)
    assert one["counted"] is False
    # all of them, for people
    r = lab.postrider("quota")
    assert r.returncode == 0, r.stderr
    rows = [line.split() for line in r.stdout.decode().splitlines()]
    assert rows[0][0] == "ACCOUNT"
    assert [row[0] for row in rows[1:]] == sorted(map(lab.address, lab.users))
    assert [row for row in rows if row[0] == lab.address("bob")][0][2] == "-"
    # a sum that is wrong is made right
    path = lab.maildir("alice") / "maildirsize"
    with path.open("a", encoding="ascii") as f:
        f.write("500000 7\n")
    owner = path.stat().st_uid
    r = lab.postrider("quota", "--recount", "--json", lab.address("alice"))
    assert json.loads(r.stdout) == [{**one, "counted": True}]
    assert path.read_text() == f"20480S\n{one['bytes']} {one['messages']}\n"
    assert path.stat().st_uid == owner
    assert lab.postrider("quota", "nobody").returncode == 65
    assert lab.postrider("quota", "--nothing").returncode == 64


@pytest.fixture
def user():
    """Asked for before a lab, so that no agent of his runs at the end."""
    with unix_user("q") as one:
        yield one


@root_only
def test_unix_user(user, make_lab):
    """His own agent is asked, and one is started for that."""
    lab = make_lab(options=["quota 6k", "quota-warning 0"])
    r = lab.postrider("domain", "add", "unix.example", "unix")
    assert r.returncode == 0, r.stderr
    to = f"{user.name}@unix.example"

    def rcpt(size):
        with hello(lab) as s:
            s.ok(f"MAIL FROM:<> SIZE={size}")
            return s.cmd(f"RCPT TO:<{to}>").code

    assert rcpt(7000) == 552
    assert rcpt(1000) == 250
    with hello(lab) as s:
        s.ok("MAIL FROM:<> SIZE=3000")
        s.ok(f"RCPT TO:<{to}>")
        assert s.data(mail(3000)).code == 250
    wait_for(user.mail, "his mail")
    assert (user.home / "Maildir/maildirsize").stat().st_uid == user.uid
    assert rcpt(4000) == 552
    r = lab.postrider("quota", "--json", to)
    assert [(a["account"], a["messages"]) for a in json.loads(r.stdout)] == [
        (user.name, 1)]
    user.write(".forward", f"{lab.address('bob')}\n")
    wait_for(lambda: rcpt(4000) == 250, "his mail going elsewhere", timeout=5)
