"""sendmail(8): what callers write, what is sent, and when it exits with 0."""

import email
import email.policy
import os
import re
import resource
import signal
import subprocess
import time

import pytest

import suite
from messages import HARD
from tools import DOMAIN, HOST, Conf, Smtpd

USAGE, DATAERR, NOINPUT, NOUSER, NOHOST = 64, 65, 66, 67, 68
UNAVAILABLE, OSERR, TEMPFAIL, PROTOCOL, NOPERM = 69, 71, 75, 76, 77
SIMPLE = b"Subject: s\n\nhello\n"


@pytest.fixture(scope="module")
def conf():
    c = Conf("message-size 2m", "recipients 1000")
    c("apply")
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


def sent(data):
    """Header and body of what the server was given."""
    head, _, body = data.partition(b"\r\n\r\n")
    return head + b"\r\n", body


# --- the dialogue

def test_what_is_said(conf, smtpd):
    s = smtpd()
    r = conf.sendmail("-f", "a@x.example", "-N", "success,delay", "-R", "hdrs",
                      "-V", "id+1", "b@y.example", "C@z.example", "carl",
                      data=SIMPLE)
    assert (r.returncode, r.stdout, r.stderr) == (0, b"", b"")
    commands = s.finish()
    assert commands[0] == f"EHLO {HOST}"
    assert re.fullmatch(r"MAIL FROM:<a@x.example> SIZE=\d+ RET=HDRS "
                        r"ENVID=id\+2B1", commands[1])
    assert sorted(commands[2:5]) == [
        f"RCPT TO:<{a}> NOTIFY=SUCCESS,DELAY"
        for a in ("C@z.example", "b@y.example", f"carl@{DOMAIN}")]
    assert commands[5:] == ["DATA"]
    declared = int(re.search(r"SIZE=(\d+)", commands[1])[1])
    assert declared == len(s.data)


def test_only_what_the_server_offers(conf, smtpd):
    s = smtpd({"EHLO": "250-fake\r\n250-SIZEX\r\n250 HELP"})
    r = conf.sendmail("-N", "never", "-R", "full", "-V", "x", "-B", "8BITMIME",
                      "-f", "", "b@y.example", data=SIMPLE)
    assert r.returncode == 0
    assert s.finish()[1:3] == ["MAIL FROM:<>", "RCPT TO:<b@y.example>"]


@pytest.mark.parametrize("args,data,body", [
    ((), SIMPLE, None),
    ((), b"Subject: \xc3\xb6\n\nx\n", None),
    ((), b"S: x\n\n\xff\n", "8BITMIME"),
    (("-B7BIT",), b"S: x\n\n\xff\n", "7BIT"),
    (("-B8BITMIME",), SIMPLE, "8BITMIME"),
])
def test_body_parameter(conf, smtpd, args, data, body):
    s = smtpd()
    assert conf.sendmail(*args, "b@y.example", data=data).returncode == 0
    found = re.search(r"BODY=(\S+)", s.finish()[1])
    assert (found and found[1]) == body


@pytest.mark.parametrize("data,body", [
    (b"A: b\n\n.\n..\n.x\nend", b"..\r\n...\r\n..x\r\nend\r\n"),
    (b"A: b\r\n\r\nx\r\ny\n", b"x\r\ny\r\n"),
    (b"A: b\n\n\n\n", b"\r\n\r\n"),
    (b"A: b\n\n", b""),
    (b"A: b\n\nx\0y\n", b"x\0y\r\n"),
    (b"A: b\n\n\r.\r\n", b"\r\n..\r\n"),
    (b"A: b\n\n" + b"x" * 70000, b"x" * 70000 + b"\r\n"),
])
def test_line_ends_and_dots(conf, smtpd, data, body):
    s = smtpd()
    assert conf.sendmail("-i", "b@y.example", data=data).returncode == 0
    s.finish()
    assert sent(s.data)[1] == body


def test_a_dot_ends_the_message(conf, smtpd):
    s = smtpd()
    r = conf.sendmail("b@y.example",
                      data=b"A: b\n\nx\n.\nRCPT TO:<evil@x>\n")
    assert r.returncode == 0
    assert len(s.finish()) == 4
    assert sent(s.data)[1] == b"x\r\n"


