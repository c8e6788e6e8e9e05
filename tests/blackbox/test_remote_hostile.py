"""remote by itself: servers that keep to nothing.

Each of them costs a bounded time and no mail: what they were given is to be
tried again, and the process goes on.
"""

import threading
import time

import pytest

from remote_jobs import BINARY, DOWN, OK, PERM, TEMP, Place
from sink import BDAT, CLOSE, EXTENSIONS, NOTHING, Ended, Sink

BODY = b"Subject: x\n\nbody\n"
WAYS = {"data": EXTENSIONS, "bdat": BDAT,
        "one-by-one": EXTENSIONS[1:], "nothing": ()}
WAIT = 1


@pytest.fixture(scope="module")
def place():
    with Place(f"remote-timeout {WAIT}s", "connect-timeout 2s") as p:
        yield p


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


def tried(place, sink, content=BODY, within=10, way=()):
    """One message that cannot be delivered; the outcome."""
    with sink as s, place.remote(s, way) as r:
        begun = time.monotonic()
        o, = r.deliver(content)
        took = time.monotonic() - begun
        assert o.outcome == TEMP, o
        assert took < within, (took, o)
        assert len(r.log()) < 10000
        assert r.process.poll() is None
        return o


def endless(chunk):
    def script(session):
        while True:
            session.send(chunk)
    return script


@pytest.mark.parametrize("chunk", [b"220-x\r\n", b"x" * 65536, b"220-",
                                   b"\0" * 65536, b"\r\n" * 30000],
                         ids=["lines", "line", "short", "nul", "empty"])
def test_endless_banner(place, chunk):
    o = tried(place, Sink(script=endless(chunk)))
    assert o.flags == DOWN


def test_endless_hello(place):
    """10^5 keywords, a number over all bounds, a mechanism list of 1 MiB."""
    def script(session):
        session.say("220 x")
        session.line()
        session.send(b"250-x\r\n" + b"".join(
            b"250-X%d\r\n" % i for i in range(100000)) + b"250 X\r\n")
        while True:
            session.line()
            session.say("250 x")
    tried(place, Sink(script=script))


def test_wild_hello(place):
    offered = ("SIZE 18446744073709551616", "SIZE -1", "AUTH " + "X" * 1048576,
               "LIMITS RCPTMAX=0 MAILMAX=99999999999999999999 =", "8BITMIMEX",
               "PIPELINING\0", " ", "\x1b[2J")
    with Sink(offered) as s, place.remote(s) as r:
        assert r.deliver(BODY)[0].outcome == OK


NONSENSE = ["", "25", "2500 x", "2x0 x", "999 x", "099 x", "-250 x", "250_x",
            "600 x", "100 x", "ok", "\0", "250-x\r\n251 y", "250-x\r\n\r\n",
            "\xff\xfe"]


@pytest.mark.parametrize("reply", NONSENSE)
@pytest.mark.parametrize("what", ["GREETING", "EHLO", "MAIL", "END"])
def test_nonsense(place, what, reply):
    answers = {what: (reply.encode("latin-1"), NOTHING)}
    if what == "EHLO":
        answers["HELO"] = answers[what]
    o = tried(place, Sink(answers=answers))
    assert o.code == 0 and o.dsn[0] == "4"


@pytest.mark.parametrize("what", ["EHLO", "MAIL", "RCPT", "END"])
def test_bare_code(place, what):
    """"250" alone is a reply (RFC 5321 section 4.2)."""
    with Sink((), {what: "250"}) as s, place.remote(s) as r:
        assert r.deliver(BODY)[0].outcome == OK


@pytest.mark.parametrize("what", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA",
                                  "END"])
def test_silence(place, way, what):
    if what == "DATA" and way is BDAT:
        what = "END"
    o = tried(place, Sink(way, {what: NOTHING}), way=way)
    # Where commands are pipelined the others' replies come in its place.
    assert o.dsn in ("4.4.2", "4.4.1", "4.5.0"), o


@pytest.mark.parametrize("what", ["GREETING", "MAIL", "END"])
def test_drips(place, what):
    """A byte now and then does not prolong a reply's time."""
    def drip(session, *_):
        for byte in b"250-" + b"x" * 1000:
            session.send(bytes([byte]))
            time.sleep(0.2)
        return NOTHING
    tried(place, Sink(answers={what: drip}))


@pytest.mark.parametrize("what", ["GREETING", "MAIL", "DATA", "END"])
def test_drips_lines(place, what):
    def drip(session, *_):
        for _ in range(1000):
            session.send(b"250-x\r\n")
            time.sleep(0.1)
        return NOTHING
    tried(place, Sink(answers={what: drip}))


@pytest.mark.parametrize("code", [250, 251, 200, 299, 334, 355, 300])
def test_wrong_kind(place, code):
    """No answer to DATA but 354 lets the message go, and none is one."""
    o = tried(place, Sink(answers={"DATA": f"{code} fine"}))
    assert o.dsn == "4.5.0" and "DATA" in o.text


@pytest.mark.parametrize("what", ["MAIL", "RCPT", "END"])
def test_wrong_kind_3xx(place, way, what):
    o = tried(place, Sink(way, {what: "354 go on"}), way=way)
    assert o.dsn == "4.5.0"


# --- answers before the question

