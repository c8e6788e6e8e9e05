"""pipe: mbox files and include lists, by the job channel alone."""

import mailbox
import os
import re
import stat
import subprocess
import threading

import pytest

import jobs
import pipe_jobs

TEXT = b"Subject: x\n\nhello\n"


@pytest.fixture
def place(nobody):
    made = jobs.Place(nobody)
    made.root.chmod(0o755)
    yield made
    made.close()


@pytest.fixture
def pipe(place):
    one = pipe_jobs.Pipe(place)
    yield one
    one.end_well()


# --- mbox files

def test_mbox(place, pipe):
    file = place.root / "m"
    bodies = ["one\n", "From me\n", ">From me\nFrom \n", "", "\n\n", "no end"]
    for body in bodies:
        assert pipe.one(b"Subject: x\n\n" + body.encode(), f"b{file}").dsn == \
            "2.0.0"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(os.listdir(place.root)) == ["m"]
    box = mailbox.mbox(file)
    assert len(box) == len(bodies)
    found = [re.sub(r"^>(>*From )", r"\1", m.get_payload(), flags=re.M)
             for m in box]
    box.close()
    assert [f.rstrip("\n") for f in found] == [b.rstrip("\n") for b in bodies]


def test_mbox_many_writers(place, nobody):
    file = place.root / "m"
    pipes = [pipe_jobs.Pipe(place) for _ in range(4)]

    def write(one, n):
        for i in range(10):
            body = f"Subject: {n}.{i}\n\n".encode() + b"From x\n" * 20000
            assert one.one(body, f"b{file}").dsn == "2.0.0"

    threads = [threading.Thread(target=write, args=(one, n))
               for n, one in enumerate(pipes)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for one in pipes:
        one.end_well()
    box = mailbox.mbox(file)
    assert sorted(m["Subject"] for m in box) == sorted(
        f"{n}.{i}" for n in range(4) for i in range(10))
    assert all(m.get_payload().count(">From x\n") == 20000 for m in box)
    box.close()


def test_mbox_is_no_file(place, pipe):
    file = place.root / "m"
    real = place.root / "real"
    real.write_bytes(b"x")
    os.chown(real, *[os.getuid() if place.uid is None else place.uid] * 2)
    file.symlink_to(real)
    assert pipe.one(TEXT, f"b{file}").dsn == "4.3.5"
    file.unlink()
    os.link(real, file)
    assert pipe.one(TEXT, f"b{file}").dsn == "4.3.5"
    file.unlink()
    os.mkfifo(file)
    assert pipe.one(TEXT, f"b{file}").dsn == "4.3.5"
    assert pipe.one(TEXT, f"b{place.root}").dsn == "4.3.5"
    assert pipe.one(TEXT, "b/dev/zero").dsn == "4.3.5"
    assert pipe.one(TEXT, "b/dev/null").dsn == "2.0.0"
    assert pipe.one(TEXT, "bm").dsn == "4.3.5"
    assert real.read_bytes() == b"x"
    for line in pipe.errors():
        assert "path=" in line and "wanted=" in line and "found=" in line


def test_mbox_of_others(place, pipe):
    if place.uid is None:
        pytest.skip("root may give files away")
    file = place.root / "m"
    file.write_bytes(b"")
    os.chown(file, place.uid - 1, place.uid - 1)
    file.chmod(0o666)
    assert pipe.one(TEXT, f"b{file}").dsn == "4.3.5"
    os.chown(file, 0, 0)
    assert pipe.one(TEXT, f"b{file}").dsn == "2.0.0"
    file.chmod(0o600)
    assert pipe.one(TEXT, f"b{file}").dsn == "4.2.1"


def test_mbox_where_no_file_can_be_made(place, pipe):
    """As in /var/mail: fcntl(2) alone."""
    if place.uid is None:
        pytest.skip("everything is ours")
    there = place.base / "spool"
    there.mkdir()
    file = there / "m"
    file.write_bytes(b"")
    os.chown(file, place.uid, place.uid)
    assert pipe.one(TEXT, f"b{file}").dsn == "2.0.0"
    assert file.read_bytes().endswith(b"\nhello\n\n")
    assert pipe.one(TEXT, f"b{there}/new").dsn == "4.2.1"


@pytest.fixture
def small(place):
    """A file system with room for little."""
    where = place.root / "small"
    where.mkdir()
    if os.getuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size=64k,uid={place.uid},"
             f"gid={place.uid}", "none", where],
            capture_output=True).returncode != 0:
        pytest.skip("may not mount")
    yield where
    subprocess.run(["umount", where], check=True)


def test_mbox_full_disk(small, pipe):
    file = small / "m"
    assert pipe.one(TEXT, f"b{file}").dsn == "2.0.0"
    before = file.read_bytes()
    assert pipe.one(b"\n" + b"x" * 200000, f"b{file}").dsn == "4.3.1"
    assert file.read_bytes() == before
    assert pipe.one(TEXT, f"b{file}").dsn == "2.0.0"
    assert sorted(os.listdir(small)) == ["m"]


# --- lists

def write_list(place, text):
    file = place.root / "list"
    file.write_text(text)
    file.chmod(0o644)
    return f"i{file}"


def test_include(place, pipe):
    found = pipe.one(TEXT, write_list(
        place, "a@x.test, b@x.test\n# c\n\nBob <bob@X.test>\n\\carol\n"))
    assert found.dsn == "2.0.0" and found.flags == jobs.FORWARDED
    assert found.forwards == ["aa@x.test", "ab@x.test", "abob@x.test",
                              "fcarol"]
    assert "event=included" in pipe.log() and "members=4 " in pipe.log()


def test_include_many(place, pipe):
    names = [f"u{n}@x.test" for n in range(10000)]
    found = pipe.one(TEXT, write_list(place, "\n".join(names)))
    assert found.dsn == "2.0.0"
    assert found.forwards == ["a" + name for name in names]
    found = pipe.one(TEXT, write_list(place, "a@x.test\n" * 50001))
    assert found.dsn == "4.3.5" and found.forwards == []


@pytest.mark.parametrize("text, dsn, words", [
    ("", "4.2.4", "members"), ("# nobody\n", "4.2.4", "members"),
    ("a@x.test\n|/bin/true\n", "4.3.5", "list:2"),
    ("a@x.test\n/etc/passwd\n", "4.3.5", "list:2"),
    (":include:/etc/passwd\n", "4.3.5", "list:1"),
    ("a b\n", "4.3.5", "list:1")])
def test_include_mistakes(place, pipe, text, dsn, words):
    found = pipe.one(TEXT, write_list(place, text))
    assert found.dsn == dsn and found.forwards == [] and found.flags == 0
    [error] = pipe.errors()
    assert words in error and str(place.root) not in found.text


def test_include_is_no_list(place, pipe):
    via = write_list(place, "a@x.test\n")
    (place.root / "list").chmod(0o666)
    assert pipe.one(TEXT, via).dsn == "4.3.5"
    assert pipe.one(TEXT, "i/no/such/list").dsn == "4.3.5"
    assert pipe.one(TEXT, "i/dev/zero").dsn == "4.3.5"
    assert pipe.one(TEXT, "i/etc").dsn == "4.3.5"
    os.mkfifo(place.root / "fifo")
    assert pipe.one(TEXT, f"i{place.root}/fifo").dsn == "4.3.5"
    if place.uid is not None:
        (place.root / "list").chmod(0o600)  # root's
        assert pipe.one(TEXT, via).dsn == "4.3.5"
