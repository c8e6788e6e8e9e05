"""Senders of mail that is passed on to other hosts, there and back."""

import email
import re
import stat

import pytest

from messages import plain
from sink import Sink
from suite import wait_for

SRS0 = re.compile(r"SRS0=[A-Z2-7]{8}=[A-Z2-7]{2}=example\.net=carol@(.*)")


@pytest.fixture
def out(make_lab):
    """out(sink, options...): a lab whose foreign mail goes to the sink, and
    bob's to far.example."""
    def make(sink, *options):
        lab = make_lab(options=[f"route * {sink.hop}", "retry-first 1s",
                                *options])
        forward(lab, "bob", "bob@far.example")
        return lab
    return make


def forward(lab, user, *members):
    with open(lab.conf / "forwards", "a") as f:
        f.write(f"{lab.address(user)}: {', '.join(members)}\n")
    r = lab.postrider("apply")
    assert r.returncode == 0, r.stderr


def send(lab, rcpt, sender="carol@example.net", subject="x"):
    with lab.smtp() as s:
        s.ehlo()
        s.ok(f"MAIL FROM:<{sender}>")
        s.ok(f"RCPT TO:<{rcpt}>")
        return s.data(plain(subject)).code


def arrived(sink, n=1):
    wait_for(lambda: len(sink.messages()) >= n, f"{n} messages")
    assert len(sink.messages()) == n
    return sink.messages()[-1]


def test_there_and_back(out):
    with Sink() as s:
        lab = out(s)
        assert send(lab, lab.address("bob")) == 250
        m = arrived(s)
        assert m.addresses == ["bob@far.example"]
        assert SRS0.fullmatch(m.sender).group(1) == lab.domain
        lab.wait_idle()
        # What comes back, by a relay that folds case.
        for n, to in enumerate((m.sender, m.sender.lower(),
                                m.sender.upper()), 2):
            assert send(lab, to, sender="") == 250
            back = arrived(s, n)
            assert [a.lower() for a in back.addresses] == ["carol@example.net"]
            assert back.sender == ""
        lab.wait_idle()


def test_key_stays(out):
    """What was given before a restart is known after it; nobody else reads
    the key."""
    with Sink() as s:
        lab = out(s)
        key = lab.spool / "queue/.srs-key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert send(lab, lab.address("bob")) == 250
        given = arrived(s).sender
        lab.wait_idle()
        lab.restart()
        assert send(lab, given, sender="") == 250
        assert arrived(s, 2).addresses == ["carol@example.net"]
        assert key.read_text().strip() not in lab.log()
        # One that others may read is none.
        lab.restart(lambda: key.chmod(0o644))
        lab.wait_log("wanted=mode-0600 found=mode-0644")
        assert send(lab, lab.address("bob")) == 250
        assert arrived(s, 3).sender == "carol@example.net"


@pytest.mark.parametrize("sender", ["", "lab"])
def test_stays(out, sender):
    """The null sender, and one of ours."""
    with Sink() as s:
        lab = out(s)
        sender = lab.address("alice") if sender else ""
        assert send(lab, lab.address("bob"), sender=sender) == 250
        assert arrived(s).sender == sender


def test_long_senders_stay(out):
    with Sink() as s:
        lab = out(s)
        sender = "x" * 60 + "@example.net"
        assert send(lab, lab.address("bob"), sender=sender) == 250
        assert arrived(s).sender == sender
        line, = lab.wait_log("event=unrewritten")
        assert f"from={sender} to=bob@far.example reason=too-long" in line


def test_not_what_is_sent_there(out):
    """Only what nobody wrote to is passed on."""
    with Sink() as s:
        lab = out(s, "relay-clients 127.0.0.0/8")
        assert send(lab, "dave@far.example") == 250
        assert arrived(s).sender == "carol@example.net"


def test_option(out):
    with Sink() as s:
        lab = out(s, "srs no")
        assert send(lab, lab.address("bob")) == 250
        assert arrived(s).sender == "carol@example.net"


