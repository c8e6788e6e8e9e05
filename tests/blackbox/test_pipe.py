"""pipe: driven alone by the job channel."""

import os
import pwd
import re
import shlex
import signal
import subprocess
import time

import pytest

import jobs
import pipe_jobs
from suite import PATIENCE, wait_for

TEXT = b"Subject: x\n\nhello\n"
FROM = re.compile(rb"From a@x\.test [A-Z][a-z]{2} [A-Z][a-z]{2} [ 1-3]\d "
                  rb"\d\d:\d\d:\d\d \d{4}\n")


@pytest.fixture
def place(nobody):
    made = jobs.Place(nobody, options=["pipe-timeout 2s"])
    made.root.chmod(0o755)
    yield made
    made.close()


@pytest.fixture
def pipe(place):
    """Of aliases."""
    one = pipe_jobs.Pipe(place)
    yield one
    one.end_well()


@pytest.fixture
def users(place):
    """Of a Unix user: the one that we are, or nobody."""
    name = pwd.getpwuid(os.getuid() if place.uid is None else place.uid).pw_name
    one = pipe_jobs.Pipe(place, user=name)
    yield one
    one.end_well()


def sh(script):
    return "csh -c " + shlex.quote(script)


def out(place, name="out"):
    return (place.root / name).read_bytes()


# --- commands

CODES = {0: "2.0.0", 99: "2.0.0", 64: "4.3.5", 65: "5.6.0", 66: "4.3.5",
         67: "5.1.1", 68: "5.1.2", 69: "5.3.0", 70: "4.3.0", 71: "4.3.0",
         72: "4.3.5", 73: "4.3.0", 74: "4.3.0", 75: "4.3.0", 76: "5.5.0",
         77: "5.7.1", 78: "4.3.5", 100: "5.0.0", 111: "4.3.0", 126: "4.3.5",
         127: "4.3.5", 1: "4.3.0", 2: "4.3.0", 101: "4.3.0", 255: "4.3.0"}


def test_exit_codes(pipe):
    for code, dsn in CODES.items():
        found = pipe.one(TEXT, sh(f"echo said {code}; exit {code}"))
        assert found.dsn == dsn
        assert found.outcome == {"2": jobs.OK, "4": jobs.TEMP,
                                 "5": jobs.PERM}[dsn[0]]
        assert found.text == ("" if dsn == "2.0.0" else f"said {code}")
        silent = pipe.one(TEXT, sh(f"exit {code}"))
        assert silent.dsn == dsn
        assert dsn == "2.0.0" or f"status {code}" in silent.text
    for sig in (signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE):
        found = pipe.one(TEXT, sh(f"kill -{sig.value} $$"))
        assert found.dsn == "4.3.0" and f"signal {sig.value}" in found.text


CONTENTS = {
    "text": TEXT,
    "empty": b"",
    "no end": b"Subject: x\n\nhello",
    "every byte": b"\n" + bytes(range(256)) * 17,
    "From line": b"Subject: x\n\nFrom me\n>From you\n",
    "large": b"Subject: x\n\n" + b"0123456789abcde\n" * 70000,
    "larger than memory": b"\n" + b"x" * 5000000,
}


@pytest.mark.parametrize("name", CONTENTS)
def test_message(place, pipe, name):
    assert pipe.one(CONTENTS[name], sh(f"cat >{place.root}/out")).dsn == \
        "2.0.0"
    first, rest = out(place).split(b"\n", 1)
    assert FROM.fullmatch(first + b"\n")
    assert rest == (b"Return-Path: <a@x.test>\n"
                    b"Delivered-To: bob@example.org\n" + CONTENTS[name])


def test_nothing_but_words(place, pipe):
    """No shell: what is quoted stays one word, and nothing is expanded."""
    program = place.root / "show args"
    program.write_text('#!/bin/sh\nfor a; do echo "<$a>"; done >out\n')
    program.chmod(0o755)
    assert pipe.one(TEXT, f"c'{program}' a 'b c' \"; | $\" \\* ''"
                    .replace("$", "\\$")).dsn == "2.0.0"
    assert out(place) == b"<a>\n<b c>\n<; | $>\n<*>\n<>\n"


