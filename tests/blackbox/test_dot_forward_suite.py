"""~/.forward through the whole suite, of real Unix users."""

import os

import pytest

from messages import plain
from suite import wait_for
from unix_users import root_only, unix_user


@pytest.fixture
def user():
    """Asked for before a lab, so that no agent of his runs at the end."""
    with unix_user("a") as one:
        yield one


@pytest.fixture
def other():
    with unix_user("b") as one:
        yield one


@pytest.fixture
def unix_lab(make_lab):
    """unix_lab(options...): a lab whose unix.example is of Unix users."""
    def make(*options, **more):
        lab = make_lab(options=["retry-first 1s", *options], **more)
        r = lab.postrider("domain", "add", "unix.example", "unix")
        assert r.returncode == 0, r.stderr
        return lab
    return make


def send(lab, *rcpts, sender=None, subject="x"):
    with lab.smtp() as s:
        s.ehlo()
        s.ok(f"MAIL FROM:<{sender or lab.address('alice')}>")
        for rcpt in rcpts:
            s.ok(f"RCPT TO:<{rcpt}>")
        assert s.data(plain(subject)).code == 250


def address(user, tag=""):
    return f"{user.name}{tag}@unix.example"


@root_only
def test_forwarded(user, unix_lab):
    lab = unix_lab()
    user.write(".forward", f"{lab.address('bob')}\n")
    send(lab, address(user))
    [copy] = lab.wait_files("bob", 1)
    lab.wait_idle()
    assert user.mail() == []
    lines = copy.read_bytes().split(b"\n")
    assert lines[0] == b"Return-Path: <%s>" % lab.address("alice").encode()
    assert lines[1] == b"Delivered-To: " + lab.address("bob").encode()
    assert address(user).encode() in lines[2]
    assert lines[2].startswith(b"Delivered-To: ")
    assert lab.files("alice") == []  # no report


@root_only
def test_forwarded_and_kept(user, unix_lab):
    lab = unix_lab()
    for i, own in enumerate((f"\\{user.name}", user.name, address(user))):
        user.write(".forward", f"{own}, {lab.address('bob')}\n")
        send(lab, address(user))
        lab.wait_files("bob", i + 1)
        lab.wait_idle()
        assert len(user.mail()) == i + 1
        assert user.mail()[-1].owner() == user.name
    user.write(".forward", f"\\{user.name}\n")
    send(lab, address(user))
    lab.wait_idle()
    assert len(user.mail()) == 4
    assert len(lab.files("bob")) == 3
    assert lab.files("alice") == []


@root_only
def test_tags(user, unix_lab):
    lab = unix_lab()
    user.write(".forward", f"{lab.address('bob')}\n")
    user.write(".forward+here", f"\\{user.name}\n")
    user.write(".forward+both", f"\\{user.name}, {lab.address('alice')}\n")
    send(lab, address(user, "+here"), sender="s@example.net")
    wait_for(lambda: len(user.mail()) == 1, "mail by a tag")
    for sub in ("", "tmp", "cur", "new"):
        path = user.home / "Maildir/.both" / sub
        path.mkdir()
        os.chown(path, user.uid, user.gid)
    send(lab, address(user, "+both"), sender="s@example.net")
    lab.wait_files("alice", 1)
    lab.wait_idle()
    assert len(user.mail(".both")) == 1
    send(lab, address(user, "+any"), sender="s@example.net")
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert len(user.mail()) == 1


@root_only
def test_option(user, unix_lab):
    lab = unix_lab("forward-files no")
    user.write(".forward", "|/bin/false\n")
    send(lab, address(user))
    wait_for(user.mail, "mail")
    lab.wait_idle()


@root_only
def test_waits_until_mended(user, unix_lab):
    lab = unix_lab()
    path = user.write(".forward", f"{lab.address('bob')}\n", mode=0o666)
    send(lab, address(user))
    line = lab.wait_log("path=.forward")[0]
    assert 'wanted="no write permission for others"' in line
    assert 'found="mode 0666"' in line and f"to={address(user)}" in line
    assert user.mail() == lab.files("bob") == []
    path.chmod(0o600)
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert user.mail() == lab.files("alice") == []


