"""Sources of tables behind the compiled ones: servers of the socketmap
protocol through mapd, CDB files, and rows in postrider.conf."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

import suite
from cdbfile import make_cdb
from lookups import (OURS, QUICK, add_line, applied, code, rcpt, root, send,
                     set_lines, wait_mail)
from mapserver import MapServer, slow
from messages import plain
from suite import wait_for

TABLES = {
    "users": {f"carol@{OURS}": "OK", f"dan@{OURS}": "by-path/dan/",
              f"evil@{OURS}": "../../../tmp/evil/",
              f"flat@{OURS}": "1"},
    "aliases": {f"both@{OURS}": f"carol@{OURS}, dan@{OURS}",
                f"run@{OURS}": "|/usr/bin/touch /tmp/ran",
                f"closed@{OURS}": "error:550 Closed for ever"},
    "domains": {OURS: "virtual", "other-name.example": f"alias {OURS}",
                "odd.example": "whatever"},
}


@pytest.fixture(params=["unix", "127.0.0.1", "localhost"])
def served(request, make_lab):
    with MapServer({k: dict(v) for k, v in TABLES.items()},
                   inet=request.param != "unix") as server:
        lab = make_lab(options=[
            f"lookup {kind} {server.source(kind, request.param)}"
            for kind in TABLES])
        yield lab, server


@pytest.fixture
def mapped(make_lab):
    with MapServer({k: dict(v) for k, v in TABLES.items()}) as server:
        lab = make_lab(options=[f"lookup {kind} {server.source(kind)}"
                                for kind in TABLES])
        yield lab, server


@pytest.fixture
def users_only(make_lab):
    """Nobody else's mail needs this server."""
    with MapServer({"users": dict(TABLES["users"])}) as server:
        lab = make_lab()
        add_line(lab, "domains", OURS)
        applied(lab, f"lookup users {server.source('users')}")
        yield lab, server


# --- what servers say

def test_a_server_says_who_there_is(served):
    """Accepted, delivered, refused: by users, aliases and domains of a
    server, beside those of the files."""
    lab, _ = served
    replies, _ = rcpt(lab, f"carol@{OURS}", f"Carol+x@{OURS}",
                      f"nobody@{OURS}", "x@elsewhere.example",
                      lab.address("bob"), f"closed@{OURS}",
                      "carol@other-name.example")
    assert [r[0] for r in replies] == [250, 250, 550, 550, 250, 550, 250], \
        replies
    send(lab, f"carol@{OURS}", f"dan@{OURS}", lab.address("bob"))
    wait_mail(lab, "carol", 1)
    lab.wait_files("bob", 1)
    wait_for(lambda: len(list((root(lab) / "by-path/dan/new").glob("*"))) == 1,
             "mail at the path that the server said")
    send(lab, f"both@{OURS}")
    wait_mail(lab, "carol", 2)
    send(lab, "carol@other-name.example")
    wait_mail(lab, "carol", 3)
    lab.wait_idle()


def test_wrong_answers_are_not_believed(mapped):
    """Each is a temporary failure with a line in the log; no path leads out of
    virtual-root and no server runs a command."""
    lab, server = mapped
    server.tables["aliases"][f"loop\N{SNOWMAN}@{OURS}"] = "x"
    for bad, word in ((f"evil@{OURS}", "../../../tmp/evil/"),
                      (f"flat@{OURS}", "found=1"),
                      (f"run@{OURS}", "/usr/bin/touch"),
                      ("x@odd.example", "whatever")):
        assert code(lab, bad) == 451
        lines = [x for x in lab.log().splitlines()
                 if " lookup=socketmap:" in x and word in x]
        assert len(lines) == 1, (bad, lines)
    assert code(lab, f"carol@{OURS}") == 250
    assert not os.path.exists("/tmp/ran") and not os.path.exists("/tmp/evil")


BAD_REPLIES = {
    "temp": "TEMP database is down",
    "timeout": "TIMEOUT database",
    "perm": "PERM no such table",
    "another word": "MAYBE x",
    "nothing": "",
    "no netstring": b"hello, world\n",
    "half, then closed": b"7:OK x/",
    "closed": b"",
    "too long": "OK " + "x" * 9000,
    "far too long": b"99999999:OK " + b"x" * 9000,
    "a length without end": b"1" * 5000,
    "a negative length": b"-1:,",
    "a NUL": "OK a\0b",
    "no comma": b"2:OK;",
    "two replies": b"2:OK,2:OK,",
    "leading zero": b"02:OK,",
}


