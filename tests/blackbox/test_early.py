"""Delivery before the answer: what is small and local never sees the spool, and
what cannot be delivered in time is filed before its client is answered."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack

import pytest

import wire
from early import (Client, blocked, contents, directories, filing, forms,
                   memory_files, new_log, sends, stopped, wait_early)
from messages import header, plain
from queue_asked import (FAR, add_alias, kill_queued, lines, looping, queue,
                         spool_file, status, submit)
from suite import wait_for

# A second is the shortest wait that there is.
SOON = ["early-delivery-wait 1", "retry-first 1", "retry-most 2"]


@pytest.fixture
def make(make_lab):
    """A suite that has an agent, with the mailboxes empty again."""
    def get(*options, **more):
        lab = make_lab(options=[*SOON, *options], **more)
        for user in ("alice", "bob"):
            assert lab.send(plain("first"), [user]).code == 250
            lab.wait_files(user, 1)
        lab.empty()
        return lab

    return get


# --- in time


def test_delivered_before_the_answer(make):
    """It is in new/ when the client hears 250, and was in no directory."""
    lab = make("early-delivery-wait 30")
    before = directories(lab)
    with lab.smtp() as s:
        s.ehlo()
        for n in range(5):
            s.ok("MAIL FROM:<someone@example.org>")
            for user in ("alice", "bob"):
                s.ok(f"RCPT TO:<{lab.address(user)}>")
            assert s.data(plain(f"m{n}")).code == 250
            for user in ("alice", "bob"):
                assert plain(f"m{n}") in contents(lab, user)
    assert submit(lab, lab.address("bob"), subject="by hand") == 0
    assert len(lab.files("bob")) == 6
    assert directories(lab) == before
    assert queue(lab) == [] and memory_files(lab) == []
    assert not lines(lab, "form=file")


def test_never_when_told_so(make_lab):
    lab = make_lab(options=["early-delivery-wait 0"])
    before = directories(lab)
    for n in range(2):
        assert lab.send(plain(f"m{n}")).code == 250
        lab.wait_files("bob", n + 1)
    lab.wait_idle()
    assert directories(lab) != before
    assert len(forms(lab, "file")) == 2 and not forms(lab, "memory")


def test_not_for_other_hosts(make):
    """One that is for both is filed for both."""
    lab = make()
    assert submit(lab, lab.address("bob"), FAR) == 0
    lab.wait_files("bob", 1)
    assert len(lines(lab, "event=queued", "rcpts=2", "form=file")) == 1


def test_aliases_are_mailboxes(make):
    """What counts is where they lead."""
    lab = make()
    add_alias(lab, f"team: alice, bob\nmixed: bob, {FAR}")
    assert lab.send(plain("team"), ["team"]).code == 250
    assert len(lab.files("alice")) == len(lab.files("bob")) == 1
    assert lines(lab, "event=queued", "rcpts=2", "form=memory")
    assert submit(lab, lab.address("mixed")) == 0
    assert lines(lab, "event=queued", "rcpts=2", "form=file")


def test_size(make):
    """As stored: the largest one, and one byte more; with SIZE= and without."""
    lab = make("early-delivery-size 4k")

    def send(pad, declared=""):
        new_log(lab)
        message = header("x") + b"x" * pad
        with lab.smtp() as s:
            s.ehlo()
            s.ok(f"MAIL FROM:<someone@example.org>{declared}")
            s.ok(f"RCPT TO:<{lab.address('bob')}>")
            assert s.data(message + b"\r\n").code == 250
        [line] = lines(lab, "event=queued")
        return (int(line.split(" size=")[1].split(" ")[0]),
                line.split(" form=")[1])

    size, form = send(100)
    assert form == "memory"
    fits = 100 + 4096 - size
    assert send(fits) == (4096, "memory")
    assert send(fits + 1) == (4097, "file")
    assert send(fits + 1, " SIZE=10") == (4097, "file")
    assert send(fits, " SIZE=4096") == (4096, "memory")
    assert send(100, " SIZE=4097") == (size, "file")
    lab.wait_idle()
    assert len(lab.files("bob")) == 6


def test_grows_into_a_file(make):
    """A large one is whole, wherever it left memory."""
    lab = make("early-delivery-size 64k")
    message = plain("grown", b"".join(b"%070d\r\n" % n for n in range(5000)))
    assert lab.send(message).code == 250
    lab.wait_files("bob", 1)
    assert contents(lab, "bob") == [message]
    assert forms(lab, "file")
    lab.wait_idle()


def test_fifty_recipients(make):
    lab = make()
    users = [f"u{n}" for n in range(51)]
    with open(lab.conf / "users", "a") as f:
        f.writelines(f"{lab.address(user)}\n" for user in users)
    assert lab.postrider("apply").returncode == 0
    for count, form in ((50, "memory"), (51, "file")):
        assert lab.send(plain("x"), users[:count]).code == 250
        assert lines(lab, "event=queued", f"rcpts={count}", f"form={form}")
    lab.wait_idle()
    assert [len(lab.files(user)) for user in users] == [2] * 50 + [1]


def test_memory_is_bounded(make):
    """What does not fit any more is filed; what is over gives its room back."""
    lab = make("early-delivery-size 32k", "early-delivery-memory 80k")
    sessions = [lab.smtp() for _ in range(4)]
    for s in sessions:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        s.ok("DATA", 354)
    assert len(memory_files(lab)) == 2
    new_log(lab)
    for n, s in enumerate(sessions):
        s.send(wire.stuff(plain(f"m{n}")))
        assert s.reply().code == 250
        s.close()
    assert len(forms(lab, "memory")) == 2 and len(forms(lab, "file")) == 2
    assert lab.send(plain("later")).code == 250
    assert len(forms(lab, "memory")) == 3
    lab.wait_files("bob", 5)
    lab.wait_idle()
    assert memory_files(lab) == []


def test_descriptors_do_not_run_out(make):
    """Sessions with a memory file each: the last are refused, and what queued
    needs for agents and files is left."""
    lab = make("connections-per-client 1000")
    [master] = lab.pids("postriderd")
    subprocess.run(["prlimit", "--pid", str(master), "--nofile=900:900"],
                   check=True)
    kill_queued(lab)
    sessions = []
    while len(sessions) < 400:
        s = lab.smtp()
        sessions.append(s)
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        s.ok(f"RCPT TO:<{lab.address('bob')}>")
        if s.cmd("DATA").code != 354:
            break
    [pid] = lab.pids("queued")
    used = len(os.listdir(f"/proc/{pid}/fd"))
    assert len(sessions) > 50 and used < 800, (len(sessions), used)
    for s in sessions[:-1]:
        s.send(wire.stuff(plain("x")))
    assert {s.reply().code for s in sessions[:-1]} == {250}
    for s in sessions:
        s.close()
    lab.wait_files("bob", len(sessions) - 1)


# --- not in time


def test_late(make):
    """Filed after the wait; the next ones at once, until the agent answers."""
    lab = make()
    new_log(lab)
    with stopped(lab, "local"):
        start = time.monotonic()
        assert lab.send(plain("late")).code == 250
        took = time.monotonic() - start
        assert took > 0.9, took
        assert lines(lab, "event=filing", "reason=late")
        assert len(lab.queued()) == 1 and lab.files("bob") == []
        assert lab.send(plain("next")).code == 250
        assert len(forms(lab, "memory")) == len(forms(lab, "file")) == 1
    lab.wait_files("bob", 2)
    lab.wait_idle()
    assert sorted(contents(lab, "bob")) == [plain("late"), plain("next")]
    assert memory_files(lab) == []
    new_log(lab)
    assert lab.send(plain("again")).code == 250
    assert forms(lab, "memory")


def test_done_while_it_is_filed(make):
    """Its session copies in vain: no file stays, and it is accepted."""
    lab = make("early-delivery-wait 30", via="inetd")
    with ExitStack() as at_first:
        at_first.enter_context(blocked(lab, "alice"))
        with filing(lab, plain("x")) as (client, _):
            at_first.close()
            assert lab.postrider("queue", "retry", "--all").returncode == 0
            lab.wait_files("alice", 1)
            lab.wait_idle()
            assert memory_files(lab)
        assert client.code() == 250
    assert memory_files(lab) == [] and queue(lab) == []
    assert len(lab.files("alice")) == len(lab.files("bob")) == 1


def test_one_has_to_wait(make):
    """Delivered to one, filed for the other; nobody gets it twice."""
    lab = make()
    with blocked(lab, "bob"):
        assert lab.send(plain("x"), ["alice", "bob"]).code == 250
        assert len(lab.files("alice")) == 1
        assert lines(lab, "event=filing", "reason=deferred")
        [m] = queue(lab)
        assert sorted(r["status"] for r in m["recipients"]) == ["D", "Q"]
        shown = lab.run(lab.env["MAILQ"]).stdout.decode()
        assert f" {lab.address('bob')}\n" in shown
        assert lab.address("alice") not in shown  # is done with
        text = spool_file(lab, m["id"]).read_text()
        assert f"Rcpt: D 0 - {lab.address('alice')}\n" in text
        assert f"Rcpt: Q 0 - {lab.address('bob')}\n" in text
        assert m["attempts"] >= 1
        kill_queued(lab)
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert len(lab.files("alice")) == 1
    assert contents(lab, "bob") == [plain("x")]


@pytest.mark.parametrize("more", ((), ("alice",)), ids=("alone", "beside"))
def test_failure_is_reported(make, more):
    """The report is in the sender's mailbox before the client is answered, and
    neither of the two was in the spool."""
    lab = make("early-delivery-wait 30")
    before = directories(lab)
    new_log(lab)
    rcpts = [lab.address(user) for user in ("bob", *more)]
    assert looping(lab, *rcpts, sender=lab.address("alice")) == 0
    found = [f.read_bytes() for f in lab.files("alice")]
    assert len(found) == 1 + len(more)
    assert sum(b"report-type=delivery-status" in f for f in found) == 1
    assert lab.files("bob") == []
    assert lines(lab, "event=bounced", f"to={lab.address('bob')}")
    assert len(forms(lab, "memory")) == 2 and not forms(lab, "file")
    assert directories(lab) == before
    assert queue(lab) == []


def test_report_that_has_to_wait(make):
    """Then so does the message: the report is durable before it is gone."""
    lab = make()
    with blocked(lab, "alice"):
        assert looping(lab, sender=lab.address("alice")) == 0
        [m] = queue(lab)  # the report; it was filed, and that was enough
        assert m["sender"] == ""
        assert len(lab.queued()) == 1
    lab.wait_files("alice", 1)
    lab.wait_idle()


# --- deaths


def test_session_dies(make):
    """Nobody was told: it is forgotten, though agents had it in hand."""
    lab = make("early-delivery-wait 30", via="inetd")
    with blocked(lab, "alice"):
        with stopped(lab, "local"):
            client = Client(lab, plain("x"), ["alice", "bob"])
            [*_, message_id] = wait_early(lab)
            [session] = lab.pids("smtpd")
            os.kill(session, signal.SIGKILL)
            assert client.code() is None
        lab.wait_log("event=forgotten")
        assert lines(lab, message_id, "event=forgotten", "reason=session-gone")
        assert lab.queued() == []
    wait_for(lambda: memory_files(lab) == [], "no memory")
    assert queue(lab) == [] and lab.files("alice") == []
    assert contents(lab, "bob") == [plain("x")]
    assert Client(lab, plain("x"), ["alice", "bob"]).code() == 250
    assert len(lab.files("alice")) == 1 and len(lab.files("bob")) == 2


def test_session_dies_while_filing(make):
    """Its file goes with it."""
    lab = make("early-delivery-wait 30", via="inetd")
    with blocked(lab, "alice"), filing(lab, plain("x")) as (client, session):
        os.kill(session, signal.SIGKILL)
        lab.wait_idle()
        assert client.code() is None
        assert lines(lab, "event=forgotten", "reason=session-gone",
                     "filing=deferred")
    wait_for(lambda: memory_files(lab) == [], "no memory")
    assert queue(lab) == [] and lab.files("alice") == []


def test_queued_dies(make):
    """The client hears 451, or nothing; when it comes back, all is well."""
    lab = make("early-delivery-wait 30")
    with stopped(lab, "local"):
        client = Client(lab, plain("x"), ["alice", "bob"])
        wait_early(lab)
        kill_queued(lab)
        code = client.code()
        assert code in (451, None), client.reply
        if code == 451:
            assert client.reply.dsn == "4.3.0"
    assert queue(lab) == [] and lab.queued() == []
    again = Client(lab, plain("x"), ["alice", "bob"])
    assert again.code() == 250
    for user in ("alice", "bob"):
        wait_for(lambda u=user: lab.files(u), f"{user}'s copy")
        assert len(lab.files(user)) <= 2
        assert set(contents(lab, user)) == {plain("x")}


def test_queued_dies_while_filing(make):
    """With one recipient done, the incomplete file is no damage."""
    lab = make("early-delivery-wait 30", via="inetd")
    with blocked(lab, "alice"):
        with filing(lab, plain("x")) as (client, _):
            kill_queued(lab)
        assert client.code() in (451, None)
        assert len(lab.queued()) == 1 and queue(lab) == []
        assert list((lab.spool / "damaged").iterdir()) == []
    assert Client(lab, plain("x"), ["alice", "bob"]).code() == 250
    lab.wait_idle_but_incomplete()
    assert len(lab.files("alice")) == 1 and len(lab.files("bob")) == 2


def test_agent_dies(make):
    """Another one delivers, before the answer or after it."""
    lab = make()
    with stopped(lab, "local") as [agent]:
        client = Client(lab, plain("x"))
        wait_early(lab)
        os.kill(agent, signal.SIGKILL)
        assert client.code() == 250
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert contents(lab, "bob") == [plain("x")]


def test_orderly_stop(make):
    """What waits for its agent is filed before queued goes; nothing is lost,
    and nothing comes twice."""
    lab = make("early-delivery-wait 30")
    [master] = lab.pids("postriderd")
    with stopped(lab, "local"):
        clients = [Client(lab, plain(f"m{n}")) for n in range(5)]
        wait_early(lab, 7)
        os.kill(master, signal.SIGTERM)
        assert [c.code() for c in clients] == [250] * 5
        assert len(lines(lab, "event=filing", "reason=stopping")) == 5
        assert len(lab.queued()) == 5
    wait_for(lambda: master not in lab.pids("postriderd"), "its end")
    wait_for(lambda: sends(lab, "alice"), "the next one")
    lab.wait_idle()
    assert sorted(contents(lab, "bob")) == [plain(f"m{n}") for n in range(5)]


def test_becomes_an_alias(make):
    """Before it is tried again, that is: a copy of it goes to where that leads,
    and its client is answered when the copy is in the queue."""
    lab = make("early-delivery-wait 30")
    with stopped(lab, "local") as [agent]:
        client = Client(lab, plain("follow"))
        wait_early(lab)
        add_alias(lab, f"{lab.address('bob')}: alice")
        os.kill(agent, signal.SIGKILL)
        assert client.code() == 250
    lab.wait_files("alice", 1)
    lab.wait_idle()
    assert contents(lab, "alice") == [plain("follow")]
    assert lab.files("bob") == [] and memory_files(lab) == []
    assert lines(lab, "event=queued", "copy-of=")


# --- the administrator


def being_delivered(lab, verb, message_id):
    """An agent has it: nobody claims that it was held or dropped."""
    for what, status, said in ((message_id, 1, message_id),
                               ("--all", 0, "postrider: 1 message")):
        r = lab.postrider("queue", verb, what)
        assert (r.returncode, r.stdout) == (status, b"0 messages\n"), r
        assert f"{said}: being delivered: takes effect only if that fails" \
            in r.stderr.decode()
    assert len(lines(lab, message_id, "event=control", f"action={verb}",
                     "result=being-delivered")) == 2
    [m] = queue(lab)
    assert (m["state"], m["memory"], m["pending"]) == ("active", True, verb)
    word = {"hold": "held", "drop": "dropped"}[verb]
    assert f" in memory, to be {word}\n" in \
        lab.run(lab.env["MAILQ"]).stdout.decode()
    assert f"\nstate: active, in memory, to be {word}\n" in \
        lab.postrider("queue", "show", message_id).stdout.decode()


def test_delivered_all_the_same(make):
    """What was to be dropped, while the agent had it already."""
    lab = make("early-delivery-wait 30")
    with stopped(lab, "local"):
        client = Client(lab, plain("x"))
        [*_, message_id] = wait_early(lab)
        assert status(lab, "memory-bytes") > 0
        being_delivered(lab, "drop", message_id)
    assert client.code() == 250
    assert contents(lab, "bob") == [plain("x")] and queue(lab) == []
    assert not lines(lab, message_id, "event=dropped")
    assert [status(lab, name) for name in
            ("early", "filed", "forgotten", "memory-bytes")] == [3, 0, 0, 0]


def test_hold(make):
    """Held while an agent has it: it is filed as held, when that is lost."""
    lab = make("early-delivery-wait 30")
    with stopped(lab, "local") as [agent]:
        client = Client(lab, plain("x"))
        [*_, message_id] = wait_early(lab)
        [m] = queue(lab)
        assert m["id"] == message_id and m["state"] == "active"
        shown = lab.postrider("queue", "show", message_id).stdout
        assert b"Subject: x" in shown and b"Hello." in shown
        assert message_id in lab.run(lab.env["MAILQ"]).stdout.decode()
        assert m["memory"] and m["pending"] == ""
        being_delivered(lab, "hold", message_id)
        os.kill(agent, signal.SIGKILL)
        assert client.code() == 250
    [m] = queue(lab)
    assert m["state"] == "held" and lab.files("bob") == []
    assert not m["memory"] and m["pending"] == ""
    assert "\nState: H " in spool_file(lab, message_id).read_text()
    kill_queued(lab)
    assert lab.postrider("queue", "release", message_id).returncode == 0
    lab.wait_files("bob", 1)
    lab.wait_idle()


def test_drop(make):
    """The client hears 250: it is the administrator who took it away."""
    lab = make("early-delivery-wait 30")
    before = directories(lab)
    with stopped(lab, "local") as [agent]:
        client = Client(lab, plain("x"))
        [*_, message_id] = wait_early(lab)
        being_delivered(lab, "drop", message_id)
        os.kill(agent, signal.SIGKILL)
        assert client.code() == 250
    assert lines(lab, message_id, "event=dropped", "reason=administrator")
    assert queue(lab) == [] and directories(lab) == before
    assert memory_files(lab) == []
    time.sleep(0.3)
    assert lab.files("bob") == []
