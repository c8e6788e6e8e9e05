"""The queue: retries, reports, aliases and the administrator's hand."""

import email
import email.policy
import os
import signal
import time

import pytest

from messages import plain
from queue_asked import (FAR, FORMS, ME, OTHER, QUICK, add_alias, ids, kill_queued,
                         lines, looping, queue, spool_file, status, submit)
from suite import wait_for


def the_report(lab, user="alice"):
    [file] = lab.wait_files(user, 1)
    return email.message_from_bytes(file.read_bytes(),
                                    policy=email.policy.default)


@pytest.fixture(params=FORMS)
def form(request):
    """Options with which local mail is delivered first, or filed first."""
    return FORMS[request.param]


# --- waiting


def test_other_hosts_wait(make_lab):
    """One recipient is delivered, the other is deferred, each with its mark;
    a restart forgets neither."""
    lab = make_lab()
    assert submit(lab, FAR, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    said = lab.wait_log("event=deferred")[0]
    assert "dsn=4.4.1" in said and "Connection refused" in said
    [m] = wait_for(lambda: [m for m in queue(lab)
                            if m["state"] == "deferred"], "deferral")
    text = spool_file(lab, m["id"]).read_text()
    assert f"Rcpt: Q 0 - {FAR}\n" in text
    assert f"Rcpt: D 0 - {lab.address('bob')}\n" in text
    assert "\nState: - 00001 4.4.1 [127.0.0.1]: connection failed" in text
    kill_queued(lab)
    assert ids(lab) == [m["id"]]
    time.sleep(0.5)
    assert len(lab.files("bob")) == 1


def test_retries_until_it_works(make_lab, form):
    lab = make_lab(options=QUICK + form)
    assert submit(lab, lab.address("bob")) == 0
    lab.wait_files("bob", 1)
    mail = lab.maildir("bob").parent
    lab.maildir("bob").rename(mail / "kept")
    lab.maildir("bob").write_text("in the way")
    assert submit(lab, lab.address("bob")) == 0
    wait_for(lambda: len(lines(lab, "queued[", "event=deferred")) >= 3,
             "three attempts")
    [m] = queue(lab)
    assert m["attempts"] >= 2
    lab.maildir("bob").unlink()
    (mail / "kept").rename(lab.maildir("bob"))
    lab.wait_files("bob", 2)
    lab.wait_idle()


def test_one_flood_starves_nobody(make_lab):
    """Hundreds for alice are due before one for bob: his is not the last."""
    lab = make_lab(options=["local-agents 1", "retry-first 1d"])
    with lab.smtp() as s:
        s.ehlo()
        for i in range(301):
            user = "alice" if i < 300 else "bob"
            s.ok("MAIL FROM:<someone@example.org>")
            s.ok(f"RCPT TO:<{lab.address(user)}>")
            assert s.data(plain(f"m{i}")).code == 250
            if i == 0:
                lab.wait_files("alice", 1)
                agents = lab.pids("local")
                for pid in agents:
                    os.kill(pid, signal.SIGSTOP)
    for pid in agents:
        os.kill(pid, signal.SIGCONT)
    lab.wait_files("alice", 300)
    lab.wait_files("bob", 1)
    order = [line for line in lines(lab, "queued[", "event=delivered")]
    at = [i for i, line in enumerate(order)
          if f"to={lab.address('bob')}" in line]
    # Behind what the agent had already, not behind all.
    assert at and at[0] < 150, at


# --- the administrator


def wait_deferred(lab, n):
    """So many messages, none of which an agent has."""
    wait_for(lambda: [m["state"] for m in queue(lab)] == ["deferred"] * n,
             f"{n} deferred messages")


def test_hold_release_retry_drop(make_lab):
    lab = make_lab()
    assert submit(lab, FAR) == 0
    [m] = wait_for(lambda: [m for m in queue(lab)
                            if m["state"] == "deferred"], "deferral")
    file = spool_file(lab, m["id"])
    for verb, state, letter in (("hold", "held", "H"),
                                ("release", "deferred", "-"),
                                ("hold", "held", "H")):
        assert lab.postrider("queue", verb, m["id"]).returncode == 0
        wait_for(lambda s=state: queue(lab)[0]["state"] == s, state)
        assert f"\nState: {letter} " in file.read_text()
        assert lines(lab, m["id"], "event=control", f"action={verb}",
                     "uid=0" if os.getuid() == 0 else "uid=")
    kill_queued(lab)
    assert queue(lab)[0]["state"] == "held"
    r = lab.postrider("queue", "retry", m["id"])
    assert r.returncode != 0 and b"held" in r.stderr
    before = len(lines(lab, "event=deferred"))
    assert lab.postrider("queue", "release", m["id"]).returncode == 0
    wait_for(lambda: len(lines(lab, "event=deferred")) > before, "an attempt")
    wait_deferred(lab, 1)
    before = len(lines(lab, "event=deferred"))
    assert lab.postrider("queue", "retry", m["id"]).returncode == 0
    wait_for(lambda: len(lines(lab, "event=deferred")) > before, "an attempt")
    wait_deferred(lab, 1)
    assert lab.postrider("queue", "drop", m["id"]).returncode == 0
    wait_for(lambda: queue(lab) == [], "an empty queue")
    assert not file.exists()
    assert lines(lab, m["id"], "event=dropped", "reason=administrator")
    assert lab.files("alice") == []  # nobody is told
    r = lab.postrider("queue", "drop", m["id"])
    assert r.returncode != 0 and b"no such message" in r.stderr


def test_all_at_once(make_lab):
    lab = make_lab()
    for i in range(30):
        assert submit(lab, FAR, subject=f"m{i}") == 0
    wait_deferred(lab, 30)
    assert sorted(ids(lab)) == ids(lab)
    for verb, state in (("hold", {"held"}), ("release",
                                             {"deferred", "active"})):
        assert lab.postrider("queue", verb, "--all").returncode == 0
        assert {m["state"] for m in queue(lab)} <= state
    # What is not held is not counted as released.
    [one, *_] = ids(lab)
    wait_deferred(lab, 30)
    assert lab.postrider("queue", "hold", one).returncode == 0
    assert lab.postrider("queue", "release", "--all").stdout == b"1 message\n"
    r = lab.postrider("queue", "release", "--all")
    assert (r.returncode, r.stdout, r.stderr) == (0, b"0 messages\n", b"")
    r = lab.postrider("queue", "release", one)
    assert r.returncode == os.EX_UNAVAILABLE and b"it is not held" in r.stderr
    wait_deferred(lab, 30)
    assert lab.postrider("queue", "retry", "--all").returncode == 0
    # Those that are tried just now go when that fails.
    assert lab.postrider("queue", "drop", "--all").returncode == 0
    wait_for(lambda: queue(lab) == [] and lab.queued() == [], "empty")
    assert status(lab, "dropped") == 30


def test_wrong_ids(lab):
    for wrong in ("../../../etc/passwd", "x", "0" * 20, "1k0tw8hh3yd", "%s%n",
                  "1k0tw8hh3ydynhahmyda/x"):
        for verb in ("show", "hold", "release", "retry", "drop"):
            assert lab.postrider("queue", verb, wrong).returncode != 0
    assert queue(lab) == []


def test_content_is_shown(make_lab):
    lab = make_lab()
    body = b"line\n.\nb\xc3\xb6dy\n"
    assert submit(lab, FAR, body=body) == 0
    [m] = wait_for(lambda: queue(lab), "the message")
    r = lab.postrider("queue", "show", m["id"])
    assert r.returncode == 0 and body in r.stdout and FAR.encode() in r.stdout
    assert b"\nret: \nenvid: \n" in r.stdout
    assert f"\nrecipient: Q <{FAR}>\n".encode() in r.stdout


def test_what_reports_are_wanted_is_shown(make_lab):
    lab = make_lab(options=["relay-clients 127.0.0.1"])
    with lab.smtp() as s:
        s.ehlo()
        s.ok(f"MAIL FROM:<{lab.address('alice')}> RET=HDRS ENVID=QQ+2B314")
        s.ok(f"RCPT TO:<{FAR}> NOTIFY=SUCCESS,DELAY "
             "ORCPT=rfc822;bob+2Bx@old.example")
        s.ok("RCPT TO:<b@far.example> NOTIFY=NEVER")
        assert s.data(plain("x")).code == 250
    [m] = wait_for(lambda: queue(lab), "the message")
    assert (m["ret"], m["envid"]) == ("HDRS", "QQ+2B314")
    assert [(r["notify"], r["orcpt"]) for r in m["recipients"]] == [
        (["SUCCESS", "DELAY"], "rfc822;bob+2Bx@old.example"), (["NEVER"], "")]
    shown = lab.postrider("queue", "show", m["id"]).stdout.decode()
    assert "\nret: HDRS\nenvid: QQ+2B314\n" in shown
    assert f" <{FAR}> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob+2Bx@old.example\n" \
        in shown
    assert " <b@far.example> NOTIFY=NEVER\n" in shown


@pytest.mark.skipif(os.getuid() != 0, reason="needs users")
def test_users_see_their_own(make_lab):
    """Somebody else's mail is neither shown nor touched."""
    lab = make_lab()
    assert submit(lab, FAR, subject="roots") == 0
    assert submit(lab, FAR, subject="others", uid=OTHER) == 0
    wait_for(lambda: len(queue(lab)) == 2, "two messages")
    [theirs] = [m["id"] for m in queue(lab) if m["uid"] == OTHER]
    [mine] = [m["id"] for m in queue(lab) if m["uid"] != OTHER]
    lab.conf.chmod(0o755)
    shown = lab.run(lab.env["MAILQ"], uid=OTHER).stdout.decode()
    assert theirs in shown and mine not in shown
    for verb in ("hold", "release", "retry", "drop"):
        for which in (mine, theirs, "--all"):
            r = lab.run(lab.env["POSTRIDER"], "queue", verb, which, uid=OTHER)
            assert r.returncode != 0, (verb, which)
    r = lab.run(lab.env["POSTRIDER"], "queue", "show", mine, uid=OTHER)
    assert r.returncode != 0 and b"roots" not in r.stdout
    assert len(queue(lab)) == 2
    assert lines(lab, "event=control", f"uid={OTHER}", "not-allowed")


# --- reports


def test_report(make_lab, form):
    """RFC 3464: what happened, to whom, with the header of the message."""
    lab = make_lab(options=form)
    assert looping(lab, args=("-V", "env+2Bid", "-R", "hdrs")) == 0
    report = the_report(lab)
    assert report["Return-Path"] == "<>"
    assert ME in report["To"]
    assert report["Auto-Submitted"] == "auto-replied"
    assert report["Message-ID"] and report["Date"]
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    text, dsn, original = report.iter_parts()
    assert lab.address("bob") in text.get_content()
    per_message, per_rcpt = dsn.get_payload()
    assert per_message["Reporting-MTA"].startswith("dns; ")
    assert per_message["Arrival-Date"]
    assert per_rcpt["Final-Recipient"] == f"rfc822; {lab.address('bob')}"
    assert per_rcpt["Action"] == "failed"
    assert per_rcpt["Status"] == "5.4.6"
    assert per_rcpt["Diagnostic-Code"].startswith("X-Postrider; ")
    assert original.get_content_type() == "text/rfc822-headers"
    assert "Subject: hello" in original.get_content()
    assert "Hello." not in original.get_content()
    lab.wait_idle()
    assert lines(lab, "event=bounced", f"to={lab.address('bob')}")
    assert status(lab, "bounced") == 1


def test_report_with_the_whole_message(make_lab, form):
    lab = make_lab(options=form)
    boundary = b"--=_report_" + b"0" * 32 + b"\n"
    assert looping(lab, args=("-R", "full"),
                   body=b"b\xc3\xb6dy\n\n--x\n" + boundary) == 0
    report = the_report(lab)
    [*_, original] = report.iter_parts()
    assert original.get_content_type() == "message/rfc822"
    assert report["Content-Transfer-Encoding"] == "8bit"
    raw = lab.files("alice")[0].read_bytes()
    assert b"b\xc3\xb6dy\n\n--x\n" + boundary in raw


def test_report_of_a_large_message(make_lab):
    """However large, only its header comes back."""
    lab = make_lab()
    assert looping(lab, args=("-R", "full"), body=b"x" * 76 + b"\n") == 0
    lab.wait_files("alice", 1)
    lab.remove_mail("alice")
    assert looping(lab, args=("-R", "full"),
                   body=(b"x" * 76 + b"\n") * 40000) == 0
    [file] = lab.wait_files("alice", 1)
    assert file.stat().st_size < 10000
    assert b"text/rfc822-headers" in file.read_bytes()


@pytest.mark.parametrize("how", ("null", "never"))
def test_no_report(make_lab, form, how):
    lab = make_lab(options=form)
    if how == "null":
        assert looping(lab, sender="") == 0
    else:
        assert looping(lab, args=("-N", "never")) == 0
    lab.wait_log("event=dropped")
    lab.wait_idle()
    assert lab.files("alice") == []
    assert not lines(lab, "bounce[")


def test_report_nobody_can_take(make_lab, form):
    """The postmaster has it, and that is the end: see test_dsn."""
    lab = make_lab(options=form)
    assert looping(lab, sender=lab.address("nobody-here")) == 0
    the_report(lab)
    lab.wait_idle()
    assert len(lines(lab, "event=bounced")) == 2
    assert len(lab.files("alice")) == 1


def test_others_are_delivered_beside_a_failure(make_lab, form):
    lab = make_lab(options=form)
    assert looping(lab, lab.address("bob"), lab.address("alice"),
                   subject="mixed") == 0
    files = lab.wait_files("alice", 2)
    assert sum(b"Undelivered" in f.read_bytes() for f in files) == 1
    lab.wait_idle()


# --- aliases


def test_aliases(make_lab):
    """Each address once, whatever ways lead to it, with where it came from."""
    lab = make_lab()
    add_alias(lab, f"team: alice, bob, {FAR}")
    add_alias(lab, "all: team, bob")
    assert submit(lab, lab.address("all"), lab.address("team"),
                  lab.address("bob")) == 0
    lab.wait_files("alice", 1)
    lab.wait_files("bob", 1)
    [m] = wait_for(lambda: queue(lab), "the foreign one")
    text = spool_file(lab, m["id"]).read_text()
    assert f"rfc822;{lab.address('all')} {FAR} F\n" in text
    assert text.count("\nRcpt: ") == 3


def test_alias_made_after_acceptance(make_lab, form):
    """Mail that waits for an address follows an alias made for it."""
    lab = make_lab(users={"alice": "a-secret", "bob": "b-secret",
                          "carl": "c-secret"}, options=QUICK + form)
    assert submit(lab, lab.address("carl")) == 0
    lab.wait_files("carl", 1)
    lab.remove_mail("carl")
    lab.maildir("bob").parent.write_text("in the way")
    assert submit(lab, lab.address("bob"), subject="follow") == 0
    lab.wait_log("event=deferred")
    add_alias(lab, f"{lab.address('bob')}: alice, carl")
    for user in ("alice", "carl"):
        [file] = lab.wait_files(user, 1)
        assert b"Subject: follow" in file.read_bytes()
        assert f"Delivered-To: {lab.address(user)}\n".encode() in \
            file.read_bytes()
    lab.wait_idle()
    assert lines(lab, "event=queued", "copy-of=")
