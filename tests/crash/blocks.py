"""The states in which a power cut can leave a recorded disk.

What was written before a flush that the disk has answered is there.  Of what
was written after the last flush any part may be there, in any order, blocks of
4096 bytes being whole or not written at all.  What had been said to somebody
by then are the marks before the next flush.
"""

import mmap
import os
import random
import struct
from collections import namedtuple

HEADER = struct.Struct("=cxxxIQ")  # struct record of blocklog.c
BLOCK = 4096

# at: where the bytes are in the log's file.
Write = namedtuple("Write", "offset length at")
# Between two flushes: the writes, and how many marks there are before its end.
Interval = namedtuple("Interval", "writes marks")
# kept: writes or parts of them that are there beside all earlier intervals.
State = namedtuple("State", "interval kept how")


class Log:
    """What blocklog wrote; the bytes stay in the file."""

    def __init__(self, path):
        self.bytes = b""
        if os.path.getsize(path) > 0:
            with open(path, "rb") as f:
                self.bytes = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        self.marks = []
        self.intervals = []
        self.read()

    def read(self):
        at, writes = 0, []
        while at + HEADER.size <= len(self.bytes):
            kind, length, offset = HEADER.unpack_from(self.bytes, at)
            at += HEADER.size
            if kind == b"w":
                writes.append(Write(offset, length, at))
            elif kind == b"m":
                self.marks.append(self.bytes[at:at + length].decode())
            else:
                self.intervals.append(Interval(writes, len(self.marks)))
                writes = []
            at += length
        self.intervals.append(Interval(writes, len(self.marks)))

    def interval_after(self, mark):
        """The first one that ends with this mark made."""
        wanted = self.marks.index(mark) + 1
        return next(i for i, one in enumerate(self.intervals)
                    if one.marks >= wanted)

    def data(self, write):
        return self.bytes[write.at:write.at + write.length]


def pieces(write):
    """The blocks that a disk may write one without the other."""
    return [Write(write.offset + n, min(BLOCK, write.length - n), write.at + n)
            for n in range(0, write.length, BLOCK)]


def keep_some(rnd, writes):
    """A part of what was on its way, and what kind of part it is."""
    how = rnd.choice(("half", "beginning", "all but one", "one", "blocks"))
    if how == "half":
        return how, [w for w in writes if rnd.random() < 0.5]
    if how == "beginning":
        return how, writes[:rnd.randrange(len(writes) + 1)]
    if how == "blocks":
        return how, [p for w in writes for p in pieces(w)
                     if rnd.random() < 0.5]
    n = rnd.randrange(len(writes))
    if how == "one":
        return how, [writes[n]]
    return how, writes[:n] + writes[n + 1:]


def spread(items, count):
    """Evenly chosen, the first and the last among them if there is room."""
    if len(items) <= count:
        return items
    if count == 1:
        return items[:1]
    return [items[n * (len(items) - 1) // (count - 1)] for n in range(count)]


def telling(log, first):
    """Intervals after which something else is on disk, or was said."""
    return [i for i in range(first, len(log.intervals))
            if log.intervals[i].writes or
            log.intervals[i].marks > log.intervals[max(i - 1, 0)].marks]


def choose(log, first, count, seed):
    """At most so many different states, in the order of time.

    First of all the one in which everything has been said and nothing is there
    that was not flushed by then.  Nothing of an interval's writes, for as many
    intervals as go into half of the number; then parts of the writes of any
    interval.
    """
    rnd = random.Random(seed)
    where = telling(log, first)
    states = {}

    def add(interval, how, kept):
        key = (interval, tuple(kept))
        states.setdefault(key, State(interval, kept, how))

    all_said = next(i for i, one in enumerate(log.intervals)
                    if one.marks == len(log.marks))
    add(max(first, all_said), "none", [])
    for i in spread(where, count // 2):
        if len(states) < max(1, count // 2):
            add(i, "none", [])
    busy = [i for i in where if log.intervals[i].writes]
    for _ in range(20 * count):
        if len(states) >= count or not busy:
            break
        i = rnd.choice(busy)
        add(i, *keep_some(rnd, log.intervals[i].writes))
    return sorted(states.values(), key=lambda s: s.interval)


class Images:
    """Makes the disk of each state, in the order of time, in a file."""

    def __init__(self, log, work, size):
        self.log, self.size = log, size
        self.before, self.image = work / "before.img", work / "state.img"
        self.done = 0
        with open(self.before, "wb") as f:
            f.truncate(size)

    def put(self, file, writes):
        for w in writes:
            os.pwrite(file.fileno(), self.log.data(w), w.offset)

    def make(self, state):
        with open(self.before, "r+b") as f:
            while self.done < state.interval:
                self.put(f, self.log.intervals[self.done].writes)
                self.done += 1
        copy_sparse(self.before, self.image)
        with open(self.image, "r+b") as f:
            self.put(f, state.kept)
        return self.image

    def acknowledged(self, state):
        """The marks made before the disk was next asked to flush."""
        return self.log.marks[:self.log.intervals[state.interval].marks]


def copy_sparse(source, target):
    with open(source, "rb") as a, open(target, "wb") as b:
        size, at = os.fstat(a.fileno()).st_size, 0
        b.truncate(size)
        while at < size:
            try:
                at = os.lseek(a.fileno(), at, os.SEEK_DATA)
            except OSError:  # no more data
                return
            end = os.lseek(a.fileno(), at, os.SEEK_HOLE)
            while at < end:
                chunk = os.pread(a.fileno(), min(end - at, 1 << 20), at)
                os.pwrite(b.fileno(), chunk, at)
                at += len(chunk)