@pytest.mark.parametrize("kind", BAD_REPLIES)
def test_bad_replies(share, kind):
    """451 at once, other domains are served as ever, and it recovers."""
    def start(lab):
        lab.server = MapServer({"users": {f"carol@{OURS}": "OK"}})
        lab.args += ["-o", f"lookup users {lab.server.source('users')}"]
        lab.start()
        add_line(lab, "domains", OURS)
        assert lab.postrider("apply").returncode == 0
        close = lab.close
        lab.close = lambda: (close(), lab.server.__exit__())
    lab = share("lookup-bad-replies", start)
    lab.server.mood = lambda table, key: BAD_REPLIES[kind]
    assert code(lab, f"x{abs(hash(kind))}@{OURS}") == 451
    assert code(lab, lab.address("bob")) == 250
    lab.server.mood = None
    lab.server.tables["users"][f"y{abs(hash(kind))}@{OURS}"] = "OK"
    wait_for(lambda: code(lab, f"y{abs(hash(kind))}@{OURS}") == 250,
             "mail taken again", every=0.2)


# --- servers that are slow, dead and back again

def test_slow_servers_answer_the_next_try(mapped):
    """Nobody waits for it; what it says is remembered until it is asked for
    again."""
    lab, server = mapped
    server.mood = slow(2, {f"carol@{OURS}", f"nobody@{OURS}"})
    assert code(lab, f"carol@{OURS}") == 451
    assert code(lab, f"nobody@{OURS}") == 451
    wait_for(lambda: code(lab, f"carol@{OURS}") == 250, "its answer",
             every=0.3)
    wait_for(lambda: code(lab, f"nobody@{OURS}") == 550, "its answer",
             every=0.3)
    assert code(lab, f"dan@{OURS}") == 250
    # One question each, however often it was wanted.
    assert server.times("users", f"carol@{OURS}") == 1


def test_dead_servers(users_only):
    """A server that is gone costs nobody any time, and is found again."""
    lab, server = users_only
    assert code(lab, f"carol@{OURS}") == 250
    server.stop()
    for _ in range(3):
        assert code(lab, f"dan@{OURS}") == 451
    lab.wait_log(" event=map-down ")
    assert code(lab, lab.address("bob")) == 250
    status = lab.postrider("status")
    assert b"mapd         WARN" in status.stdout, status.stdout
    server.start()
    wait_for(lambda: code(lab, f"dan@{OURS}") == 250, "mail taken again",
             every=0.2)
    lab.wait_log(" event=map-up ")
    send(lab, f"dan@{OURS}")


def test_a_restarted_server_is_not_noticed(mapped):
    """Connections that it had closed are made anew."""
    lab, server = mapped
    assert code(lab, f"carol@{OURS}") == 250
    server.stop()
    server.start()
    assert code(lab, f"dan@{OURS}") == 250
    assert " event=map-down " not in lab.log()


def test_mail_in_the_queue_waits_for_its_server(users_only):
    """A recipient who was known stays in the queue while nobody can tell where
    his mailbox is, and others' mail goes on."""
    lab, server = users_only
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        s.ok(f"RCPT TO:<dan@{OURS}>")
        s.ok("DATA", 354)
        server.stop()
        (pid,) = lab.pids("mapd")
        os.kill(pid, signal.SIGKILL)  # it would remember
        wait_for(lambda: lab.pids("mapd") not in ([], [pid]), "another mapd")
        s.send(plain("lookup") + b".\r\n")
        assert s.reply()[0] == 250
    lab.wait_log(f" event=deferred to=dan@{OURS} dsn=4.3.")
    send(lab, lab.address("bob"))
    lab.wait_files("bob", 1)
    server.start()

    def arrives():
        lab.postrider("queue", "retry", "--all")
        return list((root(lab) / "by-path/dan/new").glob("*"))
    wait_for(arrives, "the mail that had waited", every=0.5)
    lab.wait_idle()


def test_queued_keeps_answering(users_only):
    """A server that never answers holds up no other mail, nor the tool."""
    lab, server = users_only
    server.mood = slow(8)
    slowly = [f"u{i}@{OURS}" for i in range(20)]
    start = time.monotonic()
    replies, worst = rcpt(lab, *slowly)
    assert {r[0] for r in replies} == {451}
    assert worst < QUICK
    # Who comes behind the first does not wait at all.
    assert time.monotonic() - start < 2 * QUICK
    for _ in range(5):
        send(lab, lab.address("bob"))
    lab.wait_files("bob", 5)
    assert lab.run(lab.env["MAILQ"]).returncode == 0
    assert time.monotonic() - start < 8 * (4 if suite.SAN else 1)


