"""Mail to other hosts through the whole suite: from submission to a server by
script, and back as a report."""

import email
import ssl
import threading
import time

import pytest

import certs
from sink import BDAT, CLOSE, EXTENSIONS, NOTHING, Sink
from suite import wait_for

BODY = b"Subject: x\n\nbody\n.\nQUIT\n"
BOTH = pytest.mark.parametrize("offered", [EXTENSIONS, BDAT],
                               ids=["data", "chunking"])


@pytest.fixture
def out(make_lab):
    """out(sink, options...): a lab whose foreign mail goes to the sink."""
    def make(sink, *options, **more):
        return make_lab(options=[f"route * {sink.hop}", "retry-first 1s",
                                 *options], **more)
    return make


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """For servers; the certificate is nobody's whom one would trust."""
    place = tmp_path_factory.mktemp("certs")
    certs.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                  "/CN=sink.test", "-days", "2", "-keyout", place / "key",
                  "-out", place / "cert")
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(place / "cert", place / "key")
    return c


def submit(lab, content, *rcpts, args=()):
    """As a local user would."""
    done = lab.sendmail("-f", lab.address("alice"), "-i", *args, *rcpts,
                        data=content)
    assert done.returncode == 0, done


def report(lab, n=1):
    """The last of n messages that alice has: text and fields of a report."""
    found = email.message_from_bytes(lab.wait_files("alice", n)[-1].read_bytes())
    assert found.get_content_type() == "multipart/report"
    text, status = found.get_payload()[:2]
    return text.get_payload(), status.get_payload()


@BOTH
def test_sendmail(out, offered):
    with Sink(offered) as s:
        lab = out(s)
        submit(lab, BODY, "a@example.net", "b@example.com")
        lab.wait_idle()
        got = s.messages()
        assert sorted(a for m in got for a in m.addresses) == \
            ["a@example.net", "b@example.com"]
        for m in got:
            assert m.sender == lab.address("alice")
            assert m.content.endswith(b"body\r\n.\r\nQUIT\r\n")
            assert m.content.startswith(b"Received: ")


@BOTH
@pytest.mark.parametrize("size", [100, 500000])
def test_tls(out, context, offered, size):
    """As the policy may has it, any certificate will do."""
    with Sink(offered, starttls=context) as s:
        lab = out(s)
        content = b"Subject: x\n\n" + b"x" * 70 + b"\n.\n" * size
        submit(lab, content, "a@example.net")
        submit(lab, content, "b@example.net")
        lab.wait_idle()
        for m in s.messages():
            assert m.content.endswith(
                content.replace(b"\n", b"\r\n")[12:])
        assert all("STARTTLS" in one.said for one in s.sessions)
        assert len(s.messages()) == 2
        assert "tls=yes" in lab.wait_log("event=connected hop=")[0]


def garbage(session, _):
    session.send(b"220 2.0.0 go ahead\r\n")
    session.more()
    session.send(b"\x15\x03\x01" + b"garbage" * 100)
    return CLOSE


@pytest.mark.parametrize("trouble", [
    garbage, ("220 2.0.0 go ahead", CLOSE), ("454 4.7.0 not now", NOTHING),
    ("220 2.0.0 go ahead\r\n250-injected", NOTHING)],
    ids=["garbage", "closed", "refused", "text"])
def test_tls_garbage(out, context, trouble):
    """Without TLS then, but over another connection; what must be encrypted
    waits."""
    with Sink(starttls=context, answers={"STARTTLS": trouble}) as s:
        lab = out(s, "tls-policy secret.example encrypt")
        submit(lab, BODY, "a@example.net")
        lab.wait_idle()
        assert len(s.messages()) == 1
        assert len(s.sessions) == 2
        assert s.sessions[0].messages == []
        submit(lab, BODY, "a@secret.example")
        line = lab.wait_log("event=deferred")[0]
        assert "4.7." in line, line
        assert len(s.messages()) == 1


def test_refused(out):
    """The sender is told what the other host said."""
    answers = {"RCPT": ["250 fine", "550 5.1.1 no \xfcser\x1b[2J here"]}
    answers["RCPT"][1] = answers["RCPT"][1].encode("latin-1")
    with Sink(answers=answers) as s:
        lab = out(s)
        submit(lab, BODY, "a@example.net", "b@example.net")
        text, status = report(lab)
        assert len(s.messages()) == 1
        fields = status[1]
        assert fields["Action"] == "failed" and fields["Status"] == "5.1.1"
        assert fields["Diagnostic-Code"].startswith("smtp; 550 5.1.1 no ?ser")
        assert "sink.test" in fields["Remote-MTA"]
        assert "b@example.net" in text and "a@example.net" not in text


