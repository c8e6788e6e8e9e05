"""Delivery status notifications about mail for other hosts: their words, who
reports what they take, and reports that go there."""

import pytest

from queue_asked import QUICK, lines, looping, queue, status, submit
from reports import Report, wait_report
from sink import EXTENSIONS, Sink

SUCCESS = ("-N", "success")
FAR = "stranger@far.example"


@pytest.fixture
def out(make_lab):
    """out(sink, options...): a lab whose foreign mail goes to the sink."""
    def make(sink, *options):
        return make_lab(options=[f"route * {sink.hop}", *QUICK, *options])
    return make


def test_their_words(out):
    """As they said them, in one line, and with their name."""
    answers = {"RCPT": ("550-5.2.1 This account\r\n550 5.2.1 is \x1b[31mclosed",)}
    with Sink(answers=answers) as sink:
        lab = out(sink)
        assert submit(lab, FAR, body=b"b\xc3\xb6dy\n") == 0
        r = wait_report(lab)
    rcpt = r.rcpt()
    assert rcpt["Status"] == "5.2.1"
    assert rcpt["Diagnostic-Code"].startswith(
        "smtp; 550 5.2.1 This account is ?[31mclosed")
    assert rcpt["Remote-MTA"].startswith("dns; ")
    assert "b\u00f6dy".encode() in r.raw
    assert lines(lab, "event=failed", "code=550", "host=")


def test_nobody_there(out):
    """Our own words have the host, and nobody says it again."""
    with Sink() as sink:
        lab = out(sink, "delay-warning 2s")
    assert submit(lab, FAR) == 0
    line = lab.wait_log("event=deferred")[0]
    assert "host=" not in line and "code=" not in line
    assert 'text="[127.0.0.1]: connection failed' in line
    assert queue(lab)[0]["reason"].startswith(
        "4.4.1 [127.0.0.1]: connection failed: ")
    r = wait_report(lab)
    assert "[127.0.0.1]: connection failed: " in r.words
    assert "(4.4.1)" in r.words and "Host" not in r.words
    assert not lines(lab, "remote[", "event=failed")
    assert lines(lab, "remote[", "event=unreachable")


def test_relayed(out):
    """The next host promises nothing, and so we say where it went."""
    with Sink(extensions=("PIPELINING", "8BITMIME")) as sink:
        lab = out(sink)
        assert submit(lab, FAR, "other@far.example", args=SUCCESS) == 0
        r = wait_report(lab)
        assert r.actions() == [("relayed", "other@far.example"),
                               ("relayed", FAR)]
        for rcpt in r.rcpts:
            assert rcpt["Status"][0] == "2" and rcpt["Remote-MTA"]
            assert rcpt["Diagnostic-Code"].startswith("smtp; 250 ")
        lab.wait_idle()


def test_passed_on(out):
    """The next host knows DSN, and is asked for what we were asked for."""
    with Sink() as sink:
        lab = out(sink)
        assert submit(lab, FAR, args=("-N", "success,delay", "-V", "x",
                                      "-R", "hdrs")) == 0
        sink.wait(sink.messages)
        lab.wait_idle()
        [m] = sink.messages()
        assert "ENVID=x" in m.params and "RET=HDRS" in m.params
        [(_, params)] = m.rcpts
        assert "NOTIFY=SUCCESS,DELAY" in params
    assert not lines(lab, "bounce[")


def content(message):
    return message.content.replace(b"\r\n", b"\n")


def test_report_to_another_host(out):
    """The sender is elsewhere: the report is mail like any other."""
    with Sink() as sink:
        lab = out(sink)
        assert lab.send(b"Delivered-To: " + lab.address("bob").encode() +
                        b"\r\nMessage-ID: <1@x.test>\r\n\r\nx\r\n",
                        ["bob", "alice"], FAR).code == 250
        sink.wait(lambda: sink.messages() and sink.messages()[0].content)
        lab.wait_idle()
        [m] = sink.messages()
        assert m.sender == "" and m.addresses == [FAR]
        [(_, params)] = m.rcpts
        assert "NOTIFY=NEVER" in params
        assert not any(p.startswith(("RET=", "ENVID=")) for p in m.params)
    r = Report(content(m), trace=False)
    assert r.message["To"] == FAR
    assert r.message["References"] == "<1@x.test>"
    assert r.about["Received-From-MTA"] == "dns; [127.0.0.1]"
    assert r.rcpt()["Final-Recipient"] == f"rfc822; {lab.address('bob')}"


