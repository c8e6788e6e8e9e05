"""remote by itself: a message, and what other servers make of it.

There is no queue and no daemon: the test is queued, and the other side is a
script.
"""

import os

import pytest

from remote_jobs import (BUSY, DOWN, ENCRYPT, MAY, OK, OURS, PERM, RELAYED,
                         TEMP, UTF8, VERIFY, Place)
from sink import BDAT, CLOSE, CUT, EXTENSIONS, Sink

BODY = b"Subject: x\r\n\r\nbody\r\n"  # the same as text and as binary
NO_PIPELINING = tuple(e for e in EXTENSIONS if e != "PIPELINING")
PLAIN = ()
EVERY_WAY = {"pipelining": EXTENSIONS, "bdat": BDAT,
             "one-by-one": NO_PIPELINING,
             "bdat-one-by-one": NO_PIPELINING + ("CHUNKING", "BINARYMIME"),
             "nothing": PLAIN}
RCPTS = ["a@example.net", "b@example.net", "c@example.net"]


@pytest.fixture(scope="module")
def place():
    with Place("connection-idle 2s", "remote-timeout 5s") as p:
        yield p


@pytest.fixture(params=EVERY_WAY.values(), ids=EVERY_WAY.keys())
def way(request):
    return request.param


def kinds(outcomes):
    return [o.outcome for o in outcomes]


# --- what goes right

def test_delivers(place, way):
    with Sink(way) as s, place.remote(s, way) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.code, o.mta) == (OK, 250, "sink.test"), o
        assert o.dsn == "2.0.0" and o.text == "taken"
        assert o.flags == (0 if "DSN" in way else RELAYED)
        m, = s.messages()
        assert (m.sender, m.addresses) == ("a@x.test", ["bob@example.net"])
        assert m.content == BODY


def test_several_recipients(place, way):
    with Sink(way) as s, place.remote(s, way) as r:
        assert kinds(r.deliver(BODY, RCPTS)) == [OK] * 3
        m, = s.messages()
        assert m.addresses == RCPTS


def test_one_connection(place, way):
    """and it is ended when nothing has come for a while."""
    with Sink(way) as s, place.remote(s, way) as r:
        for i in range(5):
            assert kinds(r.deliver(BODY + b"%d\r\n" % i)) == [OK]
        s.all_ended(1)
        assert len(s.sessions) == 1 and s.sessions[0].said[-1] == "QUIT"
        assert [m.content[-3:] for m in s.messages()] == \
            [b"%d\r\n" % i for i in range(5)]
        assert kinds(r.deliver(BODY)) == [OK]
        assert len(s.sessions) == 2


def test_many_at_once(place, way):
    with Sink(way) as s, place.remote(s, way) as r:
        numbers = [r.send(BODY + b"%d\r\n" % i) for i in range(40)]
        for n in numbers:
            assert kinds(r.outcomes(n, 1)) == [OK]
        assert [m.content for m in s.messages()] == \
            [BODY + b"%d\r\n" % i for i in range(40)]
        assert len(s.sessions) == 1


# --- refusals

def refused(outcome, code, kind):
    return outcome.outcome == kind and outcome.code == code


@pytest.mark.parametrize("code, kind", [(451, TEMP), (554, PERM)])
@pytest.mark.parametrize("what", ["MAIL", "RCPT", "DATA", "END"])
def test_refused(place, way, what, code, kind):
    """wherever it is, that is for all, and the next message goes well."""
    if what == "DATA" and "CHUNKING" in way:
        what = "END"
    # With DATA, and where it would have been BDAT, with what stands for it.
    rcpts = RCPTS[:2] if what == "RCPT" else RCPTS[:1]
    answers = {what: [f"{code} {code // 100}.7.9 because"] * len(rcpts) +
               ["354 go" if what == "DATA" else "250 fine"]}
    with Sink(way, answers) as s, place.remote(s, way) as r:
        found = r.deliver(BODY, rcpts)
        assert all(refused(o, code, kind) for o in found), found
        step = {"MAIL": "MAIL FROM", "RCPT": "RCPT TO",
                "END": "the end of the message"}.get(what, what)
        assert {(o.dsn, o.text, o.mta, o.flags) for o in found} == \
            {(f"{code // 100}.7.9", f"because (in reply to {step})",
              "sink.test", 0)}
        assert kinds(r.deliver(BODY)) == [OK]
        assert len(s.sessions) == 1


