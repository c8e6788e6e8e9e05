"""POP3 dialogues, against RFC 1939, 2449, 3206 and 5034."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from box import Box, wire_form
from messages import HARD
from suite import BUILD, PATIENCE, wait_for
from wire import b64


@pytest.fixture
def box(lab):
    return Box(lab)


# --- whole dialogues


def test_transcript(lab, box):
    """Every byte of a session as old Foxmail holds it."""
    box.put(b"Subject: one\n\nfirst\n")
    box.put(b"Subject: two\n\n.dot\nno end")
    with lab.pop3() as p:
        assert p.greeting == b"+OK POP3 server ready."
        assert b"<" not in p.greeting  # or clients try APOP
        said = (f"USER alice\r\nPASS {lab.users['alice']}\r\n"
                "STAT\r\nUIDL\r\nLIST\r\nRETR 1\r\nRETR 2\r\n"
                "DELE 1\r\nDELE 2\r\nQUIT\r\n")
        p.send(said.encode())
        assert p.file.read() == (
            b"+OK Now the password, with PASS\r\n"
            b"+OK 2 messages\r\n"
            b"+OK 2 53\r\n"
            b"+OK Unique-ids follow\r\n"
            b"1 1700000000.M000001P1.host\r\n"
            b"2 1700000000.M000002P1.host\r\n.\r\n"
            b"+OK 2 messages (53 octets)\r\n1 23\r\n2 30\r\n.\r\n"
            b"+OK 23 octets\r\nSubject: one\r\n\r\nfirst\r\n.\r\n"
            b"+OK 30 octets\r\nSubject: two\r\n\r\n..dot\r\nno end\r\n.\r\n"
            b"+OK Message 1 deleted\r\n+OK Message 2 deleted\r\n"
            b"+OK Bye, 2 deleted\r\n")
    assert box.names() == []


def test_leave_on_server(lab, box):
    box.put_all(3)
    seen = []
    for _ in range(2):
        with lab.pop3("alice") as p:
            assert p.stat()[0] == 3
            seen.append(p.listing("UIDL"))
            for n in p.listing():
                p.retr(n)
            p.quit()
    assert seen[0] == seen[1] and len(set(seen[0].values())) == 3
    assert len(box.names()) == 3

    def told():
        line = box.log_of_last()
        return "messages=3 retrieved=3" in line and "deleted=0" in line

    wait_for(told, "the line that tells the session's end")


def test_typed_byte_by_byte(lab, box):
    box.put(b"Subject: t\n\nx\n")
    with lab.pop3() as p:
        for line in ("USER alice", f"PASS {lab.users['alice']}", "LIST 1",
                     "QUIT"):
            for byte in line.encode() + b"\r\n":
                p.send(bytes([byte]))
                time.sleep(0.001)
            assert p.line().startswith(b"+OK"), line


def test_every_split(lab, box):
    """The handover at each byte of a pipelined session."""
    box.put(b"Subject: t\n\nx\n")
    said = f"USER alice\r\nPASS {lab.users['alice']}\r\nSTAT\r\nQUIT\r\n"
    for at in range(0, len(said) + 1, 3):
        with lab.pop3() as p:
            p.send(said[:at].encode())
            time.sleep(0.01)
            p.send(said[at:].encode())
            assert p.file.read().endswith(
                b"+OK 1 messages\r\n+OK 1 17\r\n"
                b"+OK Bye, 0 deleted\r\n"), at


def test_half_closed(lab, box):
    """A client that has said all gets all answers; nothing is removed."""
    box.put(b"Subject: t\n\nx\n")
    with lab.pop3("alice") as p:
        p.send(b"DELE 1\r\nNOOP\r\n")
        p.sock.shutdown(socket.SHUT_WR)
        assert p.file.read() == b"+OK Message 1 deleted\r\n+OK\r\n"
    assert len(box.names()) == 1
    wait_for(lambda: "reason=closed" in box.log_of_last(), "the end")


def test_under_each_super_server(any_lab):
    box = Box(any_lab)
    box.put_all(2)
    with any_lab.pop3("alice") as p:
        assert p.stat()[0] == 2
        assert b"body 2" in p.retr(2)
        p.ok("DELE 1")
        p.quit()
    assert len(box.names()) == 1


def test_as_nobody(make_lab, nobody):
    """Without root and without users of its own."""
    lab = make_lab(uid=nobody)
    box = Box(lab)
    box.put(b"Subject: t\n\nx\n")
    with lab.pop3("alice") as p:
        assert p.retr(1) == b"Subject: t\r\n\r\nx\r\n"
        p.ok("DELE 1")
        p.quit()
    assert box.names() == []


@pytest.mark.parametrize("program", ("pop3d", "pop3-mailbox"))
@pytest.mark.parametrize("tables", [None, b"", b"x" * 5000],
                         ids=["none", "empty", "garbage"])
def test_without_tables(tmp_path, program, tables):
    """One clear answer to the client, one line for the administrator."""
    path = tmp_path / "tables.cdb"
    if tables is not None:
        path.write_bytes(tables)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        r = subprocess.run([BUILD / "libexec" / program, "-t", path],
                           stdin=theirs, stdout=theirs,
                           stderr=subprocess.PIPE, cwd=tmp_path,
                           timeout=PATIENCE, check=False)
        assert r.returncode == 78
        assert str(path).encode() in r.stderr and r.stderr.count(b"\n") == 1
        if program == "pop3d":  # the other never has a client so early
            assert ours.recv(1000).startswith(b"-ERR [SYS/TEMP] ")


def listening():
    """The inodes of all sockets that listen on TCP ports."""
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A":
                found.add(f"socket:[{fields[9]}]")
    return found


def test_sessions_do_not_hold_the_port(lab):
    """Else nobody could listen again before the last of them has ended."""
    def held(pid):
        return {os.readlink(fd) for fd in
                Path(f"/proc/{pid}/fd").iterdir()} & listening()

    with lab.pop3() as p:
        p.quit()
    before = lab.pids("pop3d")  # parents, that of POP3S too, and who is ending
    with lab.pop3():
        session, = set(lab.pids("pop3d")) - set(before)
        stat = Path(f"/proc/{session}/stat").read_text()
        parent = int(stat.rsplit(") ", 1)[1].split()[1])
        assert parent in before
        assert len(held(parent)) == 1
        assert held(session) == set()


# --- login


def test_capabilities_in_both_states(lab, box):
    before = b"TOP\r\nUSER\r\nSASL SCRAM-SHA-256 PLAIN LOGIN\r\n"
    behind = (b"RESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n"
              b"EXPIRE NEVER\r\nIMPLEMENTATION Postrider\r\n")
    with lab.pop3() as p:
        assert p.multi("CAPA") == before + b"STLS\r\n" + behind
        p.login("alice", lab.users["alice"])
        assert p.multi("capa") == before + behind


def test_before_login(lab):
    with lab.pop3() as p:
        for line in ("NOOP", "STAT", "RETR 1", "APOP a b", "STLS x", "RPOP x",
                     "PASS first", "AUTH GSSAPI", "USER", "XTND", ""):
            p.err(line)
        assert p.multi("AUTH") == b"SCRAM-SHA-256\r\nPLAIN\r\nLOGIN\r\n"
        p.quit()


def test_no_passwords_in_the_clear(make_lab):
    lab = make_lab(options=["strict.plaintext-auth never", "strict.tls no"],
                   services=["strict:pop3"])
    with lab.pop3(service="strict") as p:
        capa = p.multi("CAPA").split(b"\r\n")
        assert b"USER" not in capa
        assert not any(c.startswith(b"SASL") for c in capa)
        for line in ("USER alice", "PASS x", "AUTH", "AUTH PLAIN"):
            r = p.err(line)
            assert r.startswith(b"-ERR [AUTH] ") and b"995" in r
        p.quit()
    with lab.pop3("alice") as p:
        p.quit()


def plain(user, password):
    return b64(f"\0{user}\0{password}")


def test_sasl(lab, box):
    alice, secret = "alice", lab.users["alice"]
    ways = (
        [(f"AUTH PLAIN {plain(alice, secret)}", None)],
        [("auth plain", "+ "), (plain(alice, secret), None)],
        [(f"AUTH LOGIN {b64(alice)}", "+ "), (b64(secret), None)],
        [("AUTH LOGIN", "+ VXNlcm5hbWU6"), (b64(alice), "+ UGFzc3dvcmQ6"),
         (b64(secret), None)],
        [("AUTH LOGIN", "+ "), ("*", "-ERR"), ("AUTH PLAIN", "+ "),
         ("!", "-ERR"), (f"AUTH PLAIN {plain(alice, secret)}", None)],
        [(f"AUTH PLAIN {plain(lab.address(alice), secret)}", None)],
    )
    for way in ways:
        with lab.pop3() as p:
            for said, wanted in way:
                got = p.cmd(said).decode()
                assert got.startswith(wanted or "+OK 0 messages"), (said, got)
            p.quit()


def test_wrong_passwords(make_lab):
    """Told as such; the session goes on; the fifth is too much."""
    lab = make_lab(options=["auth-delay 1s"])
    with lab.pop3() as p:
        for line in ("PASS wrong", "PASS " + lab.users["alice"] + " ",
                     "PASS  " + lab.users["alice"], "PASS "):
            p.ok("USER bob")
            assert p.err(line).startswith(b"-ERR [AUTH] "), line
        p.ok("USER bob")
        p.err("PASS wrong")
        assert p.at_eof()
    with lab.pop3() as p:
        p.ok("USER nobody-here")
        assert p.err("PASS x").startswith(b"-ERR [AUTH] ")
        p.ok("USER root")
        assert p.err("PASS x").startswith(b"-ERR [AUTH] ")
        p.login("alice", lab.users["alice"])
        p.quit()
    assert lab.users["alice"] not in lab.log()


def test_passwords_with_spaces(make_lab):
    lab = make_lab()
    r = lab.postrider("user", "passwd", lab.address("alice"),
                      data=b" two  spaces and one behind \n")
    assert r.returncode == 0, r.stderr
    with lab.pop3() as p:
        p.ok("USER nobody")  # the later name counts
        p.ok("USER alice")
        p.ok("PASS  two  spaces and one behind ")
        p.quit()
    with lab.pop3() as p:
        p.ok("USER alice")
        p.err("PASS two  spaces and one behind")


def test_long_lines(lab, box):
    with lab.pop3() as p:
        for line in (b"USER " + b"A" * 5000, b"PASS " + b"A" * 10000,
                     b"AUTH PLAIN " + b"A" * 13000, b"A" * 70000):
            assert p.err(line) == b"-ERR Line too long"
        p.login("alice", lab.users["alice"])
        for verb in (b"LIST", b"DELE", b"UIDL", b"RETR"):
            assert p.err(verb + b" " + b"A" * 5000) == b"-ERR Line too long"
            assert p.err(verb + b" " + b"9" * 400) == b"-ERR No such message"
        p.ok("NOOP")


def test_bad_bytes(lab, box):
    with lab.pop3("alice") as p:
        for line in (b"NOOP\0x", b"NO\rOP", b"STAT\r"):
            p.send(line + b"\r\n")
            assert p.line().startswith(b"-ERR"), line
        p.send(b"NOOP\nNOOP\r\n")
        assert p.line().startswith(b"-ERR")
        p.ok("NOOP")


def test_authd_gone(make_lab):
    """A session that has lost it says so; the next one works again."""
    lab = make_lab()
    with lab.pop3() as p, lab.pop3() as waiting:
        p.ok("USER alice")
        for pid in lab.pids("authd"):
            os.kill(pid, signal.SIGKILL)
        assert p.err(f"PASS {lab.users['alice']}").startswith(
            b"-ERR [SYS/TEMP] ")
        assert p.at_eof()
        waiting.ok("CAPA")
        waiting.rest()
        assert waiting.err(
            f"AUTH PLAIN {plain('alice', lab.users['alice'])}").startswith(
                b"-ERR [SYS/TEMP] ")

    def works():
        with lab.pop3(timeout=5) as q:
            q.cmd("USER alice")
            return q.cmd(f"PASS {lab.users['alice']}").startswith(b"+OK")

    wait_for(works, "a login", every=0.2)


def test_login_deadline(make_lab):
    """One for the whole login: talking does not move it."""
    lab = make_lab(options=["login-timeout 2s"])
    begin = time.monotonic()
    with lab.pop3() as p:
        with pytest.raises((ConnectionError, BrokenPipeError, AssertionError)):
            while True:
                p.multi("CAPA")
                time.sleep(0.2)
    assert time.monotonic() - begin < 10


# --- the commands


BAD_NUMBERS = ("0", "-1", "4294967297", "18446744073709551617", "1x", " 1",
               "01", "3", "")


def test_numbers(lab, box):
    box.put_all(2)
    with lab.pop3("alice") as p:
        for verb in ("RETR {}", "DELE {}", "TOP {} 0", "LIST {}", "UIDL {}"):
            for number in BAD_NUMBERS:
                if number == "" and verb[:4] in ("LIST", "UIDL"):
                    continue
                p.err(verb.format(number))
        for lines in ("-1", "x", "", "18446744073709551616"):
            p.err(f"TOP 1 {lines}")
        # One answer each: this is the next one.
        assert p.ok("STAT").startswith(b"+OK 2 ")


def test_delete_and_reset(lab, box):
    box.put_all(2)
    with lab.pop3("alice") as p:
        p.ok("DELE 1")
        p.err("DELE 1")
        p.err("RETR 1")
        p.err("TOP 1 0")
        p.err("LIST 1")
        p.err("UIDL 1")
        assert list(p.listing()) == [2] == list(p.listing("UIDL"))
        assert p.stat() == (1, p.listing()[2])
        p.ok("RSET")
        assert list(p.listing()) == [1, 2]
        p.ok("DELE 2")
        p.err("LAST")
        p.quit()
    assert [n.split("P")[0] for n in box.names()] == \
        ["new/1700000000.M000001"]
    with lab.pop3("alice") as p:
        p.ok("DELE 1")
    wait_for(lambda: "reason=closed" in box.log_of_last(), "the end")
    assert len(box.names()) == 1


def test_byte_exact(lab, box):
    stored = [m.replace(b"\r\n", b"\n") for m in HARD.values()]
    stored += [b"no end", b"x\n\r", b"a\rb\n\r.\n", b"h: 1\r\n\r\n.crlf\r\n",
               b"\n", b"\0", b".", b".\n", b"z" * 10_000_000]
    for content in stored:
        box.put(content)
    with lab.pop3("alice") as p:
        sizes = p.listing()
        for n, content in enumerate(stored, 1):
            wanted = wire_form(content)
            assert p.ok(f"RETR {n}") == b"+OK %d octets" % len(wanted)
            assert p.rest() == wanted, n
            assert sizes[n] == len(wanted)
            p.ok(f"TOP {n} 99999999")
            assert p.rest() == wanted, n
        assert p.stat() == (len(stored), sum(sizes.values()))
        p.quit()


def test_top(lab, box):
    box.put(b"A: 1\nB: 2\n\none\n.two\nthree\n")
    box.put(b"A: only a header\n")
    with lab.pop3("alice") as p:
        head = b"A: 1\r\nB: 2\r\n\r\n"
        assert p.multi("TOP 1 0") == head
        assert p.multi("TOP 1 2") == head + b"one\r\n.two\r\n"
        assert p.multi("TOP 1 3") == p.retr(1)
        assert p.multi("TOP 2 0") == b"A: only a header\r\n"
        p.quit()


def test_sizes_in_names(lab, box):
    """Believed as long as nobody looks; put right when somebody does."""
    box.put(b"a\nb\n", "1700000000.M1P1.h,S=4,W=6")
    box.put(b"a\nb\nc\n", "1700000000.M2P1.h,S=4,W=6")  # a lie
    box.put(b"a\nb\n", "1700000000.M3P1.h,S=4,W=99")    # nonsense
    with lab.pop3("alice") as p:
        assert p.listing() == {1: 6, 2: 6, 3: 6}
        assert p.ok("RETR 2") == b"+OK 9 octets"
        assert p.rest() == b"a\r\nb\r\nc\r\n"
        assert p.stat() == (3, 21)
        assert p.listing("UIDL")[1] == "1700000000.M1P1.h"
        p.quit()
    lab.wait_log("M2P1.h,S=4,W=6")


def test_sizes_beyond_32_bits(lab, box):
    big = 5_000_000_000
    path = box.put(b"", f"1700000000.M1P1.h,S={big},W={big + 7}")
    os.truncate(path, big)
    box.put(b"x\n", "1700000001.M1P1.h")
    with lab.pop3("alice") as p:
        assert p.stat() == (2, big + 7 + 3)
        assert p.ok("LIST 1") == b"+OK 1 %d" % (big + 7)
        assert p.multi("TOP 2 1") == b"x\r\n"


def test_pipelined(lab, box):
    """A thousand commands in one write, answered in order."""
    box.put_all(1000)
    with lab.pop3("alice") as p:
        p.send(b"".join(b"RETR %d\r\n" % n for n in range(1, 1001)) +
               b"QUIT\r\n")
        for n in range(1, 1001):
            assert p.line().startswith(b"+OK ")
            assert p.rest() == b"Subject: %d\r\n\r\nbody %d\r\n" % (n, n)
        assert p.line().startswith(b"+OK Bye")
        assert p.at_eof()


def test_many_messages(lab, box):
    for i in range(20000):
        box.put(b"", f"17{i:08}.M1P{i}.h,S=0,W=0")
    begin = time.monotonic()
    with lab.pop3("alice") as p:
        assert p.stat() == (20000, 0)
        ids = p.listing("UIDL")
        assert len(set(ids.values())) == 20000
        assert ids[20000] == "1700019999.M1P19999.h"
        p.send(b"".join(b"DELE %d\r\n" % n for n in range(1, 20001)))
        for _ in range(20000):
            assert p.line().startswith(b"+OK")
        p.quit()
    assert time.monotonic() - begin < 20  # seconds; a square would be minutes
    assert box.names() == []


def test_too_much_nonsense(lab, box):
    with lab.pop3() as p:
        p.send(b"".join(b"JUNK\r\n" for _ in range(100)))
        assert p.file.read().count(b"-ERR") < 40
    with lab.pop3("alice") as p:
        p.send(b"".join(b"JUNK\r\n" for _ in range(300)))
        assert p.file.read().endswith(b"-ERR Too many errors, bye\r\n")


def test_log_stays_in_line(lab, box):
    with lab.pop3() as p:
        p.cmd(b"USER a\x1b[2J\"b%n%s")
        p.cmd(b"PASS x")
        p.cmd(b"\x1b]0;title\x07")
    wait_for(lambda: "login-failed" in lab.log(), "the failure")
    assert "\x1b" not in lab.log() and "\x07" not in lab.log()


def test_profile_after_login(make_lab):
    """pop3d -p NAME: its limits hold in pop3-mailbox, too."""
    lab = make_lab(options=["strict.session-junk 3", "strict.pop3-timeout 1s"],
                   services=["strict:pop3"])
    begin = time.monotonic()
    with lab.pop3("alice", service="strict") as p:
        assert p.at_eof()
    assert time.monotonic() - begin < PATIENCE  # by default it is 10 minutes
    with lab.pop3("alice", service="strict") as p:
        p.send(b"JUNK\r\n" * 20)
        assert p.file.read().count(b"-ERR") == 4  # the last is a farewell