def test_report_that_another_host_refuses(out):
    with Sink(answers={"RCPT": "550 5.1.1 Never sent anything"}) as sink:
        lab = out(sink)
        assert looping(lab, sender=FAR) == 0
        r = wait_report(lab)
        assert r.rcpt()["Diagnostic-Code"] == \
            "smtp; 550 5.1.1 Never sent anything (in reply to RCPT TO)"
        assert r.rcpt()["Final-Recipient"] == f"rfc822; {FAR}"
        lab.wait_idle()
        assert len(sink.sessions) == 1
    assert len(lab.files("alice")) == 1


def test_delay_of_another_host(out):
    """The list and the warning say who has said what."""
    with Sink(answers={"RCPT": "452 4.2.2 Mailbox full"}) as sink:
        lab = out(sink, "delay-warning 2s")
        assert submit(lab, FAR) == 0
        rcpt = wait_report(lab).rcpt()
        assert rcpt["Action"] == "delayed" and rcpt["Status"] == "4.2.2"
        assert rcpt["Diagnostic-Code"] == \
            "smtp; 452 4.2.2 Mailbox full (in reply to RCPT TO)"
        host = rcpt["Remote-MTA"].removeprefix("dns; ")
        [m] = queue(lab)
        assert f"4.2.2 {host}: Mailbox full" in m["reason"]
        sink.answers["RCPT"] = "250 2.1.5 Now"
        lab.wait_idle()


def test_utf8_rcpt(out):
    """To a host that takes no such addresses: that is the reason, and nothing
    that we have added is."""
    with Sink(extensions=("PIPELINING", "8BITMIME")) as sink:
        lab = out(sink)
        with lab.smtp("submission") as s:
            s.ehlo()
            assert s.auth_plain("alice", lab.users["alice"]).code == 235
            s.send(f"MAIL FROM:<{lab.address('alice')}> SMTPUTF8\r\n".encode())
            assert s.reply().code == 250
            s.send("RCPT TO:<j\u00f6rg@far.example>\r\n".encode())
            assert s.reply().code == 250
            assert s.data(b"Subject: x\r\n\r\nx\r\n").code == 250
        r = wait_report(lab)
        assert sink.messages() == []
    assert r.rcpt()["Status"] == "5.6.7"
    assert "letters beyond ASCII" in r.words


def test_utf8_sender(out):
    """Its report has his letters, and says that it needs SMTPUTF8."""
    sender = "j\u00f6rg@far.example"
    with Sink(extensions=EXTENSIONS) as sink:
        lab = out(sink)
        with lab.smtp() as s:
            s.ehlo()
            s.send(f"MAIL FROM:<{sender}> BODY=8BITMIME SMTPUTF8\r\n".encode())
            assert s.reply().code == 250
            s.ok(f"RCPT TO:<{lab.address('bob')}>")
            s.ok(f"RCPT TO:<{lab.address('alice')}>")
            assert s.data(f"Delivered-To: {lab.address('bob')}\r\n"
                          f"From: {sender}\r\n\r\nx\r\n".encode()).code == 250
        sink.wait(lambda: sink.messages() and sink.messages()[0].content)
        [m] = sink.messages()
        assert "SMTPUTF8" in m.params and m.addresses == [sender]
    r = Report(content(m), trace=False)
    assert r.kind == "message/global-delivery-status"
    assert r.original.get_content_type() == "message/global-headers"
    assert f"From: {sender}".encode() in r.raw
