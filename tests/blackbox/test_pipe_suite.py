"""Commands, mbox files and include lists of aliases and ~/.forward files, in
the whole suite."""

import mailbox
import os
import signal
import time

import pytest

from messages import plain
from queue_asked import QUICK, add_alias, ids, lines, submit
from suite import PATIENCE, wait_for
from unix_users import root_only, unix_user


@pytest.fixture
def pipe_lab(share):
    """One of all tests that only want commands run, with quick retries."""
    return share("pipe", options=QUICK)


@pytest.fixture
def box(pipe_lab):
    """A directory that commands may write to, as postrider-pipe does."""
    return a_box(pipe_lab)


def a_box(lab):
    n = 0
    while (lab.base / f"box{n}").exists():
        n += 1
    where = lab.base / f"box{n}"
    where.mkdir()
    where.chmod(0o777)
    return where


def alias(lab, box, members):
    """A new alias, which is never used again; its address."""
    name = f"{box.name}-{len(list(box.parent.iterdir()))}-{time.time_ns()}"
    add_alias(lab, f"{name}: {members}")
    return lab.address(name)


def script(box, text, name="script"):
    path = box / name
    path.write_text(f"#!/bin/sh\ncd {box} || exit 1\n{text}\n")
    path.chmod(0o755)
    return path


def test_command(pipe_lab, box):
    """Once, as nobody else but postrider-pipe, and then it is over."""
    path = script(box, "id -un >who; pwd >cwd; env >env; cat >tmp; mv tmp out")
    to = alias(pipe_lab, box, f'"|{path} a \'b c\'"')
    assert submit(pipe_lab, to, subject="hello") == 0
    wait_for((box / "out").exists, "the command's file")
    pipe_lab.wait_idle()
    text = (box / "out").read_text()
    assert text.startswith("From alice@")
    assert f"\nDelivered-To: {to}\n" in text
    assert "\nSubject: hello\n" in text and "\r" not in text
    who = (box / "who").read_text().strip()
    if os.getuid() == 0:
        assert who == "postrider-pipe"
    assert "RECIPIENT=" + to in (box / "env").read_text().splitlines()
    assert lines(pipe_lab, "event=ran", f"to={to}")
    assert lines(pipe_lab, "event=delivered", to)


def test_refused_by_command(pipe_lab, box):
    path = script(box, "cat >/dev/null; echo no ticket of yours; exit 67")
    to = alias(pipe_lab, box, f'"|{path}"')
    assert submit(pipe_lab, to, sender=pipe_lab.address("bob")) == 0
    [report] = pipe_lab.wait_files("bob", 1)
    pipe_lab.wait_idle()
    text = report.read_text()
    assert "no ticket of yours" in text and "5.1.1" in text and to in text


def test_tried_again(pipe_lab, box):
    path = script(box, "echo x >>tries; cat >last; "
                  "test $(wc -l <tries) -ge 3 || exit 75")
    to = alias(pipe_lab, box, f'"|{path}"')
    assert submit(pipe_lab, to, subject="again") == 0
    wait_for(lambda: (box / "tries").exists() and
             (box / "tries").read_text() == "x\n" * 3, "three attempts")
    pipe_lab.wait_idle()
    assert "Subject: again\n" in (box / "last").read_text()
    assert (box / "tries").read_text() == "x\n" * 3


def test_mistake_waits(pipe_lab, box):
    """A line for a shell is not run, and what to do is in the log."""
    to = alias(pipe_lab, box, f'"|/bin/cat >{box}/out"')
    assert submit(pipe_lab, to) == 0
    line = pipe_lab.wait_log(f"via=\"c/bin/cat >{box}/out\"")[0]
    assert "sh -c '...'" in line
    assert not (box / "out").exists()
    [message] = ids(pipe_lab)
    assert pipe_lab.postrider("queue", "drop", message).returncode == 0
    pipe_lab.wait_idle()


