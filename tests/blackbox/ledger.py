"""Mail to another host with a ledger: what was accepted, what the other host
got, and what came back to the sender."""

import os
import random
import re
import shutil
import subprocess
import time

import peers
import suite

SINK = suite.BUILD / "tests/bench/sink"


class Sink:
    """tests/bench/sink, which can be ended and started again; run, what its
    command line begins with (a network namespace)."""

    def __init__(self, place, *args, address="127.0.0.1", run=()):
        self.book = place / "ledger"
        self.program = place / "sink"
        shutil.copy(SINK, self.program)
        self.args, self.address, self.run = args, address, list(run)
        self.port = peers.free_port()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [*self.run, str(self.program), "-a", self.address, "-l",
             str(self.book), *self.args, str(self.port)],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def lines(self):
        if not self.book.exists():
            return []
        return [line.split() for line in self.book.read_text().splitlines()]


class Ledger:
    """Numbered messages from alice, each to recipients "rNUMBER-K"."""

    def __init__(self, lab, sink, domain="sink.test"):
        self.lab, self.sink, self.domain = lab, sink, domain
        self.accepted = set()

    def submit(self, first, count, rcpts=2, size=500):
        """Over one connection; what 250 was said for is accepted.  Returns how
        many were tried: a session that ends early is no fault, and what it
        ended with may or may not arrive."""
        text = b"x" * 70 + b"\r\n"
        tried = 0
        try:
            with self.lab.smtp() as s:
                s.ehlo()
                for n in range(first, first + count):
                    tried += 1
                    self.one(s, n, rcpts, text * (size // len(text) + 1))
        except (OSError, AssertionError, EOFError):
            pass
        return tried

    def one(self, s, n, rcpts, text):
        to = [f"r{n}-{k}@{self.domain}" for k in range(rcpts)]
        s.ok(f"MAIL FROM:<{self.lab.address('alice')}>")
        for rcpt in to:
            s.ok(f"RCPT TO:<{rcpt}>")
        reply = s.data(f"X-Ledger: {n}\r\nSubject: {n}\r\n\r\n".encode() +
                       text)
        if reply[0] == 250:
            self.accepted.update(to)

    # --- the outcome

    def settled(self):
        """Nothing waits any more, and all reports are delivered.  What was
        never accepted may lie about."""
        r = self.lab.run(self.lab.env["MAILQ"])
        return r.returncode == 0 and b"Mail queue is empty" in r.stdout

    def got(self):
        """How often each recipient's message arrived, and how often the other
        side did not say so."""
        told, lost = {}, {}
        for _, rcpt, what in self.sink.lines():
            book = told if what == "told" else lost
            book[rcpt] = book.get(rcpt, 0) + 1
        return told, lost

    def bounced(self):
        found = {}
        for f in self.lab.files("alice"):
            for rcpt in re.findall(rb"(?m)^Final-Recipient: rfc822; (\S+)$",
                                   f.read_bytes()):
                rcpt = rcpt.decode()
                found[rcpt] = found.get(rcpt, 0) + 1
        return found

    def check(self, faults=0):
        """One outcome for each accepted recipient.  A second copy only where
        the other side's 250 was lost: by the sink's own doing, or by one of so
        many faults, each of which can lose those that are under way."""
        told, lost = self.got()
        bounced = self.bounced()
        missing = [r for r in self.accepted
                   if not (r in told or r in lost or r in bounced)]
        assert not missing, missing[:10]
        both = [r for r in bounced if r in told]
        twice = [r for r, n in bounced.items() if n > 1]
        again = [r for r, n in told.items() if n > 1]
        print(f"accepted {len(self.accepted)} told {len(told)} "
              f"lost {len(lost)} bounced {len(bounced)} both {len(both)} "
              f"bounced-twice {len(twice)} told-again {len(again)}")
        if not faults:
            assert not (both or twice or again), \
                (both[:5], twice[:5], again[:5])
        return len(again)


def kill_at_random(lab, names, seconds, every=0.3):
    """SIGKILL to one process of these, again and again; how many fell."""
    end = time.monotonic() + seconds
    fell = 0
    while time.monotonic() < end:
        time.sleep(random.uniform(0, 2 * every))
        pids = [p for name in names for p in lab.pids(name)]
        if pids:
            try:
                os.kill(random.choice(pids), 9)
                fell += 1
            except ProcessLookupError:
                pass
    return fell