def test_large_message(conf, smtpd):
    line = b"0123456789" * 7 + b"\n"
    data = b"Subject: large\n\n" + line * 28000
    s = smtpd()
    assert conf.sendmail("-i", "b@y.example", data=data).returncode == 0
    s.finish()
    assert sent(s.data)[1] == line.replace(b"\n", b"\r\n") * 28000


# --- the header

def test_missing_fields_are_added(conf, smtpd):
    s = smtpd()
    r = conf.sendmail("-F", "A. Person", "-f", "a@x.example", "b@y.example",
                      data=b"hello\nworld\n")
    assert r.returncode == 0
    s.finish()
    m = email.message_from_bytes(s.data, policy=email.policy.default)
    assert m["From"] == '"A. Person" <a@x.example>'
    assert m["Date"].datetime.tzinfo is not None
    assert re.fullmatch(rf"<\S+@{re.escape(HOST)}>", m["Message-ID"])
    assert s.data.endswith(b"\r\n\r\nhello\r\nworld\r\n")


def test_present_fields_stay(conf, smtpd):
    header = b"From: z@z\r\nDATE: x\r\nMessage-Id: <y>\r\nTo: b@y\r\n"
    s = smtpd()
    data = header + b"\r\nx\r\n"
    assert conf.sendmail("b@y.example", data=data).returncode == 0
    s.finish()
    assert s.data == data


def test_recipients_of_the_header(conf, smtpd):
    s = smtpd()
    r = conf.sendmail("-t", "more@y.example", data=(
        b'To: "Last, First" <a@y.example>, (c@no) b@y.example,\n'
        b"\tgroup: c@y.example, A@Y.example;\n"
        b"Cc: d@y.example\nBcc: secret@y.example,\n other@y.example\n"
        b"Subject: s\n\nhi\n"))
    assert r.returncode == 0, r.stderr
    rcpts = [c[9:-1] for c in s.finish() if c.startswith("RCPT")]
    assert sorted(rcpts) == [f"{n}@y.example" for n in
                             ("a", "b", "c", "d", "more", "other", "secret")]
    assert b"secret" not in s.data and b"other" not in s.data
    assert b"Cc: d@y.example\r\nSubject: s\r\n" in s.data


@pytest.mark.parametrize("data", [
    b"Subject: none\n\nhi\n", b"", b"To: undisclosed-recipients:;\n\n",
    b"To: two words\n\n", b"To: <unclosed\n\n", b"To: a@\xc3\n\n",
    b"T\0o: a@x\n\n", b"To: a@x\0\n\n",
])
def test_header_without_recipients(conf, smtpd, data):
    s = smtpd()
    r = conf.sendmail("-t", data=data)
    assert r.returncode == DATAERR
    assert s.commands == [] and r.stderr.startswith(b"sendmail: ")


@pytest.mark.parametrize("header", [
    b"To: " + b"(" * 500000 + b"\n\n",
    b"To: " + b'"\\\\"' * 100000 + b"\n\n",
    b"To: " + b"a@x.example, " * 70000 + b"\n\n",
    b"To: " + b"<" * 500000 + b"\n\n",
    b"To: a@x.example\n" + b"Cc: a@x.example\n" * 50000 + b"\n",
], ids=("comments", "quotes", "addresses", "angles", "fields"))
def test_hostile_headers_are_cheap(conf, smtpd, header):
    smtpd()
    before = time.monotonic()
    assert conf.sendmail("-t", data=header).returncode == DATAERR
    assert time.monotonic() - before < (20 if suite.SAN else 2)


@pytest.mark.parametrize("args", [
    ("-f", "a@x\r\nRCPT TO:<evil@x>", "b@y"), ("-F", "x\nBcc: evil@x", "b@y"),
    ("b@y\nDATA",), ("-V", "x\r", "b@y"), ("-N", "never\n", "b@y"),
    ("-r", "a@x\n", "b@y"),
])
def test_line_breaks_in_arguments(conf, smtpd, args):
    s = smtpd()
    r = conf.sendmail(*args, data=SIMPLE)
    assert r.returncode in (USAGE, DATAERR)
    assert s.commands == []