def test_some_refused(place, way):
    answers = {"RCPT": ["250 a", "550 5.1.1 nobody", "250 c"]}
    with Sink(way, answers) as s, place.remote(s, way) as r:
        found = r.deliver(BODY, RCPTS)
        assert kinds(found) == [OK, PERM, OK]
        assert found[1].dsn == "5.1.1" and found[1].code == 550
        assert s.messages()[0].addresses == [RCPTS[0], RCPTS[2]]


def test_go_ahead_for_nobody(place):
    """With 354 although nobody was accepted: not even an empty message."""
    answers = {"RCPT": ["550 5.1.1 nobody"]}

    with Sink(answers=answers, always_data=True) as s, place.remote(s) as r:
        assert kinds(r.deliver(BODY, RCPTS)) == [PERM] * 3
        s.all_ended(1)
        assert s.sessions[0].ends == 0


@pytest.mark.parametrize("reply, more", [
    ("452 4.5.3 too many recipients", True), ("452 too many", True),
    ("552 too many recipients", True), ("552 5.5.3 too many", True),
    ("452 4.2.2 mailbox full", False), ("452 4.3.1 disk full", False),
    ("552 5.2.2 mailbox full", False), ("450 4.5.3 no", False),
])
def test_too_many_recipients(place, way, reply, more):
    """The rest goes at once in another transaction (RFC 5321 4.5.3.1.10)."""
    def rcpt(session, _):
        return reply if len(session.message.rcpts) == 2 else "250 fine"

    rcpts = [f"u{i}@example.net" for i in range(5)]
    with Sink(way, {"RCPT": rcpt}) as s, place.remote(s, way) as r:
        found = r.deliver(BODY, rcpts)
        if not more:
            kind = TEMP if reply[0] == "4" else PERM
            assert kinds(found) == [OK] * 2 + [kind] * 3
            assert len(s.messages()) == 1
            return
        assert kinds(found) == [OK] * 5, found
        assert [m.addresses for m in s.messages()] == \
            [rcpts[:2], rcpts[2:4], rcpts[4:]]
        assert len(s.sessions) == 1


@pytest.mark.parametrize("reply, dsn", [
    ("552 5.5.3 too many", "4.5.3"), ("452 4.5.3 too many", "4.5.3")])
def test_one_is_too_many(place, reply, dsn):
    with Sink(answers={"RCPT": reply}) as s, place.remote(s) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.dsn, o.code) == (TEMP, dsn, int(reply[:3]))


def test_limits(place, way):
    """RFC 9422: so many recipients, and messages in one connection."""
    rcpts = [f"u{i}@example.net" for i in range(7)]
    with Sink(way + ("LIMITS RCPTMAX=2 MAILMAX=3",)) as s, \
            place.remote(s, way) as r:
        if not way:
            return  # without EHLO there is no such thing
        assert kinds(r.deliver(BODY, rcpts)) == [OK] * 7
        assert [len(m.rcpts) for m in s.messages()] == [2, 2, 2, 1]
        s.wait(lambda: s.sessions[0].ended)
        assert [len(one.messages) for one in s.sessions] == [3, 1]
        numbers = [r.send(BODY) for _ in range(4)]
        for n in numbers:
            assert kinds(r.outcomes(n, 1)) == [OK]
        assert [len(one.messages) for one in s.sessions] == [3, 3, 2]


def test_size(place):
    with Sink(("SIZE 1000",)) as s, place.remote(s) as r:
        o, = r.deliver(b"x\n" * 334)  # 1002 octets
        assert (o.outcome, o.code, o.dsn) == (PERM, 0, "5.3.4")
        assert "1002" in o.text and "1000" in o.text
        assert kinds(r.deliver(b"x\n" * 333)) == [OK]
        assert s.sessions[0].said[1] == "MAIL FROM:<a@x.test> SIZE=999"


@pytest.mark.parametrize("reply, flags", [
    ("421 4.3.2 too many connections", BUSY), ("421 no", BUSY),
    ("452 4.3.1 disk full", BUSY), ("450 4.7.0 too many messages", BUSY),
    ("451 4.3.2 busy", BUSY), ("450 4.1.8 no such domain", 0),
    ("450 4.7.1 temporarily separated", 0), ("550 5.7.1 too many", 0)])
def test_busy(place, way, reply, flags):
    with Sink(way, {"MAIL": reply}) as s, place.remote(s, way) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.flags) == \
            (PERM if reply[0] == "5" else TEMP, flags)


def test_not_reached(place):
    with Sink() as s:
        hop = s.hop
    with place.remote(hop) as r:
        found = r.deliver(BODY, RCPTS)
        assert kinds(found) == [TEMP] * 3
        assert {o.flags for o in found} == {DOWN}