# --- mapd itself

def test_mapd_is_started_again(mapped):
    lab, _ = mapped
    assert code(lab, f"carol@{OURS}") == 250
    (pid,) = lab.pids("mapd")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: lab.pids("mapd") not in ([], [pid]), "another mapd")
    wait_for(lambda: code(lab, f"carol@{OURS}") == 250, "mail taken again",
             every=0.2)


def test_mapd_that_is_stopped(users_only):
    """Costs each daemon half a second now and then, and nobody hangs."""
    lab, _ = users_only
    (pid,) = lab.pids("mapd")
    os.kill(pid, signal.SIGSTOP)
    try:
        replies, worst = rcpt(lab, *[f"u{i}@{OURS}" for i in range(10)])
        assert {r[0] for r in replies} == {451} and worst < 2
        send(lab, lab.address("bob"))
        lab.wait_files("bob", 1)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: code(lab, f"carol@{OURS}") == 250, "mail taken again",
             every=0.2)


def test_strangers_are_refused(mapped):
    """mapd asks nothing for those who are no part of the suite."""
    lab, server = mapped
    if os.getuid() != 0:
        pytest.skip("needs root")
    script = """
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
try:
    s.send(bytes([0, 0, 0, 0, 0, 1, 0, 1]) + b"x" + bytes([0, 1]) + b"y")
    sys.exit(len(s.recv(100)))
except OSError:
    pass  # we were cut off
"""
    r = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534",
                        "--clear-groups", "/usr/bin/python3", "-c", script,
                        str(lab.dir / "run/map")], capture_output=True,
                       timeout=suite.PATIENCE)
    assert r.returncode == 0, r.stderr
    lab.wait_log("channel=map uid=65534 found=not-allowed")


def test_new_sources_after_apply(mapped):
    """Other sources hold from the apply on, for sessions and daemons."""
    lab, _ = mapped
    with MapServer({"u": {f"new@{OURS}": ""}}) as other:
        assert code(lab, f"new@{OURS}") == 550
        applied(lab, f"lookup users {other.source('u')}")
        send(lab, f"new@{OURS}")
        wait_mail(lab, "new", 1)


# --- files and lines

def test_cdb(make_lab):
    """A file of plain rows, replaced without another apply."""
    lab = make_lab()
    add_line(lab, "domains", OURS)
    users = lab.base / "users.cdb"
    make_cdb(users, {f"carol@{OURS}": "", f"evil@{OURS}": "/etc/x"})
    applied(lab, f"lookup users cdb:{users}")
    assert code(lab, f"carol@{OURS}") == 250
    assert code(lab, f"dan@{OURS}") == 550
    assert code(lab, f"evil@{OURS}") == 451
    make_cdb(users, {f"dan@{OURS}": "OK"})
    assert code(lab, f"carol@{OURS}") == 550
    send(lab, f"dan@{OURS}")
    wait_mail(lab, "dan", 1)
    users.unlink()
    assert code(lab, f"dan@{OURS}") == 451
    assert code(lab, lab.address("bob")) == 250
    make_cdb(users, {f"dan@{OURS}": "OK"})
    assert code(lab, f"dan@{OURS}") == 250


def test_inline(make_lab):
    lab = make_lab()
    applied(lab, "lookup domains inline:{%s=virtual, Up.Example = alias %s}"
            % (OURS, OURS),
            'lookup users inline:{carol@%s=OK,dan@%s="x/dan/"}'
            % (OURS, OURS),
            'lookup aliases inline:{all="carol@%s, dan@%s", @%s=carol@%s}'
            % (OURS, OURS, OURS, OURS))
    send(lab, "carol@up.example")
    wait_mail(lab, "carol", 1)
    send(lab, f"all@{OURS}")
    wait_mail(lab, "carol", 2)
    send(lab, f"whoever@{OURS}")
    wait_mail(lab, "carol", 3)


def test_order(make_lab):
    """Files of the suite first, then the lines one after the other."""
    with MapServer({"a": {f"carol@{OURS}": "x/a/", f"dan@{OURS}": "x/a2/"},
                    "b": {f"dan@{OURS}": "x/b/", f"eve@{OURS}": "x/b2/"}}) \
            as server:
        lab = make_lab()
        add_line(lab, "domains", OURS)
        add_line(lab, "users", f"carol@{OURS}")
        applied(lab, f"lookup users {server.source('a')}",
                f"lookup users {server.source('b')}")
        send(lab, f"carol@{OURS}", f"dan@{OURS}", f"eve@{OURS}")
        wait_mail(lab, "carol", 1)
        for path in "x/a2/new", "x/b2/new":
            wait_for(lambda p=path: len(list((root(lab) / p).glob("*"))) == 1,
                     path)
        assert server.times("a", f"carol@{OURS}") == 0
        assert server.times("b", f"dan@{OURS}") == 0


