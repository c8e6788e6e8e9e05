"""pop3-mailbox lives on and serves many: what one end does to the others."""

import os
import shutil
import signal
import threading
import time

import pytest

import mailboxes
from box import Box
from suite import PATIENCE, wait_for


@pytest.fixture
def fresh(make_lab):
    """A lab of its own, in which nobody has logged in."""
    return make_lab()


def state_of(pid):
    """The letter of proc(5), or None: it may end between open and read."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(") ", 1)[1][0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state_of(pid) == "T", "a stopped process")


def gone(pid):
    return state_of(pid) in (None, "Z")


class Login(threading.Thread):
    """One that somebody has to wait for."""

    def __init__(self, lab, user):
        super().__init__()
        self.lab, self.user, self.answer = lab, user, None
        self.p = lab.pop3()
        self.p.ok(f"USER {user}")
        self.start()

    def run(self):
        self.answer = self.p.cmd(f"PASS {self.lab.users[self.user]}")

    def end(self):
        self.join(2 * PATIENCE)
        assert self.answer is not None
        return self.answer


def make_root(path, like):
    """An empty place for mailboxes, as the suite makes it."""
    path.mkdir(0o700)
    st = like.stat()
    if os.geteuid() == 0:
        os.chown(path, st.st_uid, st.st_gid)


def test_two_users_one_process(fresh):
    lab = fresh
    with lab.pop3("alice") as a, lab.pop3("bob") as b:
        taker, = mailboxes.takers(lab)
        assert len(mailboxes.sessions(lab, taker)) == 2
        a.ok("NOOP")
        b.ok("NOOP")
        a.quit()
        wait_for(lambda: len(mailboxes.sessions(lab)) == 1, "one end")
        with lab.pop3("alice") as again:
            again.quit()
        b.quit()
    assert mailboxes.takers(lab) == [taker]


def test_descriptors(fresh):
    """A session has its client and its mailbox, and no way to authd."""
    lab = fresh
    with lab.pop3("alice") as p, lab.pop3("bob") as other:
        sessions = mailboxes.sessions(lab)
        for pid in sessions:
            try:
                links = [os.readlink(f"/proc/{pid}/fd/{fd}")
                         for fd in os.listdir(f"/proc/{pid}/fd")]
            except PermissionError:
                pytest.skip("only root may look")
            assert sum(x.startswith("socket:") for x in links) == 1, links
        mail = str(lab.maildir("alice"))
        last = [os.readlink(f"/proc/{sessions[-1]}/fd/{fd}")
                for fd in os.listdir(f"/proc/{sessions[-1]}/fd")]
        assert not [x for x in last if x.startswith(mail)], last
        taker, = mailboxes.takers(lab)
        held = [os.readlink(f"/proc/{taker}/fd/{fd}")
                for fd in os.listdir(f"/proc/{taker}/fd")]
        assert sum(x.startswith("socket:") for x in held) == 1, held
        assert not [x for x in held if "Maildir" in x], held
        p.quit()
        other.quit()


def test_killed_between_logins(fresh):
    lab = fresh
    with lab.pop3("bob") as other:
        taker, = mailboxes.takers(lab)
        os.kill(taker, signal.SIGKILL)
        wait_for(lambda: gone(taker), "its end")
        with lab.pop3("alice") as p:
            p.quit()
        other.ok("NOOP")
        other.quit()
    assert taker not in mailboxes.takers(lab)
    lab.wait_log("how=signal-9")


def test_killed_within_a_login(fresh):
    """It had not said that it serves the client: another one does."""
    lab = fresh
    with lab.pop3("bob") as other:
        taker, = mailboxes.takers(lab)
        stop(taker)
        login = Login(lab, "alice")
        lab.wait_log(f"login=alice account={lab.address('alice')}")
        time.sleep(0.1)  # on its way, as far as it gets
        os.kill(taker, signal.SIGKILL)
        assert login.end() == b"+OK 0 messages"
        other.ok("NOOP")
        login.p.quit()
        login.p.close()
        other.quit()


def test_session_killed(fresh):
    """The others do not notice, and the mailbox is free."""
    lab = fresh
    with lab.pop3("bob") as other, lab.pop3("alice") as p:
        os.kill(mailboxes.sessions(lab)[-1], signal.SIGABRT)
        assert p.at_eof()
        lab.wait_log(f"account={lab.address('alice')} how=signal-6")
        with lab.pop3("alice") as again:
            again.quit()
        other.ok("NOOP")
        other.quit()


def test_stopped(fresh):
    """Its user's right; it is given up, and another one is asked for."""
    lab = fresh
    with lab.pop3("bob") as other:
        taker, = mailboxes.takers(lab)
        stop(taker)
        begin = time.monotonic()
        login = Login(lab, "alice")
        assert login.end() == b"+OK 0 messages"
        assert 5 < time.monotonic() - begin < PATIENCE
        wait_for(lambda: gone(taker), "its end")
        other.ok("NOOP")
        login.p.quit()
        login.p.close()
        other.quit()
    lab.wait_log("wanted=answer found=none")


def test_authd_killed(fresh):
    """Sessions go on; who serves them ends with the last of them."""
    lab = fresh
    with lab.pop3("bob") as other:
        taker, = mailboxes.takers(lab)
        os.kill(min(lab.pids("authd")), signal.SIGKILL)
        with lab.pop3("alice") as p:
            new, = set(mailboxes.takers(lab)) - {taker}
            p.quit()
        other.ok("NOOP")
        assert not gone(taker)
        other.quit()
    wait_for(lambda: gone(taker), "the end of the old one")
    assert not gone(new)


