"""Asking a lab for recipients that are in a source, and sending them mail."""

import time

import suite
from messages import plain
from suite import wait_for

OURS = "mapped.example"
QUICK = 1.0  # seconds: no answer of smtpd's takes longer, whatever servers do


def rcpt(lab, *addresses):
    """The replies to RCPT in one session, and how long the slowest took."""
    replies, worst = [], 0
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        for a in addresses:
            start = time.monotonic()
            replies.append(s.cmd(f"RCPT TO:<{a}>"))
            worst = max(worst, time.monotonic() - start)
    return replies, worst


def code(lab, address):
    replies, worst = rcpt(lab, address)
    assert worst < QUICK * (10 if suite.SAN else 1)
    return replies[0][0]


def root(lab):
    """virtual-root."""
    return lab.maildir("alice").parents[2]


def mail_of(lab, local, domain=OURS):
    new = root(lab) / domain / local / "Maildir/new"
    return sorted(new.iterdir()) if new.is_dir() else []


def wait_mail(lab, local, n, domain=OURS):
    wait_for(lambda: len(mail_of(lab, local, domain)) == n,
             f"{n} messages for {local}@{domain}")


def send(lab, *addresses):
    """Through smtpd, to whom it must take it for."""
    with lab.smtp() as s:
        s.ehlo()
        s.ok("MAIL FROM:<someone@example.org>")
        for a in addresses:
            s.ok(f"RCPT TO:<{a}>")
        reply = s.data(plain("lookup"))
        assert reply[0] == 250, reply


def set_lines(lab, *lines):
    """Those of the test, behind the lab's own."""
    conf = lab.conf / "postrider.conf"
    own = conf.read_text().split("# of the test\n")[0]
    conf.write_text(own + "# of the test\n" + "".join(f"{x}\n" for x in lines))
    return lab.postrider("apply")


def applied(lab, *lines):
    r = set_lines(lab, *lines)
    assert r.returncode == 0, r.stderr
    return r


def add_line(lab, name, line):
    with open(lab.conf / name, "a", encoding="utf-8") as f:
        f.write(line + "\n")
