"""Mail for other hosts: how many connections each gets, what is remembered of
those that are down, and that these keep nobody else's mail up."""

import re
import socket
import statistics
import threading
import time

import suite
from sink import CLOSE, Sink

BODY = b"Subject: x\r\n\r\nbody %d\r\n"
MANY = 40 if suite.SAN else 150
OPTIONS = ("mx.relay-clients 127.0.0.0/8", "session-junk 10000",
           "connection-idle 1s")


def free_port():
    """One where nothing listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def send_many(lab, rcpts, sender="someone@example.org"):
    """A message to each, over one connection."""
    with lab.smtp() as s:
        s.ehlo()
        for i, rcpt in enumerate(rcpts):
            s.ok(f"MAIL FROM:<{sender}>")
            s.ok(f"RCPT TO:<{rcpt}>")
            assert s.data(BODY % i).code == 250


def events(lab, event, text=""):
    return [line for line in lab.log().splitlines()
            if f" event={event} " in line and text in line]


def wait_events(lab, event, n, text=""):
    suite.wait_for(lambda: len(events(lab, event, text)) >= n,
                   f"{n} x {event} {text}", 4 * suite.PATIENCE)


def wait_messages(sink, n, every=0.02):
    suite.wait_for(lambda: len(sink.messages()) >= n, f"{n} messages",
                   4 * suite.PATIENCE, every)


def counted(sink, hold):
    """A function for END that counts the connections it holds up at once."""
    state = {"now": 0, "most": 0}
    lock = threading.Lock()

    def end(session, line):
        with lock:
            state["now"] += 1
            state["most"] = max(state["most"], state["now"])
        time.sleep(hold)
        with lock:
            state["now"] -= 1
        return "250 2.0.0 taken"

    sink.answers["END"] = end
    return state


def test_more_connections(make_lab):
    """as long as the other side takes them well."""
    with Sink() as s:
        state = counted(s, 0.03)
        lab = make_lab(options=[f"route far.test {s.hop}",
                                "destination-agents 6", *OPTIONS])
        send_many(lab, ["bob@far.test"] * MANY)
        wait_messages(s, MANY)
        lab.wait_idle()
        assert 3 <= state["most"] <= 6, state
        assert len(s.sessions) <= 20
        assert not events(lab, "deferred")
        # They are given up when there is nothing more to do.
        s.all_ended(1)
        suite.wait_for(lambda: not lab.pids("remote"), "no remote")


def test_fewer_connections(make_lab):
    """when it asks for fewer: what was refused goes over the others, now."""
    allowed = 3
    state = {"now": 0, "refused": 0}
    lock = threading.Lock()

    def script(session):
        with lock:
            good = state["now"] < allowed
            state["now"] += good
            state["refused"] += not good
        try:
            if not good:
                session.say("421 4.7.0 too many connections")
                return
            session.say("220 sink.test ESMTP")
            while True:
                session.command()
        finally:
            with lock:
                state["now"] -= good

    with Sink(script=script) as s:
        s.answers["END"] = lambda *_: time.sleep(0.02) or "250 taken"
        lab = make_lab(options=[f"route far.test {s.hop}", "retry-first 1h",
                                "destination-agents 20", *OPTIONS])
        send_many(lab, ["bob@far.test"] * MANY)
        wait_messages(s, MANY)
        lab.wait_idle()
        assert len(s.messages()) == MANY
        assert not events(lab, "deferred")
        assert 1 <= state["refused"] <= MANY / 4, state


def test_down(make_lab):
    """A host that cannot be talked to is tried with one message."""
    with Sink(answers={"GREETING": CLOSE}) as s, Sink() as other:
        lab = make_lab(options=[f"route far.test {s.hop}",
                                f"route near.test {other.hop}",
                                "retry-first 1h", "retry-most 1h", *OPTIONS])
        send_many(lab, ["bob@far.test"] * MANY)
        wait_events(lab, "deferred", MANY)
        down, = events(lab, "destination-down")
        assert f"hop={s.hop}" in down and "dsn=4." in down
        assert len(s.sessions) <= 4, len(s.sessions)
        # Whole messages still go to others.
        with lab.smtp() as line:
            line.ehlo()
            line.ok("MAIL FROM:<someone@example.org>")
            for to in ("a@far.test", "b@near.test", "c@far.test",
                       lab.address("bob")):
                line.ok(f"RCPT TO:<{to}>")
            assert line.data(BODY % 0).code == 250
        wait_messages(other, 1)
        assert other.messages()[0].addresses == ["b@near.test"]
        lab.wait_files("bob", 1)
        wait_events(lab, "deferred", MANY + 2)
        assert len(s.sessions) <= 4, len(s.sessions)
        # When it is back, one finds out, and the rest follows at once.
        s.answers.clear()
        assert lab.postrider("queue", "retry", "--all").returncode == 0
        wait_messages(s, MANY + 1)
        lab.wait_idle()
        assert events(lab, "destination-up", f"hop={s.hop}")
        assert sum(len(m.addresses) for m in s.messages()) == MANY + 2


def test_comes_back(make_lab):
    """by itself: what waits for its own time need not."""
    with Sink(answers={"GREETING": CLOSE}) as s:
        lab = make_lab(options=[f"route far.test {s.hop}", "retry-first 10s",
                                "retry-most 10m", *OPTIONS])
        send_many(lab, ["bob@far.test"] * 20)
        wait_events(lab, "deferred", 20)
        s.answers.clear()
        # A new message is the one that finds out.
        time.sleep(2)  # a fifth of retry-first: until then nothing is tried
        with lab.smtp() as line:
            line.ehlo()
            line.ok("MAIL FROM:<someone@example.org>")
            line.ok("RCPT TO:<late@far.test>")
            assert line.data(BODY % 99).code == 250
        wait_messages(s, 21)
        lab.wait_idle()


class Deaf:
    """Every address of 127/8 on one port: connections are made, and nothing
    is ever said."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("0.0.0.0", 0))
        self.listener.listen(1000)
        self.port = self.listener.getsockname()[1]
        self.taken = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.taken:
            sock.close()


