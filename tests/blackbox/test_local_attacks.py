"""What local users can try with sendmail and what it leaves behind.

Closed descriptors, limits and line breaks in arguments are in test_sendmail.py,
too, strange files in drop/ in test_drop_suite.py.
"""

import os
import random
import re
import resource
import shutil
import signal
import subprocess

import pytest

import suite
from tools import Conf, Smtpd, dropped

USAGE, DATAERR, NOINPUT, TEMPFAIL = 64, 65, 66, 75
SIMPLE = b"Subject: s\n\nhello\n"
NOT_SAN = pytest.mark.skipif(
    suite.SAN, reason="sanitizers want room, and no tracer, of their own")


@pytest.fixture
def conf():
    c = Conf("message-size 2m", "recipients 1000")
    c("apply")
    (c.base / "spool").mkdir()
    c.drop = c.base / "spool/drop"
    c.drop.mkdir()
    c.drop.chmod(0o1733)
    yield c
    c.close()


@pytest.fixture
def smtpd(conf):
    made = []

    def make(replies=None, **more):
        made.append(Smtpd(conf.run_dir / "submit", replies, **more))
        return made[-1]

    yield make
    for one in made:
        one.drop()


def left(conf):
    return sorted(conf.drop.iterdir())


def argv(conf, *args):
    return [suite.programs() / "sendmail", "-C", conf.tables, *args]


def is_whole(path):
    """As far as its sums go, which nobody else has made."""
    data = path.read_bytes()
    envelope, _, rest = data.partition(b"\n\n")
    content = rest[:rest.rindex(b"\nPostrider-End")]
    return data == dropped(envelope + b"\n\n", content)


# --- L02: descriptors