@pytest.mark.parametrize("code", [250, 354])
def test_shifted(place, way, code):
    """One reply more than there were questions, and all others are shifted."""
    answers = {"EHLO": None}

    def script(session):
        session.say("220 x")
        session.line()
        lines = ["x", *way]
        session.send("".join(
            f"250{' ' if i == len(lines) - 1 else '-'}{one}\r\n"
            for i, one in enumerate(lines)).encode() +
            f"{code} one more\r\n".encode())
        session.sink.answers = {"GREETING": NOTHING}
        session.sink.script = None
        session.run()

    del answers["EHLO"]
    o = tried(place, Sink(script=script), way=way)
    assert o.dsn == "4.5.0" and "unasked" in o.text, o


@pytest.mark.parametrize("size", [10, 3000000])
def test_early_success(place, way, size):
    """250 with the go-ahead is no answer to the end of data."""
    if way is BDAT:
        answers = {"RCPT": "250 fine\r\n250 2.0.0 taken"}
    else:
        answers = {"DATA": "354 go\r\n250 2.0.0 taken"}

    o = tried(place, Sink(way, answers), b"x" * 70 + b"\n" * size, way=way)
    assert o.dsn == "4.5.0" and "before the end" in o.text, o


@pytest.mark.parametrize("lmtp", [False, True], ids=["smtp", "lmtp"])
@pytest.mark.parametrize("offered", [EXTENSIONS, BDAT],
                         ids=["data", "chunking"])
@pytest.mark.parametrize("flags", [0, BINARY], ids=["text", "binary"])
def test_shifted_in_pipeline(place, offered, lmtp, flags):
    """A message is not taken because one reply too many stands where its own
    would: neither this one nor the next."""
    answers = {"RCPT": ["250 fine\r\n250 2.0.0 extra", "250 fine"],
               "END": "552 5.7.1 refused"}
    with Sink(offered, answers, lmtp=lmtp) as s, place.remote(s) as r:
        numbers = [r.send(BODY, flags=flags) for _ in range(3)]
        found = [o for n in numbers for o in r.outcomes(n, 1)]
        assert [o.outcome for o in found] == [TEMP, PERM, PERM], found


def early(session, *_):
    """Reads a little of the content, and answers."""
    while len(session.buffer) < 100000:
        session.more()
    session.say(session.sink.early)
    if session.sink.then == CLOSE:
        raise Ended
    while True:
        session.more()


@pytest.mark.parametrize("then", [CLOSE, None])
@pytest.mark.parametrize("reply, outcome, dsn", [
    ("250 2.0.0 taken", TEMP, "4.5.0"),
    ("354 2.0.0 go", TEMP, "4.5.0"),
    ("421 4.3.2 going down", TEMP, "4.3.2"),
    ("452 4.3.1 disk full", TEMP, "4.3.1"),
    ("552 5.3.4 too large", PERM, "5.3.4")])
def test_answer_in_mid_data(place, way, reply, outcome, dsn, then):
    """It does not end the message; a refusal counts, a success never."""
    content = b"x" * 70 + b"\n"
    content *= 150000

    class Early(Sink):
        pass

    s = Early(way, buffer=8192)
    s.early, s.then = reply, then
    if way is BDAT:
        s.answers["RCPT"] = lambda session, _: (
            setattr(session, "bdat", lambda line: early(session)),
            "250 fine")[1]
    else:
        s.answers["DATA"] = lambda session, _: (
            setattr(session, "until_dot", lambda: early(session)),
            "354 go")[1]
    with s, place.remote(s, way) as r:
        o, = r.deliver(content)
        assert (o.outcome, o.dsn) == (outcome, dsn), o
        s.all_ended(1)
        assert s.messages() == []


@pytest.mark.parametrize("what", ["MAIL", "END"])
def test_large_text(place, what):
    """10 MB of text: a little of it is kept, printable."""
    text = "552-5.2.3 " + "\x1b[2J\xff<>" * 40
    answers = {what: "\r\n".join([text] * 150) + "\r\n552 5.2.3 end"}
    answers[what] = answers[what].encode("latin-1")
    with Sink(answers=answers) as s, place.remote(s) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.dsn, o.code) == (PERM, "5.2.3", 552)
        assert len(o.text) <= 200 and o.text.isprintable() and \
            o.text.isascii()
    line = b"552 5.2.3 " + b"x" * 10000000
    with Sink(answers={what: line}) as s, place.remote(s) as r:
        o, = r.deliver(BODY)
        assert o.outcome in (TEMP, PERM) and len(o.text) <= 200


@pytest.mark.parametrize("dsn", ["5.", "2.0.0", "4.7.1", "5.1000.1", "5.1.1x",
                                 "5..1", "5.1", "", "5.1.1.1"])
def test_odd_dsn(place, dsn):
    """An enhanced code of another class, or none, is text; none is left over
    from before."""
    answers = {"RCPT": ["550 5.7.9 first", f"550 {dsn} x"]}
    with Sink(answers=answers) as s, place.remote(s) as r:
        first, second = r.deliver(BODY, ["a@example.net", "b@example.net"])
        assert first.dsn == "5.7.9"
        assert (second.outcome, second.dsn) == (PERM, "5.0.0")


# --- who does not read

def test_reads_nothing(place, way):
    """The content of who reads none of it is not pushed for ever."""
    stop = threading.Event()

    def wait(*_):
        stop.wait(60)
        return CLOSE

    s = Sink(way, {"RCPT" if way is BDAT else "DATA": wait})
    if way is not BDAT:
        s.answers["DATA"] = ("354 go", wait)
    else:
        s.answers["RCPT"] = ("250 fine", wait)
    try:
        tried(place, s, b"x" * 30000000, way=way)
    finally:
        stop.set()