def test_deferred(out):
    """and tried again, those alone that were not delivered."""
    answers = {"RCPT": ["250 fine", "450 4.2.0 not now", "250 fine"]}
    with Sink(answers=answers) as s:
        lab = out(s)
        submit(lab, BODY, "a@example.net", "b@example.net")
        lab.wait_idle()
        assert [m.addresses for m in s.messages()] == \
            [["a@example.net"], ["b@example.net"]]
        assert "450" in lab.wait_log("event=deferred")[0]


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_lmtp(out, unix):
    answers = {"END": ["250 2.1.5 one", "552 5.2.2 full", "452 4.2.1 later",
                       "250 2.1.5 four"]}
    with Sink(lmtp=True, unix=unix, answers=answers) as s:
        lab = out(s)
        submit(lab, BODY, *(f"{c}@example.net" for c in "abc"))
        _, status = report(lab)
        lab.wait_idle()
        assert status[1]["Status"] == "5.2.2"
        assert len(s.messages()) == 2
        assert len(s.messages()[1].rcpts) == 1


def test_dsn_relayed(out):
    """To a server without DSN; one with it is told to report itself."""
    with Sink(("PIPELINING",)) as s:
        lab = out(s)
        submit(lab, BODY, "a@example.net", args=("-N", "success"))
        _, status = report(lab)
        assert status[1]["Action"] == "relayed"
        assert s.messages()[0].rcpts == [("a@example.net", [])]
    with Sink() as s:
        lab = out(s)
        submit(lab, BODY, "a@example.net", args=("-N", "success"))
        lab.wait_idle()
        assert s.messages()[0].rcpts == [
            ("a@example.net", ["NOTIFY=SUCCESS",
                               "ORCPT=rfc822;a@example.net"])]
        assert lab.files("alice") == []


def test_connection_is_kept(out):
    """Twenty messages in a row are few connections."""
    with Sink() as s:
        lab = out(s, "destination-agents 1")
        for i in range(20):
            submit(lab, b"Subject: %d\n\n" % i, "a@example.net")
        lab.wait_idle()
        assert len(s.messages()) == 20
        assert len(s.sessions) <= 2


def hang(stop):
    def wait(*_):
        stop.wait(60)
        return CLOSE
    return wait


@pytest.mark.parametrize("what", ["GREETING", "MAIL", "END"])
def test_stops_while_waiting(out, what):
    """However long another host takes, the suite stops in good order."""
    stop = threading.Event()
    with Sink(answers={what: hang(stop)}) as s:
        lab = out(s)
        try:
            submit(lab, BODY, "a@example.net")
            s.wait(lambda: s.sessions)
            if what != "GREETING":
                wait_for(lambda: any(
                    line.startswith("MAIL") for line in s.sessions[0].said),
                    "MAIL")
            begun = time.monotonic()
            lab.stop()
            assert time.monotonic() - begun < 20
            assert "found=killed" not in lab.log()
        finally:
            stop.set()


@BOTH
def test_others_are_not_held_up(make_lab, offered):
    """A destination that tarpits costs others nothing."""
    stop = threading.Event()
    with Sink(offered, {"MAIL": hang(stop)}) as bad, Sink(offered) as good:
        lab = make_lab(options=[f"route bad.example {bad.hop}",
                                f"route * {good.hop}"])
        try:
            for _ in range(5):
                submit(lab, BODY, "a@bad.example")
            bad.wait(lambda: bad.sessions)
            begun = time.monotonic()
            submit(lab, BODY, "a@example.net")
            good.wait(good.messages, 10)
            assert time.monotonic() - begun < 5
        finally:
            stop.set()


def test_agent_killed(out):
    """A remote that is killed has lost nothing."""
    stop = threading.Event()
    with Sink(answers={"MAIL": hang(stop)}) as s:
        lab = out(s)
        submit(lab, BODY, "a@example.net")
        wait_for(lambda: s.sessions and len(s.sessions[0].said) > 1, "MAIL")
        pid, = lab.pids("remote")
        s.answers.clear()
        lab.run("kill", "-KILL", str(pid))
        stop.set()
        lab.wait_idle()
        assert [m.addresses for m in s.messages()] == [["a@example.net"]]
