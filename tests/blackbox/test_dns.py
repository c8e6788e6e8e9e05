"""dnsd: what it answers, whom, and what it believes."""

import contextlib
import json
import os
import signal
import socket
import struct
import time

import pytest

import suite
from dns_talk import ASK, STATUS, WINDOW, Asker, ask, state
from dnsserver import (SILENT, between, from_zone, knot, record, serving,
                       zone)
from suite import wait_for

NO_ANCHOR = "dns-trust-anchor /nonexistent/anchor"
DIGEST = "E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766"
root_only = pytest.mark.skipif(os.getuid() != 0, reason="needs root")

ZONES = {
    # bogus has a DS of a key that it has not; island has none at all.
    "signed.example": (True, f"""\
@	MX	10 mx
	MX	20 mx2
	TXT	"one" "two"
mx	A	192.0.2.1
	AAAA	2001:db8::1
mx2	A	192.0.2.2
alias	CNAME	mx
out	CNAME	mx.plain.example.
_25._tcp.mx	TLSA	3 1 1 {DIGEST}
bogus	NS	ns.bogus
bogus	DS	12345 13 2 {DIGEST}
ns.bogus A	127.0.0.1
island	NS	ns.island
ns.island A	127.0.0.1
"""),
    "bogus.signed.example": (False, "@ MX 10 mx\nmx A 192.0.2.9\n"),
    "island.signed.example": (False, "@ MX 10 mx\nmx A 192.0.2.3\n"),
    "plain.example": (False, "@ MX 10 mx\nmx A 192.0.2.4\n"
                      "null MX 0 .\nalias CNAME mx.signed.example.\n"),
    "2.0.192.in-addr.arpa": (False, "1 PTR mx.signed.example.\n"),
}


@pytest.fixture(scope="module")
def world():
    """A real server, and what stands between it and dnsd."""
    with knot(ZONES) as k, between(k.port) as b:
        b.knot = k
        yield b


@pytest.fixture
def honest(world):
    """The world as it should be again."""
    yield world
    world.strips = world.silent = False


def options(world, anchor=None):
    return [f"dns-server 127.0.0.1@{world.port}",
            f"dns-trust-anchor {anchor or world.knot.anchor}"]


@pytest.fixture
def checked(share, world):
    return share("dns-checked", options=options(world))


def log_lines(lab, event):
    return [line for line in lab.log().splitlines()
            if "dnsd[" in line and f" event={event} " in line]


# --- answers of an honest server

ANSWERS = (
    ("MX", "signed.example", "secure",
     [(10, "mx.signed.example"), (20, "mx2.signed.example")]),
    ("MX", "SIGNED.Example.", "secure",
     [(10, "mx.signed.example"), (20, "mx2.signed.example")]),
    ("ADDRESS", "mx.signed.example", "secure",
     ["192.0.2.1", "2001:db8::1"]),
    ("A", "mx.signed.example", "secure", ["192.0.2.1"]),
    ("AAAA", "mx.signed.example", "secure", ["2001:db8::1"]),
    ("ADDRESS", "mx2.signed.example", "secure", ["192.0.2.2"]),
    ("AAAA", "mx2.signed.example", "nodata", []),
    ("ADDRESS", "alias.signed.example", "secure",
     ["192.0.2.1", "2001:db8::1"]),
    ("TXT", "signed.example", "secure", [b"onetwo"]),
    ("TLSA", "_25._tcp.mx.signed.example", "secure",
     [(3, 1, 1, bytes.fromhex(DIGEST))]),
    ("MX", "none.signed.example", "nxdomain", []),
    ("MX", "mx.signed.example", "nodata", []),
    # Out of the signed zone, and into it: as weak as the weakest part.
    ("A", "out.signed.example", "insecure", ["192.0.2.4"]),
    ("A", "alias.plain.example", "insecure", ["192.0.2.1"]),
    ("MX", "island.signed.example", "insecure",
     [(10, "mx.island.signed.example")]),
    ("MX", "plain.example", "insecure", [(10, "mx.plain.example")]),
    ("MX", "null.plain.example", "insecure", [(0, "")]),
    ("MX", "none.plain.example", "nxdomain", []),
    ("MX", "mx.plain.example", "nodata", []),
    ("MX", "bogus.signed.example", "bogus", []),
    ("ADDRESS", "mx.bogus.signed.example", "bogus", []),
    ("PTR", "192.0.2.1", "insecure", ["mx.signed.example"]),
    ("PTR", "192.0.2.2", "nxdomain", []),
    ("MX", "elsewhere.test", "tempfail", []),  # REFUSED
)


