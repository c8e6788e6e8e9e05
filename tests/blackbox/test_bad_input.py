"""Damage and mistakes: one clear error that names the place, what was wanted
and what was found; nothing else stops.
"""

import os
import shutil
import signal

import pytest

import wire
from messages import plain
from suite import wait_for

QUICK = ["retry-first 1", "retry-most 2"]


def still_works(lab, user="alice"):
    """In by SMTP, out by POP3, beside whatever is broken."""
    before = len(lab.files(user))
    assert lab.send(plain("still"), [user]).code == 250
    lab.wait_files(user, before + 1)
    with lab.pop3(user) as p:
        assert p.stat()[0] == before + 1


def as_owner(lab, path):
    """A path belongs to whom its parent belongs to."""
    s = os.stat(path.parent)
    os.lchown(path, s.st_uid, s.st_gid)


def add_line(path, line):
    """Replaces the file, as an editor would."""
    new = path.with_name(path.name + ".new")
    shutil.copy(path, new)
    with open(new, "a") as f:
        f.write(line + "\n")
    new.rename(path)


def test_unknown_names_in_the_configuration(make_lab):
    """All mistakes at once, with place and nearest name; nothing changes."""
    lab = make_lab()
    conf = lab.conf / "postrider.conf"
    good = conf.read_bytes()
    lines = len(good.splitlines())
    add_line(conf, "smtp-baner Hello")
    add_line(conf, "message-size 3 furlongs")
    add_line(conf, "submision.auth no")
    r = lab.postrider("apply")
    said = r.stderr.decode()
    assert r.returncode == 78
    assert f"{conf}:{lines + 1}:" in said and "smtp-banner" in said
    assert f"{conf}:{lines + 2}:" in said and "3 furlongs" in said
    assert f"{conf}:{lines + 3}:" in said and "submission" in said
    still_works(lab)
    with lab.smtp() as s:
        assert "Hello" not in s.greeting.text
    conf.write_bytes(good)
    add_line(conf, "smtp-banner Hello")
    assert lab.postrider("apply").returncode == 0
    with lab.smtp() as s:
        assert "Hello" in s.greeting.text


@pytest.mark.parametrize("where", ("Maildir", "Maildir/new", "Maildir/tmp"))
def test_mailbox_is_a_symlink(make_lab, where):
    """Never followed; deferred with a line that names it; goes on when mended.
    """
    lab = make_lab(options=QUICK)
    assert lab.send(plain("first")).code == 250
    lab.wait_files("bob", 1)
    trap = lab.base / "trap"
    trap.mkdir()
    trap.chmod(0o777)
    for sub in ("tmp", "new", "cur"):
        (trap / sub).mkdir()
        (trap / sub).chmod(0o777)
    place = lab.maildir("bob").parent / where
    kept = place.with_name("kept")
    place.rename(kept)
    place.symlink_to(trap)
    as_owner(lab, place)

    assert lab.send(plain("second")).code == 250
    said = lab.wait_log("event=deferred")[0]
    assert "bob@" in said and "4." in said and "path=" not in said
    [error] = [line for line in lab.log().splitlines()
               if "event=error" in line and where in line][:1]
    assert "path=" in error and "wanted=directory" in error
    assert 'found="symbolic link"' in error
    assert said.split("id=")[1].split()[0] == error.split("id=")[1].split()[0]
    still_works(lab)
    assert [f for f in trap.rglob("*") if f.is_file()] == []

    place.unlink()
    kept.rename(place)
    lab.wait_files("bob", 2)
    lab.wait_idle()


def test_pop3_of_a_symlinked_mailbox(make_lab):
    lab = make_lab()
    assert lab.send(plain("first")).code == 250
    lab.wait_files("bob", 1)
    trap = lab.base / "trap"
    lab.maildir("bob").rename(trap)
    trap.parent.chmod(0o755)
    lab.maildir("bob").symlink_to(trap)
    as_owner(lab, lab.maildir("bob"))
    with lab.pop3() as p:
        p.ok("USER bob")
        assert p.cmd(f"PASS {lab.users['bob']}").startswith(b"-ERR [SYS/")
    assert lab.wait_log("Maildir")
    still_works(lab)


