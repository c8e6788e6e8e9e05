"""Mail that is passed on: lists and their owners, commands, files, circles, and
what a crash of queued leaves."""

import json
import os
import random
import re
import signal
import time
from collections import Counter
from contextlib import ExitStack

import pytest

import suite
from messages import plain
from reports import is_report, wait_report
from sink import Sink
from suite import wait_for
from unix_users import root_only, unix_user

SENDER = "carol@example.net"
MEMBERS = 10000


def add(lab, name, *lines):
    """Lines of a file of the configuration, which is applied."""
    with open(lab.conf / name, "a") as f:
        f.writelines(line + "\n" for line in lines)
    r = lab.postrider("apply")
    assert r.returncode == 0, r.stderr


def send(lab, *rcpts, sender=SENDER, subject="x"):
    with lab.smtp() as s:
        s.ehlo()
        s.ok(f"MAIL FROM:<{sender}>")
        for rcpt in rcpts:
            s.ok(f"RCPT TO:<{rcpt}>")
        assert s.data(plain(subject)).code == 250


def header(file, name):
    return re.findall(rb"^" + name + rb": (.*)$",
                      file.read_bytes().split(b"\n\n")[0], re.M)


@pytest.fixture
def place():
    """A directory that commands may write to."""
    made = suite.open_dir()
    made.chmod(0o777)
    yield made
    for file in made.iterdir():
        file.unlink()
    made.rmdir()


@pytest.fixture
def out(make_lab):
    """out(sink, options...): a lab whose foreign mail goes to the sink."""
    def make(sink, *options):
        return make_lab(options=[f"route * {sink.hop}", "retry-first 1s",
                                 "relay-clients 127.0.0.0/8", *options])
    return make


# --- what aliases lead to


def test_members_of_all_kinds(out, place):
    (place / "list").write_text("# a list\nbob, dave@far.example\n")
    (place / "list").chmod(0o644)
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases",
            f'all: \\alice, "|/usr/bin/tee {place}/tee", {place}/box,'
            f" :include:{place}/list")
        send(lab, lab.address("all+x"))
        lab.wait_idle()
        [m] = s.messages()
        assert m.addresses == ["dave@far.example"]
        assert m.sender.startswith("SRS0=")
    [file] = lab.wait_files("alice", 1)
    assert header(file, b"Delivered-To") == [lab.address("alice").encode()]
    [file] = lab.wait_files("bob", 1)
    assert header(file, b"Delivered-To")[-1] == \
        lab.address("all+x").encode()
    assert b"Subject: x\n" in (place / "tee").read_bytes()
    assert (place / "box").read_bytes().startswith(b"From " + SENDER.encode())
    assert not list(filter(is_report, lab.files("alice")))


def test_command_that_fails(out, place):
    """One report, of the one that failed; the others have their mail."""
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", 'all: bob, "|/bin/sh -c \'exit 67\'"')
        send(lab, lab.address("all"), sender=lab.address("alice"))
        report = wait_report(lab)
        assert report.rcpt()["Original-Recipient"].endswith(
            lab.address("all"))
        lab.wait_files("bob", 1)
        lab.wait_idle()


def test_list_that_is_missing(out, place):
    """It may come."""
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", f"all: :include:{place}/list")
        send(lab, lab.address("all"))
        lab.wait_log("event=deferred")
        [m] = json.loads(lab.postrider("queue", "list", "--json").stdout)
        [rcpt] = m["recipients"]
        assert (rcpt["address"], rcpt["via"]) == \
            (lab.address("all"), f"i{place}/list")
        shown = lab.postrider("queue", "show", m["id"]).stdout.decode()
        assert f"<{lab.address('all')}> ORCPT=rfc822;{lab.address('all')} " \
            f"VIA=i{place}/list\n" in shown
        (place / "list").write_text("bob\n")
        (place / "list").chmod(0o644)
        lab.wait_files("bob", 1)
        lab.wait_idle()


def test_written_to_and_passed_on(out):
    """Who was written to has the sender's address, also beside the others."""
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", "team: ann@far.example, dan@far.example")
        send(lab, lab.address("team"), "ann@far.example", "eve@far.example")
        lab.wait_idle()
        got = {a: m.sender for m in s.messages() for a in m.addresses}
        assert len(s.messages()) == 2
    assert sum(len(m.addresses) for m in s.messages()) == 3
    assert got["eve@far.example"] == SENDER
    assert got["dan@far.example"].startswith("SRS0=")