def latencies(lab, sink, n):
    """Seconds from the message's acceptance to its arrival, n times."""
    found = []
    for i in range(n):
        before = len(sink.messages())
        begun = time.monotonic()
        send_many(lab, ["good@good.test"])
        wait_messages(sink, before + 1, every=0.001)
        found.append(time.monotonic() - begun)
        time.sleep(0.02)
    return found


def test_good_beside_dead(make_lab):
    """2000 messages to 200 hosts that refuse or are silent: mail to one that
    was well before is as quick as ever."""
    deaf = Deaf()
    refused = free_port()
    dead = [f"route dead{i}.test [127.{10 + i % 2}.0.{1 + i // 2}]:"
            f"{deaf.port if i % 2 else refused}" for i in range(200)]
    count = 200 if suite.SAN else 2000
    try:
        with Sink() as s:
            lab = make_lab(options=[f"route good.test {s.hop}", *dead,
                                    "remote-agents 20",
                                    "remote-timeout 10s", *OPTIONS])
            idle = statistics.median(latencies(lab, s, 10))
            send_many(lab, [f"x@dead{i % 200}.test" for i in range(count)])
            wait_events(lab, "destination-down", 50)
            busy = latencies(lab, s, 20)
            print(f"idle {idle * 1000:.1f} ms, beside {count} to dead hosts: "
                  f"median {statistics.median(busy) * 1000:.1f} ms, "
                  f"worst {max(busy) * 1000:.1f} ms")
            assert statistics.median(busy) < max(2 * idle, 0.5)
            assert len(lab.pids("remote")) <= 20 + 4
            # Messages for hosts that refuse are deferred, with few tries.
            wait_events(lab, "deferred", count // 2)
            downs = events(lab, "destination-down")
            hops = {re.search(r"hop=(\S+)", line)[1] for line in downs}
            assert len(hops) == len(downs) <= 200
    finally:
        deaf.close()


def test_restart(make_lab):
    """What was known of a destination is not written down; its mail is."""
    with Sink(answers={"GREETING": CLOSE}) as s:
        lab = make_lab(options=[f"route far.test {s.hop}", "retry-first 2s",
                                "retry-most 4s", *OPTIONS])
        send_many(lab, ["bob@far.test"] * 30)
        wait_events(lab, "deferred", 30)
        lab.restart(s.answers.clear)
        wait_messages(s, 30)
        lab.wait_idle()
        assert len(s.messages()) == 30