def test_hostile_sender(pipe_lab, box):
    """A01: its bytes are a value, in no shell."""
    path = script(box, 'printf %s "$SENDER" >sender; cat >tmp; mv tmp out')
    to = alias(pipe_lab, box, f'"|{path}"')
    for sender in ("`touch${IFS}x`@x.test", "a|touch${IFS}x@x.test",
                   "-rf@x.test", '"; touch x; $(touch x)"@x.test'):
        with pipe_lab.smtp() as s:
            s.ehlo()
            s.ok(f"MAIL FROM:<{sender}>")
            s.ok(f"RCPT TO:<{to}>")
            assert s.data(plain("hostile")).code == 250
        wait_for((box / "out").exists, sender)
        pipe_lab.wait_idle()
        assert (box / "sender").read_text() == sender
        (box / "out").unlink()
    assert not (box / "x").exists()


def test_file(pipe_lab, box):
    to = alias(pipe_lab, box, f"{box}/mail")
    for i in range(5):
        assert submit(pipe_lab, to, subject=f"m{i}",
                      body=b"From me\n") == 0
    pipe_lab.wait_idle()
    if os.getuid() == 0:
        assert (box / "mail").owner() == "postrider-pipe"
    found = mailbox.mbox(box / "mail")
    assert sorted(m["Subject"] for m in found) == [f"m{i}" for i in range(5)]
    assert {m.get_payload() for m in found} == {">From me\n"}
    found.close()
    assert sorted(os.listdir(box)) == ["mail"]


def test_null(pipe_lab, box):
    to = alias(pipe_lab, box, "/dev/null")
    assert submit(pipe_lab, to) == 0
    pipe_lab.wait_log(f"event=written to={to}")
    pipe_lab.wait_idle()


def test_all_kinds_at_once(pipe_lab, box):
    """Each recipient is one for itself."""
    path = script(box, "cat >out")
    bad = script(box, "exit 100", "bad")
    to = alias(pipe_lab, box, f'alice, "|{path}", {box}/mail, "|{bad}"')
    assert submit(pipe_lab, to, sender=pipe_lab.address("bob")) == 0
    pipe_lab.wait_files("alice", 1)
    pipe_lab.wait_files("bob", 1)  # a report
    pipe_lab.wait_idle()
    assert (box / "out").read_bytes() and (box / "mail").read_bytes()


def test_include(pipe_lab, box):
    """It is read for each message, without newaliases."""
    members = box / "list"
    members.write_text(f"# people\n{pipe_lab.address('alice')}\n")
    to = alias(pipe_lab, box, f":include:{members}")
    assert submit(pipe_lab, to, sender="s@x.test", subject="one") == 0
    [copy] = pipe_lab.wait_files("alice", 1)
    assert f"Delivered-To: {to}\n" in copy.read_text()
    pipe_lab.wait_idle()
    members.write_text(f"alice, Bob <{pipe_lab.address('bob')}>\n")
    assert submit(pipe_lab, to, sender="s@x.test", subject="two") == 0
    pipe_lab.wait_files("alice", 2)
    pipe_lab.wait_files("bob", 1)
    pipe_lab.wait_idle()


def test_include_waits_until_mended(pipe_lab, box):
    members = box / "list"
    members.write_text("alice\n|/bin/true\n")
    to = alias(pipe_lab, box, f":include:{members}")
    assert submit(pipe_lab, to, sender="s@x.test") == 0
    pipe_lab.wait_log(f"path={members}:2 ")
    assert pipe_lab.files("alice") == []
    members.write_text("alice\n")
    pipe_lab.wait_files("alice", 1)
    pipe_lab.wait_idle()


def test_include_of_many(pipe_lab, box):
    """Copies of one message, each member once."""
    members = box / "list"
    members.write_text("alice, bob\n" * 500)
    to = alias(pipe_lab, box, f":include:{members}")
    assert submit(pipe_lab, to, sender="s@x.test") == 0
    pipe_lab.wait_idle()
    assert len(pipe_lab.files("alice")) == len(pipe_lab.files("bob")) == 1