def test_options_in_recipients(conf, smtpd):
    """What follows the first recipient is never an option."""
    s = smtpd()
    r = conf.sendmail("--", "-oQ/tmp/x@y.example", "-t@y.example", data=SIMPLE)
    assert r.returncode == 0
    assert sorted(c for c in s.finish() if c.startswith("RCPT")) == [
        "RCPT TO:<-oQ/tmp/x@y.example>", "RCPT TO:<-t@y.example>"]


# --- when it exits with 0

@pytest.mark.parametrize("verb,reply,status", [
    ("greeting", "421 4.3.2 closed", TEMPFAIL),
    ("greeting", "554 5.3.2 no mail here", UNAVAILABLE),
    ("greeting", "hello", TEMPFAIL),
    ("greeting", None, TEMPFAIL),
    ("EHLO", "502 5.5.1 no", PROTOCOL),
    ("EHLO", "250-a\r\n251 b", TEMPFAIL),
    ("EHLO", None, TEMPFAIL),
    ("MAIL", "452 4.3.1 disk full", TEMPFAIL),
    ("MAIL", "552 5.3.4 too big", DATAERR),
    ("MAIL", "550 5.7.1 not yours", NOPERM),
    ("MAIL", None, TEMPFAIL),
    ("RCPT", "550 5.1.1 no such user", NOUSER),
    ("RCPT", "550 5.1.2 no such host", NOHOST),
    ("RCPT", "451 4.3.0 later", TEMPFAIL),
    ("RCPT", None, TEMPFAIL),
    ("DATA", "554 5.5.1 no", PROTOCOL),
    ("DATA", "250 2.0.0 what", TEMPFAIL),
    ("DATA", None, TEMPFAIL),
    (".", "451 4.3.0 later", TEMPFAIL),
    (".", "550 5.6.0 bad content", DATAERR),
    (".", "554 no", UNAVAILABLE),
    (".", "354 go on", TEMPFAIL),
    (".", "250", 0),
    (".", "2500 odd", TEMPFAIL),
    (".", "x" * 5000, TEMPFAIL),
    (".", None, TEMPFAIL),
    ("QUIT", "500 5.5.1 what", 0),
    ("QUIT", None, 0),
])
def test_statuses(conf, smtpd, verb, reply, status):
    smtpd({verb: reply})
    r = conf.sendmail("b@y.example", data=SIMPLE)
    assert r.returncode == status, r.stderr
    assert r.stderr.count(b"\n") == (status != 0)


def test_one_refused_recipient_refuses_all(conf, smtpd):
    s = smtpd({"RCPT": ["250 2.1.5 ok", "550 5.1.1 no", "250 2.1.5 ok"]})
    r = conf.sendmail("a@y.example", "b@y.example", "c@y.example", data=SIMPLE)
    assert r.returncode == NOUSER
    assert b"RCPT TO:<b@y.example>: 550 5.1.1 no" in r.stderr
    assert "DATA" not in s.finish()


def test_nobody_listens(conf):
    (conf.run_dir / "submit").unlink(missing_ok=True)
    r = conf.sendmail("b@y.example", data=SIMPLE)
    assert r.returncode == TEMPFAIL
    assert f"path={conf.run_dir}/submit wanted=mail-system " \
        'found="No such file or directory"' in r.stderr.decode()
    for args in (("-bs",), ("-bp",), ("-q",), ("-bv", "a")):
        r = conf.sendmail(*args)
        assert r.returncode == TEMPFAIL, args
        assert r.stderr.count(b"\n") == 1


def test_no_tables(conf):
    r = conf.sendmail("-C", "/nowhere/tables.cdb", "a")
    assert r.returncode == TEMPFAIL
    assert b"path=/nowhere/tables.cdb wanted=readable" in r.stderr


