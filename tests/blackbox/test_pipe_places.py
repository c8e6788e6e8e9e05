"""Commands that take their time, of many at once: they have places of their own,
mail for mailboxes waits for none of them, and each has its turn."""

from contextlib import ExitStack

import pytest

from queue_asked import FORMS, QUICK, add_alias, lines, looping, submit
from suite import wait_for
from unix_users import root_only, unix_user

# The nth run says that it has begun, and ends when it may.
COMMAND = """#!/bin/sh
cd {where} || exit 1
n=1
until mkdir begun.$n 2>/dev/null; do n=$((n + 1)); done
until test -e go.$n; do sleep 0.05; done
cat >/dev/null
"""


class Slow:
    """A command and where it says what it does."""

    def __init__(self, where, to):
        self.where, self.to = where, to

    def begun(self):
        return len(list(self.where.glob("begun.*")))

    def wait(self, n):
        wait_for(lambda: self.begun() == n, f"run {n} for {self.to}")

    def go(self, n):
        (self.where / f"go.{n}").touch()


def of_alias(lab, name):
    where = lab.base / name
    where.mkdir()
    where.chmod(0o777)
    (where / "command").write_text(COMMAND.format(where=where))
    (where / "command").chmod(0o755)
    add_alias(lab, f'{name}: "|{where}/command"')
    return Slow(where, lab.address(name))


def of_user(user):
    user.write("command", COMMAND.format(where=user.home), mode=0o700)
    user.write(".forward", f"|{user.home}/command\n")
    return Slow(user.home, f"{user.name}@unix.example")


def delivered_meanwhile(lab):
    """Mail for mailboxes, and a report to its sender."""
    assert submit(lab, lab.address("alice"), lab.address("bob")) == 0
    lab.wait_files("alice", 1)
    lab.wait_files("bob", 1)
    assert looping(lab) == 0
    lab.wait_files("alice", 2)


def test_mailboxes_do_not_wait(make_lab):
    """Also when there is one place for all commands."""
    lab = make_lab(options=[*QUICK, "agents 2", "pipe-agents 1"])
    slow, other = of_alias(lab, "slow"), of_alias(lab, "other")
    for _ in range(3):
        assert submit(lab, slow.to) == 0
    slow.wait(1)
    assert submit(lab, other.to) == 0
    delivered_meanwhile(lab)
    assert slow.begun() == 1 and other.begun() == 0
    for n in range(1, 4):
        slow.go(n)
    other.go(1)
    lab.wait_idle()
    assert slow.begun() == 3 and other.begun() == 1


@pytest.fixture
def users():
    """Asked for before a lab, so that no agents of theirs run at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(unix_user(f"pl{i}")) for i in range(4)]


@root_only
def test_turns_of_users(users, make_lab):
    """Of four places each user, or the aliases, have one.  When they are all
    taken, who comes next has the first that is free, however much more the
    others have."""
    lab = make_lab(options=[*QUICK, "agents 4", "pipe-agents 4"])
    assert lab.postrider("domain", "add", "unix.example",
                         "unix").returncode == 0
    *holders, late = [of_alias(lab, "slow"), *map(of_user, users)]
    for one in holders:
        for _ in range(3):
            assert submit(lab, one.to) == 0
        one.wait(1)
    assert submit(lab, late.to) == 0
    lab.wait_log(f"event=forwarded to={late.to} path=.forward")
    delivered_meanwhile(lab)
    assert [one.begun() for one in holders] == [1] * 4
    assert late.begun() == 0
    holders[1].go(1)
    late.wait(1)
    assert holders[1].begun() == 1
    late.go(1)
    holders[1].wait(2)
    for one in holders:
        for n in range(1, 4):
            one.go(n)
    lab.wait_idle()
    assert [one.begun() for one in holders] == [3] * 4
    assert late.begun() == 1
    assert len(lines(lab, "event=ran", f"to={late.to}")) == 1


@root_only
def test_memory_for_others(users, make_lab):
    """However many messages for commands wait, others find room among
    active-messages."""
    lab = make_lab(options=[*QUICK, *FORMS["file"], "active-messages 10"])
    assert lab.postrider("domain", "add", "unix.example",
                         "unix").returncode == 0
    slow = [of_user(user) for user in users]
    for one in slow:
        for _ in range(3):
            assert submit(lab, one.to) == 0
    wait_for(lambda: len(lines(lab, "event=forwarded", "unix.example")) == 12,
             "what the forward files lead to")
    wait_for(lambda: any(one.begun() for one in slow), "a command")
    delivered_meanwhile(lab)
    for one in slow:
        for n in range(1, 4):
            one.go(n)
    lab.wait_idle()
    assert [one.begun() for one in slow] == [3] * 4
