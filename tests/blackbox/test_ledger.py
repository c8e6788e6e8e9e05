"""One outcome for every recipient that was accepted, whatever happens to
queued, remote, the network and the other host.

"make proof-outbound" runs these with 20 000 messages.
"""

import os
import random
import shutil
import subprocess
import threading
import time

import pytest

import ledger
import suite

PROOF = bool(os.environ.get("PROOF"))
MANY = 20000 if PROOF else 400
AT_ONCE = 4
PATIENCE = 1800 if PROOF else 120

root = pytest.mark.skipif(os.getuid() != 0,
                          reason="a network of its own wants root")

OPTIONS = ("mx.relay-clients 127.0.0.1", "retry-first 1s", "retry-most 2s",
           "remote-timeout 5s", "connect-timeout 2s", "session-junk 10000")


class Net:
    """A network namespace beside ours, joined by a pair of interfaces."""

    def __init__(self):
        n = random.randrange(1, 16000)
        self.name = f"pr{n}"
        self.ours, self.theirs = (
            f"10.{200 + n // 4000}.{n // 64 % 62}.{n % 64 * 4 + k}"
            for k in (1, 2))
        self.link = f"prv{n}"
        for command in (f"ip netns add {self.name}",
                        f"ip link add {self.link} type veth peer name eth0 "
                        f"netns {self.name}",
                        f"ip addr add {self.ours}/30 dev {self.link}",
                        f"ip link set {self.link} up",
                        f"ip -n {self.name} addr add {self.theirs}/30 "
                        "dev eth0",
                        f"ip -n {self.name} link set lo up",
                        f"ip -n {self.name} link set eth0 up"):
            self.do(command)

    @staticmethod
    def do(command):
        r = subprocess.run(command.split(), capture_output=True, text=True,
                           stdin=subprocess.DEVNULL)
        assert r.returncode == 0, (command, r.stderr)

    def run(self):
        return ("ip", "netns", "exec", self.name)

    def cut(self, is_cut):
        """Nothing gets through, and nobody hears of it."""
        self.do(f"ip -n {self.name} link set eth0 "
                f"{'down' if is_cut else 'up'}")

    def lose(self, percent):
        """So many packets in a hundred, in both directions."""
        script = f"""
table inet lossy {{
    chain take {{
        type filter hook input priority 0;
        numgen random mod 100 < {percent} drop
    }}
}}
"""
        r = subprocess.run([*self.run(), "nft", "-f", "-"], input=script,
                           capture_output=True, text=True)
        assert r.returncode == 0, r.stderr

    def close(self):
        # Not waited for: interfaces go with the namespace.
        self.do(f"ip netns del {self.name}")


@pytest.fixture
def net():
    one = Net()
    yield one
    one.close()


@pytest.fixture
def sinks():
    made = []

    def make(place, *args, **more):
        made.append(ledger.Sink(place, *args, **more))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        shutil.rmtree(one.program.parent)


def submit(book, count, offset=0, rcpts=2):
    """From several clients, who come again when they are sent away."""
    def one(k):
        n, end = offset + k * count, offset + (k + 1) * count
        while n < end:
            step = min(50, end - n)
            tried = book.submit(n, step, rcpts)
            n += tried
            if tried < step:
                time.sleep(0.1)  # as a client would
    threads = [threading.Thread(target=one, args=(k,))
               for k in range(AT_ONCE)]
    for t in threads:
        t.start()
    return threads


def finish(threads, book, timeout=PATIENCE):
    for t in threads:
        t.join()
    suite.wait_for(book.settled, "an empty queue", timeout, every=0.2)


def test_a_sink_that_errs(make_lab, sinks):
    """It refuses some, is busy for some, and drops the connection after the
    content of some."""
    place = suite.open_dir()
    sink = sinks(place, "-r", "5", "-b", "10", "-d", "3").start()
    lab = make_lab(options=[*OPTIONS,
                            f"route * [127.0.0.1]:{sink.port}"])
    book = ledger.Ledger(lab, sink)
    finish(submit(book, MANY // AT_ONCE), book)
    assert len(book.accepted) == 2 * MANY
    book.check()
    told, lost = book.got()
    assert lost and book.bounced()  # it did err


def test_kills(make_lab, sinks):
    """SIGKILL to queued and remote while mail comes and goes."""
    place = suite.open_dir()
    sink = sinks(place, "-r", "3", "-b", "5").start()
    lab = make_lab(options=[*OPTIONS,
                            f"route * [127.0.0.1]:{sink.port}"])
    book = ledger.Ledger(lab, sink)
    threads = submit(book, MANY // AT_ONCE)
    fell = ledger.kill_at_random(lab, ["queued", "remote", "bounce"],
                                 120 if PROOF else 8)
    finish(threads, book)
    assert fell > 0 and len(book.accepted) > MANY / 2
    # What one process had under way, and no more: most of them had nothing.
    assert book.check(faults=fell) <= min(fell * 4, len(book.accepted) // 8)


def test_next_hop_down_and_up(make_lab, sinks):
    place = suite.open_dir()
    sink = sinks(place)
    lab = make_lab(options=[*OPTIONS,
                            f"route * [127.0.0.1]:{sink.port}"])
    book = ledger.Ledger(lab, sink)
    for t in submit(book, MANY // AT_ONCE):
        t.join()
    assert len(book.accepted) == 2 * MANY
    assert sink.lines() == [] and len(lab.queued()) == MANY
    sink.start()
    finish([], book)
    book.check()
    assert len(book.got()[0]) == 2 * MANY


@root
def test_partition(make_lab, sinks, net):
    """The line is cut in the middle of everything, several times."""
    place = suite.open_dir()
    sink = sinks(place, address=net.theirs, run=net.run()).start()
    lab = make_lab(options=[*OPTIONS,
                            f"route * [{net.theirs}]:{sink.port}"])
    book = ledger.Ledger(lab, sink)
    threads = submit(book, MANY // AT_ONCE)
    for _ in range(20 if PROOF else 3):
        time.sleep(random.uniform(0.2, 1))
        net.cut(True)
        time.sleep(random.uniform(1, 8))
        net.cut(False)
    finish(threads, book)
    assert len(book.accepted) == 2 * MANY
    # Each connection may lose what is under way in it, once a cut.
    book.check(faults=1)
    assert len(book.got()[0]) == 2 * MANY


@root
def test_packets_lost(make_lab, sinks, net):
    """A third of all packets."""
    place = suite.open_dir()
    sink = sinks(place, address=net.theirs, run=net.run()).start()
    net.lose(30)
    lab = make_lab(options=[*OPTIONS, "remote-timeout 30s",
                            "connect-timeout 10s",
                            f"route * [{net.theirs}]:{sink.port}"])
    book = ledger.Ledger(lab, sink)
    finish(submit(book, (MANY if PROOF else MANY // 4) // AT_ONCE), book)
    book.check(faults=1)
    assert set(book.got()[0]) >= book.accepted