@pytest.mark.parametrize("line", [
    "cat >/tmp/x", "cat | cat", "true; id", "true && id", "echo $HOME",
    "echo `id`", "ls *", "IFS=' ' && exec procmail", "(true)", "~/bin/x",
    'echo "$HOME"', "procmail #bob"])
def test_wants_a_shell(pipe, line):
    found = pipe.one(TEXT, "c" + line)
    assert found.dsn == "4.3.5"
    assert line not in found.text and "$" not in found.text
    [error] = pipe.errors()
    assert "sh -c '...'" in error and "id=2ab " in error


@pytest.mark.parametrize("line, words", [
    ("no-such-program-here", "No such file"),
    ("/no/such/program a b", "No such file"),
    ("/etc/passwd", "Permission denied"),
    ("bin/true", "absolute path"), ("'unclosed", "quotes in pairs"),
    ("", "a command"), ("a\nb", "control characters")])
def test_cannot_be_run(pipe, line, words):
    assert pipe.one(TEXT, "c" + line).dsn == "4.3.5"
    [error] = pipe.errors()
    assert words in error and error.isprintable()


def test_environment(place, pipe):
    sender = "'; $(touch x); `touch x`'@x.test"
    assert pipe.one(TEXT, "c/bin/sh -c 'cat /proc/self/environ >env'",
                    "bob+Tag@example.org", sender=sender, tag="Tag",
                    orcpt="rfc822;list+2Bx@example.org").dsn == "2.0.0"
    env = dict(v.split("=", 1) for v in
               out(place, "env").decode().split("\0")[:-1])
    for added in ("PWD", "_", "OLDPWD", "SHLVL"):
        env.pop(added, None)  # by sh
    assert env == {
        "HOME": str(place.root), "USER": "postrider-pipe",
        "LOGNAME": "postrider-pipe", "SHELL": "/bin/sh",
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C", "SENDER": sender,
        "RECIPIENT": "bob+Tag@example.org", "LOCAL": "bob+Tag",
        "DOMAIN": "example.org", "EXTENSION": "Tag",
        "ORIGINAL_RECIPIENT": "list+x@example.org"}
    assert not list(place.root.glob("x"))


def test_hostile_sender_in_a_shell(place, pipe):
    """In double quotes it stays what it is."""
    for sender in ("'; $(touch x)'@x.test", '"a\\"; touch x"@x.test',
                   "-rf@x.test", "`touch x`@x.test", "() { :;}; touch x@x"):
        assert pipe.one(TEXT, sh('printf %s "$SENDER" >sender'),
                        sender=sender).dsn == "2.0.0"
        assert out(place, "sender") == sender.encode()
    assert not (place.root / "x").exists()
    assert pipe.one(TEXT, "c/bin/true", sender="a\nPATH=x@x.test").dsn == \
        "4.3.5"


def test_clean_process(place):
    """No descriptor, signal, limit or right of ours."""
    read, write = os.pipe()
    os.set_inheritable(read, True)
    pipe = pipe_jobs.Pipe(place, fds=(read,))
    script = ("umask; ulimit -c; pwd; cat /proc/$$/status | "
              "grep -E '^(SigBlk|SigIgn|NoNewPrivs)'; "
              "for f in /proc/$$/fd/*; do test $f -ef /proc/self/fd/9 || "
              "echo ${f##*/}; done")
    assert pipe.one(TEXT, sh(f"({script}) >{place.root}/out 2>&1")).dsn == \
        "2.0.0"
    os.close(read)
    os.close(write)
    lines = out(place).decode().splitlines()
    assert lines[:3] == ["0077", "0", str(place.root)]
    blocked, ignored, rights = [line.split()[1] for line in lines[3:6]]
    # 32 and 33 are libc's own, and nobody's to change.
    assert int(blocked, 16) == 0 and int(ignored, 16) & ~0x180000000 == 0
    assert rights == "1"
    assert set(lines[6:]) <= {"0", "1", "2", "10"}  # 10: dash's own
    pipe.end_well()


