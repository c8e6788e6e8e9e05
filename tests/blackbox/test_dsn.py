"""Delivery status notifications through the whole suite: who is told what,
when, and that nobody is told twice, or about what nobody sent."""

import os
import signal

import pytest

from early import blocked, stopped
from queue_asked import (FORMS, ME, QUICK, add_alias, kill_queued, lines,
                         looping, queue, spool_file, status, submit)
from reports import reports, wait_report, wait_reports
from sink import Sink
from suite import wait_for

SUCCESS = ("-N", "success")


@pytest.fixture(params=FORMS)
def form(request):
    """Options with which local mail is delivered first, or filed first."""
    return FORMS[request.param]


# --- success


def test_delivered(make_lab, form):
    lab = make_lab(options=form)
    assert submit(lab, lab.address("bob"),
                  args=(*SUCCESS, "-V", "env+id", "-R", "full")) == 0
    r = wait_report(lab)
    assert r.rcpt()["Action"] == "delivered"
    assert r.rcpt()["Status"][0] == "2"
    assert r.rcpt()["Final-Recipient"] == f"rfc822; {lab.address('bob')}"
    assert r.about["Original-Envelope-Id"] == "env+id"
    assert "was delivered to this recipient" in r.words
    # RET is for failures.
    assert r.original.get_content_type() == "text/rfc822-headers"
    assert "Subject: hello" in r.original.get_content()
    lab.wait_idle()
    assert len(lab.files("bob")) == len(lab.files("alice")) == 1
    assert lines(lab, "event=confirmed", f"to={lab.address('bob')}")
    assert status(lab, "bounced") == 0


def test_one_report_of_several(make_lab, form):
    lab = make_lab(options=form)
    assert submit(lab, lab.address("bob"), ME, args=SUCCESS) == 0
    r = wait_report(lab)
    assert r.actions() == [("delivered", ME),
                           ("delivered", lab.address("bob"))]
    lab.wait_idle()
    assert len(lab.files("alice")) == 2


@pytest.mark.parametrize("notify", ("never", "failure", "delay", None))
def test_success_nobody_asked_for(make_lab, notify):
    lab = make_lab()
    assert submit(lab, lab.address("bob"),
                  args=("-N", notify) if notify else ()) == 0
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert lab.files("alice") == [] and not lines(lab, "bounce[")


def test_null_sender_hears_nothing(make_lab, form):
    lab = make_lab(options=form)
    add_alias(lab, "team: alice, bob")
    assert submit(lab, lab.address("team"), sender="", args=SUCCESS) == 0
    lab.wait_files("alice", 1)
    lab.wait_files("bob", 1)
    lab.wait_idle()
    assert not lines(lab, "bounce[")


def test_single_alias(make_lab, form):
    """RFC 3461 section 5.2.7.2: as if it were its member."""
    lab = make_lab(options=form)
    add_alias(lab, "one: bob")
    assert submit(lab, lab.address("one"), args=SUCCESS) == 0
    rcpt = wait_report(lab).rcpt()
    assert rcpt["Action"] == "delivered"
    assert rcpt["Final-Recipient"] == f"rfc822; {lab.address('bob')}"
    assert rcpt["Original-Recipient"] == f"rfc822; {lab.address('one')}"


def test_expanded(make_lab, form):
    """Section 5.2.7.3: of the alias success, of its members failure alone."""
    lab = make_lab(options=form, users={"alice": "a-secret", "bob": "b-secret",
                                        "carl": "c-secret"})
    add_alias(lab, "team: bob, carl")
    assert looping(lab, lab.address("team"),
                   args=("-N", "success,failure")) == 0
    found = {r.rcpt()["Action"]: r for r in wait_reports(lab, 2)}
    assert found["expanded"].rcpt()["Final-Recipient"] == \
        f"rfc822; {lab.address('team')}"
    assert "stands for several" in found["expanded"].words
    failed = found["failed"].rcpt()
    assert failed["Final-Recipient"] == f"rfc822; {lab.address('bob')}"
    assert failed["Original-Recipient"] == f"rfc822; {lab.address('team')}"
    assert f"for <{lab.address('team')}>" in found["failed"].words
    lab.wait_files("carl", 1)
    lab.wait_idle()
    assert len(reports(lab)) == 2


def test_expanded_without_failures(make_lab):
    """NOTIFY=SUCCESS leaves nothing to tell of the members."""
    lab = make_lab()
    add_alias(lab, "team: bob, alice")
    assert looping(lab, lab.address("team"), args=SUCCESS) == 0
    assert wait_report(lab).rcpt()["Action"] == "expanded"
    lab.wait_idle()
    assert lines(lab, "event=dropped", f"to={lab.address('bob')}",
                 "reason=notify")
    assert len(reports(lab)) == 1


