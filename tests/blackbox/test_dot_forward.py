"""~/.forward and the folders of tags: local alone, and in the suite."""

import os
import socket

import pytest

import jobs
from messages import plain
from suite import wait_for
from unix_users import root_only, unix_user

ALICE = ("alice@example.org", "Maildir")
READ = {"flags": jobs.READ_FORWARD}


@pytest.fixture
def place(nobody):
    made = jobs.Place(nobody)
    yield made
    made.root.chmod(0o755)
    made.close()


@pytest.fixture
def local(place):
    one = place.local()
    yield one
    assert one.end() == 0, one.log()
    assert "Sanitizer" not in one.log()


def put(place, text, name=".forward", mode=0o600):
    path = place.root / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if place.uid is not None:
        os.chown(path, place.uid, place.uid)
    path.chmod(mode)
    return path


def deliver(local, address="alice@example.org", content=b"x\n", **more):
    """The code, and what the message is passed on to."""
    [code] = local.deliver(content, (address, "Maildir", {**READ, **more}))
    return code, [member for _, member in local.members]


# --- local alone

LISTS = {
    "an address": ("bob@example.net\n", ["abob@example.net"]),
    "the own mailbox": ("\\alice\n", []),
    "the own name": ("alice", []),
    "the own address": ("Alice@Example.ORG\n", []),
    "nothing": ("", []),
    "a comment": ("# bob@example.net\n", []),
    "several": ("\\alice, bob@example.net\n/var/mail/x\n\"|cat -, a\"\n",
                ["falice@example.org", "abob@example.net", "b/var/mail/x",
                 "ccat -, a"]),
    "itself among others": ("alice, bob\n", ["falice@example.org", "abob"]),
    "somebody's mailbox": ("\\bob\n", ["fbob"]),
    "a hundred": ("\n".join(f"u{i}@x.test" for i in range(100)),
                  [f"au{i}@x.test" for i in range(100)]),
    "64 KiB": ("#" * 60000 + "\nbob\n" + "#" * 5531, ["abob"]),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists(place, local, name):
    text, members = LISTS[name]
    put(place, text)
    assert deliver(local) == ("2.0.0", members)
    assert len(place.files("Maildir")) == (0 if members else 1)
    if members:
        assert "event=forwarded to=alice@example.org path=.forward " \
            f"members={len(members)} " in local.log()


def test_no_file(place, local):
    assert deliver(local) == ("2.0.0", [])
    assert len(place.files("Maildir")) == 1


def test_only_when_told(place, local):
    put(place, "bob@example.net\n")
    assert deliver(local, flags=0) == ("2.0.0", [])
    assert len(place.files("Maildir")) == 1


MISTAKES = {
    "no address": ("bob@example.net\nbob bill\n",
                   'wanted="a mail address" found="line 2: bob bill"'),
    "include": (":include:/etc/passwd\n", 'found="line 1: :include:/etc/passwd"'),
    "itself": (":include:.forward\n", "found=\"line 1: :include:.forward\""),
    "error": ("error:550 gone\n", 'found="line 1: error:550 gone"'),
    "quotes": ('"|cat\n', "found=\"line 1: \\\"|cat\""),
    "NUL": (b"a\0b\n", 'wanted=text found="line 1: a NUL byte"'),
    "UTF-8 domain": ("bob@ex\u00e4mple.net", "found=\"line 1: bob@ex"),
    "101 members": ("a@x.test," * 101, "forward-members"),
    "too long": ("#" * 65537, 'wanted="at most 64 KiB"'),
    "binary": (bytes(range(256)) * 20, "found=\"line 1: "),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(place, local, name):
    text, said = MISTAKES[name]
    path = put(place, text)
    assert deliver(local) == ("4.3.5", [])
    assert local.text == ["the recipient's forward file cannot be used "
                          "(see the log)"]
    [line] = [line for line in local.log().splitlines()
              if "event=error" in line]
    assert "id=2ab " in line and "to=alice@example.org " in line
    assert "path=.forward " in line and said in line and line.isascii()
    assert line.isprintable()
    assert place.files("Maildir") == []
    path.unlink()
    assert deliver(local) == ("2.0.0", [])


MODES = {
    # home, .forward
    (0o755, 0o644): "2.0.0", (0o700, 0o400): "2.0.0",
    (0o755, 0o664): "4.3.5", (0o755, 0o646): "4.3.5",
    (0o775, 0o644): "4.3.5", (0o757, 0o644): "4.3.5",
    (0o1755, 0o644): "4.2.1", (0o2755, 0o644): "2.0.0",
}


@pytest.mark.parametrize("home,mode", MODES)
def test_modes(place, local, home, mode):
    put(place, "bob@example.net\n", mode=mode)
    place.root.chmod(home)
    code = MODES[home, mode]
    assert deliver(local) == \
        (code, ["abob@example.net"] if code == "2.0.0" else [])
    assert place.files("Maildir") == []


def test_sticky_without_a_file(place, local):
    place.root.chmod(0o1755)
    assert deliver(local) == ("4.2.1", [])
    place.root.chmod(0o755)
    assert deliver(local) == ("2.0.0", [])


@root_only
def test_owners(place, local):
    path = put(place, "bob@example.net\n", mode=0o644)
    os.chown(path, 0, 0)
    assert deliver(local) == ("2.0.0", ["abob@example.net"])
    path.chmod(0o600)  # which its user cannot read
    assert deliver(local) == ("4.3.5", [])
    path.chmod(0o644)
    os.chown(path, 1, place.uid)
    assert deliver(local) == ("4.3.5", [])
    assert 'wanted="own file" found="owner 1"' in local.log()


def test_links(place, local):
    real = put(place, "bob@example.net\n", name="dotfiles")
    link = place.root / ".forward"
    link.symlink_to("dotfiles")
    assert deliver(local) == ("2.0.0", ["abob@example.net"])
    real.chmod(0o666)
    assert deliver(local) == ("4.3.5", [])
    real.unlink()  # what it led to may come back
    assert deliver(local) == ("4.3.5", [])
    for target in (".forward", "/dev/zero", "/", "/etc/shadow"):
        link.unlink()
        link.symlink_to(target)
        assert deliver(local) == ("4.3.5", []), target
    assert place.files("Maildir") == []


def test_no_regular_file(place, local):
    path = place.root / ".forward"
    os.mkfifo(path)
    assert deliver(local) == ("4.3.5", [])
    path.unlink()
    path.mkdir()
    assert deliver(local) == ("4.3.5", [])
    path.rmdir()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
        assert deliver(local) == ("4.3.5", [])


def test_tag_files(place, local):
    put(place, "a@x.test\n")
    put(place, "l@x.test\n", name=".forward+lists")
    put(place, "\\alice\n", name=".forward+here")
    for tag, members in (("lists", ["al@x.test"]), ("Lists", ["al@x.test"]),
                         ("here", []), ("other", ["aa@x.test"]),
                         ("../.forward+lists", ["aa@x.test"]),
                         ("x/../../etc/passwd", ["aa@x.test"])):
        assert deliver(local, f"alice+{tag}@example.org", tag=tag) == \
            ("2.0.0", members), tag
    put(place, "\\alice+lists, b@x.test\n", name=".forward+lists")
    assert deliver(local, "alice+lists@example.org", tag="lists") == \
        ("2.0.0", ["falice+lists@example.org", "ab@x.test"])


def test_loop_comes_first(place, local):
    """L15: what has been here is not passed on again."""
    put(place, "bob@example.net\n")
    seen = b"Delivered-To: <alice@EXAMPLE.org>\nSubject: x\n\nx\n"
    assert deliver(local, content=seen) == ("5.4.6", [])
    # By a tag it is the same user, if he has a file for it.
    assert deliver(local, "alice+x@example.org", content=seen, tag="x") == \
        ("5.4.6", [])
    put(place, "\\alice\n", name=".forward+y")
    assert deliver(local, "alice+y@example.org", content=seen, tag="y") == \
        ("2.0.0", [])
    # The owner's own copy of what he has passed on.
    assert deliver(local, content=seen, flags=0, via="M") == ("2.0.0", [])
    assert len(place.files("Maildir")) == 2


def test_hostile_home(place, local):
    """L30: no time is lost in a home directory full of things."""
    for i in range(5000):
        (place.root / f".forward+{i}").touch()
    (place.root / ("x" * 255)).touch()
    assert deliver(local, "alice+x@example.org", tag="x") == ("2.0.0", [])


def test_many_are_independent(place, local):
    put(place, "b@x.test\n", name=".forward+b")
    put(place, "b b\n", name=".forward+bad")
    found = local.deliver(b"x\n", *(
        (f"alice+{tag}@example.org", "Maildir", {**READ, "tag": tag})
        for tag in ("a", "b", "bad", "c")))
    assert found == ["2.0.0", "2.0.0", "4.3.5", "2.0.0"]
    assert local.members == [(1, "ab@x.test")]
    assert len(place.files("Maildir")) == 2


def make_folder(place, name):
    for sub in ("", "tmp", "cur", "new"):
        path = place.root / "Maildir" / name / sub
        path.mkdir()
        if place.uid is not None:
            os.chown(path, place.uid, place.uid)


def test_tag_folders(place, local):
    def to(tag, flags=jobs.TAG_FOLDER):
        assert deliver(local, f"alice+{tag}@example.org", tag=tag,
                       flags=flags) == ("2.0.0", [])

    to("Lists")
    assert len(place.files("Maildir")) == 1
    assert not (place.root / "Maildir/.Lists").exists()
    make_folder(place, ".Lists")
    make_folder(place, ".Lists.dev")
    for tag in ("Lists", "lists", "LISTS"):
        to(tag)
    assert len(place.files("Maildir/.Lists")) == 3
    assert "mailbox=Maildir/.Lists " in local.log()
    to("Lists.dev")
    assert len(place.files("Maildir/.Lists.dev")) == 1
    to("Lists", flags=0)
    assert len(place.files("Maildir")) == 2


@pytest.mark.parametrize("tag", ["/../../x", ".Lists", "Lists.", "a..b", "..",
                                 ".", "Lists/cur", "li\tsts", "l\u00efsts"])
def test_tags_that_name_no_folder(place, local, tag):
    assert deliver(local, flags=0) == ("2.0.0", [])
    make_folder(place, ".Lists")
    before = sorted(str(f) for f, _, _ in os.walk(place.root))
    [code] = local.deliver(b"x\n", (*ALICE, {"flags": jobs.TAG_FOLDER,
                                             "tag": tag}))
    assert code == "2.0.0"
    assert len(place.files("Maildir")) == 2
    assert sorted(str(f) for f, _, _ in os.walk(place.root)) == before


def test_folder_behind_a_link(place, local):
    """L12: mail goes nowhere else."""
    assert deliver(local, flags=0) == ("2.0.0", [])
    make_folder(place, ".real")
    (place.root / "Maildir/.lists").symlink_to(".real")
    assert deliver(local, "alice+lists@example.org", tag="lists",
                   flags=jobs.TAG_FOLDER) == ("2.0.0", [])
    assert place.files("Maildir/.real") == []
    assert len(place.files("Maildir")) == 2


# --- in the suite

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
