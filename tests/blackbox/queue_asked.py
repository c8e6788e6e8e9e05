"""Asking the queue and putting things into it, for the tests of it."""

import json
import os
import signal

from suite import wait_for

QUICK = ["retry-first 1", "retry-most 2"]
# Delivered before the answer, or filed before it.
FORMS = {"memory": [], "file": ["early-delivery-wait 0"]}
ME = "alice@lab.example"
FAR = "stranger@far.example"
OTHER = 65533  # a uid that the suite knows nothing of


def submit(lab, *rcpts, sender=ME, subject="hello", body=b"Hello.\n",
           head=b"", args=(), uid=None):
    """A message through sendmail; what it exits with."""
    data = head + b"Subject: " + subject.encode() + b"\n\n" + body
    return lab.sendmail("-i", "-f", sender, *args, *rcpts, data=data,
                        uid=uid).returncode


def queue(lab):
    """What mailq shows, as dictionaries."""
    r = lab.postrider("queue", "list", "--json")
    assert r.returncode == 0, r
    return json.loads(r.stdout)


def ids(lab):
    return [m["id"] for m in queue(lab)]


def status(lab, name):
    r = lab.postrider("status", "--json")
    return json.loads(r.stdout)["queue"][name]


def spool_file(lab, message_id):
    [found] = lab.spool.glob(f"queue/??/{message_id}")
    return found


def kill_queued(lab):
    for pid in lab.pids("queued"):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: "Mail queue" in lab.run(lab.env["MAILQ"]).stdout.decode()
             or queue(lab), "queued's answer")


def lines(lab, *words):
    return [line for line in lab.log().splitlines()
            if all(word in line for word in words)]


def add_alias(lab, line):
    with open(lab.conf / "aliases", "a") as f:
        f.write(line + "\n")
    r = lab.postrider("apply")
    assert r.returncode == 0, r


def looping(lab, *rcpts, **more):
    """One that bob's mailbox refuses for good."""
    head = f"Delivered-To: {lab.address('bob')}\n".encode()
    return submit(lab, *(rcpts or (lab.address("bob"),)), head=head, **more)