def test_source_address():
    """is what the other side sees, whatever keeps remote from ports."""
    seen = []

    def greet(session, _):
        seen.append(session.sock.getpeername()[0])
        return "220 sink.test"

    with Place("source-address 127.0.0.3") as ours, \
            Sink(answers={"GREETING": greet}) as s, ours.remote(s) as r:
        assert kinds(r.deliver(BODY)) == [OK], r.log()
        assert seen == ["127.0.0.3"]


def test_source_address_of_another():
    """The text says which address it is, and that nobody has it here."""
    with Place("source-address 203.0.113.77") as ours, Sink() as s, \
            ours.remote(s) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.dsn, o.flags) == (TEMP, "4.3.0", OURS)
        assert o.text.endswith(
            "source-address 203.0.113.77: this host has no such address")
        assert "203.0.113.77" in r.log()


# --- LMTP

@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("extensions", [EXTENSIONS, BDAT, PLAIN],
                         ids=["pipelining", "bdat", "nothing"])
def test_lmtp(place, extensions, unix):
    """A reply for each recipient that was accepted, in their order."""
    answers = {"RCPT": ["250 a", "550 5.1.1 nobody", "250 c", "250 d",
                        "250 again"],
               "END": ["250 2.1.5 one", "452 4.2.2 full", "550 5.2.1 three",
                       "250 2.0.0 again"]}
    with Sink(extensions, answers, lmtp=True, unix=unix) as s, \
            place.remote(s, extensions) as r:
        found = r.deliver(BODY, RCPTS + ["d@example.net"])
        assert [(o.outcome, o.dsn) for o in found] == [
            (OK, "2.1.5"), (PERM, "5.1.1"), (TEMP, "4.2.2"), (PERM, "5.2.1")]
        assert s.sessions[0].said[0].startswith("LHLO ")
        assert kinds(r.deliver(BODY)) == [OK]
        assert len(s.sessions) == 1


def test_lmtp_lost(place):
    """Those that were answered are; the others may come twice."""
    answers = {"END": ["250 2.1.5 one", CLOSE]}
    with Sink(answers=answers, lmtp=True) as s, place.remote(s) as r:
        found = r.deliver(BODY, RCPTS)
        assert kinds(found) == [OK, TEMP, TEMP]
        assert all("may arrive twice" in o.text and
                   o.text.startswith("[127.0.0.1]: ") for o in found[1:])


def test_lmtp_no_socket(place):
    """The path, and whom it refuses."""
    path = place.base / "others" / "lmtp"
    path.parent.mkdir()
    path.parent.chmod(0o755)
    with place.remote(f"lmtp:{path}") as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.code, o.text) == \
            (TEMP, 0, f"{path}: No such file or directory")
        assert f"event=unreachable hop=lmtp:{path} path={path} dsn=4.4.1" \
            in r.log()
    path.parent.chmod(0o700)
    with place.remote(f"lmtp:{path}") as r:
        o, = r.deliver(BODY)
        if os.getuid() == 0:
            assert o.text == f"{path}: Permission denied (for uid 65534)"


@pytest.mark.parametrize("greeting", [
    "554 5.7.1 Your IP is bad", "554 other.test no"])
def test_no_name(place, greeting):
    """Only who takes mail says what he is called."""
    with Sink(answers={"GREETING": (greeting, CLOSE)}) as s, \
            place.remote(s) as r:
        o, = r.deliver(BODY)
        assert (o.code, o.mta) == (554, "[127.0.0.1]")
        assert o.text.endswith("(as its greeting)")


def test_told(place):
    """By its id a message's way is found, and how it was protected."""
    with Sink() as s, place.remote(s) as r:
        r.deliver(BODY)
        assert f"id=2ab event=sent hop={s.hop} host=sink.test " \
            "ip=127.0.0.1 tls=no cipher=none verified=no rcpts=1 " in r.log()


# --- the connection ends

@pytest.mark.parametrize("end", [CLOSE, CUT])
@pytest.mark.parametrize("what", ["MAIL", "RCPT", "DATA", "END"])
def test_closed(place, way, what, end):
    if what == "DATA" and "CHUNKING" in way:
        what = "END"
    with Sink(way, {what: end}) as s, place.remote(s, way) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.code, o.dsn) == (TEMP, 0, "4.4.2"), o
        assert ("may arrive twice" in o.text) == \
            (what == "END"), o.text