def test_answers(checked, honest):
    """Twice, so that the cache says the same."""
    for _ in range(2):
        with Asker(checked) as a:
            for kind, name, status, records in ANSWERS:
                got = a.ask(kind, name)
                assert (got.status, got.records) == (status, records), \
                    (kind, name, got)
                assert (got.text != "") == (status in ("bogus", "tempfail"))
                if status in ("nxdomain", "nodata"):
                    assert got.proved == ("signed" in name), got
                if status in ("secure", "insecure"):
                    assert 0 < got.ttl <= 60


def test_at_once(checked, honest):
    """Questions overlap, those of several askers, too."""
    with contextlib.ExitStack() as stack:
        askers = [stack.enter_context(Asker(checked)) for _ in range(20)]
        sent = [(a, a.send("A", f"n{i}-{j}.plain.example"))
                for i, a in enumerate(askers) for j in range(WINDOW)]
        for a, serial in reversed(sent):
            assert a.wait(serial).status == "nxdomain"
        assert askers[0].state()["open"] == 0


def test_cache(make_lab):
    with serving(lambda q: from_zone(
            {"far.example": {"MX": ["10 mx.far.example"]}}, q)) as server:
        lab = make_lab(options=[f"dns-server 127.0.0.1@{server.port}",
                                NO_ANCHOR])
        with Asker(lab) as a:
            for _ in range(5):
                assert a.ask("MX", "far.example").status == "insecure"
            assert a.state()["questions"] == 5 and a.state()["cached"] == 4
        assert server.count("far.example", "MX") == 1


def test_both_forms_of_an_anchor(make_lab, world, honest):
    """DNSKEY as DS; a comment, and the other way of writing, before it."""
    path = world.knot.dir / "dnskey"
    path.write_text("; the key\n\n" + world.knot.keys("dnskey"))
    path.chmod(0o644)
    lab = make_lab(options=options(world, path))
    assert ask(lab, "MX", "signed.example").status == "secure"
    assert ask(lab, "MX", "bogus.signed.example").status == "bogus"


@pytest.mark.parametrize("what", ("missing", "empty", "nonsense"))
def test_no_anchor(make_lab, world, honest, what):
    """No validation, and one line that says so."""
    path = world.knot.dir / what
    if what != "missing":
        path.write_text("" if what == "empty" else
                        "signed.example. IN DS this is none\n")
        path.chmod(0o644)
    lab = make_lab(options=options(world, path))
    for name in "signed.example", "bogus.signed.example":
        assert ask(lab, "MX", name).status == "insecure"
    line, = log_lines(lab, "no-dnssec")
    assert f"dns-trust-anchor={path}" in line
    assert b"dnsd         WARN" in lab.postrider("status").stdout
    told = state(lab)
    assert told["validates"] == 0 and str(path)[:50] in told["trouble"]
    # It is looked at again when it is there.
    path.write_text(world.knot.keys("ds"))
    path.chmod(0o644)
    wait_for(lambda: ask(lab, "MX", "signed.example").status == "secure",
             "validation")


# --- a forwarder that gives no DNSSEC