def test_postriderd_killed(fresh):
    lab = fresh
    with lab.pop3("bob") as other:
        os.kill(min(lab.pids("postriderd")), signal.SIGKILL)

        def works():
            try:
                with lab.pop3("alice", timeout=5) as q:
                    q.quit()
                    return True
            except (OSError, AssertionError):
                return False

        wait_for(works, "a login", every=0.2)
        other.ok("NOOP")
        other.quit()


def test_stopped_with_sessions(fresh):
    """What does not listen is killed, with its sessions."""
    lab = fresh
    with lab.pop3("alice") as p, lab.pop3("bob") as q:
        taker, = mailboxes.takers(lab)
        pids = [taker, *mailboxes.sessions(lab)]
        stop(pids[-1])
        stop(taker)
        lab.stop()
        assert p.at_eof() and q.at_eof()
    assert [pid for pid in pids if not gone(pid)] == []


def test_removed_account(fresh):
    lab = fresh
    with lab.pop3("alice") as p, lab.pop3("bob") as other:
        r = lab.postrider("user", "del", lab.address("bob"))
        assert r.returncode == 0, r.stderr
        with lab.pop3() as q:
            q.ok("USER bob")
            assert q.err(f"PASS {lab.users['bob']}").startswith(b"-ERR [AUTH]")
        other.ok("NOOP")  # he was one when he came
        other.quit()
        p.quit()


def set_option(lab, line):
    with open(lab.conf / "postrider.conf", "a") as f:
        f.write(line + "\n")
    r = lab.postrider("apply")
    assert r.returncode == 0, r.stderr


def test_changed_options(fresh):
    """New sessions have them, those that run do not."""
    lab = fresh
    with lab.pop3("bob") as other:
        set_option(lab, "session-junk 2")
        with lab.pop3("alice") as p:
            p.send(b"JUNK\r\n" * 20)
            assert p.file.read().count(b"-ERR") == 3
        for _ in range(5):
            other.err("JUNK")
        other.quit()


def test_changed_root(fresh):
    """No session begins in a place that is not the place any more."""
    lab = fresh
    Box(lab).put(b"Subject: old\n\nx\n")
    new = lab.dir / "other-mail"
    make_root(new, lab.dir / "mail")
    with lab.pop3("bob") as other:
        taker, = mailboxes.takers(lab)
        set_option(lab, f"virtual-root {new}")
        with lab.pop3("alice") as p:
            assert p.stat()[0] == 0
            p.quit()
        assert [f.name for f in new.iterdir()] == [lab.domain]
        other.ok("NOOP")
        other.quit()
    wait_for(lambda: gone(taker), "the end of the old one")


def test_deliveries_follow_a_changed_root(fresh):
    """One place for those who write and those who read."""
    lab = fresh
    new = lab.dir / "other-mail"
    make_root(new, lab.dir / "mail")
    lab.send(b"Subject: old\r\n\r\nx\r\n", ["alice"])
    lab.wait_files("alice", 1)
    before = lab.pids("local")
    assert before
    set_option(lab, f"virtual-root {new}")
    lab.send(b"Subject: new\r\n\r\nx\r\n", ["alice"])
    lab.wait_idle()
    assert len(lab.files("alice")) == 1
    with lab.pop3("alice") as p:
        assert p.stat()[0] == 1
        assert b"Subject: new" in p.retr(1)
        p.quit()
    wait_for(lambda: not set(before) & set(lab.pids("local")),
             "the end of the old ones")
    lab.wait_log("event=ended path=")


def test_replaced_root(fresh):
    """The same name, and another directory: a disk that was mounted, say."""
    lab = fresh
    Box(lab).put(b"Subject: old\n\nx\n")
    mail = lab.dir / "mail"
    mail.rename(lab.dir / "old-mail")
    make_root(mail, lab.dir / "old-mail")
    with lab.pop3("alice") as p:
        assert p.stat()[0] == 0
        p.quit()
    shutil.rmtree(mail)
    with lab.pop3() as p:
        p.ok("USER alice")
        assert p.err(f"PASS {lab.users['alice']}").startswith(
            b"-ERR [SYS/TEMP] ")
        (lab.dir / "old-mail").rename(mail)
        p.login("alice", lab.users["alice"])
        assert p.stat()[0] == 1
        p.quit()


def test_mailbox_sessions(make_lab):
    lab = make_lab(options=["mailbox-sessions 2"],
                   users={n: f"{n}-secret" for n in ("alice", "bob", "carol")})
    with lab.pop3("alice") as a, lab.pop3("bob") as b:
        with lab.pop3() as p:
            p.ok("USER carol")
            assert p.err("PASS carol-secret").startswith(
                b"-ERR [SYS/TEMP] too many")
        lab.wait_log(f"account={lab.address('carol')} found=limit-reached")
        a.quit()

        def served():
            with lab.pop3() as p:
                p.ok("USER carol")
                return p.cmd("PASS carol-secret").startswith(b"+OK")

        wait_for(served, "a free place", every=0.1)
        b.quit()


def test_burst(make_lab):
    """More logins at once than one process is asked at a time."""
    users = {f"u{n}": "secret" for n in range(80)}
    lab = make_lab(users=users, options=["connections-per-client 200"])
    with lab.pop3("u0") as p:
        taker, = mailboxes.takers(lab)
        for user in list(users)[1:]:  # remembered, so that all come at once
            with lab.pop3(user) as q:
                q.quit()
        stop(taker)
        logins = [Login(lab, user) for user in list(users)[1:]]
        time.sleep(0.5)
        os.kill(taker, signal.SIGCONT)
        for login in logins:
            assert login.end() == b"+OK 0 messages", login.user
            login.p.ok("NOOP")
        assert mailboxes.takers(lab) == [taker]
        assert len(mailboxes.sessions(lab)) == 80
        for login in logins:
            login.p.quit()
            login.p.close()
        p.quit()