def test_expanded_while_it_waits(make_lab, form):
    """An alias that was made for an address later is told of as well."""
    lab = make_lab(users={"alice": "a-secret", "bob": "b-secret",
                          "carl": "c-secret"}, options=QUICK + form)
    assert submit(lab, lab.address("bob"), lab.address("carl")) == 0
    lab.wait_files("bob", 1)
    lab.wait_files("carl", 1)
    lab.remove_mail("bob", "carl")
    with blocked(lab, "bob"):
        assert submit(lab, lab.address("bob"), args=SUCCESS) == 0
        lab.wait_log("event=deferred")
        add_alias(lab, f"{lab.address('bob')}: alice, carl")
        lab.wait_files("carl", 1)
        r = wait_report(lab)
        assert r.actions() == [("expanded", lab.address("bob"))]
        lab.wait_idle()
    assert len(lab.files("alice")) == 2


def bounce_runs(lab):
    """There is a bounce that waits for work; what it has sent is gone."""
    assert submit(lab, lab.address("bob"), args=SUCCESS) == 0
    wait_report(lab)
    lab.wait_idle()
    lab.remove_mail("alice", "bob")


@pytest.mark.parametrize("alias", (False, True), ids=("M", "G"))
def test_success_survives_a_crash(make_lab, alias):
    """What is owed stands in the file until the report is durable."""
    lab = make_lab(options=FORMS["file"])
    add_alias(lab, "team: alice, bob")
    bounce_runs(lab)
    letter, user = ("G", "team") if alias else ("M", "bob")
    with stopped(lab, "bounce") as pids:
        assert submit(lab, lab.address(user), args=SUCCESS) == 0
        lab.wait_files("bob", 1)
        [m] = wait_for(lambda: queue(lab), "the message")
        file = spool_file(lab, m["id"])
        line = f"\nRcpt: {letter} 2 - {lab.address(user)}\n"
        wait_for(lambda: line in file.read_text(), "what is owed")
        for pid in [*lab.pids("queued"), *pids]:
            os.kill(pid, signal.SIGKILL)
    r = wait_report(lab)
    assert r.rcpt()["Action"] == ("expanded" if alias else "delivered")
    lab.wait_idle()
    assert len(reports(lab)) == 1 and len(lab.files("bob")) == 1


# --- failure


def test_unwanted_failure(make_lab, form):
    lab = make_lab(options=form)
    assert looping(lab, args=("-N", "success,delay")) == 0
    lab.wait_log("event=dropped")
    lab.wait_idle()
    assert lab.files("alice") == []


def test_vanished_user(make_lab):
    lab = make_lab(options=["retry-first 1d", *FORMS["file"]])
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    with blocked(lab, "bob"):
        assert submit(lab, lab.address("bob")) == 0
        lab.wait_log("event=deferred")
        assert lab.postrider("user", "del",
                             lab.address("bob")).returncode == 0
        assert lab.postrider("apply").returncode == 0
        assert lab.postrider("queue", "retry", "--all").returncode == 0
        rcpt = wait_report(lab).rcpt()
    assert rcpt["Status"] == "5.1.1" and rcpt["Action"] == "failed"
    lab.wait_idle()


def test_many_failures_in_few_reports(make_lab):
    lab = make_lab(options=FORMS["file"])
    rcpts = [lab.address(f"bob+{i}") for i in range(1000)]
    head = "".join(f"Delivered-To: {r}\n" for r in rcpts).encode()
    assert submit(lab, *rcpts, head=head) == 0
    lab.wait_idle(120)
    found = reports(lab)
    assert len(found) == 20  # of 50 each
    told = [r["Final-Recipient"] for report in found for r in report.rcpts]
    assert sorted(told) == sorted(f"rfc822; {r}" for r in rcpts)


# --- reports that fail


def test_double_bounce(make_lab, form):
    """The postmaster is told, with the report that nobody can take."""
    lab = make_lab(options=form)
    gone = lab.address("nobody-here")
    assert looping(lab, sender=gone) == 0
    r = wait_report(lab)  # alice is the postmaster
    assert r.message["To"] == f"postmaster@{lab.domain}"
    assert r.message["Auto-Submitted"] == "auto-generated"
    assert r.rcpt()["Final-Recipient"] == f"rfc822; {gone}"
    assert r.rcpt()["Status"] == "5.1.1"
    assert r.original.get_content_type() == "message/rfc822"
    inside = r.original.get_content()
    assert inside.get_param("report-type") == "delivery-status"
    lab.wait_idle()
    assert len(lab.files("alice")) == 1