def test_domain(out):
    with Sink() as s:
        lab = out(s)
        assert lab.postrider("domain", "add", "srs.example",
                             "virtual").returncode == 0
        with open(lab.conf / "postrider.conf", "a") as f:
            f.write("srs-domain srs.example\n")
        assert lab.postrider("apply").returncode == 0
        assert send(lab, lab.address("bob")) == 250
        given = arrived(s).sender
        assert given.endswith("@srs.example")
        assert send(lab, given, sender="") == 250
        assert arrived(s, 2).addresses == ["carol@example.net"]


def test_forged(out):
    """H07, A06: nobody has this host send mail where it should not."""
    with Sink() as s:
        lab = out(s)
        assert send(lab, lab.address("bob")) == 250
        good = arrived(s).sender
        local = good.split("@")[0]
        at = "@" + lab.domain
        bad = [f"SRS0=AAAAAAAA=AA=victim.test=joe{at}",
               local.replace("carol", "joe") + at,
               local.replace("example.net", "victim.tst") + at,
               local[:5] + ("B" if local[5] == "A" else "A") + local[6:] + at,
               f"SRS1=AAAAAAAA=victim.test==AAAA=AA=x.test=joe{at}",
               f"SRS0={at}", f"SRS1={at}", f"SRS0=AAAAAAAA={at}",
               local.replace("SRS0", "SRS1") + at]
        with lab.smtp() as one:
            one.ehlo()
            one.ok("MAIL FROM:<>")
            for address in bad:
                reply = one.cmd(f"RCPT TO:<{address}>")
                assert reply.code == 550, (address, reply)
            one.ok(f"RCPT TO:<{good}>")
        lab.wait_idle()
        assert len(s.messages()) == 1


def test_only_a_way_back(out):
    """A06: who has seen such an address does not send through it: reports
    alone go there, each to one."""
    with Sink() as s:
        lab = out(s)
        assert send(lab, lab.address("bob")) == 250
        given = arrived(s).sender
        first = "SRS0=Ab3d=XY=example.net=dave@first.example"
        assert send(lab, lab.address("bob"), sender=first) == 250
        other = arrived(s, 2).sender
        with lab.smtp() as c:
            c.ehlo()
            for sender in ("x@spam.example", lab.address("alice"), given):
                c.ok(f"MAIL FROM:<{sender}>")
                for to in (given, given.lower(), other):
                    r = c.cmd(f"RCPT TO:<{to}>")
                    assert (r.code, r.dsn) == (550, "5.7.1"), (sender, to, r)
                c.ok("RSET")
            c.ok("MAIL FROM:<>")
            c.ok(f"RCPT TO:<{given}>")
            r = c.cmd(f"RCPT TO:<{other}>")
            assert (r.code, r.dsn) == (452, "4.5.3")
            assert c.data(plain("x")).code == 250
        assert arrived(s, 3).addresses == ["carol@example.net"]
        lab.wait_idle()
        assert len(s.messages()) == 3


def test_own_clients_answer(out):
    """A client of this host may write to such an address, as itself."""
    with Sink() as s:
        lab = out(s, "relay-clients 127.0.0.0/8")
        assert send(lab, lab.address("bob")) == 250
        given = arrived(s).sender
        assert send(lab, given, sender="dave@other.example") == 250
        m = arrived(s, 2)
        assert (m.sender, m.addresses) == ("dave@other.example",
                                           ["carol@example.net"])


def test_rewritten_before(out):
    """SRS1 leads to the host that has given SRS0."""
    with Sink() as s:
        lab = out(s)
        first = "SRS0=Ab3d=XY=example.net=dave@first.example"
        assert send(lab, lab.address("bob"), sender=first) == 250
        given = arrived(s).sender
        assert re.fullmatch(r"SRS1=[A-Z2-7]{10}=first\.example==Ab3d=XY="
                            r"example\.net=dave@" + re.escape(lab.domain),
                            given)
        assert send(lab, given, sender="") == 250
        assert arrived(s, 2).addresses == [first]


def test_refused_mail_comes_back(out):
    """The host that does not want it is reported to the first sender, by us:
    the sender that it had here."""
    with Sink(answers={"RCPT": ["550 5.1.1 not here", "250 2.1.5 ok"]}) as s:
        lab = out(s)
        assert send(lab, lab.address("bob")) == 250
        report = arrived(s)
        assert report.sender == ""
        assert report.addresses == ["carol@example.net"]
        said = email.message_from_bytes(report.content)
        assert said.get_content_type() == "multipart/report"
