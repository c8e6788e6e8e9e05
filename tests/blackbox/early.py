"""Messages that are delivered before their client is answered, or are not:
stopping what they pass through, and looking at what they leave behind."""

import os
import re
import signal
import threading
from contextlib import ExitStack, contextmanager

import wire
from messages import plain
from queue_asked import lines
from suite import wait_for


@contextmanager
def stopped(lab, *names):
    """These processes do nothing meanwhile, as on a disk that hangs."""
    pids = lab.pids(*names)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield pids
    finally:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


class Client(threading.Thread):
    """Sends one message, and waits for the answer beside the test."""

    def __init__(self, lab, message, rcpts=("bob",), **more):
        super().__init__()
        self.lab, self.message, self.rcpts = lab, message, rcpts
        self.more = more
        self.reply = None  # or what came instead
        self.start()

    def run(self):
        try:
            self.reply = self.lab.send(self.message, self.rcpts, **self.more)
        except (OSError, AssertionError) as e:
            self.reply = e

    def code(self):
        """What it was answered; None: the connection ended."""
        self.join(60)
        assert not self.is_alive()
        return getattr(self.reply, "code", None)


def directories(lab):
    """When a name was last made or removed in each directory of the spool."""
    return {d.name: d.stat().st_mtime_ns for d in lab.spool.glob("queue/??")}


def forms(lab, form):
    return lines(lab, "event=queued", f"form={form}")


def memory_files(lab):
    """Those of messages that queued holds."""
    [pid] = lab.pids("queued")
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return [name for name in found if re.match("/memfd:[0-9a-z]{20} ", name)]


def contents(lab, user):
    return [wire.below_trace(f.read_bytes()).replace(b"\n", b"\r\n")
            for f in lab.files(user)]


def wait_early(lab, n=3):
    """Until so many were begun, with those of make(); their ids."""
    wait_for(lambda: len(forms(lab, "memory")) >= n, "a message in memory")
    return [line.split(" id=")[1].split(" ")[0]
            for line in forms(lab, "memory")]


def new_log(lab):
    """As if nothing had been logged."""
    os.truncate(lab.env["LOG"], 0)


def sends(lab, user):
    try:
        return lab.send(plain("last"), [user]).code == 250
    except (OSError, AssertionError):
        return False


@contextmanager
def blocked(lab, user):
    """His Maildir cannot be used."""
    place = lab.maildir(user)
    kept = place.with_name("kept")
    place.rename(kept)
    place.write_text("in the way")
    try:
        yield
    finally:
        place.unlink()
        kept.rename(place)


@contextmanager
def filing(lab, message):
    """A session that is stopped when it should file the message for alice, who
    is blocked; bob has it.  Its client and process."""
    with ExitStack() as until_then:
        with stopped(lab, "local"):
            client = Client(lab, message, ["alice", "bob"])
            wait_early(lab)
            [session] = until_then.enter_context(stopped(lab, "smtpd"))
        wait_for(lab.queued, "its file")
        wait_for(lambda: lab.files("bob"), "bob's copy")
        yield client, session