# --- owners


def test_owner_hears_of_failures(out):
    with Sink(answers={"RCPT": "550 5.1.1 gone"}) as s:
        lab = out(s)
        add(lab, "aliases", "list: bob, gone@far.example",
            "owner-list: alice")
        send(lab, lab.address("list"))
        report = wait_report(lab)
        assert report.rcpt()["Final-Recipient"].endswith("gone@far.example")
        assert report.message["To"] == lab.address("owner-list")
        lab.wait_idle()
        assert s.messages() == []  # carol@example.net hears nothing
    [file] = lab.wait_files("bob", 1)
    assert header(file, b"Return-Path") == \
        [f"<{lab.address('owner-list')}>".encode()]
    assert header(file, b"Delivered-To") == \
        [lab.address("bob").encode(), lab.address("list").encode()]


def test_list_in_a_list(out, place):
    """Each has its owner, also of what stands in a file."""
    (place / "list").write_text("bob\n")
    (place / "list").chmod(0o644)
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", "outer: alice, inner", "owner-outer: alice",
            f"inner: :include:{place}/list", "owner-inner: bob")
        send(lab, lab.address("outer"))
        [to_alice] = lab.wait_files("alice", 1)
        [to_bob] = lab.wait_files("bob", 1)
        lab.wait_idle()
    assert header(to_alice, b"Return-Path") == \
        [f"<{lab.address('owner-outer')}>".encode()]
    assert header(to_bob, b"Return-Path") == \
        [f"<{lab.address('owner-inner')}>".encode()]


def test_owner_and_null_sender(out):
    """What nobody is to hear of stays so."""
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", "list: bob", "owner-list: alice")
        send(lab, lab.address("list"), sender="")
        [file] = lab.wait_files("bob", 1)
        assert header(file, b"Return-Path") == [b"<>"]
        lab.wait_idle()


def test_dsn_of_a_list(out):
    """It has been delivered when the list has it (RFC 3461 section 5.2.7.1)."""
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", "list: bob, ann@far.example",
            "owner-list: bob")
        with lab.smtp() as c:
            c.ehlo()
            c.ok(f"MAIL FROM:<{lab.address('alice')}> ENVID=mine RET=FULL")
            c.ok(f"RCPT TO:<{lab.address('list')}> NOTIFY=SUCCESS,FAILURE")
            assert c.data(plain("dsn")).code == 250
        report = wait_report(lab)
        assert report.actions() == [("delivered", lab.address("list"))]
        lab.wait_idle()
        [m] = s.messages()
        assert m.sender == lab.address("owner-list")
        assert "ENVID" not in m.params and "mine" not in str(m.params)
        assert "SUCCESS" not in str(m.rcpts)
    lab.wait_files("bob", 1)


# --- many


def test_large_alias(out):
    """Accepted, expanded once, and delivered once to each."""
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", "all: " + ",\n  ".join(
            f"m{i}@far.example" for i in range(MEMBERS)))
        before = time.monotonic()
        send(lab, lab.address("all"), lab.address("all+again"))
        assert time.monotonic() - before < 10
        lab.wait_idle(timeout=4 * suite.PATIENCE)
        got = Counter(a for m in s.messages() for a in m.addresses)
    assert len(got) == MEMBERS
    assert set(got.values()) == {1}
    assert lab.log().count("event=queued") == 1


def test_large_list(out, place):
    """The same from a file, by an owner."""
    (place / "list").write_text(
        "".join(f"m{i}@far.example\n" for i in range(MEMBERS)))
    (place / "list").chmod(0o644)
    with Sink() as s:
        lab = out(s)
        add(lab, "aliases", f"all: :include:{place}/list", "owner-all: bob")
        send(lab, lab.address("all"))
        lab.wait_idle(timeout=4 * suite.PATIENCE)
        got = Counter(a for m in s.messages() for a in m.addresses)
    assert len(got) == MEMBERS
    assert set(got.values()) == {1}


# --- circles


@pytest.fixture
def users():
    with ExitStack() as all_of_them:
        yield [all_of_them.enter_context(unix_user(letter))
               for letter in "abcde"]


