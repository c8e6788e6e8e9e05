"""~/.forward and the folders of tags, as local alone has them."""

import os
import socket

import pytest

import jobs
from unix_users import root_only

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