@pytest.mark.parametrize("fds", [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
def test_closed_descriptors_while_down(conf, fds):
    """None of the files becomes one of the three."""
    def close():
        for fd in fds:
            os.close(fd)

    with subprocess.Popen(argv(conf, "-v", "b@y.example"), env=conf.environ,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, preexec_fn=close) as p:
        try:
            p.stdin.write(SIMPLE)
            p.stdin.close()
        except BrokenPipeError:
            pass
        assert p.wait(suite.PATIENCE) == (NOINPUT if 0 in fds else 0)
    assert len(left(conf)) == (0 not in fds)
    assert all(is_whole(f) for f in left(conf))


# --- L03: limits

LIMITS = [("NOFILE", n) for n in range(3, 9)] + [
    ("FSIZE", 0), ("FSIZE", 300), ("NPROC", 1), ("AS", 20 << 20),
    ("AS", 4 << 20), ("STACK", 8 << 10), ("STACK", 64 << 10),
    ("DATA", 1 << 20), ("CPU", 1), ("CORE", resource.RLIM_INFINITY)]


@NOT_SAN
@pytest.mark.parametrize("what,limit", LIMITS)
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_small_limits_while_down(conf, what, limit, size):
    """Status 0 if and only if it lies there whole; and nothing else does."""
    kind = getattr(resource, f"RLIMIT_{what}")

    def limits():
        resource.setrlimit(kind, (limit, limit))

    r = conf.sendmail("b@y.example", preexec_fn=limits,
                      data=b"A: b\n\n" + b"x" * size + b"\n")
    assert len(left(conf)) == (r.returncode == 0), r.stderr
    for f in left(conf):
        assert f.suffix == ".msg" and is_whole(f)


# --- L05: signals

CALLS = ("connect", "read", "write", "writev", "sendto", "ppoll", "poll",
         "close", "openat", "exit_group")


@NOT_SAN
@pytest.mark.parametrize("name", ["TERM", "HUP", "INT", "ALRM", "QUIT"])
def test_signals_at_every_call(conf, smtpd, name):
    """Status 0: the server has it.  Ended by the signal: it has not."""
    seen = set()
    for call in CALLS:
        for when in range(1, 13, 3):
            s = smtpd()
            r = subprocess.run(
                ["strace", "-o", "/dev/null", "-e",
                 f"inject={call}:signal={name}:when={when}",
                 *argv(conf, "b@y.example")],
                input=SIMPLE, capture_output=True, env=conf.environ,
                timeout=suite.PATIENCE)
            assert r.returncode in (0, -getattr(signal, f"SIG{name}"))
            if r.returncode == 0:
                s.finish()
            s.drop()
            assert (s.data is not None) == (r.returncode == 0), (call, when)
            seen.add(r.returncode)
            assert left(conf) == []
    assert len(seen) == 2


@NOT_SAN
@pytest.mark.parametrize("name", ["PIPE", "XFSZ"])
def test_signals_that_are_none(conf, smtpd, name):
    s = smtpd()
    r = subprocess.run(
        ["strace", "-o", "/dev/null", "-e", f"inject=read:signal={name}:when=5",
         *argv(conf, "b@y.example")], input=SIMPLE, capture_output=True,
        env=conf.environ, timeout=suite.PATIENCE)
    assert r.returncode == 0
    s.finish()
    assert s.data is not None


def test_blocked_and_ignored_signals(conf, smtpd):
    """As a caller may have left them."""
    def as_left():
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD,
                       signal.SIGALRM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    s = smtpd()
    assert conf.sendmail("b@y.example", data=SIMPLE,
                         preexec_fn=as_left).returncode == 0
    s.finish()
    assert conf.sendmail("b@y.example", data=SIMPLE,
                         preexec_fn=as_left).returncode == 0
    assert len(left(conf)) == 1


# --- L06: the environment

def test_environment(conf, smtpd):
    """It has no rights to be lent, and takes no advice from there."""
    mode = (suite.programs() / "sendmail").stat().st_mode
    assert not mode & 0o6000
    environ = {
        "TZ": "/dev/../etc/shadow", "LOCPATH": "/tmp", "LANG": "../../tmp",
        "LC_ALL": "x" * 5000, "HOME": "/nowhere\n", "MAIL_CONFIG": "/tmp",
        "MALLOC_CHECK_": "3", "MALLOC_PERTURB_": "7", "PATH": "/nowhere",
        "USER": "root", "LOGNAME": "a\nb", "TMPDIR": "/etc", "IFS": "/",
        "LD_LIBRARY_PATH": "/nowhere", "GLIBC_TUNABLES": "x=y:" * 100,
        "RES_OPTIONS": "debug", "HOSTALIASES": "/etc/shadow",
        **{f"X{n}": "x" * 100000 for n in range(10)}}
    s = smtpd()
    r = subprocess.run(argv(conf, "b@y.example"), input=SIMPLE, env=environ,
                       capture_output=True, timeout=suite.PATIENCE)
    assert (r.returncode, r.stderr) == (0, b"")
    s.finish()
    assert re.search(rb"\r\nDate: \w{3}, \d+ \w{3} \d{4} [\d:]{8} [+-]\d{4}\r",
                     s.data)
    assert b"a\nb" not in s.data and b"LOGNAME" not in s.data


# --- L08, A12: arguments

BREAKS = ("a@x.example\nRCPT TO:<evil@x>", "a@x.example\r\nDATA",
          "a@x.example\rb", "a@x.example\x0b", "a@x.example\x7f",
          "a@x.example\nRcpt: evil@x", "\n", "a@x.example\x1b[31m")


@pytest.mark.parametrize("text", BREAKS)
@pytest.mark.parametrize("option", ["-f", "-r", "-F", "-V", "-N", "-R", "-B",
                                    "-h", "-L", "-o", "--"])
def test_line_breaks_while_down(conf, option, text):
    """Neither a command nor a line of an envelope comes of it."""
    r = conf.sendmail(option, text, "b@y.example", data=SIMPLE)
    assert r.returncode in (USAGE, DATAERR)
    assert r.stderr.count(b"\n") == 1 and b"\x1b" not in r.stderr
    assert left(conf) == []


@pytest.mark.parametrize("sender", [
    "a@x> SIZE=1", "a@x>", "<a@x", "a b@x.example", "a@x.example, b@x.example",
    "a@x.example (c) d", "@a,@b:", "a\\@x", '"a@x', "a@[1.2.3", "a@x y",
    "a@x.example\xff"])
def test_strange_senders(conf, sender):
    r = conf.sendmail("-f", sender, "b@y.example", data=SIMPLE)
    for f in left(conf):
        line = re.search(rb"\nSender: (.*)\n", f.read_bytes())[1]
        assert line.count(b"@") == 1 and b">" not in line
        assert b" " not in line
    assert r.returncode in (0, DATAERR)


@pytest.mark.parametrize("word", [
    "-oQ/tmp/x@local.test", "-f@x.example", "--help@x.example", "-bs@x.example",
    "-C/etc/passwd@x.example", "-X/tmp/log@x.example", "-@x.example"])
@pytest.mark.parametrize("how", ["argument", "first", "header"])
def test_options_that_are_recipients(conf, smtpd, word, how):
    s = smtpd()
    args = {"argument": ("--", word), "first": ("b@y.example", word),
            "header": ("-t",)}[how]
    r = conf.sendmail(*args, data=f"To: {word}\n\nx\n".encode())
    assert r.returncode == 0, r.stderr
    assert f"RCPT TO:<{word}>" in s.finish()
    assert not os.path.exists("/tmp/log@x.example")


# --- L09: recipients

def test_too_many_recipients(conf, smtpd):
    """Nobody gets it, and the caller hears how many there may be."""
    s = smtpd()
    many = b",\n ".join(b"u%d@y.example" % n for n in range(100000))
    r = conf.sendmail("-t", data=b"To: " + many + b"\n\nx\n")
    assert r.returncode == DATAERR and r.stderr.count(b"\n") == 1
    assert s.commands == [] and left(conf) == []


def test_as_many_as_there_may_be(conf, smtpd):
    s = smtpd()
    many = b",\n ".join(b"u%d@y.example" % n for n in range(1000))
    r = conf.sendmail("-t", data=b"Bcc: " + many + b"\n\nx\n")
    assert r.returncode == 0, r.stderr
    assert len([c for c in s.finish() if c.startswith("RCPT")]) == 1000
    assert b"u1@" not in s.data and b"Bcc" not in s.data


@pytest.mark.parametrize("data,status", [
    (b"Subject: x\n\nTo: evil@y.example\n", DATAERR),
    (b"\nTo: evil@y.example\n", DATAERR),
    (b"To: (a@y.example)\n\n", DATAERR),
    (b"To: list: ;\nCc: undisclosed-recipients:;\n\n", DATAERR),
    (b"X: a@y.example\n\n", DATAERR),
    (b".\nTo: a@y.example\n\n", DATAERR),
])
def test_no_recipients(conf, smtpd, data, status):
    s = smtpd()
    assert conf.sendmail("-t", data=data).returncode == status
    assert s.commands == [] and left(conf) == []


@pytest.mark.parametrize("args,data,body", [
    (("-i",), b"A: b\n\none\n.\nQUIT\n", b"one\r\n..\r\nQUIT\r\n"),
    ((), b"A: b\n\none\n.\nMAIL FROM:<evil@x>\n", b"one\r\n"),
    ((), b"A: b\n\none\r\n.\r\nMAIL FROM:<evil@x>\r\n", b"one\r\n"),
    (("-i",), b"A: b\n\none\r.\rMAIL\n", b"one\r\n..\r\nMAIL\r\n"),
    (("-i",), b"A: b\n\none\n.\r\r\nx\n", b"one\r\n..\r\nx\r\n"),
    (("-i",), b"A: b\n\n.", b"..\r\n"),
    (("-i",), b"A: b\n\n\x85.\x85\n\0.\0\n",
     b"\x85.\x85\r\n\0.\0\r\n"),
])
def test_no_end_of_data(conf, smtpd, args, data, body):
    s = smtpd()
    assert conf.sendmail(*args, "b@y.example", data=data).returncode == 0
    assert len(s.finish()) == 4
    assert s.data.partition(b"\r\n\r\n")[2] == body


# --- H04, H05: the header

@pytest.mark.parametrize("data,header", [
    (b"X: a\r\rBcc\n\nb\n", b"X: a  Bcc\r\n"),
    (b"X: a\r\r\n Bcc: evil@x\n\nb\n", b"X: a\r\n Bcc: evil@x\r\n"),
    (b"X: a\r\n\r\nBcc: evil@x\n", b"X: a\r\n"),
    # A line that begins with CR is no field: the body begins.
    (b"X: a\n\rBcc: evil@x\n\nb\n", b"X: a\r\n"),
    (b"X: a\x0bBcc: evil@x\n\nb\n", b"X: a\x0bBcc: evil@x\r\n"),
    (b"X: a\xe2\x80\xa8Bcc: evil@x\n\nb\n",
     b"X: a\xe2\x80\xa8Bcc: evil@x\r\n"),
    (b"X: =?utf-8?q?a=0D=0ABcc:evil@x?=\n\nb\n",
     b"X: =?utf-8?q?a=0D=0ABcc:evil@x?=\r\n"),
    (b"X: =?utf-8?b?DQpCY2M6IGV2aWxAeA==?=\n\nb\n",
     b"X: =?utf-8?b?DQpCY2M6IGV2aWxAeA==?=\r\n"),
])
def test_headers_are_not_split(conf, smtpd, data, header):
    s = smtpd()
    r = conf.sendmail("-t", data=b"To: b@y.example\n" + data)
    assert r.returncode == 0, r.stderr
    rcpts = [c for c in s.finish() if c.startswith("RCPT")]
    assert rcpts == ["RCPT TO:<b@y.example>"]
    head = s.data.partition(b"\r\n\r\n")[0] + b"\r\n"
    assert header in head
    for line in head.split(b"\r\n"):
        assert not line.startswith(b"Bcc") and b"\n" not in line


@pytest.mark.parametrize("data", [
    b"X: a\r\rBcc: evil@x\n\nb\n", b"X: a\rBcc: evil@x\r\n\r\nb\n"])
def test_field_behind_a_cr(conf, data):
    """It may be one, or a part of the one before: neither is sent."""
    r = conf.sendmail("-t", data=b"To: b@y.example\n" + data)
    assert r.returncode == 65


@pytest.mark.parametrize("data", [
    b"To: b@y.example\nX: a\0b\n\nx\n", b"To: b@y.example\0\n\nx\n",
    b"T\0o: b@y.example\n\nx\n"])
def test_nul_in_the_header(conf, smtpd, data):
    s = smtpd()
    r = conf.sendmail("-t", "c@y.example", data=data)
    if r.returncode == 0:  # then it was no header
        s.finish()
        assert s.data.partition(b"\r\n\r\n")[0].count(b"\0") == 0
    else:
        assert r.returncode == DATAERR
        assert s.commands == [] and left(conf) == []


@pytest.mark.parametrize("name", [
    "=?utf-8?q?a=0D=0ABcc:x?=", 'A "B" \\C', "a <evil@x>", "\xf6" * 300,
    "a, evil@x", "(", "x" * 5000])
def test_names(conf, smtpd, name):
    """-F is a name, whatever it looks like."""
    s = smtpd()
    r = conf.sendmail("-F", name, "-f", "a@x.example", "b@y.example",
                      data=SIMPLE)
    assert r.returncode == 0, r.stderr
    s.finish()
    lines = s.data.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [x[:6] for x in lines if x[:2] in (b"Fr", b"Bc", b" ")] == [b"From: "]
    [line] = [x for x in lines if x.startswith(b"From: ")]
    assert line.endswith(b" <a@x.example>") and len(line) < 998
    if "<" in name or "," in name or "(" in name:
        assert line.startswith(b'From: "')


# --- L23: files in drop/

def test_files_that_nobody_wrote(conf):
    """Whatever the bytes, and with sums that are right: refused, or left."""
    rng = random.Random(23)
    assert conf.sendmail("-N", "success", "-V", "x", "b@y.example",
                         data=SIMPLE).returncode == 0
    [path] = left(conf)
    good = path.read_bytes()
    envelope, _, rest = good.partition(b"\n\n")
    content = rest[:rest.rindex(b"\nPostrider-End")]
    path.unlink()
    words = [b"\n", b"\n\n", b"\0", b": ", b"Rcpt: ", b"Sender: ", b"\xff",
             b"9" * 40, b"-1", b"x" * 5000, b"<", b">", b'"', b"@", b"\r"]
    seen = set()
    for _ in range(40 if suite.SAN else 150):
        e, c = bytearray(envelope + b"\n\n"), bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            part = rng.choice((e, e, c))
            at = rng.randrange(len(part) + 1)
            part[at:at + rng.randrange(4)] = rng.choice(words)
        path.write_bytes(dropped(bytes(e), bytes(c)))
        path.chmod(0o600)
        r = conf.sendmail("-bdrop", path.name, cwd=conf.drop)
        assert r.returncode in (DATAERR, TEMPFAIL), r
        seen.add(r.returncode)
        for f in left(conf):
            f.unlink()
    assert seen == {DATAERR, TEMPFAIL}


@pytest.mark.parametrize("end", [
    b"\nPostrider-End: 1 " + b"f" * 16 + b" ", b"\0" * 79, b"\n" * 79])
def test_trailers_that_lie(conf, end):
    path = conf.drop / ("0" * 20 + ".msg")
    path.write_bytes(b"Postrider-Drop: 1\nRcpt: a@x\n\nA: b\n\n" +
                     end.ljust(79, b"0"))
    path.chmod(0o600)
    r = conf.sendmail("-bdrop", path.name, cwd=conf.drop)
    assert r.returncode == DATAERR


# --- L29: where little is allowed

CONFINED = {
    "no_new_privs": ["setpriv", "--no-new-privs"],
    "user namespace": ["unshare", "--user"],
    "user namespace with root": ["unshare", "--user", "--map-root-user"],
    "no capabilities": ["setpriv", "--inh-caps=-all", "--bounding-set=-all"],
}


@pytest.mark.parametrize("how", CONFINED)
def test_confined(lab, nobody, how):
    """It needs no more than to be there."""
    if nobody is None:
        pytest.skip("wants several users")
    uid = [] if "capabilities" in how else suite.as_uid(nobody)
    r = lab.run(*uid, *CONFINED[how], lab.env["SENDMAIL"], lab.address("bob"),
                input=SIMPLE)
    assert (r.returncode, r.stderr) == (0, b"")
    text = lab.wait_files("bob", 1)[0].read_bytes()
    assert b"(Postrider, from uid %d)" % (nobody if uid else 0) in text
    lab.wait_idle()


@pytest.mark.parametrize("how", CONFINED)
def test_confined_while_down(conf, how):
    r = subprocess.run([*CONFINED[how], *argv(conf, "b@y.example")],
                       input=SIMPLE, capture_output=True, env=conf.environ,
                       timeout=suite.PATIENCE)
    if os.getuid() != 0 and "capabilities" in how:
        pytest.skip("wants root")
    assert (r.returncode, r.stderr) == (0, b"")
    [path] = left(conf)
    assert is_whole(path) and path.stat().st_uid == os.getuid()


@NOT_SAN
@pytest.mark.skipif(os.getuid() != 0, reason="chroot wants root")
def test_in_a_chroot(conf):
    """Where nothing of the suite is, it says so, and tries nothing else."""
    place = conf.base / "root"
    program = suite.programs() / "sendmail"
    libs = subprocess.run(["ldd", program], capture_output=True, text=True,
                          check=True).stdout
    for lib in re.findall(r"(/\S+)", libs):
        (place / lib[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lib, place / lib[1:])
    shutil.copy(program, place / "sendmail")
    (place / "dev").mkdir()
    r = subprocess.run(["chroot", place, "/sendmail", "b@y.example"],
                       input=SIMPLE, capture_output=True,
                       timeout=suite.PATIENCE)
    assert r.returncode == TEMPFAIL and r.stderr.count(b"\n") == 1
    assert b"path=/var/lib/postrider/tables.cdb" in r.stderr
    (place / "conf").mkdir()
    shutil.copy(conf.tables, place / "conf/tables.cdb")
    r = subprocess.run(["chroot", place, "/sendmail", "-C", "/conf/tables.cdb",
                        "b@y.example"], input=SIMPLE, capture_output=True,
                       timeout=suite.PATIENCE)
    assert r.returncode == TEMPFAIL and r.stderr.count(b"\n") == 1
    assert b"/submit wanted=mail-system" in r.stderr
    assert b"/drop wanted=directory" in r.stderr