def unix_domain(lab):
    r = lab.postrider("domain", "add", "unix.example", "unix")
    assert r.returncode == 0, r.stderr


def circle_ends(lab, first):
    send(lab, first, sender=lab.address("alice"))
    report = wait_report(lab)
    lab.wait_idle()
    assert report.rcpt()["Status"] == "5.4.6"
    assert len(lab.files("alice")) == 1  # and no other


@root_only
def test_circle_of_unix_users(users, make_lab):
    lab = make_lab(options=["retry-first 1s"])
    unix_domain(lab)
    for user, to in zip(users, users[1:] + users[:1]):
        user.write(".forward", f"{to.name}@unix.example\n")
    circle_ends(lab, f"{users[0].name}@unix.example")
    assert not any(user.mail() for user in users)


@root_only
def test_circle_of_all_kinds(users, make_lab, place):
    """Of which no look at the tables sees more than a part."""
    lab = make_lab(options=["retry-first 1s"])
    unix_domain(lab)
    a, b = users[:2]
    add(lab, "aliases", f"all: :include:{place}/list", "owner-all: bob",
        f"more: {b.name}@unix.example")
    add(lab, "forwards", f"{lab.address('bob')}: more")
    (place / "list").write_text(f"{a.name}@unix.example\n")
    (place / "list").chmod(0o644)
    a.write(".forward", lab.address("bob") + "\n")
    b.write(".forward", lab.address("all") + "\n")
    circle_ends(lab, f"{b.name}@unix.example")


@root_only
def test_circle_without_an_end(users, make_lab):
    """By other addresses each time: the count of copies ends it."""
    lab = make_lab(options=["retry-first 1s"])
    unix_domain(lab)
    [a] = users[:1]
    a.write(".forward", f"\"|{lab.env['SENDMAIL']} -i -f "
            f"{lab.address('alice')} {a.name}+more@unix.example\"\n")
    send(lab, f"{a.name}@unix.example", sender=lab.address("alice"))
    wait_report(lab)
    lab.wait_idle()


@root_only
def test_commands_of_unix_users(users, make_lab):
    lab = make_lab(options=["retry-first 1s"])
    unix_domain(lab)
    [a] = users[:1]
    a.write(".forward", f"\\{a.name}, |/usr/bin/tee {a.home}/tee, "
            f"{a.home}/box\n")
    send(lab, f"{a.name}@unix.example")
    lab.wait_idle()
    for name in ("tee", "box"):
        assert b"Subject: x\n" in (a.home / name).read_bytes()
        assert (a.home / name).stat().st_uid == a.uid
    assert len(a.mail()) == 1


@root_only
def test_catch_all_of_unix_users(users, make_lab):
    lab = make_lab(options=["retry-first 1s"])
    unix_domain(lab)
    add(lab, "aliases", "@unix.example: bob")
    [a] = users[:1]
    send(lab, "nobody-here@unix.example", f"{a.name}@unix.example",
         "not_a.name!@unix.example", "nor-this!@unix.example")
    lab.wait_idle()
    # What can be no user's name is known when the message comes.
    assert len(lab.files("bob")) == 2
    assert len(a.mail()) == 1


# --- crashes


def test_kill_between_copy_and_mark(make_lab):
    """At most twice, and never not at all."""
    lab = make_lab(options=["retry-first 1s"])
    add(lab, "aliases", "list: bob", "owner-list: alice")
    count = 0
    for _ in range(6):
        before = lab.log().count("copy-of=")
        for _ in range(5):
            count += 1
            send(lab, lab.address("list"), subject=f"m{count}.")
        wait_for(lambda: lab.log().count("copy-of=") > before, "a copy")
        time.sleep(random.random() / 50)
        for pid in lab.pids("queued"):
            os.kill(pid, signal.SIGKILL)
        wait_for(lab.greets, "a session")
        wait_for(lambda: lab.postrider("queue", "list").returncode == 0,
                 "queued again")
    lab.wait_idle_but_incomplete()
    got = Counter(re.search(rb"Subject: (m\d+)\.", f.read_bytes())[1]
                  for f in lab.files("bob"))
    assert len(got) == count
    assert max(got.values()) <= 2