def test_session_of_its_own(place, pipe):
    assert pipe.one(TEXT, sh("ps -o pid=,pgid=,sid=,tty= -p $$ >out")).dsn == \
        "2.0.0"
    pid, pgid, sid, tty = out(place).decode().split()
    assert pid == pgid == sid and tty == "?"


def test_output(pipe):
    found = pipe.one(TEXT, sh("printf 'a\\033[2Jb\\n\\n  c\\tcaf\\303\\251\\n'; "
                              "echo err >&2; exit 67"))
    assert found.text == "a?[2Jb c caf?? err"
    flood = pipe.one(TEXT, sh("seq 100000; exit 67"))
    assert flood.text.startswith("1 2 3 4 5 ") and len(flood.text) <= 200
    line = pipe.one(TEXT, sh("head -c 30000000 /dev/zero | tr '\\0' y; "
                             "exit 77"))
    assert line.dsn == "5.7.1" and set(line.text) == {"y"}
    ok = pipe.one(TEXT, sh("echo all is well"))
    assert ok.text == "" and 'output="all is well"' in pipe.log()
    assert all(entry.isprintable() for entry in pipe.log().splitlines())


def test_does_not_read(pipe):
    big = b"\n" + b"0123456789abcde\n" * 200000
    assert pipe.one(big, "c/bin/true").dsn == "2.0.0"
    assert pipe.one(big, sh("exec <&-; exit 67")).dsn == "5.1.1"


def test_time_limit(pipe):
    begun = time.monotonic()
    found = pipe.one(TEXT, sh("echo begun; sleep 600"))
    assert found.dsn == "4.3.0" and "longer than 2 seconds" in found.text
    # An endless writer is no different.
    assert pipe.one(TEXT, "c/usr/bin/yes").dsn == "4.3.0"
    assert time.monotonic() - begun < PATIENCE
    # Whoever does not hear SIGTERM is killed.
    found = pipe.one(TEXT, sh("trap '' TERM; while :; do sleep 1; done"))
    assert found.dsn == "4.3.0"


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_forks_and_keeps_stdout(place, pipe):
    """Its children, with our pipe open, neither hold us up nor stay; nor does
    one that has left the group."""
    found = pipe.one(TEXT, sh("sleep 600 & echo $! >pid; exit 67"))
    assert found.dsn == "5.1.1"
    pid = int(out(place, "pid"))
    wait_for(lambda: not alive(pid), "the end of what was left")
    found = pipe.one(TEXT, sh("setsid sleep 600 & echo $! >pid; "
                              "until [ $(ps -o sid= -p $!) = $! ]; do "
                              "sleep 0.01; done; exit 68"))
    assert found.dsn == "5.1.2"
    pid = int(out(place, "pid"))
    wait_for(lambda: not alive(pid), "the end of what had left")


def test_recipients_are_independent(place, pipe):
    bob = "bob@example.org"
    found = pipe.deliver(
        TEXT, (bob, "c/bin/true"), (bob, sh("exit 67")), (bob, "b/dev/null"),
        (bob, f"b{place.root}/m"), (bob, "c;"), (bob, sh("exit 75")),
        ("x\ny@example.org", "c/bin/true"))
    assert [o.dsn for o in found] == ["2.0.0", "5.1.1", "2.0.0", "2.0.0",
                                      "4.3.5", "4.3.0", "4.3.5"]


def test_damaged(place, pipe):
    for odd in ({"crc": 1}, {"size": 100}):
        for via in (sh("touch ran"), f"b{place.root}/m"):
            assert pipe.one(TEXT, via, **odd).dsn == "4.6.0"
    big = b"x" * 1000000
    assert pipe.one(big, sh("touch ran"), crc=1).dsn == "4.6.0"
    assert sorted(os.listdir(place.root)) == []
    assert "damaged=content" in pipe.log()


