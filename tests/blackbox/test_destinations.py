"""Mail for other hosts: how many connections each gets, what is remembered of
those that are down, and that these keep nobody else's mail up."""

import json
import re
import socket
import statistics
import threading
import time

import pytest
import suite
from dnsserver import from_zone, serving
from sink import CLOSE, Sink

BODY = b"Subject: x\r\n\r\nbody %d\r\n"
MANY = 40 if suite.SAN else 150
# Seconds that a machine with other things to do adds now and then.
NOISE = 0.5 if suite.SAN else 0.1
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
        # A new message is the one that finds out.  A fifth of retry-first
        # nothing is tried.
        suite.wait_for(lambda: "next" not in destinations(lab)[s.hop],
                       "the time of a look")
        with lab.smtp() as line:
            line.ehlo()
            line.ok("MAIL FROM:<someone@example.org>")
            line.ok("RCPT TO:<late@far.test>")
            assert line.data(BODY % 99).code == 250
        wait_messages(s, 21)
        lab.wait_idle()


def destinations(lab):
    """What queued knows, by name."""
    r = lab.postrider("queue", "destinations", "--json")
    assert r.returncode == 0, r.stderr
    return {d["name"]: d for d in json.loads(r.stdout)}


class Deaf:
    """Every address of 127/8, or one, on a port: connections are made, and
    nothing is ever said."""

    def __init__(self, address=("0.0.0.0", 0)):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)
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
            assert statistics.median(busy) < 2 * idle + NOISE
            assert len(lab.pids("remote")) <= 20 + 4
            # Messages for hosts that refuse are deferred, with few tries.
            wait_events(lab, "deferred", count // 2)
            downs = events(lab, "destination-down")
            hops = {re.search(r"hop=(\S+)", line)[1] for line in downs}
            assert len(hops) == len(downs) <= 200
    finally:
        deaf.close()


def to_domains(hosts):
    """A function for dnsserver: every name below a word has the address of
    that word; no other name exists."""
    def reply(query):
        address = hosts.get(("." + query.name).split(".")[-2])
        return from_zone({query.name: {"A": [address]}} if address else {},
                         query)
    return reply


def names_lab(make_lab, server, port, *options):
    return make_lab(options=[f"dns-server 127.0.0.1@{server.port}",
                             "loopback-delivery yes", f"remote-port {port}",
                             "ip-preference ipv4-only", *options, *OPTIONS])


def fresh_latencies(lab, sink, sender, n, start):
    """The same as latencies(), each to a host that nobody knows yet."""
    found = []
    for i in range(start, start + n):
        before = len(sink.messages())
        begun = time.monotonic()
        send_many(lab, [f"x@n{i}.fresh.test"], sender)
        wait_messages(sink, before + 1, every=0.001)
        found.append(time.monotonic() - begun)
    return found


@pytest.mark.parametrize("how", ["sent", "reported"])
def test_new_beside_silent(make_lab, how):
    """250 domains of hosts that say nothing, all that one sender wrote to, or
    had reports sent to: another's mail to hosts that are as unknown is as quick
    as ever, and the silent are given up, for what they keep waiting."""
    count, places = 250, 40
    with Sink(address=("127.7.7.7", 0)) as s, \
            serving(to_domains({"fresh": "127.7.7.7",
                                "deaf": "127.9.9.9"})) as server:
        port = int(s.hop.rpartition(":")[2])
        deaf = Deaf(("127.9.9.9", port))
        try:
            lab = names_lab(make_lab, server, port, f"remote-agents {places}")
            idle = statistics.median(
                fresh_latencies(lab, s, "good@example.org", 10, 0))
            if how == "sent":
                send_many(lab, [f"x@d{i}.deaf.test" for i in range(count)],
                          "bad@example.com")
            else:
                with lab.smtp() as line:
                    line.ehlo()
                    for i in range(count):
                        line.ok(f"MAIL FROM:<x@d{i}.deaf.test>")
                        line.ok(f"RCPT TO:<{lab.address('bob')}> "
                                "NOTIFY=SUCCESS")
                        assert line.data(BODY % i).code == 250
            suite.wait_for(lambda: len(deaf.taken) >= places // 4,
                           "connections to the silent", 4 * suite.PATIENCE)
            busy = fresh_latencies(lab, s, "good@example.org", 20, 10)
            print(f"{how}: idle {idle * 1000:.1f} ms, beside {count} silent: "
                  f"median {statistics.median(busy) * 1000:.1f} ms, "
                  f"worst {max(busy) * 1000:.1f} ms")
            assert statistics.median(busy) < 2 * idle + NOISE
            assert max(busy) < 4  # nobody had to be given up for it
            assert len(lab.pids("remote")) <= places
            # The sender of these has turns for all of them, too.
            wait_events(lab, "destination-down", places, "other mail waits")
        finally:
            deaf.close()


def rss(lab):
    """MB of queued."""
    pid, = lab.pids("queued")
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s*(\d+)", f.read())[1]) / 1024


def test_many_dead(make_lab):
    """10 000 domains whose hosts refuse: what is remembered of them is little,
    and mail to another is as quick as ever while they are tried."""
    count = 500 if suite.SAN else 10000
    with Sink(address=("127.7.7.7", 0)) as s, \
            serving(to_domains({"fresh": "127.7.7.7",
                                "dead": "127.8.8.8"})) as server:
        port = int(s.hop.rpartition(":")[2])
        lab = names_lab(make_lab, server, port, f"route good.test [127.7.7.7]:{port}",
                        "remote-agents 10", "retry-first 1h")
        idle, before = statistics.median(latencies(lab, s, 10)), rss(lab)
        send_many(lab, [f"x@d{i}.dead.test" for i in range(count)])
        wait_events(lab, "destination-down", 100)
        busy = latencies(lab, s, 20)
        fresh = fresh_latencies(lab, s, "good@example.org", 5, 0)
        print(f"idle {idle * 1000:.1f} ms, beside {count} dead domains: median "
              f"{statistics.median(busy) * 1000:.1f} ms, worst "
              f"{max(busy) * 1000:.1f} ms, to unknown hosts "
              f"{statistics.median(fresh) * 1000:.1f} ms; queued "
              f"{before:.1f} -> {rss(lab):.1f} MB")
        assert statistics.median(busy) < 2 * idle + NOISE
        assert statistics.median(fresh) < 2 * idle + 5 * NOISE
        assert rss(lab) < before + 30 or suite.SAN


def test_retry_beside_hanging(make_lab):
    """Who asks for an attempt has one, though one that hangs was to tell."""
    with Sink(answers={"GREETING": CLOSE}) as s:
        lab = make_lab(options=[f"route far.test {s.hop}", "retry-first 1s",
                                "retry-most 1h", *OPTIONS])
        send_many(lab, ["bob@far.test"])
        wait_events(lab, "destination-down", 1)
        # The next look hangs; then all is well, but for that.
        hangs = threading.Event()
        done = threading.Event()

        def greet(session, line):
            if not hangs.is_set():
                hangs.set()
                done.wait(4 * suite.PATIENCE)
            return "220 sink.test ESMTP"

        s.answers["GREETING"] = greet
        try:
            suite.wait_for(hangs.is_set, "a look", 4 * suite.PATIENCE)
            send_many(lab, ["carol@far.test"])
            suite.wait_for(lambda: len(lab.queued()) == 2, "two that wait")
            r = lab.postrider("queue", "retry", "--all")
            assert r.returncode == 0, r.stderr
            wait_messages(s, 1)
            assert s.messages()[0].addresses == ["carol@far.test"]
            assert events(lab, "destination-up")
        finally:
            done.set()
        wait_messages(s, 2)
        lab.wait_idle()


def test_policies(make_lab):
    """A domain whose tls-policy the host cannot meet has mail that waits;
    another's over the same host goes, and status tells of the first."""
    with Sink() as s:
        lab = make_lab(options=[f"route * {s.hop}", "tls-policy strict.test "
                                "verify", "retry-first 1h", *OPTIONS])
        send_many(lab, ["x@strict.test", "y@strict.test"])
        wait_events(lab, "deferred", 2)
        send_many(lab, ["a@lax.test", "b@lax.test"])
        wait_messages(s, 2)
        send_many(lab, ["z@strict.test"])
        wait_events(lab, "deferred", 3)
        assert events(lab, "deferred", "not tried: destination is down")
        r = lab.postrider("queue", "destinations")
        shown = r.stdout.decode()
        assert f"{s.hop} tls-policy verify\n" in shown, shown
        assert re.search(r"^down .*verify$", shown, re.M), shown
        assert re.search(rf"^good .*{re.escape(s.hop)}$", shown, re.M)
        r = lab.postrider("status")
        assert re.search(rb"^destinations +WARN +1 down, of them 1 ", r.stdout,
                         re.M), r.stdout


def test_apply(make_lab):
    """New tables are a reason to look at what is down."""
    with Sink() as s:
        lab = make_lab(options=[f"route * {s.hop}", "tls-policy far.test "
                                "verify", "retry-first 1h", *OPTIONS])
        send_many(lab, ["x@far.test"])
        wait_events(lab, "deferred", 1)
        assert "next" in destinations(lab)[s.hop]
        assert lab.postrider("apply").returncode == 0
        # The next message looks, and is not deferred for what is remembered.
        send_many(lab, ["y@far.test"])
        wait_events(lab, "deferred", 2)
        assert not events(lab, "deferred", "not tried")


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