def restart_queued(lab):
    for pid in lab.pids("queued"):
        os.kill(pid, signal.SIGKILL)


def held_message(lab):
    """A message that waits in the queue, as a file."""
    mail = lab.maildir("bob").parent
    if not mail.exists():
        assert lab.send(plain("makes")).code == 250
        lab.wait_files("bob", 1)
        lab.remove_mail("bob")
    kept = mail / "kept"
    lab.maildir("bob").rename(kept)
    lab.maildir("bob").symlink_to("/nowhere")
    assert lab.send(plain("held", b"content\r\n" * 100)).code == 250
    lab.wait_log("event=deferred")
    [file] = lab.queued()
    return file, kept


def mend(lab, kept):
    lab.maildir("bob").unlink()
    kept.rename(lab.maildir("bob"))


def damage(lab, change):
    """Changes a waiting message's file while nobody has it open."""
    file, kept = held_message(lab)
    mend(lab, kept)
    data = change(file.read_bytes())
    with open(file, "r+b") as f:
        f.truncate(0)
        f.write(data)
    restart_queued(lab)
    return file


def errors(lab, text):
    return [line for line in lab.log().splitlines()
            if text in line and "event=error" in line]


DAMAGED = {
    "content": lambda d: d.replace(b"content", b"kontent", 1),
    "sender": lambda d: d.replace(b"someone@", b"sumeone@", 1),
    "recipient": lambda d: d.replace(b"bob@", b"bod@", 1),
    "version": lambda d: b"\xff" + d[1:],
    "cut": lambda d: d[:-20],
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_spool_file(make_lab, kind):
    """Was accepted and has changed since: told with its path, set aside."""
    lab = make_lab(options=["retry-first 2", "retry-most 2"])
    file = damage(lab, DAMAGED[kind])
    said = wait_for(lambda: errors(lab, f"damaged/{file.name}"),
                    f"an error that names damaged/{file.name}")
    assert "wanted=" in said[0] and "found=" in said[0], said
    wait_for(lambda: (lab.spool / "damaged" / file.name).exists(), "set aside")
    still_works(lab)
    assert lab.files("bob") == []


UNFINISHED = {
    "empty": lambda d: b"",
    "garbage": lambda d: os.urandom(len(d)),
}


@pytest.mark.parametrize("kind", UNFINISHED)
def test_unfinished_spool_file(make_lab, kind):
    """Has no trailer, so was never accepted: goes when it is old."""
    lab = make_lab()
    file = damage(lab, UNFINISHED[kind])
    still_works(lab)
    assert file.exists()
    os.utime(file, (1, 1))
    restart_queued(lab)
    wait_for(lambda: not file.exists(), "removed")
    assert [line for line in lab.log().splitlines()
            if file.name in line and "event=removed" in line]
    still_works(lab)
    assert lab.files("bob") == []


def test_foreign_file_in_the_spool(make_lab):
    lab = make_lab()
    assert lab.send(plain("first")).code == 250
    lab.wait_files("bob", 1)
    odd = lab.spool / "queue/5a/notes.txt"
    odd.write_text("somebody's notes\n")
    as_owner(lab, odd)
    restart_queued(lab)
    said = wait_for(lambda: errors(lab, "queue/5a/notes.txt"), "an error")
    assert "wanted=" in said[0] and "found=" in said[0], said
    still_works(lab)
    assert odd.exists()
    odd.unlink()


def publish_damaged(path, data):
    """As apply publishes: by rename, so that running maps stay whole."""
    new = path.with_name("damaged")
    shutil.copy(path, new)
    s = os.stat(path)
    os.chown(new, s.st_uid, s.st_gid)
    with open(new, "r+b") as f:
        f.truncate(0)
        f.write(data)
    new.rename(path)


@pytest.mark.parametrize("size", (0, 100, 2048, -1))
def test_truncated_tables(make_lab, size):
    """Sessions say "later"; the daemons go on with what they have."""
    lab = make_lab()
    still_works(lab)  # from here on there is a listening smtpd with a log
    tables = lab.dir / "state/tables.cdb"
    whole = tables.read_bytes()
    publish_damaged(tables, whole[:size])

    def refuses():
        try:
            with wire.Smtp(lab.port("smtp"), greet=False) as s:
                first = s.reply()
                if first.code == 421:
                    return True
                # The damage may lie where the greeting does not look.
                s.ehlo()
                s.cmd("MAIL FROM:<a@example.org>")
                r = s.cmd(f"RCPT TO:<{lab.address('bob')}>")
                return r.code // 100 in (2, 4)
        except ConnectionError:
            return False

    assert refuses()
    if size in (0, 100):
        said = lab.wait_log("tables.cdb")
        assert "wanted=" in said[0] and "found=" in said[0], said
        r = lab.run(lab.dir / "libexec/sendmail", "-C", tables,
                    lab.address("bob"), input=b"x\n")
        assert r.returncode in (75, 78), r
        assert b"tables.cdb" in r.stderr, r
    assert lab.postrider("apply").returncode == 0
    still_works(lab)


def test_truncated_verifiers(make_lab):
    lab = make_lab()
    verifiers = lab.dir / "state/auth/verifiers.cdb"
    whole = verifiers.read_bytes()
    publish_damaged(verifiers, whole[:50])
    os.kill(lab.pids("authd")[0], signal.SIGKILL)

    def temporary():
        try:
            with lab.pop3() as p:
                p.ok("USER bob")
                r = p.cmd(f"PASS {lab.users['bob']}")
                return r.startswith(b"-ERR [SYS/TEMP]")
        except (OSError, AssertionError):
            return False

    wait_for(temporary, "a temporary refusal")
    said = lab.wait_log("verifiers.cdb")
    assert "wanted=" in said[0] and "found=" in said[0], said
    assert lab.send(plain("x"), ["alice"]).code == 250
    lab.wait_files("alice", 1)
    publish_damaged(verifiers, whole)
    assert lab.postrider("apply").returncode == 0
    wait_for(lambda: not temporary(), "logins again")
    still_works(lab)


def test_user_without_a_maildir(make_lab):
    """An empty mailbox for POP3; made by the first delivery."""
    lab = make_lab()
    assert not lab.maildir("bob").exists()
    with lab.pop3("bob") as p:
        assert p.stat() == (0, 0)
        p.quit()
    assert lab.send(plain("first")).code == 250
    lab.wait_files("bob", 1)
    shutil.rmtree(lab.maildir("bob"))
    with lab.pop3("bob") as p:
        assert p.stat() == (0, 0)
    assert lab.send(plain("second")).code == 250
    lab.wait_files("bob", 1)


def test_mailbox_of_somebody_else(make_lab):
    """Not read and not written: the wrong owner, named in the log."""
    if os.getuid() != 0:
        pytest.skip("needs another user")
    lab = make_lab(options=QUICK)
    assert lab.send(plain("first")).code == 250
    lab.wait_files("bob", 1)
    s = os.stat(lab.maildir("bob"))
    os.chown(lab.maildir("bob"), 65534, 65534)
    lab.maildir("bob").chmod(0o700)
    assert lab.send(plain("second")).code == 250
    lab.wait_log("event=deferred")
    with lab.pop3() as p:
        p.ok("USER bob")
        assert p.cmd(f"PASS {lab.users['bob']}").startswith(b"-ERR")
    still_works(lab)
    os.chown(lab.maildir("bob"), s.st_uid, s.st_gid)
    lab.wait_files("bob", 2)
