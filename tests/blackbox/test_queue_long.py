"""A long queue: found again after a start, listed, and steered by domain, while
other mail goes on."""

import json
import os
import re
import subprocess
import time

import suite
from queue_asked import ids, lines, queue, status, submit
from sink import CLOSE, Sink

MKQUEUE = suite.BUILD / "tests/bench/mkqueue"
MANY = 1000 if suite.SAN else 5000
DOMAINS = 10
DAY = ["retry-first 1d", "retry-most 1d"]


def fill(lab, count=MANY, domains=DOMAINS, touch=None):
    """The queue of a lab that is stopped; every file as if written then."""
    owner = os.stat(lab.spool / "queue")
    subprocess.run([MKQUEUE, lab.spool, str(count), "300", str(domains), "7",
                    str(owner.st_uid), str(owner.st_gid)], check=True,
                   timeout=suite.PATIENCE)
    if touch is not None:
        for path in lab.spool.glob("queue/??/*"):
            os.utime(path, (touch, touch))


def long_queue(make_lab, options=(), **more):
    lab = make_lab(options=[*DAY, *options])
    lab.restart(lambda: fill(lab, **more))
    suite.wait_for(lambda: lines(lab, "queued[", "event=recovered messages=",
                                 f"messages={more.get('count', MANY)} "),
                   "recovery")
    return lab


def test_lists(make_lab):
    """Everything once and in order, as text and as JSON, or one domain of it;
    nothing for those whose mail it is not."""
    lab = long_queue(make_lab)
    found = queue(lab)
    assert len(found) == MANY
    assert [m["id"] for m in found] == sorted({m["id"] for m in found})
    assert {m["state"] for m in found} == {"deferred"}
    assert all(len(m["recipients"]) == 1 and m["attempts"] == 1
               and m["reason"].startswith("4.4.1 ") for m in found)
    text = lab.run(lab.env["MAILQ"]).stdout.decode()
    assert re.findall(r"^1[0-9a-z]{19}(?= )", text, re.M) == \
        [m["id"] for m in found]
    assert re.findall(r"^ +(you.*)$", text, re.M) == \
        [m["recipients"][0]["address"] for m in found]
    assert text.splitlines()[-1].startswith(f"-- {MANY} messages, ")
    r = lab.postrider("queue", "list", "--domain", "D3.bench.example",
                      "--json")
    some = json.loads(r.stdout)
    assert [m["id"] for m in some] == \
        [m["id"] for m in found
         if m["recipients"][0]["address"].endswith("@d3.bench.example")]
    assert len(some) == MANY / DOMAINS
    r = lab.postrider("queue", "list", "--domain", "far.example", "--json")
    assert r.returncode == 0 and json.loads(r.stdout) == []
    r = lab.postrider("queue", "list", "--domain", "x" * 300)
    assert r.returncode == 65 and b"longer" in r.stderr
    if os.getuid() == 0:
        r = lab.run(lab.env["MAILQ"], uid=65533)
        assert r.stdout == b"Mail queue is empty\n", r


def test_steers_a_domain(make_lab):
    lab = long_queue(make_lab)
    one = str(MANY // DOMAINS)
    for verb, held in (("hold", MANY // DOMAINS), ("release", 0)):
        r = lab.postrider("queue", verb, "--domain", "d3.bench.example")
        assert r.returncode == 0 and r.stdout.split()[0] == one.encode(), r
        if held:
            assert status(lab, "held") == held
            assert {m["recipients"][0]["address"].split("@")[1]
                    for m in queue(lab) if m["state"] == "held"} == \
                {"d3.bench.example"}
        else:
            assert status(lab, "held") == 0
    r = lab.postrider("queue", "drop", "--domain", "d4.bench.example")
    assert r.returncode == 0, r
    assert len(ids(lab)) == MANY - MANY // DOMAINS
    for wrong in (["--domain"], ["--domain", ""], ["--domain", "a", "b"],
                  ["--all", "x"], ["--odd"]):
        r = lab.postrider("queue", "drop", *wrong)
        assert r.returncode == 64, r
    assert len(ids(lab)) == MANY - MANY // DOMAINS


def test_restart_forgets_no_wait(make_lab):
    """What was to wait a day still does; what waited long enough is tried, and
    a file of the future waits no longer than others."""
    lab = long_queue(make_lab, count=300, touch=time.time() - 80000)
    now = time.time()
    for m in queue(lab):
        assert m["state"] == "deferred"
        assert 86400 - 80000 - 60 < m["next"] - now < 86400 - 80000 + 60
    assert status(lab, "deferrals") == 0
    lab.restart(lambda: fill(lab, 300, touch=time.time() + 1e6))
    suite.wait_for(lambda: len(queue(lab)) == 300, "all")
    now = time.time()
    assert all(86400 - 60 < m["next"] - now < 86400 + 60 for m in queue(lab))


def test_new_mail_is_not_behind_old(make_lab):
    """Thousands that are due at once, to a host that takes its time."""
    with Sink(answers={"GREETING": lambda *_: time.sleep(0.2) or CLOSE}) as s:
        lab = long_queue(make_lab, [f"route .bench.example {s.hop}"])
        assert lab.postrider("queue", "retry", "--all").returncode == 0
        began = time.monotonic()
        for i in range(5):
            assert submit(lab, lab.address("bob"), subject=f"m{i}") == 0
        lab.wait_files("bob", 5)
        assert time.monotonic() - began < suite.PATIENCE / 3
        assert len(ids(lab)) == MANY


def test_destinations(make_lab):
    """What is known of next hops; one that is down is tried when asked to."""
    with Sink() as good, Sink(answers={"GREETING": CLOSE}) as bad:
        lab = make_lab(options=[*DAY, f"route good.test {good.hop}",
                                f"route bad.test {bad.hop}"])

        def known():
            r = lab.postrider("queue", "destinations", "--json")
            assert r.returncode == 0, r
            return {d["name"]: d for d in json.loads(r.stdout)}

        assert known() == {}
        assert submit(lab, "a@good.test", "b@bad.test") == 0
        suite.wait_for(lambda: {d["state"] for d in known().values()} ==
                       {"good", "down"}, "one good, one down")
        up, down = known()[good.hop], known()[bad.hop]
        assert up["state"] == "good" and "reason" not in up
        assert down["state"] == "down" and down["reason"]
        assert down["next"] > time.time()
        text = lab.postrider("queue", "destinations").stdout.decode()
        assert re.search(rf"(?m)^good .* {re.escape(good.hop)}$", text), text
        assert re.search(rf"(?m)^down .* {re.escape(bad.hop)}\n"
                         r" +\(.+\)\n +next attempt ", text), text
        tried = len(bad.sessions)
        r = lab.postrider("queue", "retry", "--domain", "good.test")
        assert r.stdout == b"0 messages\n", r
        r = lab.postrider("queue", "retry", "--domain", "bad.test")
        assert r.stdout == b"1 message\n", r
        suite.wait_for(lambda: len(bad.sessions) > tried, "an attempt")
        bad.answers.clear()
        assert lab.postrider("queue", "retry", "--domain",
                             "bad.test").returncode == 0
        lab.wait_idle()
        assert known()[bad.hop]["state"] == "good"
        if os.getuid() == 0:
            r = lab.run(lab.env["POSTRIDER"], "queue", "destinations",
                        uid=65533)
            assert r.returncode != 0 and b"only root" in r.stderr, r