def test_command_that_sends_it_back(pipe_lab, box):
    """A loop ends, with one report."""
    path = script(box, f'sed 1d | {pipe_lab.env["SENDMAIL"]} -i -f "$SENDER" '
                  '-- "$RECIPIENT"')
    to = alias(pipe_lab, box, f'"|{path}"')
    assert submit(pipe_lab, to, sender=pipe_lab.address("bob")) == 0
    pipe_lab.wait_files("bob", 1)
    pipe_lab.wait_idle()
    text = pipe_lab.files("bob")[0].read_text()
    assert "5.4.6" in text, text
    assert len(lines(pipe_lab, "event=ran", f"to={to}")) < 4


def wait_pid(path):
    return int(wait_for(lambda: path.exists() and path.read_text().strip(),
                        "the command's pid"))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_killed_pipe(pipe_lab, box):
    """The message is neither lost nor handled by two at once."""
    path = script(box, "mkdir busy || exit 100; trap 'rmdir busy' 0\n"
                  "echo $$ >pid.tmp; mv pid.tmp pid\n"
                  "until test -e go; do sleep 0.05; done; cat >out")
    to = alias(pipe_lab, box, f'"|{path}"')
    assert submit(pipe_lab, to) == 0
    first = wait_pid(box / "pid")
    (box / "pid").unlink()
    for pid in pipe_lab.pids("pipe"):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(first), "the end of the first one")
    (box / "busy").rmdir()
    (box / "go").touch()
    wait_for((box / "out").exists, "the second one")
    pipe_lab.wait_idle()


def test_slow_command_holds_up_nobody(pipe_lab, box):
    """Neither other mail, nor another command, nor the end of the suite."""
    slow = script(box, "test ! -e again || exec cat >again\n"
                  "touch again; echo $$ >pid.tmp; mv pid.tmp pid; sleep 300",
                  "slow")
    quick = script(box, "cat >out", "quick")
    assert submit(pipe_lab, alias(pipe_lab, box, f'"|{slow}"')) == 0
    pid = wait_pid(box / "pid")
    assert submit(pipe_lab, pipe_lab.address("alice"),
                  alias(pipe_lab, box, f'"|{quick}"')) == 0
    pipe_lab.wait_files("alice", 1)
    wait_for((box / "out").exists, "the other command")
    begun = time.monotonic()
    pipe_lab.restart()
    assert time.monotonic() - begun < PATIENCE
    wait_for(lambda: not alive(pid), "the end of the command")
    pipe_lab.wait_idle()  # it has been run again
    assert (box / "again").read_text()


@pytest.fixture
def user():
    """Asked for before a lab, so that no agent of his runs at the end."""
    with unix_user("p") as one:
        yield one


@root_only
def test_dot_forward_command(user, make_lab):
    """As the user, in his home directory, with his group alone."""
    lab = make_lab(options=QUICK)
    assert lab.postrider("domain", "add", "unix.example",
                         "unix").returncode == 0
    user.write("f", "#!/bin/sh\n(id -un; id -Gn; pwd; echo $HOME $SHELL; "
               "echo $EXTENSION) >who\ncat >out\n", mode=0o700)
    user.write(".forward", f"|{user.home}/f\n{user.home}/mbox\n")
    to = f"{user.name}+tag@unix.example"
    assert submit(lab, to) == 0
    wait_for((user.home / "out").exists, "the command's file")
    lab.wait_idle()
    assert (user.home / "who").read_text().splitlines() == [
        user.name, user.name, str(user.home), f"{user.home} /bin/sh", "tag"]
    assert (user.home / "out").owner() == user.name
    text = (user.home / "out").read_text()
    # Once, and of the account: no tag makes him another.
    assert text.count("Delivered-To:") == 1
    assert f"Delivered-To: {user.name}@unix.example\n" in text
    assert (user.home / "mbox").read_text().count("\nDelivered-To:") == 1


@root_only
def test_dot_forward_has_no_rights_of_others(user, make_lab):
    lab = make_lab(options=QUICK)
    assert lab.postrider("domain", "add", "unix.example",
                         "unix").returncode == 0
    target = lab.base / "others"
    target.mkdir()
    user.write(".forward", f"{target}/mail\n")
    assert submit(lab, f"{user.name}@unix.example", sender="s@x.test") == 0
    line = lab.wait_log(f"path={target}/mail ")[0]
    assert "Permission denied" in line
    assert os.listdir(target) == []
