"""SIGKILL of everything, at any time: what was acknowledged is there, whole.

The second half kills one program at every system call on the path of one
message.  A run takes a sample of the calls; with PROOF=1 it takes them all.
Each is done for messages that stay in memory until they are delivered, and for
those that are filed first; and the second half for those that are filed by
their session, as one recipient has to wait.
"""

import collections
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest

import suite
import wire
from early import blocked
from messages import header
from suite import wait_for

PROOF = bool(os.environ.get("PROOF"))
# A message that is in the hands of a killed agent again and again must not be
# set aside for that, and must be tried again soon.
OPTIONS = ["retry-first 1", "retry-most 2", "agent-crashes 100",
           "auth-delay 1", "connections-per-client 1000"]
FORMS = {"memory": [], "file": ["early-delivery-wait 0"], "filing": []}
NET_ERRORS = (OSError, AssertionError)  # wire asserts on half a line


def in_mailbox(lab, user):
    """Everything that a reader would see, below the trace fields."""
    return [wire.below_trace(f.read_bytes()).replace(b"\n", b"\r\n")
            for f in lab.files(user)]


def tmp_files(lab, user):
    place = lab.maildir(user) / "tmp"
    return list(place.iterdir()) if place.is_dir() else []


def check_tidy(lab, users):
    """After one more delivery nothing is half done, anywhere."""
    for user in users:
        before = len(lab.files(user))
        wait_for(lambda u=user: sends(lab, u), f"a last message for {user}")
        wait_for(lambda u=user, n=before: len(lab.files(u)) > n,
                 f"the last message of {user}")
        wait_for(lambda u=user: not tmp_files(lab, u), f"{user}'s tmp/ empty")
    # Age decides about incomplete files; the next start looks at it.
    lab.wait_idle_but_incomplete()
    for f in lab.queued():
        os.utime(f, (time.time() - 7 * 86400,) * 2)
    lab.restart()
    lab.wait_idle()
    assert list((lab.spool / "damaged").iterdir()) == []


def sends(lab, user):
    try:
        return lab.send(header("last") + b"x\r\n", [user]).code == 250
    except NET_ERRORS:
        return False