@pytest.mark.parametrize("line,words", [
    ("lookup", "wanted: lookup KIND SOURCE"),
    ("lookup users", "wanted: lookup KIND SOURCE"),
    ("lookup user cdb:/x", "nearest: users"),
    ("lookup users mysql:x", "cdb:/path"),
    ("lookup users cdb:/no/such/file", "No such file"),
    ("lookup users cdb:/etc/passwd", "wanted a CDB file"),
    ("lookup users socketmap:unix:/x", "behind the last"),
    ("lookup users inline:{a@b.example=OK", '"}"'),
    ("lookup users inline:{a=OK}", "wanted an address"),
    ("lookup users inline:{a@none.example=OK}", "virtual domain"),
    ("lookup domains inline:{x.example=maybe}", "wanted virtual"),
    ("lookup aliases socketmap:unix:/x:n socketmap:unix:/x:n", "each once"),
])
def test_mistakes(lab, line, words):
    """Told with file and line, and nothing is applied."""
    before = lab.conf.joinpath("postrider.conf").read_text()
    try:
        r = set_lines(lab, line)
        assert r.returncode != 0
        err = r.stderr.decode()
        assert re.search(r"postrider\.conf:\d+: ", err) and words in err, err
    finally:
        lab.conf.joinpath("postrider.conf").write_text(before)


def test_unreachable_is_a_warning(make_lab):
    lab = make_lab()
    r = applied(lab, "lookup users socketmap:unix:/no/such:u")
    assert b"warning: lookup: socketmap:unix:/no/such:u cannot be reached" \
        in r.stderr, r.stderr


# --- the rest of the suite

def test_pop3(mapped):
    """Who has a verifier, and an account in a source, reads his mail."""
    lab, _ = mapped
    path = lab.conf / "passwords"
    words = next(line.split(" ", 1)[1] for line in
                 path.read_text().splitlines() if line.startswith("alice"))
    add_line(lab, "passwords", f"carol@{OURS} {words}")
    r = lab.postrider("apply")
    assert r.returncode == 0, r.stderr
    send(lab, f"carol@{OURS}")
    wait_mail(lab, "carol", 1)
    with lab.pop3(tls=None) as p:
        p.login(f"carol@{OURS}", suite.USERS["alice"])
        assert p.stat()[0] == 1
        assert b"Subject: lookup" in p.retr(1)
        p.quit()


def test_the_example_of_the_manual(make_lab):
    """mapd.8's server of an SQL database is one that works."""
    page = (Path(__file__).parents[2] / "common/mapd.8").read_text()
    script = page[page.index("#!/usr/bin/python3"):].split(".Ed\n")[0]
    lab = make_lab()
    (lab.base / "server.py").write_text(script)
    with contextlib.closing(sqlite3.connect(lab.base / "db")) as db:
        db.executescript(f"""
            CREATE TABLE users(address, maildir);
            CREATE TABLE aliases(name, member);
            INSERT INTO users VALUES('carol@{OURS}', 'x/carol/'),
                ('dan@{OURS}', 'OK');
            INSERT INTO aliases VALUES('both@{OURS}', 'carol@{OURS}'),
                ('both@{OURS}', 'dan@{OURS}');""")
        db.commit()
    place = lab.base / "accounts"
    with subprocess.Popen(["/usr/bin/python3", lab.base / "server.py", place,
                           lab.base / "db"]) as server:
        try:
            wait_for(place.exists, "the server's socket")
            place.chmod(0o777)
            add_line(lab, "domains", OURS)
            r = applied(lab, f"lookup users socketmap:unix:{place}:users",
                        f"lookup aliases socketmap:unix:{place}:aliases")
            assert b"cannot be reached" not in r.stderr
            send(lab, f"both@{OURS}")
            wait_mail(lab, "dan", 1)
            wait_for(lambda: list((root(lab) / "x/carol/new").glob("*")),
                     "mail for carol")
            assert code(lab, f"x'%20OR%201=1--@{OURS}") == 550
        finally:
            server.terminate()


def test_explain(mapped):
    """Who said it is part of the explanation."""
    lab, server = mapped
    r = lab.postrider("explain", f"carol@{OURS}")
    assert r.returncode == 0, r.stderr
    assert f"source {server.source('users')}".encode() in r.stdout, r.stdout
