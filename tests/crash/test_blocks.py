"""Which disks a power cut can leave, for a log made by hand."""

import os
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import blocks  # noqa: E402

B = blocks.BLOCK
SIZE = 8 * B


def write(block, letter, count=1):
    return struct.pack("=cxxxIQ", b"w", count * B, block * B) + \
        letter * count * B


def mark(text):
    return struct.pack("=cxxxIQ", b"m", len(text), 0) + text


FLUSH = struct.pack("=cxxxIQ", b"f", 0, 0)
ROWS = [write(0, b"a"), FLUSH, mark(b"begin"), write(1, b"b"),
        write(2, b"c", 2), mark(b"early"), FLUSH, mark(b"late"),
        write(1, b"d"), FLUSH, mark(b"last")]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"".join(ROWS))
    return blocks.Log(path)


def letters(path):
    data = Path(path).read_bytes()
    assert len(data) == SIZE
    out = b"".join(data[n:n + 1] for n in range(0, SIZE, B))
    assert all(data[n:n + B] == data[n:n + 1] * B for n in range(0, SIZE, B))
    return out.replace(b"\0", b".").decode()


def test_log(log):
    assert log.marks == ["begin", "early", "late", "last"]
    assert [len(i.writes) for i in log.intervals] == [1, 2, 1, 0]
    assert [i.marks for i in log.intervals] == [0, 2, 3, 4]
    assert log.interval_after("begin") == 1
    assert log.interval_after("last") == 3


def test_a_log_cut_short(tmp_path):
    (tmp_path / "log").write_bytes(b"".join(ROWS)[:-len(ROWS[-1])] + b"w\0")
    assert len(blocks.Log(tmp_path / "log").intervals) == 4
    (tmp_path / "none").write_bytes(b"")
    assert blocks.Log(tmp_path / "none").intervals == [blocks.Interval([], 0)]


def test_all_states(log, tmp_path):
    """What was flushed is there; of the rest any part; what was said is."""
    images = blocks.Images(log, tmp_path, SIZE)
    found = {}
    for state in blocks.choose(log, 1, 200, 1):
        disk = letters(images.make(state))
        said = tuple(images.acknowledged(state))
        found.setdefault(said, set()).add(disk)
    assert found == {
        ("begin", "early"): {
            "a.......", "ab......", "a.c.....", "a..c....", "abc.....",
            "ab.c....", "a.cc....", "abcc...."},
        ("begin", "early", "late"): {"abcc....", "adcc...."},
        ("begin", "early", "late", "last"): {"adcc...."},
    }


def test_bounds(log):
    """Never more than asked for, none twice, in order, the same again."""
    for count in (1, 2, 3, 7):
        states = blocks.choose(log, 1, count, 5)
        assert 1 <= len(states) <= count
        assert [s.interval for s in states] == \
            sorted(s.interval for s in states)
        keys = {(s.interval, tuple(s.kept)) for s in states}
        assert len(keys) == len(states)
        assert states == blocks.choose(log, 1, count, 5)


def test_worst_state(log):
    """All was said, of what was not flushed nothing is there: always."""
    for count in (1, 2, 3, 7):
        assert blocks.State(3, [], "none") in blocks.choose(log, 1, count, 5)


@pytest.mark.parametrize("count,wanted", (
    (1, [0]), (2, [0, 9]), (3, [0, 4, 9]), (4, [0, 3, 6, 9]),
    (10, list(range(10))), (11, list(range(10)))))
def test_spread(count, wanted):
    assert blocks.spread(list(range(10)), count) == wanted


def test_pieces():
    whole = blocks.Write(3 * B, 2 * B + 512, 100)
    assert blocks.pieces(whole) == [
        blocks.Write(3 * B, B, 100), blocks.Write(4 * B, B, 100 + B),
        blocks.Write(5 * B, 512, 100 + 2 * B)]


def test_sparse_copy(tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    with open(source, "wb") as f:
        f.truncate(1 << 24)
        os.pwrite(f.fileno(), b"x" * B, 1 << 20)
        os.pwrite(f.fileno(), b"y" * B, (1 << 24) - B)
    blocks.copy_sparse(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks < 1 << 12