def test_forwarder_without_dnssec(make_lab, honest):
    """From the start: one line, insecure answers, and then as it should be."""
    honest.strips = True
    lab = make_lab(options=options(honest))
    wait_for(lambda: log_lines(lab, "no-dnssec"), "the warning")
    for kind, name, status, records in ANSWERS:
        got = ask(lab, kind, name)
        if status in ("secure", "insecure", "nodata", "nxdomain"):
            wanted = "insecure" if status == "secure" else status
            assert (got.status, got.records) == (wanted, records), (name, got)
            assert not got.proved
    assert ask(lab, "MX", "bogus.signed.example").status == "insecure"
    line, = log_lines(lab, "no-dnssec")
    assert f"dns-server=127.0.0.1@{honest.port}" in line
    r = lab.postrider("status")
    assert r.returncode == 0 and b"dnsd         WARN" in r.stdout
    found = json.loads(lab.postrider("status", "--json").stdout)
    assert found["dnsd"]["ok"] and found["dnsd"]["warn"]
    assert not found["dns"]["validates"] and "DNSSEC" in found["dns"]["trouble"]
    honest.strips = False
    wait_for(lambda: ask(lab, "MX", "signed.example").status == "secure",
             "validation")
    assert len(log_lines(lab, "dnssec")) == 1
    assert ask(lab, "MX", "bogus.signed.example").status == "bogus"
    assert state(lab)["validates"] == 1
    assert b"dnsd         ok " in lab.postrider("status").stdout


def test_forwarder_that_loses_dnssec(make_lab, honest):
    """While it runs; no answer is worse than bogus on the way."""
    lab = make_lab(options=options(honest))
    assert ask(lab, "MX", "signed.example").status == "secure"
    honest.strips = True
    seen, n = set(), 0
    while "insecure" not in seen:
        got = ask(lab, "MX", f"fresh{n}.signed.example")
        seen.add(got.status)
        if got.status == "nxdomain":
            assert got.proved or log_lines(lab, "no-dnssec"), got
        seen.add(ask(lab, "TXT", "signed.example").status)
        n += 1
        assert n < 1000
        time.sleep(0.02)
    assert seen <= {"bogus", "tempfail", "insecure", "nxdomain"}
    assert len(log_lines(lab, "no-dnssec")) == 1


def test_bogus_zone_is_no_trouble(make_lab, honest):
    """However often it is asked for, the others stay validated."""
    lab = make_lab(options=options(honest))
    with Asker(lab) as a:
        for n in range(300):
            assert a.ask("A", f"x{n}.bogus.signed.example").status == "bogus"
            if n % 50 == 0:
                assert a.ask("MX", "signed.example").status == "secure"
        told = a.state()
    assert told["bogus"] == 300 and told["validates"] == 1
    assert log_lines(lab, "no-dnssec") == []


def test_no_answer(make_lab, honest):
    """Silence is tempfail in time, and ends soon after the silence does."""
    lab = make_lab(options=options(honest))
    assert ask(lab, "MX", "signed.example").status == "secure"
    honest.silent = True
    with Asker(lab) as a:
        start = time.monotonic()
        sent = [a.send(kind, f"silent{n}.plain.example")
                for n, kind in enumerate(("MX", "ADDRESS", "TXT") * 5)]
        for serial in sent:
            assert a.wait(serial).status == "tempfail"
        assert time.monotonic() - start < 30
        # What is known goes on being known.
        assert a.ask("MX", "signed.example").status == "secure"
        honest.silent = False
        wait_for(lambda: a.ask("MX", "plain.example").status == "insecure",
                 "an answer", timeout=90, every=0.5)
    assert log_lines(lab, "no-dnssec") == []


def test_nobody_there(make_lab):
    """Refused from the start: told as WARN, and all is tempfail."""
    with serving(lambda query: query.answer(rcode=5)) as server:
        lab = make_lab(options=[f"dns-server 127.0.0.1@{server.port}"])
        assert ask(lab, "MX", "far.example").status == "tempfail"
        wait_for(lambda: f"@{server.port}" in state(lab)["trouble"],
                 "the trouble")
        assert len(log_lines(lab, "no-dns")) == 1
        assert b"dnsd         WARN" in lab.postrider("status").stdout