@pytest.mark.parametrize("what", ["MAIL", "RCPT", "DATA", "END"])
def test_leaves(place, way, what):
    """421 is an answer to anything, and the end."""
    if what == "DATA" and "CHUNKING" in way:
        what = "END"
    answers = {what: ("421 4.3.2 going down", CLOSE)}
    with Sink(way, answers) as s, place.remote(s, way) as r:
        found = r.deliver(BODY, RCPTS)
        assert {(o.outcome, o.code, o.dsn, o.flags) for o in found} == \
            {(TEMP, 421, "4.3.2", BUSY)}
        s.answers.clear()
        assert kinds(r.deliver(BODY)) == [OK]
        assert len(s.sessions) == 2


@pytest.mark.parametrize("last", [CLOSE, ("421 4.4.2 idle", CLOSE)],
                         ids=["closed", "421"])
def test_kept_and_dead(place, way, last):
    """A connection that was kept and is dead is no fault of the message."""
    with Sink(way, {"MAIL": ["250 fine", last, "250 fine"]}) as s, \
            place.remote(s, way) as r:
        first = r.send(BODY)
        second = r.send(BODY)
        assert kinds(r.outcomes(first, 1) + r.outcomes(second, 1)) == [OK, OK]
        assert kinds(r.deliver(BODY)) == [OK]
        assert len(s.sessions) == 2
        assert len(s.messages()) == 3


def test_closed_while_idle(place):
    """is seen at once, and with what it says."""
    with Sink() as s, place.remote(s) as r:
        assert kinds(r.deliver(BODY)) == [OK]
        s.sessions[0].send(b"421 4.4.2 idle\r\n")
        s.all_ended(1)
        assert kinds(r.deliver(BODY)) == [OK]
        assert len(s.sessions) == 2


@pytest.mark.parametrize("extra", [b"552 5.7.1 no", b"250 2.0.0 again"])
def test_answered_twice(place, way, extra):
    """Which of them was the answer is not known."""
    answers = {"END": b"250 2.0.0 taken\r\n" + extra}
    with Sink(way, answers) as s, place.remote(s, way) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.dsn) == (TEMP, "4.5.0")
        assert "may arrive twice" in o.text


@pytest.mark.parametrize("what", ["MAIL", "RCPT", "DATA", "END"])
def test_takes_leave(place, way, what):
    """By 221, which nobody asked for: that delivers nothing."""
    if what == "DATA" and "CHUNKING" in way:
        what = "END"
    with Sink(way, {what: "221 2.0.0 bye"}) as s, place.remote(s, way) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.dsn) == (TEMP, "4.5.0"), o


@pytest.mark.parametrize("what", ["GREETING", "EHLO"])
def test_no_mail_here(place, what):
    """Where the administrator sends it, it is a mistake of his."""
    with Sink(answers={what: "554 5.3.2 no"}) as s, place.remote(s) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.code, o.dsn) == (TEMP, 554, "4.3.2"), o


@pytest.mark.parametrize("what, reply, dsn", [
    ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "4.7.0"),
    ("RCPT", "550 5.7.10 encryption needed", "4.7.10"),
    ("DATA", "554 no mail without TLS", "4.0.0"),
    ("RCPT", "550 5.1.1 nobody", "5.1.1")])
def test_wants_tls(place, what, reply, dsn):
    """There is no tlsd: that is no fault of the message."""
    with Sink(EXTENSIONS + ("STARTTLS",), {what: reply}) as s, \
            place.remote(s) as r:
        o, = r.deliver(BODY)
        assert (o.outcome, o.dsn) == (TEMP if dsn[0] == "4" else PERM, dsn), o


def test_our_own_faults(place):
    """What daemons are to do that are not there says nothing of the host."""
    with Sink(EXTENSIONS + ("STARTTLS",)) as s:
        for hop, tls in ((s.hop, VERIFY), (s.hop, ENCRYPT),
                         ("smtps:" + s.hop, MAY), ("far.example", MAY)):
            with place.remote(hop, tls=tls) as r:
                o, = r.deliver(BODY)
                assert (o.outcome, o.flags) == (TEMP, OURS), (hop, o)


def test_offers_little_without_tls(place):
    """What it takes under TLS may be more."""
    with Sink(("STARTTLS",)) as s, place.remote(s) as r:
        o, = r.deliver(BODY, ["\u00e4@example.net"], flags=UTF8)
        assert (o.outcome, o.dsn) == (TEMP, "4.6.7")


@pytest.mark.parametrize("literal", ["127.0.0.1", "IPv6:::1", "0.0.0.0",
                                     "IPv6:::", "::ffff:127.0.0.1"])
def test_literal(place, literal):
    """As a recipient writes it that is no way to this host."""
    with place.remote(f"[{literal}]", routed=False) as r:
        o, = r.deliver(BODY, [f"a@[{literal}]"])
        assert (o.outcome, o.dsn) == (PERM, "5.4.4"), o