def test_end_of_it(make_lab, form):
    """What the postmaster does not get is dropped: there is no third."""
    lab = make_lab(options=[*form, "postmaster gone@far.example"])
    with Sink(answers={"RCPT": "550 5.1.1 Who?"}) as sink:
        with open(lab.conf / "postrider.conf", "a") as f:
            f.write(f"route * {sink.hop}\n")
        assert lab.postrider("apply").returncode == 0
        assert looping(lab, sender=lab.address("nobody-here")) == 0
        lab.wait_log("reason=null-sender")
        lab.wait_idle()
    assert lab.files("alice") == [] == lab.files("bob")
    assert len(lines(lab, "event=reported")) == 2


def test_strangers_null_sender(make_lab, form):
    """It is no report of ours: dropped, with a line in the log."""
    lab = make_lab(options=form)
    assert looping(lab, sender="") == 0
    lab.wait_log("reason=null-sender")
    lab.wait_idle()
    assert lab.files("alice") == []


def test_confirmation_that_fails(make_lab, form):
    """Nobody needs to hear that somebody does not hear of success."""
    lab = make_lab(options=form)
    assert submit(lab, lab.address("bob"), sender=lab.address("gone"),
                  args=SUCCESS) == 0
    lab.wait_files("bob", 1)
    lab.wait_log("reason=null-sender")
    lab.wait_idle()
    assert lab.files("alice") == []


# --- delay


LATE = [*QUICK, "delay-warning 2s"]


def deferrals(lab):
    return len(lines(lab, "event=deferred"))


def attempts(lab, n):
    """So many more, with more to come."""
    before = deferrals(lab)
    wait_for(lambda: deferrals(lab) >= before + n, f"{n} attempts")


def test_delay_is_told_once(make_lab, form):
    lab = make_lab(options=LATE + form)
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    with blocked(lab, "bob"):
        assert submit(lab, lab.address("bob"), ME, args=("-R", "full")) == 0
        r = wait_report(lab)
        rcpt = r.rcpt()
        assert rcpt["Action"] == "delayed" and rcpt["Status"][0] == "4"
        assert rcpt["Final-Recipient"] == f"rfc822; {lab.address('bob')}"
        assert rcpt["Will-Retry-Until"]
        assert f"It is tried until {rcpt['Will-Retry-Until']}." in r.words
        assert r.original.get_content_type() == "text/rfc822-headers"
        attempts(lab, 2)
        [m] = queue(lab)
        assert "\nState: W " in spool_file(lab, m["id"]).read_text()
        kill_queued(lab)
        attempts(lab, 2)
        assert len(reports(lab)) == 1
    lab.wait_files("bob", 2)
    lab.wait_idle()
    assert len(lab.files("alice")) == 2


@pytest.mark.parametrize("notify, told", (
    ("delay", 1), ("failure", 0), ("success,failure", 0), ("never", 0)))
def test_delay_by_notify(make_lab, notify, told):
    lab = make_lab(options=LATE)
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    with blocked(lab, "bob"):
        assert submit(lab, lab.address("bob"), args=("-N", notify)) == 0
        wait_for(lambda: queue(lab) and queue(lab)[0]["attempts"] >= 5,
                 "5 attempts")
        assert len(lab.files("alice")) == told


def test_no_warning(make_lab):
    """Of null senders, of what is held, and when it is 0."""
    lab = make_lab(options=LATE)
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    with blocked(lab, "bob"):
        assert submit(lab, lab.address("bob"), subject="held") == 0
        lab.wait_log("event=deferred")
        assert lab.postrider("queue", "hold", "--all").returncode == 0
        assert submit(lab, lab.address("bob"), sender="") == 0
        wait_for(lambda: max(m["attempts"] for m in queue(lab)) >= 5,
                 "5 attempts")
        assert lab.files("alice") == []
    text = (lab.conf / "postrider.conf").read_text()
    (lab.conf / "postrider.conf").write_text(
        text.replace("delay-warning 2s", "delay-warning 0"))
    assert lab.postrider("apply").returncode == 0
    with blocked(lab, "bob"):
        assert submit(lab, lab.address("bob")) == 0
        wait_for(lambda: any(m["attempts"] >= 5 and m["sender"] == ME
                             for m in queue(lab)), "5 attempts")
        assert lab.files("alice") == []