def test_nobody_answers(make_lab):
    """status does not wait for the end of the first question."""
    with serving(lambda query: None) as server:
        lab = make_lab(options=[f"dns-server 127.0.0.1@{server.port}"])
        with Asker(lab) as a:
            a.send("MX", "far.example")
            wait_for(lambda: state(lab)["oldest"] >= 5, "an old question")
            assert state(lab)["open"] == 1
            r = lab.postrider("status")
            assert b"dnsd         WARN" in r.stdout, r.stdout
            assert b"a question has waited for" in r.stdout


# --- askers

GOOD = [(10, "good.far.example")]


@pytest.fixture(scope="module")
def far():
    """A server with a name that has an answer, and one that has none."""
    names = {"fine.far.example": {"MX": ["10 good.far.example"]},
             "many.far.example": {"TXT": [f"{n:4}" + "x" * 40
                                          for n in range(100)]},
             "silent.far.example": SILENT}
    with serving(lambda query: from_zone(names, query)) as server:
        yield server


@pytest.fixture
def asked(share, far):
    return share("dns-asked", options=[f"dns-server 127.0.0.1@{far.port}",
                                       NO_ANCHOR])


def test_breaches(asked):
    """Who breaks the rules is closed; the others notice nothing."""
    pids = asked.pids("dnsd")
    with Asker(asked) as other:
        waiting = other.send("A", "silent.far.example")
        for breach in (
                lambda a: a.send(0, "x.example"),
                lambda a: a.send(8, "x.example"),
                lambda a: [a.send("A", "silent.far.example")
                           for _ in range(WINDOW + 1)],
                lambda a: [a.send("A", "silent.far.example", serial=7)
                           for _ in range(2)],
                lambda a: a.chan.send(b"\0"),
                lambda a: a.chan.send(struct.pack(">HII", ASK, 1, 1)),
                lambda a: a.chan.send(struct.pack(">HII", 6, 1, 1)),
                lambda a: a.chan.send(struct.pack(">HI", STATUS, 0) + b"x"),
                lambda a: a.chan.send(struct.pack(">H", 99) + b"x" * 9000)):
            with Asker(asked) as a:
                breach(a)
                assert a.is_closed()
        assert other.ask("MX", "fine.far.example").records == GOOD
        assert waiting not in other.answers
    assert asked.pids("dnsd") == pids
    wait_for(lambda: state(asked)["open"] == 0, "the end of questions")


def test_who_does_not_listen(asked):
    """Is cut off some day, and dnsd waits for nobody."""
    with Asker(asked) as a:
        with contextlib.suppress(OSError):
            for n in range(3):
                for _ in range(WINDOW):
                    a.chan.setblocking(False)
                    a.send("TXT", "many.far.example")
        assert ask(asked, "MX", "fine.far.example").records == GOOD
    wait_for(lambda: state(asked)["open"] == 0, "the end of questions")


def test_descriptors_are_refused(asked):
    with Asker(asked) as a, open("/dev/null") as f:
        with contextlib.suppress(OSError):
            socket.send_fds(a.chan, [struct.pack(">HI", STATUS, 0)],
                            [f.fileno()])
            assert a.is_closed()


@root_only
def test_root_may_ask_for_the_state_only(asked):
    def connect():
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.connect(str(asked.dir / "run/dns"))
        s.settimeout(suite.PATIENCE)
        return s

    with connect() as s:
        s.send(struct.pack(">HI", STATUS, 0))
        assert s.recv(4096)
        s.send(struct.pack(">HIIH", ASK, 1, 1, 1) + b"a")
        with contextlib.suppress(ConnectionResetError):
            assert s.recv(4096) == b""
    pid = os.fork()
    if pid == 0:  # one of no role
        os.setgid(65533)
        os.setgroups([])
        os.setuid(65533)
        try:
            connect()
        except PermissionError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


# --- the process