@pytest.mark.parametrize("args,data,status", [
    ((), SIMPLE, USAGE),
    (("-Z", "a"), SIMPLE, USAGE),
    (("-bd",), b"", USAGE),
    (("two words",), SIMPLE, DATAERR),
    (("-f", "@", "a"), SIMPLE, DATAERR),
    (("a",), b"Subject: " + b"x" * (2 << 20), DATAERR),
    (("a",), b"A: b\n\n" + b"x\n" * (2 << 20), DATAERR),
    (("-t",), b"To: a@y.example\rBcc: b@y.example\nSubject: 2\n", DATAERR),
    (("-t",), b"To: a@y.example\nSubject: x\rBcc: b@y.example\n", DATAERR),
    (("-t",), b"To: a@y.example, (x\nBcc: b@y.example\n", DATAERR),
    (("-t",), b"To: a@y.example Bcc: b@y.example\n", DATAERR),
    (("-t",), b"To: " + b",".join(b"a%d" % i for i in range(1001)), DATAERR),
])
def test_refused_without_a_dialogue(conf, smtpd, args, data, status):
    s = smtpd()
    r = conf.sendmail(*args, data=data)
    assert r.returncode == status, r.stderr
    assert s.commands == []


def closing(*fds):
    def close():
        for fd in fds:
            os.close(fd)
    return close


@pytest.mark.parametrize("fds", [(0,), (1,), (2,), (1, 2), (0, 1, 2)])
def test_closed_descriptors(conf, smtpd, fds):
    """A descriptor of sendmail's own never becomes one of the three."""
    s = smtpd()
    argv = [suite.programs() / "sendmail", "-C", conf.tables, "b@y.example"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, env=conf.environ,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=closing(*fds)) as p:
        try:
            p.stdin.write(SIMPLE)
            p.stdin.close()
        except BrokenPipeError:
            pass
        assert p.wait(suite.PATIENCE) == (NOINPUT if 0 in fds else 0)
    if 0 not in fds:
        s.finish()
        assert sent(s.data)[1] == b"hello\r\n"


@pytest.mark.skipif(suite.SAN, reason="sanitizers want room of their own")
@pytest.mark.parametrize("what,limit", [
    ("NOFILE", 3), ("NOFILE", 4), ("NOFILE", 5), ("FSIZE", 0), ("NPROC", 1),
    ("AS", 20 << 20), ("AS", 4 << 20), ("STACK", 64 << 10),
    ("DATA", 1 << 20), ("CPU", 1),
])
@pytest.mark.parametrize("size", [10, 1 << 20])
def test_small_limits(conf, smtpd, what, limit, size):
    """Status 0 if and only if the server has the whole message."""
    s = smtpd()
    kind = getattr(resource, f"RLIMIT_{what}")

    def limits():
        resource.setrlimit(kind, (limit, limit))

    r = conf.sendmail("b@y.example", preexec_fn=limits,
                      data=b"A: b\n\n" + b"x" * size + b"\n")
    if r.returncode == 0:
        s.finish()
        assert sent(s.data)[1] == b"x" * size + b"\r\n"
    else:
        s.drop()
        assert s.data is None


def test_signals_around_the_dot(conf, smtpd):
    """Whoever is told that it ended by a signal must be able to send again."""
    pids = []

    def stop_it():
        for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP,
                  signal.SIGALRM, signal.SIGPIPE):
            os.kill(pids[0], s)
        time.sleep(0.1)

    s = smtpd(before_end=stop_it)
    argv = [suite.programs() / "sendmail", "-C", conf.tables, "b@y.example"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE,
                          env=conf.environ) as p:
        pids.append(p.pid)
        p.communicate(SIMPLE, timeout=suite.PATIENCE)
        assert p.returncode == 0
    s.finish()


def test_a_signal_before(conf, smtpd):
    s = smtpd()
    argv = [suite.programs() / "sendmail", "-C", conf.tables, "b@y.example"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE,
                          env=conf.environ) as p:
        p.stdin.write(SIMPLE)
        p.stdin.flush()
        time.sleep(0.1)
        p.send_signal(signal.SIGTERM)
        assert p.wait(suite.PATIENCE) == -signal.SIGTERM
    assert s.data is None


# --- other modes