def test_loop(place, pipe):
    here = b"Delivered-To: bob@example.org\n"
    # At the top it is from who passed it on to this command.
    assert pipe.one(here + TEXT, sh("cat >out")).dsn == "2.0.0"
    assert out(place).count(here) == 1
    for content in (b"Received: x\n" + here + TEXT, here + here + TEXT,
                    b"Delivered-To: c@x.test\n" + here + TEXT):
        for via in (sh("touch ran"), f"b{place.root}/m"):
            found = pipe.one(content, via)
            assert found.dsn == "5.4.6" and found.outcome == jobs.PERM
    assert sorted(os.listdir(place.root)) == ["out"]


def test_binary(place, pipe):
    content = (b"MIME-Version: 1.0\r\nContent-Type: application/x\r\n"
               b"Content-Transfer-Encoding: binary\r\n\r\n\0\1\2\r")
    assert pipe.one(content, sh("cat >out"), binary=True).dsn == "2.0.0"
    assert b"\r" not in out(place) and b"\n\nAAECDQ==\n" in out(place)


# --- the process

def command_pid(place):
    return wait_for(lambda: (place.root / "pid").exists() and
                    (out(place, "pid") or b"").strip(), "the command")


def test_closed_channel_ends_the_command(place):
    """Nobody would hear how it went, and it would be run again."""
    pipe = pipe_jobs.Pipe(place)
    pipe.send(TEXT, ("bob@x.test", sh("echo $$ >pid; sleep 600")))
    pid = int(command_pid(place))
    assert pipe.end() in (0, 71)
    wait_for(lambda: not alive(pid), "the end of the command")


def test_killed_pipe_takes_its_command_along(place):
    pipe = pipe_jobs.Pipe(place)
    pipe.send(TEXT, ("bob@x.test", sh("echo $$ >pid; exec sleep 600")))
    pid = int(command_pid(place))
    pipe.process.kill()
    wait_for(lambda: not alive(pid), "the end of the command")
    pipe.end()


def test_sigterm_waits_for_the_command(place):
    pipe = pipe_jobs.Pipe(place)
    number = pipe.send(TEXT, ("bob@x.test", sh(
        "echo $$ >pid; until test -e go; do sleep 0.05; done; exit 67")))
    command_pid(place)
    pipe.process.send_signal(signal.SIGTERM)
    (place.root / "go").touch()
    assert pipe.outcome(number)[1].dsn == "5.1.1"
    assert pipe.process.wait(PATIENCE) == -signal.SIGTERM
    pipe.end()


@pytest.mark.parametrize("args", [["-x"], ["-t"], ["more"]])
def test_usage(place, args):
    r = subprocess.run([jobs.suite.programs() / "pipe", *args],
                       capture_output=True, stdin=subprocess.DEVNULL,
                       timeout=PATIENCE)
    assert r.returncode == 64 and b"usage: pipe" in r.stderr


def test_never_as_root(place):
    if os.getuid() != 0:
        pytest.skip("needs root")
    tables = place.tables.read_bytes()
    assert tables.count(b"ouser-modeyes\0") == 1
    place.tables.write_bytes(tables.replace(b"ouser-modeyes\0",
                                            b"ouser-modeno\0\0"))
    place.uid = None
    pipe = pipe_jobs.Pipe(place)
    assert pipe.process.wait(PATIENCE) == 77
    assert "user=root" in pipe.log()
    pipe.end()


# --- whose way it is

def test_ways_of_users_and_of_aliases(place, pipe, users):
    file = place.root / "m"
    for one, good in ((pipe, "cb"), (users, "CB")):
        for via in ("c/bin/true", f"b{file}", "C/bin/true", f"B{file}",
                    "i/dev/null", "M", "F", "", "x"):
            found = one.one(TEXT, via)
            assert (found.dsn == "2.0.0") == (via[:1] in set(good)), via
            assert found.dsn in ("2.0.0", "4.3.5")


def test_user(place, users):
    assert users.one(TEXT, "C/bin/sh -c 'env >out; id -u >>out'").dsn == "2.0.0"
    uid = os.getuid() if place.uid is None else place.uid
    who = pwd.getpwuid(uid)
    lines = out(place).decode().splitlines()
    for line in (f"HOME={who.pw_dir}", f"USER={who.pw_name}",
                 f"LOGNAME={who.pw_name}", f"SHELL={who.pw_shell}", str(uid)):
        assert line in lines