def sockets(pid):
    """Its IP sockets as in /proc/net: kind, local address, state."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            inodes.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    found = []
    for kind in "tcp", "tcp6", "udp", "udp6":
        with contextlib.suppress(FileNotFoundError), \
                open(f"/proc/net/{kind}") as f:
            found += [(kind, line.split()[1], line.split()[3])
                      for line in list(f)[1:]
                      if f"socket:[{line.split()[9]}]" in inodes]
    return found


def test_not_to_be_reached(asked):
    """It listens nowhere, and has no port when nothing is asked."""
    pid, = asked.pids("dnsd")
    assert ask(asked, "MX", "fine.far.example").records == GOOD
    assert [s for s in sockets(pid) if s[2] == "0A"] == []
    wait_for(lambda: [s for s in sockets(pid) if s[0].startswith("udp")] == [],
             "the end of its questions")


@pytest.mark.parametrize("sig", (signal.SIGKILL, signal.SIGTERM))
def test_comes_back(make_lab, far, sig):
    lab = make_lab(options=[f"dns-server 127.0.0.1@{far.port}", NO_ANCHOR])
    old, = lab.pids("dnsd")
    with Asker(lab) as a:
        a.state()  # it is heard; who waits to be would be by the next one
        a.send("A", "silent.far.example")
        os.kill(old, sig)
        assert a.is_closed()
    # Who comes at once waits instead of failing.
    assert ask(lab, "MX", "fine.far.example").records == GOOD
    assert old not in lab.pids("dnsd")
    how = "exit-0" if sig == signal.SIGTERM else "signal-9"
    lines = [line for line in lab.log().splitlines()
             if "event=exited program=dnsd" in line]
    assert len(lines) == 1, how


def test_new_configuration(make_lab, far):
    """Holds at once, and what is under way goes on."""
    with zone({"fine.far.example": {"MX": ["5 new.far.example"]}}) as port:
        lab = make_lab(options=[f"dns-server 127.0.0.1@{far.port}",
                                NO_ANCHOR])
        pid = lab.pids("dnsd")
        assert ask(lab, "MX", "fine.far.example").records == GOOD
        conf = lab.conf / "postrider.conf"
        conf.write_text(conf.read_text().replace(
            f"@{far.port}", f"@{port} 127.0.0.1@{port}"))
        assert lab.postrider("apply").returncode == 0
        wait_for(lambda: ask(lab, "MX", "fine.far.example").records ==
                 [(5, "new.far.example")], "the new server's answer")
        assert lab.pids("dnsd") == pid


def test_as_anyone(make_lab, nobody, far):
    """In user mode all is the same."""
    lab = make_lab(uid=nobody, options=[f"dns-server 127.0.0.1@{far.port}",
                                        NO_ANCHOR])
    pid, = lab.pids("dnsd")
    if os.getuid() == 0:
        r = lab.run("id", "-u")
        assert int(r.stdout) == nobody
        # Its owner may ask, as all programs are it.
        os.seteuid(nobody)
    try:
        with Asker(lab) as a:
            assert a.ask("MX", "fine.far.example").records == GOOD
            assert a.state()["questions"] == 1
    finally:
        if os.getuid() == 0:
            os.seteuid(0)


def test_memory(make_lab):
    """Whatever is asked for, the caches have a bound."""
    def reply(query):
        return query.answer([record(query.name, "TXT", "x" * 255)
                             for _ in range(4)])

    with serving(reply) as server:
        lab = make_lab(options=[f"dns-server 127.0.0.1@{server.port}",
                                NO_ANCHOR])
        pid, = lab.pids("dnsd")
        with Asker(lab) as a:
            sent = []
            for n in range(2000):
                sent.append(a.send("TXT", f"n{n}.example"))
                if len(sent) == WINDOW:
                    for serial in sent:
                        assert a.wait(serial).status == "insecure"
                    sent = []
        with open(f"/proc/{pid}/status") as f:
            rss, = [line.split()[1] for line in f if line.startswith("VmRSS")]
        assert suite.SAN or int(rss) < 80 * 1024