class Sender(threading.Thread):
    """One session after the other until so many messages are acknowledged."""

    def __init__(self, lab, number, count):
        super().__init__()
        self.lab, self.number, self.count = lab, number, count
        self.user = ("alice", "bob")[number % 2]
        self.acked, self.tried = {}, {}
        self.random = random.Random(number)
        self.end = time.monotonic() + 8 * suite.PATIENCE

    def message(self):
        token = f"t{self.number}-{len(self.tried)}"
        size = self.random.choice((10, 500, 4000, 60000))
        body = b"".join(b"%06d %s\r\n" % (n, token.encode())
                        for n in range(size // 10))
        self.tried[token] = header(token) + body
        return token

    def session(self):
        with self.lab.smtp(timeout=10) as s:
            s.ehlo()
            for _ in range(5):
                if len(self.acked) == self.count:
                    return
                s.ok("MAIL FROM:<someone@example.org>")
                s.ok(f"RCPT TO:<{self.lab.address(self.user)}>")
                token = self.message()
                # As long as it takes for every program to be hit.
                time.sleep(self.random.uniform(0, 0.3))
                if s.data(self.tried[token]).code == 250:
                    self.acked[token] = self.tried[token]

    def run(self):
        while len(self.acked) < self.count and time.monotonic() < self.end:
            try:
                self.session()
            except NET_ERRORS:
                time.sleep(0.05)


class Reader(threading.Thread):
    """Fetches and deletes, as a client does that leaves nothing behind."""

    def __init__(self, lab, user):
        super().__init__()
        self.lab, self.user = lab, user
        self.read = []
        self.stop = False

    def session(self):
        with self.lab.pop3(timeout=10) as p:
            p.ok(f"USER {self.user}")
            time.sleep(0.1)  # for pop3d to be hit
            p.ok(f"PASS {self.lab.users[self.user]}")
            for n in p.listing():
                self.read.append(wire.below_trace(p.retr(n)))
                p.ok(f"DELE {n}")
            time.sleep(0.1)  # and pop3-mailbox, with work not yet done
            p.ok("QUIT")

    def run(self):
        while not self.stop:
            try:
                self.session()
            except NET_ERRORS:
                pass
            time.sleep(0.02)


PROGRAMS = ("postriderd", "queued", "authd", "local", "smtpd", "inetd",
            "pop3d", "pop3-mailbox")


def kill_some(lab, senders):
    """Until all is sent; returns how often each program was hit."""
    rnd = random.Random(1)
    killed = collections.Counter()
    while any(s.is_alive() for s in senders):
        # The one that was spared most often so far, if it runs.
        for name in sorted(PROGRAMS, key=lambda p: (killed[p], rnd.random())):
            pids = lab.pids(name)
            if not pids:
                continue
            try:
                os.kill(rnd.choice(pids), signal.SIGKILL)
                killed[name] += 1
            except ProcessLookupError:
                continue
            break
        # Faster, and postriderd would pause ever longer before its daemons.
        time.sleep(rnd.uniform(0.1, 0.4))
    return killed


@pytest.mark.parametrize("via,form", (
    ("inetd-wait", "memory"), ("inetd", "file"),
    *([("inetd-wait", "file"), ("inetd", "memory")] if PROOF else [])))
def test_kill_at_random(make_lab, via, form):
    """While ten send and two read: all is read or there, and whole."""
    lab = make_lab(via=via, options=OPTIONS + FORMS[form])
    senders = [Sender(lab, n, 50) for n in range(10)]
    readers = [Reader(lab, user) for user in ("alice", "bob")]
    for thread in senders + readers:
        thread.start()
    try:
        killed = kill_some(lab, senders)
    finally:
        for reader in readers:
            reader.stop = True
        for thread in senders + readers:
            thread.join()
    print(dict(killed))
    assert [len(s.acked) for s in senders] == [50] * 10
    assert set(killed) == set(PROGRAMS)

    wait_for(lambda: sends(lab, "alice") and sends(lab, "bob"), "mail again")
    for reader in readers:
        user = reader.user
        mine = [s for s in senders if s.user == user]

        def all_there(mine=mine, reader=reader, user=user):
            have = {*reader.read, *in_mailbox(lab, user)}
            return all(m in have for s in mine for m in s.acked.values())

        wait_for(all_there, f"all acknowledged messages of {user}", 60)
        tried = {m for s in mine for m in s.tried.values()}
        for message in [*reader.read, *in_mailbox(lab, user)]:
            assert message in tried or b"Subject: last" in message[:200]
    check_tidy(lab, ("alice", "bob"))
    # What POP3 says is what is there.
    for user in ("alice", "bob"):
        with lab.pop3(user) as p:
            assert p.stat()[0] == len(lab.files(user))


# --- at every system call

class Tracer:
    """Puts strace in front of one program of a running lab.

    The program in libexec/ becomes a script that runs the real one under
    strace with what is in a file "once", which is used up by that, and
    without strace when there is none.
    """

    def __init__(self, lab, program):
        self.lab, self.program = lab, program
        self.place = lab.base / "strace"
        self.place.mkdir()
        self.place.chmod(0o777)
        self.file = lab.dir / "libexec" / program
        real = self.file.with_name(program + ".real")
        self.file.rename(real)
        script = lab.base / "script"
        script.write_text(
            f"#!/bin/sh\n"
            f"if mv {self.place}/once {self.place}/once.$$ 2>/dev/null; then\n"
            f"	read -r options <{self.place}/once.$$\n"
            f"	exec /usr/bin/strace -f $options {real} \"$@\"\n"
            f"fi\n"
            f"exec {real} \"$@\"\n")
        script.chmod(0o755)
        script.rename(self.file)

    def once(self, options):
        """The next start of the program is under strace; soon, if it lives."""
        def write():
            (self.place / "new").write_text(options + "\n")
            (self.place / "new").rename(self.place / "once")

        if self.program == "queued":
            self.lab.restart(write)
            return
        write()
        for pid in self.lab.pids(self.program, self.program + ".real"):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def used(self):
        return not (self.place / "once").exists()

    def clear(self):
        for f in self.place.iterdir():
            f.unlink()

    def counts(self):
        """[how often each call was made] of each thread."""
        counts = []
        for f in sorted(self.place.glob("trace*")):
            count = collections.Counter()
            for line in f.read_text(errors="replace").splitlines():
                m = re.match(r"([a-z0-9_]+)\(", line)
                if m and m[1] not in ("exit_group", "exit"):
                    count[m[1]] += 1
            counts.append(count)
        return counts

    def points(self, deliver):
        """(name, k) of all calls while one message passes.

        The start of a daemon is not on that message's path.
        """
        self.once(f"-qq -ff -o {self.place}/trace")
        before = []
        if self.program == "queued":
            wait_for(self.used, "queued under strace")
            wait_for(lambda: "recovered" in self.lab.log(), "recovery")
            before = wait_for(self.quiet, "queued waiting")
        deliver()
        wait_for(self.used, f"{self.program} under strace")
        after = wait_for(self.quiet, f"{self.program} waiting")
        before += [collections.Counter()] * (len(after) - len(before))
        found = {(name, k) for b, a in zip(before, after) for name in a
                 for k in range(b[name] + 1, a[name] + 1)}
        self.clear()
        return sorted(found)

    def quiet(self):
        """The counts when they have stopped growing."""
        counts = self.counts()
        time.sleep(0.3)
        return counts if counts and counts == self.counts() else None


def try_to_send(lab, message, rcpts):
    """True when acknowledged, False when refused, None when nobody knows."""
    try:
        r = lab.send(message, rcpts)
    except NET_ERRORS:
        return None
    return r.code == 250


def passes(lab, form, message):
    """Sends it; to be filed it is for alice, too, who has to wait."""
    if form != "filing":
        return try_to_send(lab, message, ["bob"])
    with blocked(lab, "alice"):
        acked = try_to_send(lab, message, ["bob", "alice"])
    # If queued does not hear this, a second passes until it tries again.
    lab.postrider("queue", "retry", "--all")
    return acked


def one_death(lab, tracer, form, point, token):
    """Whether the point was come by; all else is checked here."""
    name, k = point
    message = header(token) + b"the whole of it\r\n" * 20
    tracer.once(f"-q -o {tracer.place}/death -e trace={name} "
                f"-e inject={name}:signal=KILL:when={k}")
    acked = passes(lab, form, message)
    if not acked:
        wait_for(lambda: sends(lab, "bob"), f"mail after {name} {k}")
    what = f"{tracer.program} killed at {name} {k}, acknowledged: {acked}"
    lab.wait_idle_but_incomplete()
    for user in ("bob", "alice") if form == "filing" else ("bob",):
        if acked:
            wait_for(lambda u=user: message in in_mailbox(lab, u), what, 15)
        assert in_mailbox(lab, user).count(message) <= 2, what
        for seen in in_mailbox(lab, user):
            assert seen == message or b"Subject: last" in seen[:200], what
        lab.remove_mail(user)
    dead = b"+++ killed by SIGKILL" in (tracer.place / "death").read_bytes()
    tracer.clear()
    return dead


def sample(points, form):
    """Those that a run takes."""
    if PROOF:
        return points
    n = {"memory": 7, "file": 6, "filing": 4}[form]
    return random.Random(f"{form} 2").sample(points, n)


@pytest.mark.parametrize("program,form", (
    ("smtpd", "memory"), ("smtpd", "file"), ("smtpd", "filing"),
    ("queued", "memory"), ("queued", "file"), ("queued", "filing"),
    ("local", "memory"), ("local", "file")))
def test_kill_at_every_call(make_lab, program, form):
    lab = make_lab(via="inetd", options=OPTIONS + FORMS[form])
    tracer = Tracer(lab, program)
    assert sends(lab, "alice") and sends(lab, "bob")
    lab.wait_files("alice", 1)
    lab.wait_idle()

    def deliver():
        wait_for(lambda: passes(lab, form, header("one") + b"x\r\n"), "250")
        lab.wait_idle()

    points = tracer.points(deliver)
    assert len(points) > 20, points
    for word, of in (("form=memory", ("memory", "filing")),
                     ("form=file", ("file",)), ("event=filing", ("filing",))):
        assert (word in lab.log()) == (form in of), word
    lab.remove_mail("alice", "bob")
    chosen = sample(points, form)
    deaths = sum(one_death(lab, tracer, form, point, f"{program}-{n}")
                 for n, point in enumerate(chosen))
    check_tidy(lab, ["bob"])
    # Some calls are made or not as time goes, so their count differs.
    assert deaths >= 0.7 * len(chosen), (deaths, len(chosen))
    print(f"{program}, {form}: {deaths} deaths at {len(chosen)} of "
          f"{len(points)} points")