def test_smtp_on_standard_input(conf, smtpd):
    s = smtpd()
    r = conf.sendmail("-bs", "-odb", "-oem", data=(
        b"EHLO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
        b"A: b\r\n\r\nx\r\n.\r\nQUIT\r\n"))
    assert r.returncode == 0
    assert [line[:3] for line in r.stdout.splitlines()] == [
        b"220", b"250", b"250", b"250", b"250", b"250", b"250", b"354", b"250",
        b"221"]
    s.finish()
    assert s.data == b"A: b\r\n\r\nx\r\n"


def test_verify(conf, smtpd):
    s = smtpd({"RCPT": ["250 2.1.5 ok", "550 5.1.1 no"]})
    r = conf.sendmail("-bv", "a@y.example", "b@y.example")
    assert r.returncode == NOUSER
    assert r.stdout == b"a@y.example: 250 2.1.5 ok\n" \
        b"b@y.example: 550 5.1.1 no\n"
    assert "DATA" not in s.finish()


def test_newaliases(conf):
    conf.write("aliases", "info: me@elsewhere.example")
    before = conf.tables.read_bytes()
    assert conf.sendmail(name="/usr/bin/newaliases").returncode == 0
    assert conf.tables.read_bytes() != before
    conf.write("aliases", "info: two words")
    r = conf.sendmail("-bi")
    assert r.returncode == 78
    assert b"aliases:1: alias \"info\": wanted an address" in r.stderr
    (conf.dir / "aliases").unlink()
    assert conf.sendmail("-I").returncode == 0


# --- with the whole suite

def test_hard_messages(lab):
    """What comes in with -i is delivered byte for byte, with LF ends."""
    fields = b"From: a@b\nDate: x\nMessage-ID: <y>\n"
    wanted = []
    for content in HARD.values():
        text = content.replace(b"\r\n", b"\n")
        if b"\n\n" not in text or b"\0" in text.split(b"\n\n")[0]:
            continue
        text = fields + b"X-Body: follows\n\n" + text
        r = lab.sendmail("-i", lab.address("bob"), data=text)
        assert r.returncode == 0, r.stderr
        wanted.append(text)
    found = [f.read_bytes() for f in lab.wait_files("bob", len(wanted))]
    found = sorted(t[t.index(b"From: a@b\n"):] for t in found)
    assert found == sorted(wanted)
    lab.wait_idle()


def test_any_user(lab, nobody):
    r = lab.sendmail("-t", uid=nobody, data=(
        f"To: {lab.address('bob')}\nBcc: {lab.address('alice')}\n"
        "Subject: x\n\nbody\n").encode())
    assert r.returncode == 0, r.stderr
    for user in ("alice", "bob"):
        text = lab.wait_files(user, 1)[0].read_bytes()
        assert b"Bcc" not in text and text.endswith(b"\n\nbody\n")
    lab.wait_idle()


def test_unknown_recipient(lab):
    r = lab.sendmail(lab.address("bob"), "nobody-at-all", data=SIMPLE)
    assert r.returncode == NOUSER
    assert f"nobody-at-all@{lab.domain}" in r.stderr.decode()
    lab.wait_idle()
    assert lab.files("bob") == []


def test_mailq(lab, nobody):
    r = lab.run(lab.env["MAILQ"])
    assert (r.returncode, r.stdout) == (0, b"Mail queue is empty\n")
    assert lab.sendmail("x@foreign.example", data=SIMPLE).returncode == 0
    suite.wait_for(lambda: b"deferred" in lab.run(lab.env["MAILQ"]).stdout,
                   "a deferred message")
    r = lab.run(lab.env["MAILQ"])
    assert b"x@foreign.example" in r.stdout and b"-- 1 message" in r.stdout
    if nobody is not None:
        r = lab.run(lab.env["MAILQ"], uid=nobody)
        assert (r.returncode, r.stdout) == (0, b"Mail queue is empty\n")
    assert lab.sendmail("-q").returncode == 0
    assert lab.sendmail("-qSno-such-sender").returncode == 0
    assert lab.sendmail("-qRforeign").returncode == 0
    assert lab.postrider("queue", "drop", "--all").returncode == 0
    lab.wait_idle()