@root_only
def test_commands_and_files(user, unix_lab):
    """As the user, and nobody else's."""
    lab = unix_lab()
    user.write("out.sh", "#!/bin/sh\nid -un >out.tmp && cat >>out.tmp &&"
               " mv out.tmp out.txt\n", mode=0o700)
    user.write(".forward", f"|{user.home}/out.sh\n{user.home}/mbox\n"
               f"\\{user.name}\n")
    send(lab, address(user))
    out, mbox = user.home / "out.txt", user.home / "mbox"
    wait_for(out.exists, "the command's file")
    lab.wait_idle()
    assert out.read_text().startswith(user.name + "\n")
    assert "\nSubject: x\n" in out.read_text()
    assert out.owner() == mbox.owner() == user.name
    assert mbox.read_bytes().startswith(b"From ")
    assert len(user.mail()) == 1


@root_only
def test_loop(user, other, unix_lab):
    """L15: two who forward to one another are one report."""
    lab = unix_lab()
    user.write(".forward", address(other))
    other.write(".forward", address(user))
    send(lab, address(user))
    [report] = lab.wait_files("alice", 1)
    lab.wait_idle()
    assert b"5.4.6" in report.read_bytes()
    assert user.mail() == other.mail() == []
    assert len(lab.files("alice")) == 1


@root_only
@pytest.mark.parametrize("n", (3, 30, 100))
def test_loop_with_tags(user, other, unix_lab, n):
    """Two whose files name one another by many tags."""
    lab = unix_lab()
    for one, another in ((user, other), (other, user)):
        one.write(".forward", "".join(address(another, f"+{i}") + "\n"
                                      for i in range(n)))
    send(lab, address(user))
    wait_for(lambda: lab.files("alice"), "a report")
    lab.wait_idle()
    copies = lab.log().count("copy-of=")
    # Either the first step leaves too few for the second, or that is the end.
    assert copies == (1 if n > 21 else 1 + n)
    assert user.mail() == other.mail() == []
    reports = [f.read_bytes() for f in lab.files("alice")]
    assert all(b"5.4.6" in r for r in reports)
    assert len(reports) <= max(n, 2)


@root_only
def test_past_another(user, other, unix_lab):
    """A backslash is for the own mailbox: another's file counts."""
    lab = unix_lab()
    other.write(".forward", lab.address("bob"))
    user.write(".forward", f"\\{other.name}@unix.example\n\\{user.name}\n")
    send(lab, address(user))
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert other.mail() == []
    assert len(user.mail()) == 1


@root_only
def test_tags_of_one(user, other, unix_lab):
    """Mail that comes back by another tag was here before."""
    lab = unix_lab()
    user.write(".forward+a", address(other))
    user.write(".forward+b", lab.address("bob"))
    user.write(".forward+keep", f"\\{user.name}, {lab.address('bob')}\n")
    other.write(".forward", address(user, "+b"))
    send(lab, address(user, "+keep"))
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert len(user.mail()) == 1
    send(lab, address(user, "+a"))
    [report] = lab.wait_files("alice", 1)
    lab.wait_idle()
    assert b"5.4.6" in report.read_bytes()
    assert len(lab.files("bob")) == 1


@root_only
def test_circle(user, unix_lab):
    """An alias that leads back to him, with others and without."""
    lab = unix_lab()
    with open(lab.conf / "aliases", "a") as f:
        f.write(f"me@unix.example: {address(user)}\n")
    assert lab.postrider("apply").returncode == 0
    user.write(".forward", f"me@unix.example, {lab.address('bob')}\n")
    send(lab, address(user))
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert user.mail() == lab.files("alice") == []
    user.write(".forward", "me@unix.example\n")
    send(lab, address(user))
    [report] = lab.wait_files("alice", 1)
    assert b"5.4.6" in report.read_bytes()
    lab.wait_idle()
    assert user.mail() == []
    assert len(lab.files("bob")) == 1


@root_only
def test_system_files(user, unix_lab):
    """A forward file never gets at what its user cannot."""
    lab = unix_lab()
    user.write(".forward", "/etc/passwd-\n/root/x\n|/usr/bin/cat /etc/shadow\n")
    before = os.stat("/etc/passwd-") if os.path.exists("/etc/passwd-") else None
    send(lab, address(user))
    wait_for(lambda: lab.log().count("event=deferred") +
             lab.log().count("event=failed") >= 2, "what was refused")
    assert not os.path.exists("/root/x")
    if before is not None:
        assert os.stat("/etc/passwd-").st_size == before.st_size
